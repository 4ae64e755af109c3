/* SPDX-License-Identifier: MIT
 *
 * interior_paged_page.c: an address inside a page's block in paged pool freed. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    char *block = tagpool_alloc(TAGPOOL_PAGED, TAGPOOL_PAGE_SIZE, WAVE);
    tagpool_free(block + 100);
    return tagpool_verdict();
}
