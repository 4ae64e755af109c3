/* SPDX-License-Identifier: MIT
 *
 * text.c: base/text: bounded text, decimal and hexadecimal numbers, plurals, columns.
 */
#include "unit.h"

#include "base/tag.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void expect_text(struct text *text, const char *expected)
{
    char copy[sizeof text->bytes];
    assert_true(text->length < sizeof copy);
    memcpy(copy, text->bytes, text->length);
    copy[text->length] = 0;
    assert_string_equal(copy, expected);
    text_clear(text);
}

/* "Decimal, right aligned in `width` columns; wider numbers grow the field." Compared with the C library's own. */
static void decimal_numbers(void **state)
{
    static const uint64_t values[] = {0, 1, 9, 10, 99, 999999999, 1000000000, 1000000001, 10000000000, UINT32_MAX - 1, UINT32_MAX,
                                      (uint64_t)UINT32_MAX + 1, 999999999999999999, 1000000000000000000, INT64_MAX,
                                      UINT64_MAX - 1, UINT64_MAX};
    struct text text;
    char expected[64];
    (void)state;
    text_clear(&text);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        for (int width = 0; width <= 24; width++) {
            snprintf(expected, sizeof expected, "%*" PRIu64, width, values[i]);
            text_decimal(&text, values[i], (unsigned)width);
            expect_text(&text, expected);
        }
    for (uint64_t power = 1; power != 0; power <<= 1) {
        snprintf(expected, sizeof expected, "%" PRIu64 " %" PRIu64, power, power - 1);
        text_decimal(&text, power, 0);
        text_char(&text, ' ');
        text_decimal(&text, power - 1, 0);
        expect_text(&text, expected);
    }
}

/* "0x" and hexadecimal digits, at least one: an address in lower case, a code in upper case. */
static void hexadecimal_numbers(void **state)
{
    struct text text;
    (void)state;
    text_clear(&text);
    text_hex(&text, 0);
    expect_text(&text, "0x0");
    text_hex(&text, 0xC2);
    expect_text(&text, "0xc2");
    text_code(&text, 0xC2);
    expect_text(&text, "0xC2");
    text_hex(&text, UINT64_C(0x100000000));
    expect_text(&text, "0x100000000");
    text_hex(&text, UINT64_C(0x0123456789abcdef));
    expect_text(&text, "0x123456789abcdef");
    text_code(&text, UINT64_MAX);
    expect_text(&text, "0xFFFFFFFFFFFFFFFF");
}

/* "1 block", "2 blocks". None is many. */
static void plurals(void **state)
{
    struct text text;
    (void)state;
    text_clear(&text);
    text_plural(&text, 1, "block");
    expect_text(&text, "1 block");
    text_plural(&text, 2, "block");
    expect_text(&text, "2 blocks");
    text_plural(&text, 0, "byte");
    expect_text(&text, "0 bytes");
}

/* Pads with blanks to `column`: a text that is longer stays. "The four characters of a tag." */
static void columns(void **state)
{
    struct text text;
    (void)state;
    text_clear(&text);
    text_string(&text, "ab");
    text_pad(&text, 5);
    text_tag(&text, 0x80000000u | 'F' | 'r' << 8 | 1 << 16 | 'd' << 24);
    expect_text(&text, "ab   Fr.d");
    text_string(&text, "abcdef");
    text_pad(&text, 5);
    expect_text(&text, "abcdef");
    text_bytes(&text, "abcdef", 3);
    text_bytes(&text, "x", 0);
    expect_text(&text, "abc");
}

/* "length <= sizeof bytes - 1; what does not fit is dropped." The words behind the buffer stay as they were. */
static void overflow_is_dropped(void **state)
{
    struct {
        struct text text;
        unsigned char behind[64];
    } guarded;
    (void)state;
    for (size_t before = sizeof guarded.text.bytes - 32; before < sizeof guarded.text.bytes; before++) {
        struct text *text = &guarded.text;
        memset(&guarded, 0x5A, sizeof guarded);
        text_clear(text);
        for (size_t i = 0; i < before; i++)
            text_char(text, 'x');
        assert_int_equal(text->length, before);
        text_decimal(text, UINT64_MAX, 30);
        text_hex(text, UINT64_MAX);
        text_string(text, "a string that is long enough for what may be left");
        text_pad(text, sizeof text->bytes + 100);
        assert_int_equal(text->length, sizeof text->bytes - 1);
        assert_int_equal(text->bytes[before - 1], 'x');
        assert_int_equal((unsigned char)text->bytes[sizeof text->bytes - 1], 0x5A);
        for (size_t i = 0; i < sizeof guarded.behind; i++)
            assert_int_equal(guarded.behind[i], 0x5A);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_numbers), cmocka_unit_test(hexadecimal_numbers), cmocka_unit_test(plurals),
        cmocka_unit_test(columns),         cmocka_unit_test(overflow_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
