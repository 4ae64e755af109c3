/* SPDX-License-Identifier: MIT
 *
 * free_stack.c: an address of the stack freed. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    int local = 0;
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 100, WAVE));
    tagpool_free(&local);
    return tagpool_verdict() + local;
}
