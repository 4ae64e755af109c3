/* SPDX-License-Identifier: MIT
 *
 * wdk_pool.c: the WDK's pool routines that take a POOL_TYPE, and those that free (contracts in tagpool/wdk/pool.h).
 */
#include "tagpool/wdk/pool.h"

#include "pool/pool.h"
#include "service/irql.h"
#include "service/request.h"

#define TAG_NONE TAGPOOL_TAG('N', 'o', 'n', 'e')

/* What a POOL_TYPE is made of, besides the modifiers. */
#define TYPE_PAGED 1u
#define TYPE_MUST_SUCCEED 2u
#define TYPE_CACHE_ALIGNED 4u
#define TYPE_SESSION 32u
#define TYPE_NX 512u
#define TYPE_BITS (TYPE_PAGED | TYPE_CACHE_ALIGNED | TYPE_SESSION | TYPE_NX)
#define MODIFIERS                                                                                                      \
    (POOL_QUOTA_FAIL_INSTEAD_OF_RAISE | POOL_RAISE_IF_ALLOCATION_FAILURE | POOL_COLD_ALLOCATION | POOL_ZERO_ALLOCATION)

POOL_TYPE ExDefaultNonPagedPoolType = NonPagedPoolExecute;
BOOLEAN ExPoolZeroingNativelySupported = TRUE;

void TAGPOOL_WDK_CALL ExInitializeDriverRuntime(ULONG RuntimeFlags)
{
    if ((RuntimeFlags & DrvRtPoolNxOptIn) != 0)
        ExDefaultNonPagedPoolType = NonPagedPoolNx;
}

/* ---- allocate ---- */

INLINE struct wdk_request request_by_type(unsigned type, size_t bytes, uint32_t tag, struct wdk_site site)
{
    return (struct wdk_request){
        .type = type,
        .pool = type & TYPE_PAGED,
        .bytes = bytes,
        .tag = tag,
        .alignment = (type & TYPE_CACHE_ALIGNED) != 0 ? REQUEST_CACHE_LINE : 1,
        .contents = (type & POOL_ZERO_ALLOCATION) != 0 ? CONTENTS_ZERO : CONTENTS_UNKNOWN,
        .is_legacy = true,
        .raises = (type & POOL_RAISE_IF_ALLOCATION_FAILURE) != 0,
        .site = site,
    };
}

INLINE void *allocate_by_type(const struct wdk_request *request)
{
    unsigned type = (unsigned)request->type & ~(unsigned)MODIFIERS;
    if ((type & TYPE_MUST_SUCCEED) != 0)
        request_report_type(request, (type & 7) == 2 || (type & 7) == 6 ? "an allocation was made from must-succeed pool, which "
                                     "is no longer supported" : "an allocation was made from a reserved pool type", true);
    else if ((type & ~TYPE_BITS) != 0)
        request_report_type(request, "an allocation was made from a pool type with bits that mean nothing", true);
    else
        return request_allocate(request);
    return NULL;
}

INLINE void *allocate_plain(unsigned type, size_t bytes, uint32_t tag, struct wdk_site site)
{
    struct wdk_request request = request_by_type(type, bytes, tag, site);
    return allocate_by_type(&request);
}

INLINE void *allocate_with_quota(unsigned type, size_t bytes, uint32_t tag, struct wdk_site site)
{
    struct wdk_request request = request_by_type(type, bytes, tag, site);
    request.has_quota = true;
    request.raises = (type & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE) == 0;
    return allocate_by_type(&request);
}

INLINE void *allocate_with_priority(unsigned type, size_t bytes, uint32_t tag, unsigned priority, struct wdk_site site)
{
    struct wdk_request request = request_by_type(type, bytes, tag, site);
    if (request_priority(&request, priority))
        return allocate_by_type(&request);
    request_report_type(&request, "an allocation was made with a priority that is no EX_POOL_PRIORITY", false);
    return request_refuse(&request, RAISE_NO_RESOURCES);
}

