/* SPDX-License-Identifier: MIT
 *
 * pool_nx.c: a driver compiled with POOL_NX_OPTIN=1: NonPagedPool is what ExInitializeDriverRuntime() made of it. */
#define POOL_NX_OPTIN 1
#include "contract.h"

static POOL_TYPE type_named(void)
{
    return NonPagedPool;
}

static POOL_TYPE aligned_type_named(void)
{
    return NonPagedPoolCacheAligned;
}

/* A type for the pool's routines: nonpaged, and legal. */
static void expect_nonpaged(POOL_TYPE type)
{
    uint32_t tag = fresh_tag();
    void *block = ExAllocatePoolWithTag(type, 100, tag);
    same(query(block).pool, TAGPOOL_NONPAGED);
    if (((unsigned)type & 4) != 0)
        same((uintptr_t)block % CACHE_LINE, 0);
    ExFreePoolWithTag(block, tag);
}

/* "ExDefaultNonPagedPoolType: NonPagedPoolExecute at first. With DrvRtPoolNxOptIn, sets it to NonPagedPoolNx"; another flag does
 * not. "Compiled with POOL_NX_OPTIN=1, NonPagedPool then means that variable". "ExPoolZeroingNativelySupported: TRUE". */
static void opting_in(void **state)
{
    (void)state;
    same(DrvRtPoolNxOptIn, 1);
    same(ExPoolZeroingNativelySupported, TRUE);
    same(ExDefaultNonPagedPoolType, NonPagedPoolExecute);
    same(type_named(), 0);
    same(aligned_type_named(), 4);
    expect_nonpaged(type_named());
    expect_nonpaged(aligned_type_named());
    ExInitializeDriverRuntime(0);
    ExInitializeDriverRuntime(~(ULONG)DrvRtPoolNxOptIn);
    same(type_named(), 0);
    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    same(ExDefaultNonPagedPoolType, 512);
    same(type_named(), 512);
    same(aligned_type_named(), 516);
    expect_nonpaged(type_named());
    expect_nonpaged(aligned_type_named());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        contract_test(opting_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
