/* SPDX-License-Identifier: MIT
 *
 * options.c: tests of tagpool_start() and its options, good and bad. Each test runs in a child whose library was never started,
 * so that the environment and the options of the first start are its own. */
#include "test.h"

#define TAG TAGPOOL_TAG('O', 'p', 't', 's')

/* Allocates pages from `pool` until nothing is left; returns how many bytes there were. All are freed again. */
static size_t capacity(enum tagpool_pool pool)
{
    void *last = NULL;
    size_t bytes = 0;
    for (;;) {
        void **block = tagpool_alloc(pool, 65536, TAG);
        if (!block)
            break;
        *block = last;
        last = block;
        bytes += 65536;
    }
    while (last) {
        void *next = *(void **)last;
        tagpool_free(last);
        last = next;
    }
    return bytes;
}

/* "Fails iff [...]": it does not fail with none, empty, or nothing but separators. */
static void no_options(void)
{
    same(tagpool_start(NULL), TAGPOOL_OK);
    same(tagpool_start(""), TAGPOOL_OK);
    same(tagpool_start(" ,; ;;  ,"), TAGPOOL_OK);
    check(output_length == 0);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, TAG));
}

static bool no_block(const struct tagpool_block *block, void *context)
{
    (void)block;
    (void)context;
    check(!"there is no block to visit");
    return false;
}

/* "Nothing needs to be called first": whatever is asked before the start has an answer. */
static void questions_before_the_start(void)
{
    struct tagpool_stats stats;
    struct tagpool_block block;
    size_t count = 1;
    for (int round = 0; round < 2; round++) {
        same(tagpool_tag_stats(TAG, TAGPOOL_PAGED, &stats), TAGPOOL_ENOTFOUND);
        same(tagpool_pool_stats(TAGPOOL_NONPAGED, &stats), TAGPOOL_OK);
        check(stats.allocs == 0 && stats.frees == 0 && stats.peak_charged == 0 && stats.failures == 0);
        tagpool_total_stats(&stats);
        check(stats.allocs == 0 && stats.bytes == 0 && stats.peak_blocks == 0);
        same(tagpool_rows(NULL, 0, TAGPOOL_BY_TAG), 0);
        tagpool_print(TAGPOOL_BY_BYTES);
        same(tagpool_query(&stats, &block), TAGPOOL_ENOTFOUND);
        check(!tagpool_owns(&stats) && !tagpool_owns(NULL));
        same(tagpool_walk(no_block, NULL), 0);
        same(tagpool_limit(TAGPOOL_PAGED), 0);
        tagpool_trim();
        same(tagpool_validate(), TAGPOOL_OK);
        tagpool_free(NULL);
        check(mistake(0xC2, 0x46));
        check(tagpool_realloc(&stats, 10) == NULL);
        check(mistake(0xC2, 0x42));
        same(tagpool_size(&stats), 0);
        check(mistake(0xC2, 0x42));
        check(tagpool_alloc(TAGPOOL_PAGED, 10, 0) == NULL);
        check(mistake(0xC2, 0x9B));
        struct tagpool_snapshot *snapshot = tagpool_snapshot_take();
        check(snapshot != NULL);
        tagpool_snapshot_rows(snapshot, &count);
        same(count, 0);
        tagpool_snapshot_release(snapshot);
        same(tagpool_start(NULL), TAGPOOL_OK); /* the answers are the same after the start */
    }
}

