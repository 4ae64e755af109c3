/* SPDX-License-Identifier: MIT
 *
 * protected_without_tag.c: a free of a protected block without any tag. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_free(tagpool_alloc(TAGPOOL_NONPAGED, 100, WAVE | TAGPOOL_PROTECTED));
    return tagpool_verdict();
}
