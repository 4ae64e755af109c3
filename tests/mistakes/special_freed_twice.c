/* SPDX-License-Identifier: MIT
 *
 * special_freed_twice.c: a block of special pool freed twice. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    tagpool_free((void *)block);
    tagpool_free((void *)block);
    return 3;
}
