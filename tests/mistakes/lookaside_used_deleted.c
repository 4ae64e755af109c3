/* SPDX-License-Identifier: MIT
 *
 * lookaside_used_deleted.c: an entry is freed to a lookaside list that was deleted. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/lookaside.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

static LOOKASIDE_LIST_EX list;

int main(void)
{
    ExInitializeLookasideListEx(&list, NULL, NULL, PagedPool, 0, 64, WAVE, 0);
    void *entry = ExAllocateFromLookasideListEx(&list);
    ExDeleteLookasideListEx(&list);
    ExFreeToLookasideListEx(&list, entry);
    return 0;
}
