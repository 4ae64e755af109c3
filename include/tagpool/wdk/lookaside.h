/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/lookaside.h: the WDK's lookaside lists, as real functions on the DDK's public structures: what the inline code of
 * DDK headers does to these may be mixed with them at will.
 *
 * Rules that hold for the whole header
 *   Life      A list is initialised, used, deleted; nothing is allocated ahead. Only deleting it gives back the entries that it
 *             keeps: until then they are outstanding blocks of their tag, which tagpool_verdict() tells from leaks.
 *   Threads   Any number may allocate and free at the same time. Initialise and delete while nobody else uses the list.
 *             The list's counters may miss what two threads count at the same moment.
 *   Depth     A list keeps up to L.Depth freed entries: 4 at first, more while many allocations find it empty, up to
 *             L.MaximumDepth, 256. ExAdjustLookasideDepth() takes it back when the list is idle. With option lookaside=bypass
 *             lists keep nothing.
 *   Memory    The structure lies in nonpaged memory, aligned to 16 bytes on 64 bit: finding 0x0A (list, 2, 1) if it lies in
 *             paged pool; STATUS_DATATYPE_MISALIGNMENT is raised if it is not aligned. Size is at least
 *             LOOKASIDE_MINIMUM_BLOCK_SIZE: bug check 0xC4/0xCD (list, Size, least or most) if it is not, or does not fit
 *             into L.Size. Bug check 0xC4/0xCC (list, block, its bytes) if the block that holds the structure is freed before
 *             the list is deleted.
 *   IRQL      Initialise, delete and flush: <= DISPATCH_LEVEL, lists of paged entries <= APC_LEVEL
 *             (ExInitializeLookasideListEx() always <= DISPATCH_LEVEL): finding 0xC4/0xE5 (IRQL). Allocate and free: <=
 *             DISPATCH_LEVEL or APC_LEVEL, by L.Type. If the list itself serves: finding 0xC4/0x01 paged, 0x02 nonpaged (IRQL,
 *             L.Type, L.Size), or for frees 0x11, 0x12 (IRQL, L.Type, entry). Otherwise the pool's own rules hold.
 *   Mistakes  A bug check stops unless its handler decides otherwise: then the call has no effect. After a finding it goes on.
 */
#ifndef TAGPOOL_WDK_LOOKASIDE_H
#define TAGPOOL_WDK_LOOKASIDE_H

#include "tagpool/wdk/types.h"

#if !defined(_WDMDDK_) && !defined(TAGPOOL_WDK_NO_LOOKASIDE)

#ifdef __cplusplus
extern "C" {
#endif

/* Initialises a list of entries of `Size` bytes, from nonpaged or paged pool under `Tag`. `Allocate` and `Free` get and give back
 * what the list does not keep, by default (NULL) ExAllocatePoolWithTag() and ExFreePool(); they run unserialised, at the
 * caller's IRQL. `Flags` goes into the pool type they are given: 0, POOL_RAISE_IF_ALLOCATION_FAILURE, and for nonpaged lists
 * POOL_NX_ALLOCATION. `Depth` is reserved and ignored. Bug check 0xC4/0xCA (list) if the list was initialised and not deleted. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside,
                                                                      PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free,
                                                                      ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth);
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside,
                                                                     PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free,
                                                                     ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth);

/* The same for any pool type; `Allocate` and `Free` are told the list. `Flags` is 0 or one of
 * EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL and EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE, which add
 * POOL_RAISE_IF_ALLOCATION_FAILURE or POOL_QUOTA_FAIL_INSTEAD_OF_RAISE to the pool type. Fails iff the type is none that
 * drivers may use (STATUS_INVALID_PARAMETER_4), the flags are others (STATUS_INVALID_PARAMETER_5), there is no memory to
 * remember the list (STATUS_INSUFFICIENT_RESOURCES), or after one of the bug checks (STATUS_INVALID_PARAMETER). */
TAGPOOL_WDK_API NTSTATUS TAGPOOL_WDK_CALL ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX Lookaside,
                                                                      PALLOCATE_FUNCTION_EX Allocate, PFREE_FUNCTION_EX Free,
                                                                      POOL_TYPE PoolType, ULONG Flags, SIZE_T Size, ULONG Tag,
                                                                      USHORT Depth);

/* The entry freed last, or if the list is empty what Allocate returns. Bug check 0xC4/0xCB (list, tag) for a list that was
 * deleted or never initialised: NULL. */
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside);
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocateFromPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside);
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocateFromLookasideListEx(PLOOKASIDE_LIST_EX Lookaside);

/* Puts an entry into the list, or calls Free if that holds as many as its depth. Bug check 0xC2/0x46 for NULL, 0xC2/0x07 (0, 0,
 * entry) for the entry that was freed last, with option free_check for every entry that the list holds; 0xC4/0xCB (list, entry)
 * for a list that was deleted or never initialised: nothing is freed. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry);
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExFreeToPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry);
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExFreeToLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PVOID Entry);

/* Calls Free for each entry that the list holds, and ends it; the structure is the caller's again. Entries that were not freed
 * stay as they are. Bug check 0xC4/0xCB (list) if the list was not initialised, is deleted already, or was
 * overwritten: the entries it held are then lost, and the list is no more. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside);
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside);
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside);

/* Calls Free for each entry that the list holds; the list goes on. Bug check 0xC4/0xCB as above. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside);

/* What the kernel does to all lists about once a second: doubles the depth of a list if more than one in 64 of its allocations
 * since the last time found it empty, and halves what is above 4 if there were fewer allocations than the list keeps
 * entries. Doubling happens by itself as well, after about 32 allocations that found the list empty. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExAdjustLookasideDepth(VOID);

#ifdef __cplusplus
}
#endif

#endif
#endif
