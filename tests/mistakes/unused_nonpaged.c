/* SPDX-License-Identifier: MIT
 *
 * unused_nonpaged.c: an address in nonpaged pool freed where there never was a block. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    char *block = tagpool_alloc(TAGPOOL_NONPAGED, 100, WAVE);
    tagpool_free(block + (64 << 20));
    return tagpool_verdict();
}
