/* SPDX-License-Identifier: MIT
 *
 * double_free_small.c: a small block freed twice. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    tagpool_free(block);
    tagpool_free(block);
    return tagpool_verdict();
}
