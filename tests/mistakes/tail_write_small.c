/* SPDX-License-Identifier: MIT
 *
 * tail_write_small.c: one byte written behind a small block, seen at free with option tail_check. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("tail_check=on");
    char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    block[100] = 'x';
    tagpool_free(block);
    return tagpool_verdict();
}
