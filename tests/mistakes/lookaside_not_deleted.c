/* SPDX-License-Identifier: MIT
 *
 * lookaside_not_deleted.c: a lookaside list is not deleted, beside a leak of its tag, with option exit=report. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/lookaside.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

static NPAGED_LOOKASIDE_LIST list;

int main(void)
{
    void *entries[3];
    tagpool_start("exit=report");
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, WAVE, 0);
    for (int i = 0; i < 3; i++)
        entries[i] = ExAllocateFromNPagedLookasideList(&list);
    for (int i = 0; i < 2; i++)
        ExFreeToNPagedLookasideList(&list, entries[i]);
    return 0;
}
