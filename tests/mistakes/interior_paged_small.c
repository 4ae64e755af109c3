/* SPDX-License-Identifier: MIT
 *
 * interior_paged_small.c: an address inside a small block in paged pool freed. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    tagpool_free(block + 10);
    return tagpool_verdict();
}