/* Every option with every kind of value the header names is understood, before and after the start. */
static void every_option_is_understood(void)
{
    static const char *const words[] = {
        "limit_nonpaged=1048576",
        "limit_nonpaged=100M",
        "limit_paged=2G",
        "limit_nonpaged=0",
        "limit_paged=0",
        "cache=0",
        "cache=100K",
        "cache=64M",
        "wrong_tag=report",
        "wrong_tag=stop",
        "wrong_tag=ignore",
        "tail_check=on",
        "tail_check=off",
        "free_check=on",
        "free_check=off",
        "prefault=on",
        "prefault=off",
        "lock=on",
        "lock=off",
        "exit=ignore",
        "exit=report",
        "exit=abort",
        "leak_blocks=0",
        "leak_blocks=1",
        "leak_blocks=1000000",
        "leak_blocks=16",
        "fill=none",
        "fill=zero",
        "fill=pattern",
        "strict=on",
        "strict=off",
        "lookaside=bypass",
        "lookaside=cache",
        "force_irql=on",
        "force_irql=off",
        "checker=auto",
        "cache=1G;wrong_tag=stop, exit=ignore;lock=off  prefault=off,",
    };
    same(tagpool_start("reserve=64M"), TAGPOOL_OK);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        same(tagpool_start(words[i]), TAGPOOL_OK);
        check(output_length == 0);
        void *block = tagpool_alloc(TAGPOOL_PAGED, 100, TAG);
        check(block != NULL);
        tagpool_free_tag(block, TAG);
    }
}

/* "A word that is no such option is reported through the sink with what was expected, and skipped; the rest counts." "Fails iff
 * an option was not understood (TAGPOOL_EINVAL)." */
static void every_bad_word_is_reported(void)
{
    static const struct {
        const char *word, *expected;
    } bad[] = {
        {"nonsense", "wrong_tag"},
        {"limitpaged=1M", "limit_paged"},
        {"=", "reserve"},
        {"=5", "reserve"},
        {"wrong_tag", "report"},
        {"wrong_tag=", "stop"},
        {"wrong_tag=Report", "ignore"},
        {"wrong_tag=reports", "report"},
        {"wrong_tag=rep", "report"},
        {"tail_check=1", "on"},
        {"free_check=yes", "off"},
        {"prefault=onn", "on"},
        {"lock=", "off"},
        {"exit=exit", "abort"},
        {"leak_blocks=-1", "1000000"},
        {"leak_blocks=1000001", "0"},
        {"leak_blocks=12x", "1000000"},
        {"leak_blocks=1K", "leak_blocks"},
        {"cache=", "cache"},
        {"cache=M", "cache"},
        {"cache=5X", "cache"},
        {"cache=5MM", "cache"},
        {"cache=5M5", "cache"},
        {"cache=-5M", "cache"},
        {"cache=0x10", "cache"},
        {"cache=1.5M", "cache"},
        {"limit_paged=99999999999999999999", "limit_paged"},
        {"limit_paged=18446744073709551616", "limit_paged"},
        {"limit_nonpaged=17179869184G", "limit_nonpaged"},
        {"CACHE=5M", "cache"},
        {"cache =5M", "cache"},
        {"\xC3\xA9=5", "cache"},
    };
    char text[100];
    same(tagpool_start(NULL), TAGPOOL_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "leak_blocks=%zu %s limit_paged=%zuM", i, bad[i].word, i + 20);
        output_clear();
        same(tagpool_start(text), TAGPOOL_EINVAL);
        check(printed(bad[i].expected) && printed("expected"));
        check(strchr(bad[i].word, ' ') || (unsigned char)bad[i].word[0] >= 0x80 || printed(bad[i].word));
        same(tagpool_limit(TAGPOOL_PAGED), (i + 20) << 20);
    }
}

/* A long or strange word is reported in one line without strange characters. */
static void a_bad_word_cannot_spoil_the_report(void)
{
    static char text[70000];
    memset(text, 'x', sizeof text - 1);
    same(tagpool_start(text), TAGPOOL_EINVAL);
    check(output_length < 1000);
    same(printed_times("\n"), 1);
    output_clear();
    same(tagpool_start("a\x1B[31mb\rc"), TAGPOOL_EINVAL);
    for (size_t i = 0; i + 1 < output_length; i++)
        check((unsigned char)output[i] >= 0x20 && (unsigned char)output[i] < 0x7F);
    same(printed_times("\n"), 1);
}

