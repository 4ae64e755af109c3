/* SPDX-License-Identifier: MIT
 *
 * lookaside_in_paged_pool.c: a lookaside list lies in paged pool, like its entries. */
#include "tagpool/wdk/pool.h"
#include "tagpool/wdk.h"
#include "tagpool/wdk/lookaside.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    PPAGED_LOOKASIDE_LIST list = ExAllocatePoolWithTag(PagedPoolCacheAligned, sizeof *list, WAVE);
    ExInitializePagedLookasideList(list, NULL, NULL, 0, 64, WAVE, 0);
    ExDeletePagedLookasideList(list);
    ExFreePoolWithTag(list, WAVE);
    return tagpool_shutdown();
}
