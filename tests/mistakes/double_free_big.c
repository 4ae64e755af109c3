/* SPDX-License-Identifier: MIT
 *
 * double_free_big.c: a block of a megabyte freed twice. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, 1 << 20, WAVE);
    tagpool_free(block);
    tagpool_free(block);
    return tagpool_verdict();
}
