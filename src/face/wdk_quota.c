/* SPDX-License-Identifier: MIT
 *
 * wdk_quota.c: the WDK's quota routines (contracts in tagpool/wdk/pool.h).
 */
#include "report/bugcheck.h"
#include "service/quota.h"
#include "service/raise.h"
#include "service/request.h"
#include "tagpool/wdk/pool.h"

#define QUOTA_UNDERFLOW 0x21u

PEPROCESS TAGPOOL_WDK_CALL IoGetCurrentProcess(VOID)
{
    return quota_process();
}

NTSTATUS TAGPOOL_WDK_CALL PsChargeProcessPoolQuota(PEPROCESS Process, POOL_TYPE PoolType, ULONG_PTR Amount)
{
    if (Process == NULL) {
        bugcheck_report(0xC4, (uintptr_t[4]){0x10A}, NULL, true);
        return (NTSTATUS)RAISE_INVALID_PARAMETER;
    }
    switch (quota_charge(Process, (unsigned)PoolType & 1, Amount, 0)) {
    case QUOTA_CHARGED:
        return 0;
    case QUOTA_EXCEEDED:
        return (NTSTATUS)RAISE_QUOTA_EXCEEDED;
    default:
        return (NTSTATUS)RAISE_NO_RESOURCES;
    }
}

void TAGPOOL_WDK_CALL PsChargePoolQuota(PEPROCESS Process, POOL_TYPE PoolType, ULONG_PTR Amount)
{
    NTSTATUS status = PsChargeProcessPoolQuota(Process, PoolType, Amount);
    if (status != 0 && status != (NTSTATUS)RAISE_INVALID_PARAMETER)
        raise_status((uint32_t)status);
}

void TAGPOOL_WDK_CALL PsReturnPoolQuota(PEPROCESS Process, POOL_TYPE PoolType, ULONG_PTR Amount)
{
    unsigned pool = (unsigned)PoolType & 1;
    uint64_t missing = quota_return(Process, pool, Amount, 0);
    if (missing != 0)
        bugcheck_report(QUOTA_UNDERFLOW, (uintptr_t[4]){(uintptr_t)Process, pool, Amount, (uintptr_t)missing}, NULL, true);
}
