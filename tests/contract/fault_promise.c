/* SPDX-License-Identifier: MIT
 *
 * fault_promise.c: where the WDK's routines promise success, no failure is injected: HighPoolPriority "must not fail
 * unless resources are completely gone". Everywhere else it may be, and the routine fails as it documents. */
#include "contract.h"

#include "tagpool/verifier.h"

#define ALL_FAIL "fault=10000 fault_seed=1"
#define OFF "fault=0 fault_nth=0 fault_seed=0 fault_stacks=off fault_tags=none"

static int end_faults(void **state)
{
    same(tagpool_start(OFF), 0);
    return contract_end(state);
}

#define fault_test(name) cmocka_unit_test_setup_teardown(name, contract_begin, end_faults)

static const uint32_t tag = TAGPOOL_TAG('P', 'r', 'o', 'm');

static const EX_POOL_PRIORITY priorities[] = {
    LowPoolPriority,  LowPoolPrioritySpecialPoolOverrun,  LowPoolPrioritySpecialPoolUnderrun,
    NormalPoolPriority, NormalPoolPrioritySpecialPoolOverrun, NormalPoolPrioritySpecialPoolUnderrun,
    HighPoolPriority, HighPoolPrioritySpecialPoolOverrun, HighPoolPrioritySpecialPoolUnderrun,
};

/* Allocates by a priority in one of four ways. */
enum { WAYS = 4 };

static void *allocate(unsigned way, EX_POOL_PRIORITY priority)
{
    POOL_EXTENDED_PARAMETER parameter;
    memset(&parameter, 0, sizeof parameter);
    parameter.Type = PoolExtendedParameterPriority;
    parameter.Priority = priority;
    switch (way) {
    case 0:
        return ExAllocatePoolWithTagPriority(PagedPool, 100, tag, priority);
    case 1:
        return ExAllocatePoolPriorityZero(NonPagedPoolNx, 100, tag, priority);
    case 2:
        return ExAllocatePoolPriorityUninitialized(NonPagedPool, 100, tag, priority);
    default:
        return ExAllocatePool3(POOL_FLAG_PAGED, 100, tag, &parameter, 1);
    }
}

/* "No failure is ever injected, by any option, where success is promised: an allocation with HighPoolPriority fails only
 * if memory is gone" */
static void high_priority(void **state)
{
    static const char *const options[] = {ALL_FAIL, "fault_every=1", "fault_stacks=fail"};
    (void)state;
    for (size_t i = 0; i < ENTRIES(options); i++) {
        same(tagpool_start(options[i]), 0);
        for (unsigned way = 0; way < WAYS; way++) {
            for (size_t p = 0; p < ENTRIES(priorities); p++) {
                void *block = allocate(way, priorities[p]);
                /* one call site for each way, so that its first failure is its only one where stacks decide */
                bool fails = priorities[p] < HighPoolPriority && (i < 2 || p == 0);
                check((block == NULL) == fails);
                if (block != NULL)
                    ExFreePoolWithTag(block, tag);
            }
        }
        same(tagpool_start("fault_every=0 " OFF), 0);
    }
}

/* ... "fails only if memory is gone" */
static void memory_is_gone(void **state)
{
    (void)state;
    same(tagpool_start(ALL_FAIL " limit_paged=64K"), 0);
    check(ExAllocatePoolWithTagPriority(PagedPool, 100000, tag, HighPoolPriority) == NULL);
    same(tagpool_start("limit_paged=0"), 0);
}

/* ... "and is not counted among the matching ones" */
static void not_counted(void **state)
{
    void *block[6];
    (void)state;
    same(tagpool_start("fault_nth=3 fault_tags=Prom"), 0);
    for (unsigned i = 0; i < 6; i++) /* high, normal, high, normal, high, normal: the third that counts is the last */
        block[i] = ExAllocatePoolWithTagPriority(PagedPool, 10, tag, i % 2 == 0 ? HighPoolPriority : NormalPoolPriority);
    for (unsigned i = 0; i < 6; i++) {
        check((block[i] == NULL) == (i == 5));
        if (block[i] != NULL)
            ExFreePool(block[i]);
    }
}

/* "freeing does not fail": nor does anything that only looks at blocks. */
static void freeing(void **state)
{
    BOOLEAN quota;
    (void)state;
    void *block[3] = {ExAllocatePool2(POOL_FLAG_PAGED, 100, tag), ExAllocatePool2(POOL_FLAG_NON_PAGED, 5000, tag),
                      tagpool_alloc(TAGPOOL_PAGED, 1 << 20, tag)};
    same(tagpool_start(ALL_FAIL), 0);
    check(ExQueryPoolBlockSize(block[0], &quota) >= 100);
    ExFreePool(block[0]);
    ExFreePoolWithTag(block[1], tag);
    tagpool_free_tag(block[2], tag);
    check(tagpool_verdict() == TAGPOOL_CLEAN);
    same(tagpool_start("fault=0"), 0);
}

/* A routine that raises when it fails, raises when a failure is injected. */
static void raises(void **state)
{
    (void)state;
    same(tagpool_start(ALL_FAIL), 0);
    check(FsRtlAllocatePoolWithTag(PagedPool, 100, tag) == NULL && raised(NO_RESOURCES));
    check(ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 100, tag) == NULL && raised(NO_RESOURCES));
    POOL_TYPE raising = (POOL_TYPE)(PagedPool | POOL_RAISE_IF_ALLOCATION_FAILURE);
    check(ExAllocatePoolWithTagPriority(raising, 100, tag, LowPoolPriority) == NULL);
    check(raised(NO_RESOURCES));
    void *block = ExAllocatePoolWithTagPriority(raising, 100, tag, HighPoolPriority);
    check(block != NULL && raised_count == 0);
    ExFreePool(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(high_priority), fault_test(memory_is_gone), fault_test(not_counted), fault_test(freeing), fault_test(raises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
