/* SPDX-License-Identifier: MIT
 *
 * option.c: report/option and report/output: every option, good and bad values, and what is said about the bad ones.
 */
#include "unit.h"

#include "report/option.h"
#include "report/output.h"

#include <string.h>

static struct {
    char text[4096];
    size_t length;
    unsigned lines;
} heard;

static void listen(const char *text, size_t length, void *context)
{
    assert_ptr_equal(context, &heard);
    assert_true(length > 0 && text[length - 1] == '\n');
    assert_true(heard.length + length < sizeof heard.text);
    memcpy(heard.text + heard.length, text, length);
    heard.length += length;
    heard.text[heard.length] = 0;
    heard.lines++;
}

static int silence(void **state)
{
    (void)state;
    memset(&heard, 0, sizeof heard);
    output_sink_set(listen, &heard);
    return 0;
}

#define OFFSET(field) offsetof(struct options, field)

/* The value of the option at an offset, after one good word has been read over the defaults; nothing else may change. */
static uint64_t value_of(const char *word, size_t offset)
{
    struct options options, defaults;
    uint64_t value;
    memset(&options, 0xEE, sizeof options);
    options_default(&options);
    options_default(&defaults);
    assert_int_equal(options_read(&options, word), 0);
    assert_int_equal(heard.length, 0);
    memcpy(&value, (char *)&options + offset, sizeof value);
    memcpy((char *)&options + offset, (char *)&defaults + offset, sizeof value);
    assert_memory_equal(&options, &defaults, sizeof options);
    return value;
}

