/* SPDX-License-Identifier: MIT
 *
 * leak_report.c: blocks left at exit with option exit=report. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')
#define SURF TAGPOOL_TAG('S', 'u', 'r', 'f')

int main(void)
{
    tagpool_start("exit=report leak_blocks=3");
    tagpool_alloc(TAGPOOL_NONPAGED, 100, SURF);
    for (size_t i = 0; i < 5; i++)
        tagpool_alloc(TAGPOOL_PAGED, 1000 * i, WAVE);
    return 0;
}
