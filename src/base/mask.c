/* SPDX-License-Identifier: MIT
 *
 * mask.c: reading and matching masks.
 */
#include "base/mask.h"

#include "base/atomic.h"
#include "base/tag.h"

#define TAG_CHARACTERS 4

bool mask_read(const char *text, size_t length, struct tag_mask *mask)
{
    size_t plain = 0;
    bool has_star = false;
    memset(mask, 0, sizeof *mask);
    if (length == 0 || length > MASK_CHARACTERS)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x20 || text[i] > 0x7E)
            return false;
        mask->text[i] = text[i];
        has_star = has_star || text[i] == '*';
        plain += text[i] != '*';
    }
    for (; !has_star && length < TAG_CHARACTERS; length++) {
        mask->text[length] = ' ';
        plain++;
    }
    return plain <= TAG_CHARACTERS;
}

/* Goes through both texts once. After a star that took too little, the star takes one character more. */
static bool mask_matches(const char *mask, const char *tag)
{
    size_t m = 0, t = 0;
    size_t star = MASK_CHARACTERS, taken = 0; /* where the last star is, and the first character behind what it took */
    while (t < TAG_CHARACTERS) {
        char c = (char)(m < MASK_CHARACTERS ? mask[m] : 0);
        if (c == '*') {
            star = m++;
            taken = t;
        } else if (c != 0 && (c == '?' || c == tag[t])) {
            m++;
            t++;
        } else if (star < MASK_CHARACTERS) {
            m = star + 1;
            t = ++taken;
        } else {
            return false;
        }
    }
    while (m < MASK_CHARACTERS && mask[m] == '*')
        m++;
    return m == MASK_CHARACTERS || mask[m] == 0;
}

void masks_set(struct tag_masks *masks, const struct tag_masks *from)
{
    STORE(&masks->count, 0);
    memcpy(masks->mask, from->mask, sizeof masks->mask);
    STORE_RELEASE(&masks->count, from->count);
}

const struct tag_mask *masks_find(const struct tag_masks *masks, uint32_t tag)
{
    char text[TAG_CHARACTERS];
    for (int i = 0; i < TAG_CHARACTERS; i++)
        text[i] = (char)((tag & ~TAG_PROTECTED) >> (8 * i));
    uint64_t count = LOAD_ACQUIRE(&masks->count);
    for (uint64_t i = 0; i < count; i++)
        if (memcmp(masks->mask[i].text, "*", 2) == 0 || mask_matches(masks->mask[i].text, text))
            return &masks->mask[i];
    return NULL;
}

bool masks_match(const struct tag_masks *masks, uint32_t tag)
{
    return masks_find(masks, tag) != NULL;
}
