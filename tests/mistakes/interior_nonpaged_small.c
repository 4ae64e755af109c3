/* SPDX-License-Identifier: MIT
 *
 * interior_nonpaged_small.c: an address inside a small block in nonpaged pool freed. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    char *block = tagpool_alloc(TAGPOOL_NONPAGED, 100, WAVE);
    tagpool_free(block + 10);
    return tagpool_verdict();
}
