/* SPDX-License-Identifier: MIT
 *
 * alloc_tag_big.c: an allocation with the reserved tag "BIG". */
#include "tagpool.h"

int main(void)
{
    return tagpool_alloc(TAGPOOL_NONPAGED, 1234, TAGPOOL_TAG_OVERFLOW) != NULL;
}
