/* SPDX-License-Identifier: MIT
 *
 * wdk_lookaside.c: the WDK's lookaside routines (contracts in tagpool/wdk/lookaside.h).
 */
#include "tagpool/wdk/lookaside.h"

#include "service/irql.h"
#include "service/lookaside.h"
#include "service/raise.h"
#include "tagpool/wdk/pool.h"

#define STATUS_SUCCESS 0
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xC000009A)
#define STATUS_INVALID_PARAMETER_4 ((NTSTATUS)0xC00000F2)
#define STATUS_INVALID_PARAMETER_5 ((NTSTATUS)0xC00000F3)

/* Nonpaged and paged, cache aligned or not, session, and the bits that may stand beside a type. */
#define POOL_TYPE_BITS \
    (PagedPoolCacheAligned | NonPagedPoolSession | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE | POOL_RAISE_IF_ALLOCATION_FAILURE | \
     POOL_COLD_ALLOCATION | POOL_NX_ALLOCATION | POOL_ZERO_ALLOCATION)

/* All kinds of list are alike; the alignment that the compiler believes in is the smallest. */
static lookaside_list *nonpaged_list(PNPAGED_LOOKASIDE_LIST list)
{
    return (void *)list;
}

static lookaside_list *paged_list(PPAGED_LOOKASIDE_LIST list)
{
    return (void *)list;
}

static lookaside_list *ex_list(PLOOKASIDE_LIST_EX list)
{
    return (void *)list;
}

static PVOID TAGPOOL_WDK_CALL default_allocate_ex(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                                  PLOOKASIDE_LIST_EX Lookaside)
{
    (void)Lookaside;
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

static VOID TAGPOOL_WDK_CALL default_free_ex(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside)
{
    (void)Lookaside;
    ExFreePool(Buffer);
}

/* ---- nonpaged and paged ---- */

static void initialize(lookaside_list *list, const lookaside_list *model, SIZE_T bytes)
{
    if (lookaside_initialize(list, model, false, bytes, irql_most(model->Type & 1)) == LOOKASIDE_NO_MEMORY)
        raise_status((uint32_t)STATUS_INSUFFICIENT_RESOURCES);
}

VOID TAGPOOL_WDK_CALL ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                                                      PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth)
{
    const lookaside_list model = {.Type = (POOL_TYPE)((ULONG)NonPagedPool | Flags),
                                  .Tag = Tag,
                                  .Allocate = Allocate != NULL ? Allocate : ExAllocatePoolWithTag,
                                  .Free = Free != NULL ? Free : ExFreePool};
    (void)Depth;
    initialize(nonpaged_list(Lookaside), &model, Size);
}

VOID TAGPOOL_WDK_CALL ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
                                                     PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth)
{
    const lookaside_list model = {.Type = (POOL_TYPE)((ULONG)PagedPool | Flags),
                                  .Tag = Tag,
                                  .Allocate = Allocate != NULL ? Allocate : ExAllocatePoolWithTag,
                                  .Free = Free != NULL ? Free : ExFreePool};
    (void)Depth;
    initialize(paged_list(Lookaside), &model, Size);
}

PVOID TAGPOOL_WDK_CALL ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
    return lookaside_allocate(nonpaged_list(Lookaside), false);
}

PVOID TAGPOOL_WDK_CALL ExAllocateFromPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
    return lookaside_allocate(paged_list(Lookaside), false);
}

VOID TAGPOOL_WDK_CALL ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry)
{
    lookaside_free(nonpaged_list(Lookaside), false, Entry);
}

VOID TAGPOOL_WDK_CALL ExFreeToPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry)
{
    lookaside_free(paged_list(Lookaside), false, Entry);
}

VOID TAGPOOL_WDK_CALL ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
    lookaside_delete(nonpaged_list(Lookaside));
}

VOID TAGPOOL_WDK_CALL ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
    lookaside_delete(paged_list(Lookaside));
}

/* ---- Ex ---- */

static bool is_pool_type(ULONG type)
{
    return (type & ~(ULONG)POOL_TYPE_BITS) == 0;
}

NTSTATUS TAGPOOL_WDK_CALL ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PALLOCATE_FUNCTION_EX Allocate,
                                                      PFREE_FUNCTION_EX Free, POOL_TYPE PoolType, ULONG Flags, SIZE_T Size,
                                                      ULONG Tag, USHORT Depth)
{
    ULONG type = (ULONG)PoolType;
    (void)Depth;
    if (!is_pool_type(type))
        return STATUS_INVALID_PARAMETER_4;
    if (Flags == EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL)
        type |= POOL_RAISE_IF_ALLOCATION_FAILURE;
    else if (Flags == EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE)
        type |= POOL_QUOTA_FAIL_INSTEAD_OF_RAISE;
    else if (Flags != 0)
        return STATUS_INVALID_PARAMETER_5;
    const lookaside_list model = {.Type = (POOL_TYPE)type,
                                  .Tag = Tag,
                                  .AllocateEx = Allocate != NULL ? Allocate : default_allocate_ex,
                                  .FreeEx = Free != NULL ? Free : default_free_ex};
    switch (lookaside_initialize(ex_list(Lookaside), &model, true, Size, IRQL_DISPATCH)) {
    case LOOKASIDE_DONE:
        return STATUS_SUCCESS;
    case LOOKASIDE_NO_MEMORY:
        return STATUS_INSUFFICIENT_RESOURCES;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

PVOID TAGPOOL_WDK_CALL ExAllocateFromLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    return lookaside_allocate(ex_list(Lookaside), true);
}

VOID TAGPOOL_WDK_CALL ExFreeToLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PVOID Entry)
{
    lookaside_free(ex_list(Lookaside), true, Entry);
}

VOID TAGPOOL_WDK_CALL ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    lookaside_delete(ex_list(Lookaside));
}

VOID TAGPOOL_WDK_CALL ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    lookaside_flush(ex_list(Lookaside));
}

VOID TAGPOOL_WDK_CALL ExAdjustLookasideDepth(VOID)
{
    lookaside_adjust_all();
}
