/* SPDX-License-Identifier: MIT
 *
 * tags.c: tests of tags as numbers and as text. */
#include "test.h"

/* "TAGPOOL_TAG('F','r','e','d') displays "Fred". Character i is bits 8i to 8i+7." */
static void a_tag_reads_forward(void **state)
{
    char text[5];
    uint32_t tag = TAGPOOL_TAG('F', 'r', 'e', 'd');
    (void)state;
    same(tag, 0x64657246);
    for (unsigned i = 0; i < 4; i++)
        same(tag >> 8 * i & 0xFF, (unsigned char)"Fred"[i]);
    assert_string_equal(tagpool_tag_text(tag, text), "Fred");
    same(TAGPOOL_TAG(0xFF, 0xFE, 0x80, 0x7F), 0x7F80FEFF);
    same(TAGPOOL_TAG('\xFF', '\x80', 0, 0), 0x000080FF);
}

/* "The reversed multi-character literal of driver code, 'derF', is the same number." */
static void a_driver_literal_is_the_same(void **state)
{
    (void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmultichar"
    same('derF', TAGPOOL_TAG('F', 'r', 'e', 'd'));
    same('1gaT', TAGPOOL_TAG('T', 'a', 'g', '1'));
    same(' cbA', TAGPOOL_TAG('A', 'b', 'c', ' '));
#pragma GCC diagnostic pop
}

/* The macro is a constant expression. */
static void a_tag_is_a_constant(void **state)
{
    static const uint32_t table[] = {TAGPOOL_TAG('a', 'b', 'c', 'd'), TAGPOOL_TAG_OVERFLOW};
    enum { AS_CONSTANT = TAGPOOL_TAG('0', '1', '2', '3') };
    (void)state;
    same(table[0], 0x64636261);
    same(table[1], 0x20474942);
    same(AS_CONSTANT, 0x33323130);
}

/* "Writes the four characters of `tag` without TAGPOOL_PROTECTED and a closing zero to `text` and returns `text`. A byte that
 * does not print shows as a dot." */
static void every_byte_as_text(void **state)
{
    (void)state;
    for (unsigned place = 0; place < 4; place++)
        for (unsigned c = 0; c < 256; c++) {
            char text[6] = "######", expected[6] = "....\0";
            unsigned shown = place == 3 ? c & 0x7F : c;
            uint32_t tag = (uint32_t)c << 8 * place;
            text[5] = expected[5] = '#';
            expected[place] = shown >= 0x20 && shown <= 0x7E ? (char)shown : '.';
            check(tagpool_tag_text(tag, text) == text);
            check(memcmp(text, expected, sizeof text) == 0);
        }
}

/* "Reads a tag from 1 to 4 printing characters (0x20 to 0x7E), padded with spaces." */
static void text_as_tags(void **state)
{
    static const struct {
        const char *text;
        uint32_t tag;
    } good[] = {
        {"Fred", TAGPOOL_TAG('F', 'r', 'e', 'd')}, {"Abc", TAGPOOL_TAG('A', 'b', 'c', ' ')},
        {"Ab", TAGPOOL_TAG('A', 'b', ' ', ' ')},   {"A", TAGPOOL_TAG('A', ' ', ' ', ' ')},
        {" A", TAGPOOL_TAG(' ', 'A', ' ', ' ')},   {"    ", TAGPOOL_TAG(' ', ' ', ' ', ' ')},
        {"~~~~", TAGPOOL_TAG('~', '~', '~', '~')}, {"BIG", TAGPOOL_TAG_OVERFLOW},
        {"....", TAGPOOL_TAG('.', '.', '.', '.')},
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint32_t tag = 1;
        same(tagpool_tag_from_text(good[i].text, &tag), TAGPOOL_OK);
        same(tag, good[i].tag);
    }
}

/* "Fails iff `text` is empty, longer, or has another byte (TAGPOOL_EINVAL; *tag is then 0)." */
static void other_text_is_no_tag(void **state)
{
    static const char *const bad[] = {"",      "Fredd", "     ",   "ab\n", "\t",
                                      "a\x7F", "\x80",  "abc\xFF", "\x1F", "a long line of text"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint32_t tag = 1;
        same(tagpool_tag_from_text(bad[i], &tag), TAGPOOL_EINVAL);
        same(tag, 0);
    }
}

/* Text and back, for every character at every place. */
static void round_trip(void **state)
{
    (void)state;
    for (unsigned place = 0; place < 4; place++)
        for (int c = 0x20; c <= 0x7E; c++) {
            char text[5] = "wxyz", back[5];
            uint32_t tag;
            text[place] = (char)c;
            same(tagpool_tag_from_text(text, &tag), TAGPOOL_OK);
            assert_string_equal(tagpool_tag_text(tag, back), text);
            assert_string_equal(tagpool_tag_text(tag | TAGPOOL_PROTECTED, back), text);
        }
}

/* "'B','I','G' [...] No caller may use it": neither padded with a space, nor with zero, nor protected. */
static void the_reserved_tag(void **state)
{
    static const uint32_t reserved[] = {TAGPOOL_TAG_OVERFLOW, TAGPOOL_TAG('B', 'I', 'G', 0)};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        check(tagpool_alloc(TAGPOOL_PAGED, 1, reserved[i]) == NULL);
        check(mistake(0xC2, 0x9C));
        check(tagpool_alloc(TAGPOOL_PAGED, 1, reserved[i] | TAGPOOL_PROTECTED) == NULL);
        check(mistake(0xC2, 0x9C));
    }
    check(tagpool_alloc(TAGPOOL_PAGED, 1, TAGPOOL_PROTECTED) == NULL);
    check(mistake(0xC2, 0x9B));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_tag_reads_forward), test(a_driver_literal_is_the_same), test(a_tag_is_a_constant), test(every_byte_as_text),
        test(text_as_tags),        test(other_text_is_no_tag),         test(round_trip),          test(the_reserved_tag),
    };
    return cmocka_run_group_tests_name("tags", tests, NULL, NULL);
}
