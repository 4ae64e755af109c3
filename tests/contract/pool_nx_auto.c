/* SPDX-License-Identifier: MIT
 *
 * pool_nx_auto.c: a driver compiled with POOL_NX_OPTIN_AUTO=1: NonPagedPool is NonPagedPoolNx from the compiler on. */
#define POOL_NX_OPTIN_AUTO 1
#include "contract.h"

/* "With POOL_NX_OPTIN_AUTO=1 it means NonPagedPoolNx", as a constant, whatever the runtime was told. */
static void constant(void **state)
{
    static const POOL_TYPE types[] = {NonPagedPool, NonPagedPoolCacheAligned};
    (void)state;
    same(types[0], 512);
    same(types[1], 516);
    same(ExDefaultNonPagedPoolType, NonPagedPoolExecute);
    for (size_t i = 0; i < ENTRIES(types); i++) {
        void *block = ExAllocatePoolWithTag(types[i], 100, fresh_tag());
        same(query(block).pool, TAGPOOL_NONPAGED);
        ExFreePool(block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        contract_test(constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
