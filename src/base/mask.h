/* SPDX-License-Identifier: MIT
 *
 * mask.h: masks of tags: `*` is any number of characters, none too, `?` is one. Case counts. Without `*` a shorter mask is
 * padded with blanks, as tags are: "Io" is the tag "Io  ".
 */
#ifndef BASE_MASK_H
#define BASE_MASK_H

#include "base/internal.h"

#define MASK_CHARACTERS 8 /* four characters, and a `*` before, between or behind them */
#define MASKS_MOST 16

struct tag_mask {
    char text[MASK_CHARACTERS]; /* zeros behind the last character */
    uint8_t way;                /* what else was said with it, by its option; 0 for nothing */
};

/* Masks [0, count). */
struct tag_masks {
    uint64_t count __attribute__((aligned(8))); /* read and written whole, as aligned_u64 */
    struct tag_mask mask[MASKS_MOST];
};

/* Reads a mask of 1 to MASK_CHARACTERS printing characters, no more than four of which are not `*`; false iff it is none. */
INTERNAL bool mask_read(const char *text, size_t length, struct tag_mask *mask);

/* The first mask that matches the tag; NULL if none does. */
INTERNAL const struct tag_mask *masks_find(const struct tag_masks *masks, uint32_t tag);

/* Copies a list, the count last: who matches meanwhile sees no mask or all of a list that was empty before. */
INTERNAL void masks_set(struct tag_masks *masks, const struct tag_masks *from);

/* Whether any of the masks matches the tag; its protected bit does not count. */
INTERNAL bool masks_match(const struct tag_masks *masks, uint32_t tag);

#endif
