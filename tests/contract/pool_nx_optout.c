/* SPDX-License-Identifier: MIT
 *
 * pool_nx_optout.c: "POOL_NX_OPTOUT undoes both": a file that opts out of what the rest of the driver is compiled with. */
#define POOL_NX_OPTIN 1
#define POOL_NX_OPTIN_AUTO 1
#define POOL_NX_OPTOUT 1
#include "contract.h"

/* NonPagedPool is 0 before and after the runtime opted in. */
static void undone(void **state)
{
    static const POOL_TYPE types[] = {NonPagedPool, NonPagedPoolCacheAligned};
    (void)state;
    for (int round = 0; round < 2; round++) {
        same(types[0], 0);
        same(types[1], 4);
        same(NonPagedPool, NonPagedPoolExecute);
        void *block = ExAllocatePoolWithTag(NonPagedPool, 100, fresh_tag());
        same(query(block).pool, TAGPOOL_NONPAGED);
        ExFreePool(block);
        ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    }
    same(ExDefaultNonPagedPoolType, NonPagedPoolNx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        contract_test(undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
