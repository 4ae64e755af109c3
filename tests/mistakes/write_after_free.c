/* SPDX-License-Identifier: MIT
 *
 * write_after_free.c: a write to a freed block, seen with option free_check when the block is used again. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')
#define SURF TAGPOOL_TAG('S', 'u', 'r', 'f')

int main(void)
{
    tagpool_start("free_check=on");
    char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    tagpool_free(block);
    block[50] = 'x';
    for (int i = 0; i < 10000; i++)
        tagpool_alloc(TAGPOOL_PAGED, 100, SURF);
    return 3;
}
