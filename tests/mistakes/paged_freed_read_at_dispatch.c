/* SPDX-License-Identifier: MIT
 *
 * paged_freed_read_at_dispatch.c: a freed block of paged pool read at DISPATCH_LEVEL, seen with option force_irql. */
#include "tagpool/wdk/irql.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("force_irql=on");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    tagpool_free((void *)block);
    KfRaiseIrql(DISPATCH_LEVEL);
    return block[0] + 3;
}
