/* SPDX-License-Identifier: MIT
 *
 * interior_nonpaged_big.c: an address inside a big block in nonpaged pool freed. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    char *block = tagpool_alloc(TAGPOOL_NONPAGED, 1 << 20, WAVE);
    tagpool_free(block + 70000);
    return tagpool_verdict();
}
