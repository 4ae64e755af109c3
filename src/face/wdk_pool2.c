/* SPDX-License-Identifier: MIT
 *
 * wdk_pool2.c: the WDK's pool routines that take POOL_FLAGS and extended parameters (contracts in tagpool/wdk/pool.h).
 */
#include "pool/pool.h"
#include "service/irql.h"
#include "service/request.h"
#include "tagpool/wdk/pool.h"

#define KINDS (POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED)
#define KNOWN_REQUIRED                                                                                                 \
    (KINDS | POOL_FLAG_USE_QUOTA | POOL_FLAG_UNINITIALIZED | POOL_FLAG_CACHE_ALIGNED | POOL_FLAG_RAISE_ON_FAILURE |    \
     POOL_FLAG_RESERVED2)

#define LOOKS_LIKE(type, number, flag) \
    "ExAllocatePool2 was given the POOL_TYPE " type " (" number ") where POOL_FLAGS belong; expected " flag

/* A POOL_TYPE given as flags names no pool, so the call can only fail: say whose number it is. */
static const struct {
    uint32_t type;
    const char *sentence;
} pool_types[] = {
    {0, LOOKS_LIKE("NonPagedPool", "0", "POOL_FLAG_NON_PAGED (0x40) or POOL_FLAG_NON_PAGED_EXECUTE (0x80)")},
    {1, LOOKS_LIKE("PagedPool", "1", "POOL_FLAG_PAGED (0x100)")},
    {4, LOOKS_LIKE("NonPagedPoolCacheAligned", "4", "POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED (0x48)")},
    {5, LOOKS_LIKE("PagedPoolCacheAligned", "5", "POOL_FLAG_PAGED | POOL_FLAG_CACHE_ALIGNED (0x108)")},
    {32, LOOKS_LIKE("NonPagedPoolSession", "32", "POOL_FLAG_NON_PAGED (0x40)")},
    {33, LOOKS_LIKE("PagedPoolSession", "33", "POOL_FLAG_PAGED (0x100)")},
    {512, LOOKS_LIKE("NonPagedPoolNx", "512", "POOL_FLAG_NON_PAGED (0x40)")},
    {516, LOOKS_LIKE("NonPagedPoolNxCacheAligned", "516", "POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED (0x48)")},
    {544, LOOKS_LIKE("NonPagedPoolSessionNx", "544", "POOL_FLAG_NON_PAGED (0x40)")},
};

/* What is wrong with the required half of the flags, in words; NULL if nothing is. */
static const char *fault_of(uint32_t flags)
{
    uint32_t kinds = flags & (uint32_t)KINDS;
    if (kinds == 0) {
        for (size_t i = 0; i < sizeof pool_types / sizeof *pool_types; i++)
            if (flags == pool_types[i].type)
                return pool_types[i].sentence;
        return "pool flags name no pool; expected POOL_FLAG_NON_PAGED, POOL_FLAG_NON_PAGED_EXECUTE or POOL_FLAG_PAGED";
    }
    if ((kinds & (kinds - 1)) != 0)
        return "pool flags name more than one pool; expected exactly one";
    if ((flags & (uint32_t)POOL_FLAG_SESSION) != 0)
        return "pool flags ask for session pool, which is the system's own";
    if ((flags & ~(uint32_t)KNOWN_REQUIRED) != 0)
        return "pool flags have a required bit (of the low 32) that is reserved or means nothing";
    return NULL;
}

static struct wdk_request request_by_flags(POOL_FLAGS flags, size_t bytes, uint32_t tag, struct wdk_site site)
{
    return (struct wdk_request){
        .type = (uintptr_t)flags,
        .pool = (flags & POOL_FLAG_PAGED) != 0,
        .bytes = bytes,
        .tag = tag,
        .alignment = (flags & POOL_FLAG_CACHE_ALIGNED) != 0 ? REQUEST_CACHE_LINE : 1,
        .contents = (flags & POOL_FLAG_UNINITIALIZED) != 0 ? CONTENTS_UNKNOWN : CONTENTS_ZERO,
        .has_quota = (flags & POOL_FLAG_USE_QUOTA) != 0,
        .raises = (flags & POOL_FLAG_RAISE_ON_FAILURE) != 0,
        .special = (flags & POOL_FLAG_SPECIAL_POOL) != 0,
        .site = site,
    };
}

static void *refuse_request(const struct wdk_request *request, const char *sentence)
{
    request_report_type(request, sentence, false);
    return request_refuse(request, RAISE_INVALID_PARAMETER);
}

