/* SPDX-License-Identifier: MIT
 *
 * Unit: the table of bug checks: how rows are found, and how values are printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/bugcheck.h"
#include "report/codes.h"
#include "report/output.h"

static const struct code_row *find(uint32_t code, uintptr_t p1, uintptr_t p2, uintptr_t p3, uintptr_t p4)
{
    struct code_match match;
    assert_true(codes_find(code, (uintptr_t[]){p1, p2, p3, p4}, &match));
    assert_int_equal(match.code->code, code);
    assert_true(match.row >= match.code->rows && match.row < match.code->rows + match.code->count);
    return match.row;
}

/* A row for several sub-codes is found for its first, its last and those between, and for none beside them. */
static void a_range_is_found_by_all_its_sub_codes(void **state)
{
    (void)state;
    const struct code_row *row = find(0xC4, 0xB0, 0, 0, 0);
    assert_int_equal(row->first, 0xB0);
    assert_int_equal(row->last, 0xB6);
    for (uintptr_t sub_code = 0xB0; sub_code <= 0xB6; sub_code++)
        assert_ptr_equal(find(0xC4, sub_code, 1, 2, 3), row);
    assert_ptr_not_equal(find(0xC4, 0xAF, 0, 0, 0), row);
    assert_ptr_not_equal(find(0xC4, 0xB7, 0, 0, 0), row);
}

/* The sub-code is looked for where the code has it: in parameter 4 for 0xC1, in parameter 1 for the others. */
static void the_sub_code_has_its_place(void **state)
{
    (void)state;
    assert_int_equal(find(0xC1, 0x24, 0x30, 0x31, 0x32)->first, 0x32);
    assert_int_equal(find(0xC2, 0x07, 0x08, 0x09, 0x0A)->first, 0x07);
    assert_true(codes_is_any(find(0xC1, 0x20, 0x20, 0x20, 0)));
    assert_true(codes_is_any(find(0xD1, 1, 2, 3, 4)));
}

/* Sub-codes that no row covers, and those beyond 32 bits, give the row of the code alone, which is its last. */
static void other_sub_codes_give_the_code_alone(void **state)
{
    struct code_match match;
    (void)state;
    for (size_t i = 0; codes_at(i, &match); i++) {
        const struct code_row *last = &match.code->rows[match.code->count - 1];
        assert_true(codes_is_any(last));
        assert_int_equal(codes_is_any(match.row), match.row == last);
        assert_ptr_equal(find(match.code->code, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX), last);
        assert_ptr_equal(find(match.code->code, UINTPTR_MAX, UINTPTR_MAX, UINTPTR_MAX, UINTPTR_MAX), last);
    }
}

/* No code has two rows for one sub-code, and no code is there twice. */
static void rows_do_not_overlap(void **state)
{
    struct code_match match, other;
    (void)state;
    for (size_t i = 0; codes_at(i, &match); i++) {
        assert_true(match.row->first <= match.row->last);
        for (size_t j = i + 1; codes_at(j, &other); j++) {
            assert_true(match.code == other.code || match.code->code != other.code->code);
            if (match.code == other.code && !codes_is_any(match.row) && !codes_is_any(other.row))
                assert_true(match.row->last < other.row->first || other.row->last < match.row->first);
        }
    }
}

static void unknown_codes_are_not_found(void **state)
{
    struct code_match match;
    const uint32_t codes[] = {0, 0x18, 0xC3, 0xC4C4, 0x80000000u, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        assert_false(codes_find(codes[i], (uintptr_t[]){0, 0, 0, 0}, &match));
    assert_false(codes_at(100000, &match));
    assert_false(codes_at(SIZE_MAX, &match));
}

static void shows(const char *word, uintptr_t value, const char *expected)
{
    struct text line;
    text_clear(&line);
    assert_int_equal(codes_parameter(&line, word, value), expected[0] != 0);
    text_char(&line, 0);
    assert_string_equal(line.bytes, expected);
}

/* "In decimal if it begins with "bytes", "pages", "number" or "amount" or names an IRQL, as four characters if it names a tag,
 * otherwise in hexadecimal. The words "sub-code" and "reserved" stand for values that need no explanation." */
static void words_say_how_values_print(void **state)
{
    (void)state;
    shows("bytes requested", 1234, "bytes requested 1234");
    shows("pages available", 10, "pages available 10");
    shows("number too many", 10, "number too many 10");
    shows("amount to return", 10, "amount to return 10");
    shows("IRQL", 31, "IRQL 31");
    shows("requested IRQL", 31, "requested IRQL 31");
    shows("tag", 0x65766157, "tag Wave");
    shows("tag freed", 0x65766157, "tag freed Wave");
    shows("tag", 0, "tag 0x0");
    shows("pool type", 513, "pool type 0x201");
    shows("address", 0xABC, "address 0xabc");
    shows("sub-code", 1, "");
    shows("reserved", 1, "");
#if UINTPTR_MAX > 0xFFFFFFFFu
    shows("tag", UINT64_C(0x165766157), "tag 0x165766157");
#endif
}

/* In the whole table only what is a tag is taken for one. */
static void only_tags_print_as_tags(void **state)
{
    struct code_match match;
    size_t tags = 0;
    (void)state;
    for (size_t i = 0; codes_at(i, &match); i++)
        for (int p = 0; p < 4; p++)
            if (strstr(match.row->parameter[p], "tag") != NULL) {
                assert_true(strncmp(match.row->parameter[p], "tag", 3) == 0);
                tags++;
            }
    assert_true(tags >= 7);
}

struct seen {
    size_t lines;
    size_t longest;
};

static void see(const char *text, size_t length, void *context)
{
    struct seen *seen = context;
    assert_true(length > 0 && text[length - 1] == '\n');
    seen->lines++;
    seen->longest = length > seen->longest ? length : seen->longest;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Any code with any parameters is reported and printed: at least a line with numbers and one with a sentence. */
static void anything_can_be_reported(void **state)
{
    uint64_t seed = 88172645463325252u;
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct seen seen = {0, 0};
        uintptr_t parameter[4];
        for (int p = 0; p < 4; p++)
            parameter[p] = (uintptr_t)(next_random(&seed) >> next_random(&seed) % 64);
        output_sink_set(see, &seen);
        bugcheck_report((uint32_t)(next_random(&seed) >> 32 >> next_random(&seed) % 32), parameter, NULL, false);
        assert_true(seen.lines >= 2);
        assert_true(seen.longest <= 131);
    }
    output_sink_set(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_found_by_all_its_sub_codes),
        cmocka_unit_test(the_sub_code_has_its_place),
        cmocka_unit_test(other_sub_codes_give_the_code_alone),
        cmocka_unit_test(rows_do_not_overlap),
        cmocka_unit_test(unknown_codes_are_not_found),
        cmocka_unit_test(words_say_how_values_print),
        cmocka_unit_test(only_tags_print_as_tags),
        cmocka_unit_test(anything_can_be_reported),
    };
    return cmocka_run_group_tests_name("table of bug checks", tests, NULL, NULL);
}