/* "address space of each pool; 1M to 1024G": what there is, is there, and no more. */
static void reserve_is_the_size_of_a_pool(void)
{
    same(tagpool_start("reserve=4M"), TAGPOOL_OK);
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++) {
        size_t most = capacity(pool);
        check(most > 2 << 20 && most <= 4 << 20);
        same(stats_of(TAG, pool).failures, 1);
        same(capacity(pool), most);
    }
}

static void reserve_has_bounds(void)
{
    same(tagpool_start("reserve=1023K"), TAGPOOL_EINVAL);
    check(printed("reserve"));
    output_clear();
    same(tagpool_start("reserve=1025G"), TAGPOOL_EINVAL);
    check(printed("reserve"));
}

static void reserve_may_be_a_megabyte(void)
{
    same(tagpool_start("reserve=1M"), TAGPOOL_OK);
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++)
        check(capacity(pool) >= 1 << 19);
    for (size_t bytes = 0; bytes <= 4096; bytes++) {
        void *block = tagpool_alloc(TAGPOOL_PAGED, bytes, TAG);
        check(block != NULL);
        tagpool_free(block);
    }
}

/* "Another `reserve` ... came after the first start (TAGPOOL_EBUSY)"; the rest counts. */
static void reserve_comes_too_late(void)
{
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, TAG));
    same(tagpool_start("limit_paged=5M reserve=8M limit_nonpaged=6M"), TAGPOOL_EBUSY);
    check(tagpool_limit(TAGPOOL_PAGED) == 5 << 20 && tagpool_limit(TAGPOOL_NONPAGED) == 6 << 20);
    same(tagpool_shutdown(), TAGPOOL_CLEAN);
    same(tagpool_start("reserve=8M"), TAGPOOL_EBUSY);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 1, TAG);
    check(block != NULL);
    tagpool_free(block);
}

/* "Another `reserve` or `checker` came after the first start (TAGPOOL_EBUSY)". */
static void checker_comes_too_late(void)
{
    same(tagpool_start("checker=off"), TAGPOOL_OK);
    same(tagpool_start("checker=off limit_paged=5M"), TAGPOOL_OK);
    same(tagpool_start("checker=auto limit_paged=6M"), TAGPOOL_EBUSY);
    same(tagpool_limit(TAGPOOL_PAGED), 6 << 20);
    same(tagpool_start("checker=off"), TAGPOOL_OK);
}

/* "halved until it fits": a terabyte each is more than this child may map. */
static void reserve_is_halved_until_it_fits(void)
{
    struct rlimit limit;
    if (INSTRUMENTED)
        skip_because("a limit on address space would stop the instrumentation first");
    same(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = (rlim_t)1 << (sizeof(void *) == 8 ? 34 : 30);
    same(setrlimit(RLIMIT_AS, &limit), 0);
    same(tagpool_start("reserve=1024G"), TAGPOOL_OK);
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++) {
        void *block = tagpool_alloc(pool, 1 << 20, TAG);
        check(block != NULL);
        memset(block, 1, 1 << 20);
        tagpool_free(block);
    }
}

/* "not even the smallest address range could be had (TAGPOOL_ENOMEM: the library has then not started)". */
static void no_address_space_at_all(void)
{
    struct rlimit limit, old;
    if (INSTRUMENTED)
        skip_because("a limit on address space would stop the instrumentation first");
    same(getrlimit(RLIMIT_AS, &old), 0);
    limit = old;
    limit.rlim_cur = 4096;
    same(setrlimit(RLIMIT_AS, &limit), 0);
    int started = tagpool_start(NULL);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 10, TAG);
    int verdict = tagpool_verdict(), limited = tagpool_limit_set(TAGPOOL_PAGED, 1 << 20);
    same(setrlimit(RLIMIT_AS, &old), 0);
    same(started, TAGPOOL_ENOMEM);
    check(block == NULL);
    same(verdict, TAGPOOL_NOT_CHECKED);
    same(limited, TAGPOOL_ENOMEM);
    same(tagpool_start("reserve=32M"), TAGPOOL_OK);
    block = tagpool_alloc(TAGPOOL_PAGED, 10, TAG);
    check(block != NULL);
    tagpool_free(block);
}

