/* SPDX-License-Identifier: MIT
 *
 * paged_special_read_at_dispatch.c: a paged block of special pool read at DISPATCH_LEVEL, seen with option force_irql. */
#include "tagpool/wdk/irql.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("force_irql=on special=Wave stack_frames=0");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    KfRaiseIrql(DISPATCH_LEVEL);
    char c = block[50];
    KfLowerIrql(PASSIVE_LEVEL);
    (void)c;
    return 3;
}
