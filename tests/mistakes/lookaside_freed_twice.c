/* SPDX-License-Identifier: MIT
 *
 * lookaside_freed_twice.c: an entry is freed to a lookaside list that has it already. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/lookaside.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

static PAGED_LOOKASIDE_LIST list;

int main(void)
{
    ExInitializePagedLookasideList(&list, NULL, NULL, 0, 64, WAVE, 0);
    void *entry = ExAllocateFromPagedLookasideList(&list);
    ExFreeToPagedLookasideList(&list, entry);
    ExFreeToPagedLookasideList(&list, entry);
    return 0;
}
