/* SPDX-License-Identifier: MIT
 *
 * double_free_among_others.c: a block freed twice after its neighbours were freed and reused in between. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')
#define SURF TAGPOOL_TAG('S', 'u', 'r', 'f')

int main(void)
{
    void *before = tagpool_alloc(TAGPOOL_PAGED, 100, SURF);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    void *behind = tagpool_alloc(TAGPOOL_PAGED, 100, SURF);
    tagpool_free(block);
    tagpool_free(before);
    tagpool_free(behind);
    tagpool_alloc(TAGPOOL_PAGED, 100, SURF); /* takes the place of the neighbour freed last */
    tagpool_free(block);
    return tagpool_verdict();
}
