/* SPDX-License-Identifier: MIT
 *
 * lookaside_deleted_uninitialised.c: a lookaside list is deleted that never was one. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/lookaside.h"

static PAGED_LOOKASIDE_LIST list;

int main(void)
{
    ExDeletePagedLookasideList(&list);
    return 0;
}
