/* SPDX-License-Identifier: MIT
 *
 * text.c: bounded text without stdio.
 */
#include "base/text.h"

#include "base/tag.h"

void text_clear(struct text *text)
{
    text->length = 0;
}

void text_char(struct text *text, char c)
{
    if (text->length < sizeof text->bytes - 1)
        text->bytes[text->length++] = c;
}

void text_bytes(struct text *text, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        text_char(text, bytes[i]);
}

void text_string(struct text *text, const char *string)
{
    text_bytes(text, string, string_length(string));
}

/* Splits off the lowest nine decimal digits. */
static uint32_t take_nine_digits(uint64_t *value)
{
    uint64_t quotient = divide(*value, 1000000000u);
    uint32_t digits = (uint32_t)(*value - quotient * 1000000000u);
    *value = quotient;
    return digits;
}

void text_decimal(struct text *text, uint64_t value, unsigned width)
{
    char digits[32];
    unsigned count = 0;
    do {
        bool last = value <= UINT32_MAX;
        uint32_t part = last ? (uint32_t)value : take_nine_digits(&value);
        for (unsigned i = 0; last ? part != 0 || count == 0 : i < 9; i++) {
            digits[count++] = (char)('0' + part % 10);
            part /= 10;
        }
        if (last)
            break;
    } while (true);
    for (unsigned i = count; i < width; i++)
        text_char(text, ' ');
    while (count > 0)
        text_char(text, digits[--count]);
}

static void add_hex(struct text *text, uint64_t value, const char *digits)
{
    text_string(text, "0x");
    int shift = 60;
    while (shift > 0 && (value >> shift) == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        text_char(text, digits[value >> shift & 15]);
}

void text_hex(struct text *text, uint64_t value)
{
    add_hex(text, value, "0123456789abcdef");
}

void text_code(struct text *text, uint64_t value)
{
    add_hex(text, value, "0123456789ABCDEF");
}

void text_tag(struct text *text, uint32_t tag)
{
    char characters[5];
    text_string(text, tag_text(tag, characters));
}

void text_plural(struct text *text, uint64_t count, const char *noun)
{
    text_decimal(text, count, 0);
    text_char(text, ' ');
    text_string(text, noun);
    if (count != 1)
        text_char(text, 's');
}

void text_pad(struct text *text, size_t column)
{
    while (text->length < column && text->length < sizeof text->bytes - 1)
        text_char(text, ' ');
}
