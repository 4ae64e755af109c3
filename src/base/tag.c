/* SPDX-License-Identifier: MIT
 *
 * tag.c: rules, text and order of tags.
 */
#include "base/tag.h"

static unsigned tag_character(uint32_t tag, int i)
{
    return (tag & ~TAG_PROTECTED) >> (8 * i) & 0xFF;
}

static bool is_printing(unsigned c)
{
    return c >= 0x20 && c <= 0x7E;
}

static bool is_letter_or_digit(unsigned c)
{
    unsigned lower = c | 0x20;
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

/* "BIG" in three characters or padded to four: the name of the overflow row. */
static bool is_reserved(uint32_t tag)
{
    return tag_character(tag, 0) == 'B' && tag_character(tag, 1) == 'I' && tag_character(tag, 2) == 'G' &&
           (tag_character(tag, 3) == ' ' || tag_character(tag, 3) == 0);
}

enum tag_fault tag_check(uint32_t tag)
{
    if ((tag & ~TAG_PROTECTED) == 0)
        return TAG_ZERO;
    if (is_reserved(tag))
        return TAG_RESERVED;
    for (int i = 0; i < 4; i++)
        if (is_letter_or_digit(tag_character(tag, i)))
            return TAG_FINE;
    return TAG_UNREADABLE;
}

char *tag_text(uint32_t tag, char text[5])
{
    for (int i = 0; i < 4; i++) {
        unsigned c = tag_character(tag, i);
        text[i] = (char)(is_printing(c) ? c : '.');
    }
    text[4] = 0;
    return text;
}

bool tag_parse(const char *text, uint32_t *tag)
{
    *tag = 0;
    size_t length = string_length(text);
    if (length == 0 || length > 4)
        return false;
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned c = i < length ? (unsigned char)text[i] : ' ';
        if (!is_printing(c))
            return false;
        value |= (uint32_t)c << (8 * i);
    }
    *tag = value;
    return true;
}

int tag_compare(uint32_t a, uint32_t b)
{
    for (int i = 0; i < 4; i++) {
        int difference = (int)tag_character(a, i) - (int)tag_character(b, i);
        if (difference != 0)
            return difference;
    }
    return 0;
}
