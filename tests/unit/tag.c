/* SPDX-License-Identifier: MIT
 *
 * tag.c: base/tag: rules, text, reading and order of tags.
 */
#include "unit.h"

#include "base/tag.h"

#include <string.h>

#define TAG4(a, b, c, d) \
    ((uint32_t)(unsigned char)(a) | (uint32_t)(unsigned char)(b) << 8 | (uint32_t)(unsigned char)(c) << 16 | \
     (uint32_t)(unsigned char)(d) << 24)

/* "What rule a tag given to an allocation breaks": 0 is none, "BIG" is reserved, one letter or digit is needed. The protected
 * bit takes no part. */
static void rules_of_tags(void **state)
{
    static const struct {
        uint32_t tag;
        enum tag_fault fault;
    } cases[] = {
        {0, TAG_ZERO},
        {TAG4('F', 'r', 'e', 'd'), TAG_FINE},
        {TAG4('B', 'I', 'G', ' '), TAG_RESERVED},
        {TAG4('B', 'I', 'G', 0), TAG_RESERVED},
        {TAG4('B', 'I', 'G', '1'), TAG_FINE},
        {TAG4('b', 'i', 'g', ' '), TAG_FINE},
        {TAG4(' ', 'B', 'I', 'G'), TAG_FINE},
        {TAG4(' ', ' ', ' ', ' '), TAG_UNREADABLE},
        {TAG4('-', '_', '.', '!'), TAG_UNREADABLE},
        {TAG4(1, 2, 3, 4), TAG_UNREADABLE},
        {TAG4(0xFF, 0xFF, 0xFF, 0x7F), TAG_UNREADABLE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(tag_check(cases[i].tag), cases[i].fault);
        assert_int_equal(tag_check(cases[i].tag | TAG_PROTECTED), cases[i].fault);
    }
}

/* "The tag needs a letter or a digit": in any of the four places, and none of the other bytes will do. */
static void every_byte_in_every_place(void **state)
{
    (void)state;
    for (int place = 0; place < 4; place++)
        for (unsigned byte = 1; byte < (place == 3 ? 0x80 : 0x100); byte++) {
            bool is_readable = byte < 0x80 && strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", (int)byte);
            assert_int_equal(tag_check((uint32_t)byte << (8 * place)), is_readable ? TAG_FINE : TAG_UNREADABLE);
        }
}

/* "Character i in bits 8i to 8i+7"; a byte that does not print shows as a dot, the protected bit not at all. */
static void text_of_tags(void **state)
{
    char text[5];
    (void)state;
    assert_string_equal(tag_text(TAG4('F', 'r', 'e', 'd'), text), "Fred");
    assert_string_equal(tag_text(0x64657246u, text), "Fred");
    assert_string_equal(tag_text(TAG4('F', 'r', 'e', 'd') | TAG_PROTECTED, text), "Fred");
    assert_string_equal(tag_text(0, text), "....");
    assert_string_equal(tag_text(TAG4(' ', '~', 0x1F, 0x7F), text), " ~..");
    assert_string_equal(tag_text(TAG4(0x80, 0xFF, 'a', '.'), text), "..a.");
}

/* Reads 1 to 4 printing characters, padded with spaces; anything else is refused and yields 0. */
static void tags_from_text(void **state)
{
    static const char *const bad[] = {"", "abcde", "a\tb", "\x7F", "\x80", "ab\xFF"};
    uint32_t tag = 1;
    (void)state;
    assert_true(tag_parse("Fred", &tag));
    assert_int_equal(tag, 0x64657246u);
    assert_true(tag_parse("Abc", &tag));
    assert_int_equal(tag, TAG4('A', 'b', 'c', ' '));
    assert_true(tag_parse("~", &tag));
    assert_int_equal(tag, TAG4('~', ' ', ' ', ' '));
    assert_true(tag_parse("    ", &tag));
    assert_int_equal(tag, 0x20202020u);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tag = 1;
        assert_false(tag_parse(bad[i], &tag));
        assert_int_equal(tag, 0);
    }
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

/* "As `a` sorts before, with or after `b` by their characters": the first character counts most, bytes are unsigned. */
static void order_of_tags(void **state)
{
    static const unsigned char ordered[][4] = {
        {0, 0, 0, 1},     {1, 0, 0, 0},     {' ', 'Z', 'Z', 'Z'},  {'A', 'a', 'a', ' '}, {'A', 'a', 'a', 'a'},
        {'A', 'a', 'b', 'a'}, {'A', 'b', 'a', 'a'}, {'Z', 0, 0, 0}, {'a', 'A', 'A', 'A'}, {0x80, 0, 0, 0}, {0xFF, 0, 0, 0},
    };
    size_t count = sizeof ordered / sizeof ordered[0];
    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            uint32_t a = TAG4(ordered[i][0], ordered[i][1], ordered[i][2], ordered[i][3]);
            uint32_t b = TAG4(ordered[j][0], ordered[j][1], ordered[j][2], ordered[j][3]);
            assert_int_equal(sign(tag_compare(a, b)), sign((int)i - (int)j));
            assert_int_equal(sign(tag_compare(a, b)), sign(memcmp(ordered[i], ordered[j], 4)));
            assert_int_equal(sign(tag_compare(a | TAG_PROTECTED, b)), sign((int)i - (int)j));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_tags),  cmocka_unit_test(every_byte_in_every_place), cmocka_unit_test(text_of_tags),
        cmocka_unit_test(tags_from_text), cmocka_unit_test(order_of_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
