/* SPDX-License-Identifier: MIT
 *
 * special_overrun_write.c: a write behind the end of a block of special pool, past what its alignment leaves. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    block[112] = 'x';
    return 3;
}
