/* SPDX-License-Identifier: MIT
 *
 * special_slop.c: a write behind the end of a block of special pool, where its alignment leaves room: found when it is freed. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    block[100] ^= 0x5A;
    tagpool_free((void *)block);
    return 3;
}
