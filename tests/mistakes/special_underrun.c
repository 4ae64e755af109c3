/* SPDX-License-Identifier: MIT
 *
 * special_underrun.c: a write before the start of a block of special pool that starts with its page. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave:start stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    block[-1] = 'x';
    return 3;
}
