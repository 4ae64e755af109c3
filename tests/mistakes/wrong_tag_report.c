/* SPDX-License-Identifier: MIT
 *
 * wrong_tag_report.c: a free with another tag, by default a finding after which the block is freed. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')
#define SURF TAGPOOL_TAG('S', 'u', 'r', 'f')

int main(void)
{
    tagpool_free_tag(tagpool_alloc(TAGPOOL_PAGED, 100, WAVE), SURF);
    return tagpool_verdict();
}