/* "sets options from TAGPOOL_OPTIONS, then from `options`." */
static void the_environment_comes_first(void)
{
    setenv("TAGPOOL_OPTIONS", "limit_paged=3M limit_nonpaged=4M", 1);
    same(tagpool_start("limit_nonpaged=5M"), TAGPOOL_OK);
    same(tagpool_limit(TAGPOOL_PAGED), 3 << 20);
    same(tagpool_limit(TAGPOOL_NONPAGED), 5 << 20);
}

/* "The first allocation starts the library with its defaults and with the environment variable TAGPOOL_OPTIONS." */
static void the_environment_alone(void)
{
    setenv("TAGPOOL_OPTIONS", "limit_paged=64K;reserve=16M", 1);
    check(tagpool_alloc(TAGPOOL_PAGED, 65537, TAG) == NULL);
    same(tagpool_limit(TAGPOOL_PAGED), 65536);
    size_t most = capacity(TAGPOOL_NONPAGED);
    check(most > 8 << 20 && most <= 16 << 20);
}

/* A word of TAGPOOL_OPTIONS that is no option is reported too; the first allocation succeeds all the same. */
static void bad_words_in_the_environment(void)
{
    setenv("TAGPOOL_OPTIONS", "limit_paged=1M mistake=7 limit_nonpaged=2M", 1);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 10, TAG);
    check(block != NULL);
    check(printed("mistake=7"));
    check(tagpool_limit(TAGPOOL_PAGED) == 1 << 20 && tagpool_limit(TAGPOOL_NONPAGED) == 2 << 20);
    tagpool_free(block);
}

static void bad_words_in_the_environment_fail_the_start(void)
{
    setenv("TAGPOOL_OPTIONS", "mistake=7", 1);
    same(tagpool_start("limit_paged=1M"), TAGPOOL_EINVAL);
    check(printed("mistake=7"));
    same(tagpool_limit(TAGPOOL_PAGED), 1 << 20);
}

static void wrong_option_abort(void)
{
    (void)tagpool_start("wrong_option=abort limit_paged=1M nonsense=1");
}

static void wrong_option_skip(void)
{
    same(tagpool_start("wrong_option=skip nonsense=1"), TAGPOOL_EINVAL);
}

/* "wrong_option=skip|abort: what to do about a word that is no option; default skip" */
static void wrong_option(void **state)
{
    static struct child child;
    (void)state;
    child_run(&child, wrong_option_abort);
    check(child_aborted(&child) && strstr(child.text, "option \"nonsense=1\" not understood; expected") != NULL);
    child_run(&child, wrong_option_skip);
    check(child_exited(&child, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_option),
        fresh_test(no_options),
        fresh_test(questions_before_the_start),
        fresh_test(every_option_is_understood),
        fresh_test(every_bad_word_is_reported),
        fresh_test(a_bad_word_cannot_spoil_the_report),
        fresh_test(reserve_is_the_size_of_a_pool),
        fresh_test(reserve_has_bounds),
        fresh_test(reserve_may_be_a_megabyte),
        fresh_test(reserve_comes_too_late),
        fresh_test(checker_comes_too_late),
        fresh_test(reserve_is_halved_until_it_fits),
        fresh_test(no_address_space_at_all),
        fresh_test(the_environment_comes_first),
        fresh_test(the_environment_alone),
        fresh_test(bad_words_in_the_environment),
        fresh_test(bad_words_in_the_environment_fail_the_start),
    };
    unsetenv("TAGPOOL_OPTIONS");
    return cmocka_run_group_tests_name("start and options", tests, NULL, NULL);
}
