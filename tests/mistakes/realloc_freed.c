/* SPDX-License-Identifier: MIT
 *
 * realloc_freed.c: a freed block reallocated. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    tagpool_free(block);
    return tagpool_realloc(block, 200) != NULL;
}
