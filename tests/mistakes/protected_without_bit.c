/* SPDX-License-Identifier: MIT
 *
 * protected_without_bit.c: a free of a protected block with its tag but without the bit that protects it. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_free_tag(tagpool_alloc(TAGPOOL_PAGED, 100, WAVE | TAGPOOL_PROTECTED), WAVE);
    return tagpool_verdict();
}
