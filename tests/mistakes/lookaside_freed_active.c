/* SPDX-License-Identifier: MIT
 *
 * lookaside_freed_active.c: a device extension is freed while the lookaside list in it lives. */
#include "tagpool/wdk/pool.h"
#include "tagpool/wdk.h"
#include "tagpool/wdk/lookaside.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

struct extension {
    char before[128];
    union {
        NPAGED_LOOKASIDE_LIST list;
        char room[128];
    };
};

int main(void)
{
    struct extension *extension = ExAllocatePoolWithTag(NonPagedPoolCacheAligned, sizeof *extension, WAVE);
    ExInitializeNPagedLookasideList(&extension->list, NULL, NULL, 0, 64, WAVE, 0);
    ExFreePoolWithTag(extension, WAVE);
    return 0;
}
