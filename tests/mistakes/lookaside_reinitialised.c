/* SPDX-License-Identifier: MIT
 *
 * lookaside_reinitialised.c: a lookaside list is initialised again without having been deleted. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/lookaside.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

static NPAGED_LOOKASIDE_LIST list;

int main(void)
{
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, WAVE, 0);
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, WAVE, 0);
    return 0;
}