/* Options and values as tagpool_start() lists them: each word sets its own field and no other. */
static void every_option(void **state)
{
    static const struct {
        const char *word;
        size_t offset;
        uint64_t value;
    } cases[] = {
        {"reserve=1M", OFFSET(reserve), UINT64_C(1) << 20},
        {"reserve=1048576", OFFSET(reserve), UINT64_C(1) << 20},
        {"reserve=1024k", OFFSET(reserve), UINT64_C(1) << 20},
        {"reserve=1024G", OFFSET(reserve), UINT64_C(1) << 40},
        {"limit_nonpaged=0", OFFSET(limit[0]), 0},
        {"limit_nonpaged=4095", OFFSET(limit[0]), 4095},
        {"limit_paged=7K", OFFSET(limit[1]), 7168},
        {"limit_paged=1g", OFFSET(limit[1]), UINT64_C(1) << 30},
        {"limit_paged=1152921504606846976", OFFSET(limit[1]), UINT64_C(1) << 60},
        {"cache=0", OFFSET(cache), 0},
        {"cache=3m", OFFSET(cache), UINT64_C(3) << 20},
        {"wrong_tag=report", OFFSET(wrong_tag), WRONG_TAG_REPORT},
        {"wrong_tag=stop", OFFSET(wrong_tag), WRONG_TAG_STOP},
        {"wrong_tag=ignore", OFFSET(wrong_tag), WRONG_TAG_IGNORE},
        {"tail_check=on", OFFSET(tail_check), 1},
        {"tail_check=off", OFFSET(tail_check), 0},
        {"free_check=on", OFFSET(free_check), 1},
        {"prefault=on", OFFSET(prefault), 1},
        {"lock=on", OFFSET(lock), 1},
        {"exit=ignore", OFFSET(exit), EXIT_IGNORE},
        {"exit=report", OFFSET(exit), EXIT_REPORT},
        {"exit=abort", OFFSET(exit), EXIT_ABORT},
        {"leak_blocks=0", OFFSET(leak_blocks), 0},
        {"leak_blocks=1000000", OFFSET(leak_blocks), 1000000},
        {"leak_blocks=007", OFFSET(leak_blocks), 7},
        {"fill=pattern", OFFSET(fill), FILL_PATTERN},
        {"fill=none", OFFSET(fill), FILL_NONE},
        {"fill=zero", OFFSET(fill), FILL_ZERO},
        {"strict=on", OFFSET(strict), 1},
        {"lookaside=cache", OFFSET(lookaside_bypass), 0},
        {"lookaside=bypass", OFFSET(lookaside_bypass), 1},
        {"force_irql=on", OFFSET(force_irql), 1},
        {"wrong_option=abort", OFFSET(wrong_option), 1},
        {"checker=auto", OFFSET(checker), CHECKER_AUTO},
        {"checker=off", OFFSET(checker), CHECKER_OFF},
        {"hit_nth=5", OFFSET(verifier.hit_nth), 5},
        {"stack_frames=64", OFFSET(verifier.stack_frames), 64},
        {"fault=10000", OFFSET(verifier.fault), 10000},
        {"fault_most=1K", OFFSET(verifier.fault_most), 1024},
        {"special_edge=start", OFFSET(verifier.special_edge), SPECIAL_START},
        {"unload=free", OFFSET(verifier.unload), UNLOAD_FREE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(value_of(cases[i].word, cases[i].offset) == cases[i].value);
}

/* The defaults that tagpool_start() names. */
static void defaults(void **state)
{
    struct options options;
    (void)state;
    options_default(&options);
    assert_true(options.reserve == TAGPOOL_RESERVE);
    assert_true(options.cache == UINT64_C(64) << 20);
    assert_true(options.limit[0] == 0 && options.limit[1] == 0);
    assert_true(options.wrong_tag == WRONG_TAG_REPORT && options.exit == EXIT_IGNORE && options.leak_blocks == 16);
    assert_true((options.tail_check | options.free_check | options.prefault | options.lock) == 0);
    assert_true(options.fill == FILL_PATTERN && (options.strict | options.lookaside_bypass | options.force_irql |
                                                options.wrong_option) == 0);
    assert_true(options.checker == CHECKER_AUTO);
    const struct verifier_options *verifier = &options.verifier;
    assert_true(verifier->stack_frames == 16 && verifier->log == 65536 && verifier->unload == UNLOAD_STOP);
    assert_true((verifier->fault | verifier->fault_nth | verifier->hit.count | verifier->track.count) == 0);
}

/* "A word that is no option is reported through the sink with what was expected and skipped": one line, no change. */
static void bad_words(void **state)
{
    static const struct {
        const char *word;
        const char *said; /* after the word */
    } cases[] = {
        {"reserve=1", "expected reserve=1048576 to 1099511627776, or digits with K, M or G"},
        {"reserve=1025G", "expected reserve=1048576 to"},
        {"reserve=", "expected reserve="},
        {"reserve", "expected reserve="},
        {"reserve=M", "expected reserve="},
        {"reserve=1MM", "expected reserve="},
        {"reserve=1T", "expected reserve="},
        {"reserve=-1M", "expected reserve="},
        {"limit_paged=1152921504606846977", "expected limit_paged=0 to 1152921504606846976"},
        {"limit_paged=18446744073709551616", "expected limit_paged="},
        {"limit_paged=18446744073709551615G", "expected limit_paged="},
        {"limit_paged=17179869185G", "expected limit_paged="},
        {"limit_paged=18014398509481985K", "expected limit_paged="},
        {"limit_paged=99999999999999999999999999", "expected limit_paged="},
        {"cache=0x10", "expected cache="},
        {"wrong_tag=Stop", "expected wrong_tag=report|stop|ignore"},
        {"wrong_tag=", "expected wrong_tag=report|stop|ignore"},
        {"wrong_tag=report|stop", "expected wrong_tag=report|stop|ignore"},
        {"tail_check=yes", "expected tail_check=off|on"},
        {"free_check=1", "expected free_check=off|on"},
        {"exit=abor", "expected exit=ignore|report|abort"},
        {"leak_blocks=1000001", "expected leak_blocks=0 to 1000000"},
        {"leak_blocks=1K", "expected leak_blocks=0 to 1000000"},
        {"=", "; expected reserve limit_nonpaged limit_paged cache wrong_tag tail_check free_check prefault lock exit "
              "leak_blocks fill strict lookaside force_irql wrong_option checker hit "},
        {"fill=1", "expected fill=pattern|none|zero"},
        {"lookaside=off", "expected lookaside=cache|bypass"},
        {"checker=on", "expected checker=auto|off"},
        {"Lock=on", "; expected reserve limit_nonpaged"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct options options, before;
        char start[100] = "tagpool: option \"";
        silence(NULL);
        options_default(&before);
        options_default(&options);
        assert_int_equal(options_read(&options, cases[i].word), 1);
        assert_memory_equal(&options, &before, sizeof options);
        assert_int_equal(heard.lines, 1);
        strcat(strcat(start, cases[i].word), "\" not understood; ");
        assert_memory_equal(heard.text, start, strlen(start));
        assert_non_null(strstr(heard.text, cases[i].said));
    }
}

/* A typing error is answered with the nearest name; what resembles nothing is not. */
static void nearest_name(void **state)
{
    static const char *const cases[][2] = {
        {"reserv=1M", "reserve"},        {"limit_nonpagd=1", "limit_nonpaged"}, {"limit_pagd=1", "limit_paged"},
        {"tailcheck=on", "tail_check"},  {"freecheck=on", "free_check"},        {"cash=1M", NULL},
        {"leak_block=3", "leak_blocks"}, {"wrong-tag=stop", "wrong_tag"},       {"zzz=1", NULL},
    };
    struct options options;
    (void)state;
    options_default(&options);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char end[60] = "; nearest is ";
        silence(NULL);
        assert_int_equal(options_read(&options, cases[i][0]), 1);
        if (cases[i][1] == NULL)
            assert_null(strstr(heard.text, "nearest"));
        else
            assert_non_null(strstr(heard.text, strcat(strcat(end, cases[i][1]), "; expected reserve ")));
    }
}

/* "Words separated by spaces, commas or semicolons"; the rest counts, the last word of a name wins, and the answer is how
 * many were skipped. */
static void several_words(void **state)
{
    struct options options;
    (void)state;
    options_default(&options);
    assert_int_equal(options_read(&options, ""), 0);
    assert_int_equal(options_read(&options, " ,; \t\n"), 0);
    assert_int_equal(options_read(&options, " cache=1K,,exit=report;lock=on leak_blocks=3\n"), 0);
    assert_true(options.cache == 1024 && options.exit == EXIT_REPORT && options.lock == 1 && options.leak_blocks == 3);
    assert_int_equal(options_read(&options, "bad,leak_blocks=4;cache=bad exit=abort leak_blocks=5;lock=on=off"), 3);
    assert_true(options.cache == 1024 && options.exit == EXIT_ABORT && options.leak_blocks == 5 && options.lock == 1);
    assert_int_equal(heard.lines, 3);
}

/* A word of any length and any bytes makes one line that prints: 60 characters of it, dots for what does not print. */
static void strange_words(void **state)
{
    struct options options;
    char word[3000];
    (void)state;
    options_default(&options);
    memset(word, 'q', sizeof word);
    word[1] = '\x01';
    word[2] = '\xFF';
    word[sizeof word - 1] = 0;
    assert_int_equal(options_read(&options, word), 1);
    assert_int_equal(heard.lines, 1);
    assert_true(heard.length < sizeof((struct text *)0)->bytes);
    assert_memory_equal(heard.text, "tagpool: option \"q..qqq", 23);
    assert_non_null(strstr(heard.text, "qqq...\" not understood; expected reserve"));
    assert_int_equal(strspn(strchr(heard.text, '"') + 4, "q"), 57);
}

/* "Ends the line, hands it to the sink and empties `text`"; "a full buffer still ends in a line feed". */
static void lines(void **state)
{
    struct text text;
    (void)state;
    text_clear(&text);
    text_string(&text, "abc");
    output_line(&text);
    assert_int_equal(text.length, 0);
    assert_string_equal(heard.text, "abc\n");
    for (size_t i = 0; i < sizeof text.bytes + 100; i++)
        text_char(&text, 'x');
    silence(NULL);
    output_line(&text);
    assert_int_equal(heard.length, sizeof text.bytes);
    assert_int_equal(text.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_option, silence),  cmocka_unit_test_setup(defaults, silence),
        cmocka_unit_test_setup(bad_words, silence),     cmocka_unit_test_setup(nearest_name, silence),
        cmocka_unit_test_setup(several_words, silence), cmocka_unit_test_setup(strange_words, silence),
        cmocka_unit_test_setup(lines, silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
