/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/pool.h: the WDK's pool routines, as real functions: drivers take their addresses.
 *
 * Rules that hold for the whole header
 *   Start, threads, fork  as in tagpool.h.
 *   Pools     Bit 0 of a POOL_TYPE tells paged from nonpaged; POOL_FLAG_PAGED does for POOL_FLAGS. No memory is
 *   executable, whatever
 *             the type says; session pool is the pool of its bit 0.
 *   Layout    Alignment 16 (8 on 32 bit); up to PAGE_SIZE bytes never cross a page; a request above PAGE_SIZE - 32 (16 on
 *             32 bit) bytes starts on a page and takes whole pages. Cache-aligned types and POOL_FLAG_CACHE_ALIGNED give 64.
 *   IRQL      Nonpaged pool is allocated and freed at <= DISPATCH_LEVEL, paged pool at <= APC_LEVEL. Bug check 0xC2/0x08 (IRQL,
 *             pool type, bytes) if it is not allocated so, 0xC2/0x09 (IRQL, pool type, address) if it is not freed so.
 *   Contents  A POOL_TYPE without POOL_ZERO_ALLOCATION, and POOL_FLAG_UNINITIALIZED, leave unknown contents: 0xCD here, unless
 *             option `fill` says otherwise, so that code which forgets to initialise fails. Otherwise exactly the requested
 *             bytes are zero.
 *   Size 0    gives a block of the smallest size, after the finding 0xC4/0x00 (IRQL, pool type, 0).
 *   Failure   An allocation fails iff there is no memory, the pool's limit would be passed, or it breaks a rule. It returns
 *             NULL or raises (see tagpool_raise_handler_set()), as each routine says; where the raise handler returns, NULL.
 *   Mistakes  A bug check stops unless the handler set with tagpool_bugcheck_handler_set() decides otherwise; a finding is
 *             reported the same way, but then the call goes on. After a bug check whose handler returns, an allocation yields
 *             NULL and a free frees nothing. A finding 0xC2/0x9A with flags as second parameter says in words which flags of
 *             ExAllocatePool2() and 3 could not be: the one for a POOL_TYPE names it.
 */
#ifndef TAGPOOL_WDK_POOL_H
#define TAGPOOL_WDK_POOL_H

#include "tagpool/wdk/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Legacy: POOL_TYPE ------------------------------------------------------------------------------------------- */

/* Allocates from the pool that `PoolType` names, with modifiers: POOL_RAISE_IF_ALLOCATION_FAILURE (raise
 * STATUS_INSUFFICIENT_RESOURCES instead of returning NULL), POOL_COLD_ALLOCATION and POOL_NX_ALLOCATION (no effect),
 * POOL_ZERO_ALLOCATION. `Tag` is one to four characters with a letter or digit; PROTECTED_POOL in it demands that the
 * block is freed with it. Fails also, returning NULL: tag 0 is the finding 0xC2/0x9B (pool type, bytes, caller), with
 * option strict=on a bug check. Bug check 0xC2: 0x9A (pool type, bytes, tag) for a type that drivers may not use:
 * must-succeed, reserved, or with unknown bits; 0x9C (pool type, bytes, caller) for tag "BIG", 0x9D (tag, pool type,
 * caller) for a tag without letter or digit. */
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);

/* ExAllocatePoolWithTag() under the tag "None". */
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes);

/* Like ExAllocatePoolWithTag(), and charges the current process (tagpool_process_hook_set()) with the bytes, if they are
 * less than PAGE_SIZE, until the block is freed. Raises instead of returning NULL, unless the type has
 * POOL_QUOTA_FAIL_INSTEAD_OF_RAISE: STATUS_QUOTA_EXCEEDED if the process's limit would be passed, otherwise
 * STATUS_INSUFFICIENT_RESOURCES. Bug check 0xC4/0x10A for the Idle process. tagpool_realloc() gives the quota back. */
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);

/* ExAllocatePoolWithQuotaTag() under the tag "None". */
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePoolWithQuota(POOL_TYPE PoolType, SIZE_T NumberOfBytes);

/* Like ExAllocatePoolWithTag(), and fails also if the pool has a limit of which less would stay free than an eighth for a low
 * priority, a 32nd for a normal one. The special-pool bits of `Priority` have no effect on ordinary pool. A `Priority` that is
 * none fails, after a finding 0xC2/0x9A. */
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                                                     EX_POOL_PRIORITY Priority);

