/* SPDX-License-Identifier: MIT
 *
 * special_inside.c: an address inside of a block of special pool is freed. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    tagpool_free((void *)(block + 16));
    return 3;
}
