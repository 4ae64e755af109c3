/* SPDX-License-Identifier: MIT
 *
 * special_freed_read.c: a read in a freed block of special pool. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    tagpool_free((void *)block);
    return block[5];
    return 3;
}