/* The same with POOL_ZERO_ALLOCATION, and without it. */
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePoolZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePoolQuotaZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePoolPriorityZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                                                  EX_POOL_PRIORITY Priority);
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePoolUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePoolQuotaUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePoolPriorityUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                                                           EX_POOL_PRIORITY Priority);

/* ---- Windows 10 and later: POOL_FLAGS ------------------------------------------------------------------------------ */

/* Allocates by flags. Exactly one of POOL_FLAG_NON_PAGED, POOL_FLAG_NON_PAGED_EXECUTE, POOL_FLAG_PAGED; with it may go
 * POOL_FLAG_USE_QUOTA, POOL_FLAG_UNINITIALIZED, POOL_FLAG_CACHE_ALIGNED, POOL_FLAG_RAISE_ON_FAILURE, and 0x200 without
 * effect. Other bits of the low half fail. Of the high half POOL_FLAG_SPECIAL_POOL takes the block from special pool
 * (tagpool/verifier.h), whatever options say; the others are ignored.
 * Fails also for such flags (STATUS_INVALID_PARAMETER, after a finding that says what was wrong) and for tag 0. Returns
 * NULL, or with POOL_FLAG_RAISE_ON_FAILURE raises: STATUS_INVALID_PARAMETER, STATUS_QUOTA_EXCEEDED or
 * STATUS_INSUFFICIENT_RESOURCES. Bug checks 0xC2/0x9C and 0x9D as above, with the flags for the pool type. */
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag);

/* ExAllocatePool2() with `ExtendedParametersCount` further parameters:
 *   PoolExtendedParameterPriority    as ExAllocatePoolWithTagPriority()
 *   PoolExtendedParameterNumaNode    node 0, the only one here, or any node with MM_ANY_NODE_OK; with POOL_FLAG_NON_PAGED only
 *   PoolExtendedParameterSecurePool  there is no secure pool here
 * A parameter that cannot be met fails the allocation as wrong flags do, unless it is Optional: then it is ignored. The
 * same holds for a Type that is none. NULL with a count fails; a count of 0 is ExAllocatePool2(). */
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL ExAllocatePool3(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag,
                                                       PCPOOL_EXTENDED_PARAMETER ExtendedParameters,
                                                       ULONG ExtendedParametersCount);

/* ---- Free ---------------------------------------------------------------------------------------------------------- */

/* Frees a block of any of these routines, or of tagpool.h. Bug checks as tagpool_free_tag(), and by IRQL. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExFreePoolWithTag(PVOID P, ULONG Tag);

/* ExFreePoolWithTag() with tag 0, which compares nothing. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExFreePool(PVOID P);

/* ExFreePoolWithTag(). A parameter that is not Optional is a finding 0xC2/0x9A, for none can be met: no block is in secure
 * pool. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExFreePool2(PVOID P, ULONG Tag, PCPOOL_EXTENDED_PARAMETER ExtendedParameters,
                                                  ULONG ExtendedParametersCount);

/* What the block takes from its pool, whole pages above PAGE_SIZE - 32, but in special pool, where the rest of the pages
 * is not for use, what was requested; *QuotaCharged says whether a process is charged with it. Bug
 * checks as tagpool_free() (then 0 and FALSE), but a protected block is welcome. */
TAGPOOL_WDK_API SIZE_T TAGPOOL_WDK_CALL ExQueryPoolBlockSize(PVOID PoolBlock, PBOOLEAN QuotaCharged);

/* ---- Opting in ------------------------------------------------------------------------------------------------------ */

/* With DrvRtPoolNxOptIn, sets ExDefaultNonPagedPoolType to NonPagedPoolNx. Compiled with POOL_NX_OPTIN=1, NonPagedPool
 * then means that variable; with POOL_NX_OPTIN_AUTO=1 it means NonPagedPoolNx; POOL_NX_OPTOUT undoes both. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExInitializeDriverRuntime(ULONG RuntimeFlags);

extern TAGPOOL_WDK_API POOL_TYPE ExDefaultNonPagedPoolType;        /* NonPagedPoolExecute at first */
extern TAGPOOL_WDK_API BOOLEAN ExPoolZeroingNativelySupported;     /* TRUE */