HOT PVOID TAGPOOL_WDK_CALL ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    unsigned type = (unsigned)PoolType;
    unsigned pool = type & TYPE_PAGED;
    if (LIKELY((type & ~(TYPE_PAGED | TYPE_NX)) == 0 && NumberOfBytes != 0 && irql_now() <= irql_most(pool))) {
        void *block = pool_alloc_fast(pool, NumberOfBytes, Tag);
        if (LIKELY(block != NULL))
            return request_fill(block, NumberOfBytes);
    }
    return allocate_plain(type, NumberOfBytes, Tag, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    return allocate_plain((unsigned)PoolType, NumberOfBytes, TAG_NONE, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL ExAllocatePoolZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return allocate_plain((unsigned)PoolType | POOL_ZERO_ALLOCATION, NumberOfBytes, Tag, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL ExAllocatePoolUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return allocate_plain((unsigned)PoolType & ~(unsigned)POOL_ZERO_ALLOCATION, NumberOfBytes, Tag, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return allocate_with_quota((unsigned)PoolType, NumberOfBytes, Tag, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL ExAllocatePoolWithQuota(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    return allocate_with_quota((unsigned)PoolType, NumberOfBytes, TAG_NONE, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL ExAllocatePoolQuotaZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return allocate_with_quota((unsigned)PoolType | POOL_ZERO_ALLOCATION, NumberOfBytes, Tag, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL ExAllocatePoolQuotaUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return allocate_with_quota((unsigned)PoolType & ~(unsigned)POOL_ZERO_ALLOCATION, NumberOfBytes, Tag, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                                     EX_POOL_PRIORITY Priority)
{
    return allocate_with_priority((unsigned)PoolType, NumberOfBytes, Tag, (unsigned)Priority, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL ExAllocatePoolPriorityZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, EX_POOL_PRIORITY Priority)
{
    return allocate_with_priority((unsigned)PoolType | POOL_ZERO_ALLOCATION, NumberOfBytes, Tag, (unsigned)Priority, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL ExAllocatePoolPriorityUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                                           EX_POOL_PRIORITY Priority)
{
    return allocate_with_priority((unsigned)PoolType & ~(unsigned)POOL_ZERO_ALLOCATION, NumberOfBytes, Tag, (unsigned)Priority,
                                  WDK_SITE);
}

/* ---- for file systems: the same, but raise ---- */

#define RAISING(type) ((unsigned)(type) | POOL_RAISE_IF_ALLOCATION_FAILURE)

PVOID TAGPOOL_WDK_CALL FsRtlAllocatePool(POOL_TYPE PoolType, ULONG NumberOfBytes)
{
    return allocate_plain(RAISING(PoolType), NumberOfBytes, TAG_NONE, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL FsRtlAllocatePoolWithTag(POOL_TYPE PoolType, ULONG NumberOfBytes, ULONG Tag)
{
    return allocate_plain(RAISING(PoolType), NumberOfBytes, Tag, WDK_SITE);
}

/* Whatever the quota routine would raise, these raise one status. */
INLINE void *allocate_quota_or_raise(unsigned type, size_t bytes, uint32_t tag, struct wdk_site site)
{
    struct wdk_request request = request_by_type(type, bytes, tag, site);
    request.has_quota = request.raises = request.hides_quota = true;
    return allocate_by_type(&request);
}

PVOID TAGPOOL_WDK_CALL FsRtlAllocatePoolWithQuota(POOL_TYPE PoolType, ULONG NumberOfBytes)
{
    return allocate_quota_or_raise((unsigned)PoolType, NumberOfBytes, TAG_NONE, WDK_SITE);
}

PVOID TAGPOOL_WDK_CALL FsRtlAllocatePoolWithQuotaTag(POOL_TYPE PoolType, ULONG NumberOfBytes, ULONG Tag)
{
    return allocate_quota_or_raise((unsigned)PoolType, NumberOfBytes, Tag, WDK_SITE);
}

/* ---- free ---- */

/* False, after a report, iff the block may not be freed at this IRQL; for paged pool that starts at DISPATCH_LEVEL. */
static bool may_free_at(unsigned irql, const void *block)
{
    struct place place;
    memset(&place, 0, sizeof place);
    if (LOAD_ACQUIRE(&pool_state.started) != 0)
        owner_find((uintptr_t)block, &place);
    /* What is no block is a mistake of another kind. */
    if (place.kind != PLACE_LIVE || place.start != (uintptr_t)block || irql <= irql_most(place.pool))
        return true;
    struct tagpool_block description;
    pool_describe(&place, &description);
    bugcheck_report(0xC2, (uintptr_t[4]){0x09, irql, place.pool, (uintptr_t)block}, &description, true);
    return false;
}

HOT void TAGPOOL_WDK_CALL ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    unsigned irql = irql_now();
    if (LIKELY(irql <= IRQL_APC) || may_free_at(irql, P))
        pool_free(P, Tag, Tag == 0);
}

HOT void TAGPOOL_WDK_CALL ExFreePool(PVOID P)
{
    unsigned irql = irql_now();
    if (LIKELY(irql <= IRQL_APC) || may_free_at(irql, P))
        pool_free(P, 0, true);
}

SIZE_T TAGPOOL_WDK_CALL ExQueryPoolBlockSize(PVOID PoolBlock, PBOOLEAN QuotaCharged)
{
    struct place place;
    struct record record = {.flags = 0};
    bool found = pool_find(PoolBlock, &place);
    if (found && note_is_recorded(place.note))
        (void)record_get(place.start, &record);
    *QuotaCharged = (record.flags & RECORD_QUOTA) != 0;
    return !found ? 0 : place.special != NULL ? place.bytes : place.charged;
}