HOT PVOID TAGPOOL_WDK_CALL ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag)
{
    bool is_plain = Flags == POOL_FLAG_NON_PAGED || Flags == POOL_FLAG_PAGED;
    unsigned pool = Flags == POOL_FLAG_PAGED;
    if (LIKELY(is_plain && NumberOfBytes != 0 && irql_now() <= irql_most(pool))) {
        void *block = pool_alloc_fast(pool, NumberOfBytes, Tag);
        if (LIKELY(block != NULL))
            return memset(block, 0, NumberOfBytes);
    }
    struct wdk_request request = request_by_flags(Flags, NumberOfBytes, Tag, WDK_SITE);
    const char *fault = fault_of((uint32_t)Flags);
    return fault != NULL ? refuse_request(&request, fault) : request_allocate(&request);
}

/* ---- extended parameters ---- */

/* What cannot be met, in words; NULL if the parameter is met, and noted in the request where it changes it. */
static const char *fault_of_parameter(const POOL_EXTENDED_PARAMETER *parameter, POOL_FLAGS flags, struct wdk_request *request)
{
    switch (parameter->Type) {
    case PoolExtendedParameterPriority:
        return request_priority(request, (unsigned)parameter->Priority) ? NULL
               : "an extended parameter's Priority is no EX_POOL_PRIORITY";
    case PoolExtendedParameterNumaNode:
        if ((flags & POOL_FLAG_NON_PAGED) == 0)
            return "an extended parameter names a NUMA node; that goes with POOL_FLAG_NON_PAGED only";
        return parameter->PreferredNode == 0 || (parameter->PreferredNode & MM_ANY_NODE_OK) != 0 ? NULL
               : "an extended parameter names a NUMA node that does not exist; there is node 0";
    case PoolExtendedParameterSecurePool:
        return "an extended parameter asks for secure pool, which there is none of";
    default:
        return "an extended parameter has a Type that is none";
    }
}

PVOID TAGPOOL_WDK_CALL ExAllocatePool3(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag,
                                       PCPOOL_EXTENDED_PARAMETER ExtendedParameters, ULONG ExtendedParametersCount)
{
    struct wdk_request request = request_by_flags(Flags, NumberOfBytes, Tag, WDK_SITE);
    const char *fault = fault_of((uint32_t)Flags);
    if (fault == NULL && ExtendedParameters == NULL && ExtendedParametersCount != 0)
        fault = "extended parameters are counted, but their address is NULL";
    for (ULONG i = 0; fault == NULL && i < ExtendedParametersCount; i++) {
        const char *unmet = fault_of_parameter(&ExtendedParameters[i], Flags, &request);
        if (!ExtendedParameters[i].Optional)
            fault = unmet;
    }
    return fault != NULL ? refuse_request(&request, fault) : request_allocate(&request);
}

void TAGPOOL_WDK_CALL ExFreePool2(PVOID P, ULONG Tag, PCPOOL_EXTENDED_PARAMETER ExtendedParameters, ULONG ExtendedParametersCount)
{
    struct wdk_request request = {.tag = Tag};
    bool is_met = ExtendedParameters != NULL || ExtendedParametersCount == 0;
    for (ULONG i = 0; is_met && i < ExtendedParametersCount; i++)
        is_met = ExtendedParameters[i].Optional;
    if (!is_met)
        request_report_type(&request, "ExFreePool2 was given an extended parameter that cannot be met; it is ignored", false);
    ExFreePoolWithTag(P, Tag);
}

/* ---- secure pool ---- */

#define NOT_SUPPORTED ((NTSTATUS)0xC00000BB)

NTSTATUS TAGPOOL_WDK_CALL ExCreatePool(ULONG Flags, ULONG_PTR Tag, PPOOL_CREATE_EXTENDED_PARAMS Params, HANDLE *PoolHandle)
{
    (void)Flags, (void)Tag, (void)Params;
    *PoolHandle = NULL;
    return NOT_SUPPORTED;
}

void TAGPOOL_WDK_CALL ExDestroyPool(HANDLE PoolHandle)
{
    (void)PoolHandle;
}

NTSTATUS TAGPOOL_WDK_CALL ExSecurePoolUpdate(HANDLE SecurePoolHandle, ULONG Tag, PVOID Allocation, ULONG_PTR Cookie,
                                             SIZE_T Offset, SIZE_T Size, PVOID Buffer)
{
    (void)SecurePoolHandle, (void)Tag, (void)Allocation, (void)Cookie, (void)Offset, (void)Size, (void)Buffer;
    return NOT_SUPPORTED;
}

LOGICAL TAGPOOL_WDK_CALL ExSecurePoolValidate(HANDLE SecurePoolHandle, ULONG Tag, PVOID Allocation, ULONG_PTR Cookie)
{
    (void)SecurePoolHandle, (void)Tag, (void)Allocation, (void)Cookie;
    return FALSE;
}