#ifndef DrvRtPoolNxOptIn
#define DrvRtPoolNxOptIn 0x00000001u
#endif

#if defined(POOL_NX_OPTIN_AUTO) && !defined(POOL_NX_OPTOUT)
#define NonPagedPool NonPagedPoolNx
#define NonPagedPoolCacheAligned NonPagedPoolNxCacheAligned
#elif defined(POOL_NX_OPTIN) && !defined(POOL_NX_OPTOUT)
#define NonPagedPool ExDefaultNonPagedPoolType
#define NonPagedPoolCacheAligned ((POOL_TYPE)(ExDefaultNonPagedPoolType + 4))
#endif

/* ---- File systems ---------------------------------------------------------------------------------------------------- */

/* ExAllocatePool(), ExAllocatePoolWithTag(), ExAllocatePoolWithQuota(), ExAllocatePoolWithQuotaTag(), but raise
 * STATUS_INSUFFICIENT_RESOURCES whenever they fail. */
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL FsRtlAllocatePool(POOL_TYPE PoolType, ULONG NumberOfBytes);
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL FsRtlAllocatePoolWithTag(POOL_TYPE PoolType, ULONG NumberOfBytes, ULONG Tag);
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL FsRtlAllocatePoolWithQuota(POOL_TYPE PoolType, ULONG NumberOfBytes);
TAGPOOL_WDK_API PVOID TAGPOOL_WDK_CALL FsRtlAllocatePoolWithQuotaTag(POOL_TYPE PoolType, ULONG NumberOfBytes, ULONG Tag);

/* ---- Quota ------------------------------------------------------------------------------------------------------------ */

/* The current process: what the hook of tagpool_process_hook_set() says. */
TAGPOOL_WDK_API PEPROCESS TAGPOOL_WDK_CALL IoGetCurrentProcess(VOID);
#ifndef PsGetCurrentProcess
#define PsGetCurrentProcess IoGetCurrentProcess
#endif

/* Charges `Amount` bytes of the pool of `PoolType` to a process, all or nothing. Raises STATUS_QUOTA_EXCEEDED iff its
 * limit would be passed, STATUS_INSUFFICIENT_RESOURCES iff there is no memory to remember it. Bug check 0xC4/0x10A for the
 * Idle process. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL PsChargePoolQuota(PEPROCESS Process, POOL_TYPE PoolType, ULONG_PTR Amount);

/* The same, but returns the status, or STATUS_SUCCESS. */
TAGPOOL_WDK_API NTSTATUS TAGPOOL_WDK_CALL PsChargeProcessPoolQuota(PEPROCESS Process, POOL_TYPE PoolType, ULONG_PTR Amount);

/* Returns what was charged. Bug check 0x21 QUOTA_UNDERFLOW (process, 0 nonpaged or 1 paged, amount, amount above what is
 * charged) if that is less; nothing is then returned. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL PsReturnPoolQuota(PEPROCESS Process, POOL_TYPE PoolType, ULONG_PTR Amount);

/* ---- Secure pool: not supported ---------------------------------------------------------------------------------------- */

/* Always STATUS_NOT_SUPPORTED, and *PoolHandle is NULL. */
TAGPOOL_WDK_API NTSTATUS TAGPOOL_WDK_CALL ExCreatePool(ULONG Flags, ULONG_PTR Tag, PPOOL_CREATE_EXTENDED_PARAMS Params,
                                                       HANDLE *PoolHandle);

/* Does nothing: there is no such handle. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExDestroyPool(HANDLE PoolHandle);

/* Always STATUS_NOT_SUPPORTED. */
TAGPOOL_WDK_API NTSTATUS TAGPOOL_WDK_CALL ExSecurePoolUpdate(HANDLE SecurePoolHandle, ULONG Tag, PVOID Allocation,
                                                             ULONG_PTR Cookie, SIZE_T Offset, SIZE_T Size, PVOID Buffer);

/* Always FALSE. */
TAGPOOL_WDK_API LOGICAL TAGPOOL_WDK_CALL ExSecurePoolValidate(HANDLE SecurePoolHandle, ULONG Tag, PVOID Allocation,
                                                              ULONG_PTR Cookie);

#ifdef __cplusplus
}
#endif

#endif
