/* SPDX-License-Identifier: MIT
 *
 * special_pattern_freed.c: a write in a freed block of special pool with patterns: found when it is used again. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave special_guard=pattern special_pages=1 stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    tagpool_free((void *)block);
    block[50] = 'x';
    tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    return 3;
}
