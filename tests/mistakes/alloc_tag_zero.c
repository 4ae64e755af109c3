/* SPDX-License-Identifier: MIT
 *
 * alloc_tag_zero.c: an allocation with tag 0. */
#include "tagpool.h"

int main(void)
{
    return tagpool_alloc(TAGPOOL_PAGED, 1234, 0) != NULL;
}
