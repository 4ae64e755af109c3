/* SPDX-License-Identifier: MIT
 *
 * special_overrun_read.c: a read behind the end of a block of special pool, whose last byte lies at the page's end. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave:exact stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    return block[100];
    return 3;
}
