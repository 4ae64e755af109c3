/* SPDX-License-Identifier: MIT
 *
 * special_lead.c: a write before the start of a block of special pool, in the same page: found when it is freed. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    block[-8] ^= 0x5A;
    tagpool_free((void *)block);
    return 3;
}
