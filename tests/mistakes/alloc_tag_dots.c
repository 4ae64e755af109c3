/* SPDX-License-Identifier: MIT
 *
 * alloc_tag_dots.c: an allocation with a tag that has neither letter nor digit. */
#include "tagpool.h"

int main(void)
{
    return tagpool_alloc(TAGPOOL_PAGED, 1234, TAGPOOL_TAG('.', '.', '.', '.')) != NULL;
}
