/* SPDX-License-Identifier: MIT
 *
 * wrong_tag_protected.c: a free of a protected block with another tag: it stops whatever option wrong_tag says. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')
#define SURF TAGPOOL_TAG('S', 'u', 'r', 'f')

int main(void)
{
    tagpool_start("wrong_tag=ignore");
    tagpool_free_tag(tagpool_alloc(TAGPOOL_PAGED, 100, WAVE | TAGPOOL_PROTECTED), SURF);
    return tagpool_verdict();
}
