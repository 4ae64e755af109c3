/* SPDX-License-Identifier: MIT
 *
 * double_free_page.c: a block of a page freed twice. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, TAGPOOL_PAGE_SIZE, WAVE);
    tagpool_free(block);
    tagpool_free_tag(block, WAVE);
    return tagpool_verdict();
}
