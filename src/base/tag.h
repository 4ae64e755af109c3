/* SPDX-License-Identifier: MIT
 *
 * tag.h: what a tag is: four characters in a number, character i in bits 8i to 8i+7, on either byte order.
 */
#ifndef BASE_TAG_H
#define BASE_TAG_H

#include "base/internal.h"

#define TAG_PROTECTED 0x80000000u

/* What rule a tag given to an allocation breaks. */
enum tag_fault { TAG_FINE, TAG_ZERO, TAG_RESERVED, TAG_UNREADABLE };

INTERNAL enum tag_fault tag_check(uint32_t tag);
INTERNAL char *tag_text(uint32_t tag, char text[5]);
INTERNAL bool tag_parse(const char *text, uint32_t *tag);

/* Less than, equal to, greater than 0 as `a` sorts before, with or after `b` by their characters. */
INTERNAL int tag_compare(uint32_t a, uint32_t b);

#endif
