/* SPDX-License-Identifier: MIT
 *
 * wrong_tag_ignore.c: a free with another tag where option wrong_tag says that it does not matter. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')
#define SURF TAGPOOL_TAG('S', 'u', 'r', 'f')

int main(void)
{
    tagpool_start("wrong_tag=ignore");
    tagpool_free_tag(tagpool_alloc(TAGPOOL_PAGED, 100, WAVE), SURF);
    return tagpool_verdict();
}
