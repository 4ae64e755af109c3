/* SPDX-License-Identifier: MIT
 *
 * tail_write_big.c: one byte written behind a big block, seen at free with option tail_check. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("tail_check=on");
    char *block = tagpool_alloc(TAGPOOL_NONPAGED, 100000, WAVE);
    block[100000] = 'x';
    tagpool_free_tag(block, WAVE);
    return tagpool_verdict();
}
