/* SPDX-License-Identifier: MIT
 *
 * special_pattern_overrun.c: a write far behind a block of special pool with patterns instead of inaccessible pages. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave special_guard=pattern stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    block[2000] ^= 0x5A;
    tagpool_free((void *)block);
    return 3;
}
