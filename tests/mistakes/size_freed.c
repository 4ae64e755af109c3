/* SPDX-License-Identifier: MIT
 *
 * size_freed.c: the size of a freed block asked for. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, 100, WAVE);
    tagpool_free(block);
    return tagpool_size(block) != 0;
}
