/* SPDX-License-Identifier: MIT
 *
 * text.h: bounded text without stdio: appends to a buffer that never overflows; reads sizes.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/internal.h"

/* length <= sizeof bytes - 1; what does not fit is dropped. */
struct text {
    size_t length;
    char bytes[1024];
};

INTERNAL void text_clear(struct text *text);
INTERNAL void text_char(struct text *text, char c);
INTERNAL void text_string(struct text *text, const char *string);
INTERNAL void text_bytes(struct text *text, const char *bytes, size_t length);

/* Decimal, right aligned in `width` columns; wider numbers grow the field. */
INTERNAL void text_decimal(struct text *text, uint64_t value, unsigned width);

/* "0x" and hexadecimal digits, at least one: an address in lower case, a code in upper case. */
INTERNAL void text_hex(struct text *text, uint64_t value);
INTERNAL void text_code(struct text *text, uint64_t value);

/* The four characters of a tag (see base/tag.h). */
INTERNAL void text_tag(struct text *text, uint32_t tag);

/* "1 block", "2 blocks". */
INTERNAL void text_plural(struct text *text, uint64_t count, const char *noun);

/* Pads with blanks to `column`. */
INTERNAL void text_pad(struct text *text, size_t column);

#endif
