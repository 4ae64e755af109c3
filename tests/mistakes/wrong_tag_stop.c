/* SPDX-License-Identifier: MIT
 *
 * wrong_tag_stop.c: a free with another tag where option wrong_tag says that it stops. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')
#define SURF TAGPOOL_TAG('S', 'u', 'r', 'f')

int main(void)
{
    tagpool_start("wrong_tag=stop");
    tagpool_free_tag(tagpool_alloc(TAGPOOL_NONPAGED, 100, WAVE), SURF);
    return tagpool_verdict();
}
