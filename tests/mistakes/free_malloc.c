/* SPDX-License-Identifier: MIT
 *
 * free_malloc.c: a block of malloc() freed. */
#include <stdlib.h>

#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 100, WAVE));
    tagpool_free_tag(malloc(100), WAVE);
    return tagpool_verdict();
}
