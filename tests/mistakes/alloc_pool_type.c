/* SPDX-License-Identifier: MIT
 *
 * alloc_pool_type.c: an allocation from a pool that is neither paged nor nonpaged. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    return tagpool_alloc((enum tagpool_pool)2, 1234, WAVE) != NULL;
}
