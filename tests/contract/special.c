/* SPDX-License-Identifier: MIT
 *
 * special.c: special pool as drivers ask for it: POOL_FLAG_SPECIAL_POOL, and the priorities that choose a block's edge. */
#include "contract.h"

#define TAG TAGPOOL_TAG('S', 'p', 'e', 'c')

/* "POOL_FLAG_SPECIAL_POOL takes the block from special pool, whatever options say." */
static void by_flag(void **state)
{
    static const POOL_FLAGS kinds[] = {POOL_FLAG_NON_PAGED, POOL_FLAG_NON_PAGED_EXECUTE, POOL_FLAG_PAGED};
    BOOLEAN quota;
    (void)state;
    for (size_t i = 0; i < ENTRIES(kinds); i++) {
        unsigned char *block = ExAllocatePool2(kinds[i] | POOL_FLAG_SPECIAL_POOL, 100, TAG);
        struct tagpool_block found = query(block);
        check(found.charged == PAGE && found.bytes == 100 && (uintptr_t)block % PAGE == PAGE - (ALIGNMENT == 16 ? 112 : 104));
        check(found.pool == (kinds[i] == POOL_FLAG_PAGED ? TAGPOOL_PAGED : TAGPOOL_NONPAGED));
        check(holds(block, 100, 0));
        same(ExQueryPoolBlockSize(block, &quota), 100);
        block[100] ^= 1;
        ExFreePoolWithTag(block, TAG);
        check(caught_count == 1 && caught.code == 0xC1 && caught.parameter[3] == 0x24);
        caught_count = 0;
        block[100] ^= 1;
        ExFreePoolWithTag(block, TAG);
        block = ExAllocatePool2(kinds[i], 100, TAG);
        check(query(block).charged < PAGE);
        ExFreePoolWithTag(block, TAG);
        block = ExAllocatePool2(kinds[i] | POOL_FLAG_SPECIAL_POOL | POOL_FLAG_CACHE_ALIGNED, 100, TAG);
        same((uintptr_t)block % PAGE, PAGE - 128);
        ExFreePoolWithTag(block, TAG);
    }
}

/* With quota the block is charged to its process, in special pool too. */
static void with_quota(void **state)
{
    BOOLEAN quota = FALSE;
    (void)state;
    void *block = ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_SPECIAL_POOL | POOL_FLAG_USE_QUOTA, 100, TAG);
    check(block != NULL && query(block).charged == PAGE);
    same(ExQueryPoolBlockSize(block, &quota), 100);
    check(quota);
    ExFreePoolWithTag(block, TAG);
}

/* Priorities ...Overrun and ...Underrun decide on which side a special block lies; they ask for none. */
static void by_priority(void **state)
{
    enum { END = sizeof(void *) == 8 ? 4096 - 112 : 4096 - 104 };
    static const struct {
        EX_POOL_PRIORITY priority;
        size_t offset;
    } rows[] = {
        {LowPoolPriority, 0},    {LowPoolPrioritySpecialPoolOverrun, END},    {LowPoolPrioritySpecialPoolUnderrun, 0},
        {NormalPoolPriority, 0}, {NormalPoolPrioritySpecialPoolOverrun, END}, {NormalPoolPrioritySpecialPoolUnderrun, 0},
        {HighPoolPriority, 0},   {HighPoolPrioritySpecialPoolOverrun, END},   {HighPoolPrioritySpecialPoolUnderrun, 0},
    };
    (void)state;
    for (size_t i = 0; i < ENTRIES(rows); i++) {
        void *block = ExAllocatePoolWithTagPriority(PagedPool, 100, TAG, rows[i].priority);
        check(query(block).charged < PAGE);
        ExFreePoolWithTag(block, TAG);
    }
    same(tagpool_start("special=Spec special_edge=start"), 0);
    for (size_t i = 0; i < ENTRIES(rows); i++) {
        POOL_EXTENDED_PARAMETER parameter;
        memset(&parameter, 0, sizeof parameter);
        parameter.Type = PoolExtendedParameterPriority;
        parameter.Priority = rows[i].priority;
        void *block = ExAllocatePoolWithTagPriority(PagedPool, 100, TAG, rows[i].priority);
        check(query(block).charged == PAGE && (uintptr_t)block % PAGE == rows[i].offset);
        ExFreePoolWithTag(block, TAG);
        block = ExAllocatePool3(POOL_FLAG_PAGED, 100, TAG, &parameter, 1);
        check(query(block).charged == PAGE && (uintptr_t)block % PAGE == rows[i].offset);
        ExFreePoolWithTag(block, TAG);
    }
    same(tagpool_start("special=none special_edge=end"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {contract_test(by_flag), contract_test(with_quota), contract_test(by_priority)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
