/* SPDX-License-Identifier: MIT
 *
 * quota.c: what is charged to a process by quota allocations and by PsChargePoolQuota, limits, mistakes. */
#include "contract.h"

enum { BYTES = 100 };

static uint64_t charged_to(void *process, unsigned pool)
{
    return quota_of(process, (enum tagpool_pool)pool).charged;
}

static bool charged_flag(void *block)
{
    BOOLEAN charged = 2;
    (void)ExQueryPoolBlockSize(block, &charged);
    check(charged == TRUE || charged == FALSE);
    return charged;
}

/* The ways to make a quota allocation that return NULL when they fail. */
static void *allocate_quietly(unsigned way, unsigned pool, size_t bytes, uint32_t tag)
{
    POOL_TYPE type = (POOL_TYPE)(pool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE);
    switch (way) {
    case 0:
        return ExAllocatePoolWithQuotaTag(type, bytes, tag);
    case 1:
        return ExAllocatePoolQuotaZero(type, bytes, tag);
    case 2:
        return ExAllocatePoolQuotaUninitialized(type, bytes, tag);
    case 3:
        return ExAllocatePoolWithQuota(type, bytes);
    case 4:
        return ExAllocatePool2((pool ? POOL_FLAG_PAGED : POOL_FLAG_NON_PAGED) | POOL_FLAG_USE_QUOTA, bytes, tag);
    default:
        return ExAllocatePool3((pool ? POOL_FLAG_PAGED : POOL_FLAG_NON_PAGED) | POOL_FLAG_USE_QUOTA, bytes, tag, NULL, 0);
    }
}

enum { WAYS = 6 };

/* "Charges the current process with the bytes, if they are less than PAGE_SIZE, until the block is freed"; "*QuotaCharged says
 * whether a process is charged with it". */
static void charged_until_freed(void **state)
{
    static const size_t sizes[] = {1, 100, 4000, 4064, 4065, 4095, 4096, 4097, 100000};
    (void)state;
    process_is(PROCESS(0));
    for (unsigned way = 0; way < WAYS; way++)
        for (unsigned pool = 0; pool < 2; pool++)
            for (size_t i = 0; i < ENTRIES(sizes); i++) {
                bool counts = sizes[i] < PAGE;
                void *block = allocate_quietly(way, pool, sizes[i], fresh_tag());
                same(charged_to(PROCESS(0), pool), counts ? sizes[i] : 0);
                same(quota_of(PROCESS(0), (enum tagpool_pool)pool).blocks, counts);
                same(charged_to(PROCESS(0), 1 - pool), 0);
                same(charged_flag(block), counts);
                ExFreePool(block);
                same(charged_to(PROCESS(0), pool), 0);
                same(quota_of(PROCESS(0), (enum tagpool_pool)pool).blocks, 0);
            }
    void *plain = ExAllocatePoolWithTag(PagedPool, BYTES, fresh_tag());
    same(charged_to(PROCESS(0), TAGPOOL_PAGED), 0);
    same(charged_flag(plain), FALSE);
    ExFreePool(plain);
}

/* It is the process of the allocation that is given back to, whoever frees; free functions of tagpool.h do so too. Protected
 * blocks stay protected. */
static void given_back_to_its_process(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    for (int way = 0; way < 3; way++) {
        process_is(PROCESS(1));
        char *block = ExAllocatePoolWithQuotaTag(PagedPool, BYTES, tag | PROTECTED_POOL);
        process_is(PROCESS(2));
        same(charged_to(PROCESS(1), 1), BYTES);
        ExFreePool(block);
        check(mistake(0xC2, 0x0A));
        ExFreePoolWithTag(block, tag);
        check(mistake(0xC2, 0x0A));
        ExFreePoolWithTag(block + 1, tag | PROTECTED_POOL);
        check(mistake(0xC2, 0x41286));
        check(query(block).is_protected && query(block).tag == tag);
        same(charged_to(PROCESS(1), 1), BYTES);
        if (way == 0)
            ExFreePoolWithTag(block, tag | PROTECTED_POOL);
        else if (way == 1)
            tagpool_free_tag(block, tag | PROTECTED_POOL);
        else
            ExFreePool2(block, tag | PROTECTED_POOL, NULL, 0);
        same(charged_to(PROCESS(1), 1), 0);
        same(charged_to(PROCESS(2), 1), 0);
        ExFreePoolWithTag(block, tag);
        check(mistake(0xC2, 0x07));
        same(charged_to(PROCESS(1), 1), 0);
    }
}

/* "*QuotaCharged says whether a process is charged with it", not whether anything else is special about the block. */
static void charged_is_not_special(void **state)
{
    uint32_t tag = fresh_tag() | PROTECTED_POOL;
    (void)state;
    process_is(PROCESS(10));
    same(tagpool_start("tail_check=on"), 0);
    char *plain = ExAllocatePoolWithTag(PagedPool, BYTES, tag), *charged = ExAllocatePoolWithQuotaTag(PagedPool, BYTES, tag);
    same(charged_flag(plain), FALSE);
    same(charged_flag(charged), TRUE);
    charged[BYTES] ^= 1;
    ExFreePoolWithTag(charged, tag);
    check(mistake(0x19, 0x21));
    same(charged_to(PROCESS(10), TAGPOOL_PAGED), BYTES);
    charged[BYTES] ^= 1;
    ExFreePoolWithTag(charged, tag);
    same(charged_to(PROCESS(10), TAGPOOL_PAGED), 0);
    ExFreePoolWithTag(plain, tag);
    same(tagpool_start("tail_check=off"), 0);
}

/* "tagpool_realloc() gives the quota back", whether the block moves or not; a reallocation that fails changes nothing. */
static void realloc_gives_back(void **state)
{
    static const size_t sizes[] = {0, 99, 100, 101, 2000, 50000};
    uint32_t tag = fresh_tag();
    (void)state;
    process_is(PROCESS(3));
    for (size_t i = 0; i < ENTRIES(sizes); i++)
        for (unsigned protect = 0; protect < 2; protect++) {
            uint32_t full = tag | (protect ? PROTECTED_POOL : 0);
            void *block = ExAllocatePoolWithQuotaTag(PagedPool, BYTES, full);
            fill(block, BYTES, 5);
            check(tagpool_realloc(block, SIZE_MAX / 2) == NULL);
            same(charged_to(PROCESS(3), 1), BYTES);
            same(charged_flag(block), TRUE);
            void *moved = tagpool_realloc(block, sizes[i]);
            check(moved != NULL && filled(moved, sizes[i] < BYTES ? sizes[i] : BYTES, 5));
            same(charged_to(PROCESS(3), 1), 0);
            same(charged_flag(moved), FALSE);
            same(query(moved).is_protected, protect);
            ExFreePoolWithTag(moved, full);
            same(charged_to(PROCESS(3), 1), 0);
            same(quota_of(PROCESS(3), TAGPOOL_PAGED).blocks, 0);
        }
}

/* "Raises instead of returning NULL, unless the type has POOL_QUOTA_FAIL_INSTEAD_OF_RAISE: STATUS_QUOTA_EXCEEDED if the process's
 * limit would be passed"; exact to the byte, per pool and process; nothing stays charged. Pool2 returns NULL. */
static void the_limit(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    process_is(PROCESS(4));
    for (unsigned pool = 0; pool < 2; pool++) {
        same(tagpool_quota_limit_set(PROCESS(4), (enum tagpool_pool)pool, 3 * BYTES), 0);
        for (size_t r = 0; r < ENTRIES(routines); r++) {
            if (!routines[r].has_quota)
                continue;
            void *blocks[3];
            for (size_t i = 0; i < 3; i++) {
                blocks[i] = routines[r].call(pool, BYTES, tag);
                check(blocks[i] != NULL);
            }
            check(routines[r].call(pool, 1, tag) == NULL && raised(QUOTA_EXCEEDED));
            for (unsigned way = 0; way < WAYS; way++)
                check(allocate_quietly(way, pool, 1, tag) == NULL);
            void *page = routines[r].call(pool, PAGE, tag), *other = routines[r].call(1 - pool, BYTES, tag);
            process_is(PROCESS(5));
            void *others = routines[r].call(pool, BYTES, tag);
            process_is(PROCESS(4));
            check(page != NULL && other != NULL && others != NULL);
            same(charged_to(PROCESS(4), pool), 3 * BYTES);
            ExFreePool(page);
            ExFreePool(other);
            ExFreePool(others);
            ExFreePool(blocks[0]);
            check(routines[r].call(pool, BYTES + 1, tag) == NULL && raised(QUOTA_EXCEEDED));
            blocks[0] = routines[r].call(pool, BYTES, tag);
            for (size_t i = 0; i < 3; i++)
                ExFreePool(blocks[i]);
            struct tagpool_quota quota = quota_of(PROCESS(4), (enum tagpool_pool)pool);
            check(quota.charged == 0 && quota.blocks == 0 && quota.peak == 3 * BYTES && quota.limit == 3 * BYTES);
        }
        same(tagpool_quota_limit_set(PROCESS(4), (enum tagpool_pool)pool, 0), 0);
    }
}

/* No memory is no matter of quota: STATUS_INSUFFICIENT_RESOURCES, and nothing stays charged. */
static void no_memory(void **state)
{
    (void)state;
    process_is(PROCESS(6));
    for (unsigned pool = 0; pool < 2; pool++) {
        same(tagpool_limit_set((enum tagpool_pool)pool, 64), 0);
        check(ExAllocatePoolWithQuotaTag((POOL_TYPE)pool, BYTES, fresh_tag()) == NULL && raised(NO_RESOURCES));
        for (unsigned way = 0; way < WAYS; way++)
            check(allocate_quietly(way, pool, BYTES, fresh_tag()) == NULL);
        same(charged_to(PROCESS(6), pool), 0);
        same(quota_of(PROCESS(6), (enum tagpool_pool)pool).blocks, 0);
        same(tagpool_limit_set((enum tagpool_pool)pool, 0), 0);
    }
}

/* Quota of a big block: "2 GB - 1 succeeds on 64-bit; on 32-bit it raises STATUS_INSUFFICIENT_RESOURCES, or returns NULL with
 * POOL_QUOTA_FAIL_INSTEAD_OF_RAISE". */
static void two_gigabytes(void **state)
{
    const size_t bytes = 0x7FFFFFFF;
    (void)state;
    same(tagpool_start("fill=none"), 0);
    void *block = ExAllocatePoolWithQuotaTag(PagedPool, bytes, fresh_tag());
    if (sizeof(void *) == 8) {
        check(block != NULL && !charged_flag(block));
        ExFreePool(block);
        return;
    }
    check(block == NULL && raised(NO_RESOURCES));
    for (unsigned way = 0; way < WAYS; way++)
        check(allocate_quietly(way, TAGPOOL_PAGED, bytes, fresh_tag()) == NULL);
}

/* "Bug check 0xC4/0x10A for the Idle process", which a hook names by NULL; nothing is raised. */
static void idle_process(void **state)
{
    (void)state;
    process_is(NULL);
    for (unsigned pool = 0; pool < 2; pool++) {
        check(ExAllocatePoolWithQuotaTag((POOL_TYPE)pool, BYTES, fresh_tag()) == NULL && mistake(0xC4, 0x10A));
        for (unsigned way = 0; way < WAYS; way++)
            check(allocate_quietly(way, pool, BYTES, fresh_tag()) == NULL && mistake(0xC4, 0x10A));
        PsChargePoolQuota(NULL, (POOL_TYPE)pool, BYTES);
        check(mistake(0xC4, 0x10A));
        check(PsChargeProcessPoolQuota(NULL, (POOL_TYPE)pool, BYTES) != 0 && mistake(0xC4, 0x10A));
        ExFreePool(ExAllocatePoolWithTag((POOL_TYPE)pool, BYTES, fresh_tag()));
    }
    check(IoGetCurrentProcess() == NULL);
    same(tagpool_quota_limit_set(NULL, TAGPOOL_PAGED, 5), TAGPOOL_EINVAL);
}

/* "Charges Amount bytes of the pool, all or nothing. Raises STATUS_QUOTA_EXCEEDED iff its limit would be passed"; the other
 * routine "returns the status, or STATUS_SUCCESS". "Returns what was charged." The peak stays. */
static void charge_and_return(void **state)
{
    PEPROCESS process = PROCESS(7);
    (void)state;
    for (unsigned pool = 0; pool < 2; pool++) {
        POOL_TYPE type = pool == 0 ? NonPagedPoolNx : PagedPool;
        PsChargePoolQuota(process, type, 1000);
        same(PsChargeProcessPoolQuota(process, type, 500), 0);
        same(charged_to(process, pool), 1500);
        same(quota_of(process, (enum tagpool_pool)pool).blocks, 0);
        same(tagpool_quota_limit_set(process, (enum tagpool_pool)pool, 2000), 0);
        PsChargePoolQuota(process, type, 501);
        check(raised(QUOTA_EXCEEDED));
        same((uint32_t)PsChargeProcessPoolQuota(process, type, SIZE_MAX), QUOTA_EXCEEDED);
        same(charged_to(process, pool), 1500);
        PsChargePoolQuota(process, type, 500);
        PsReturnPoolQuota(process, type, 1200);
        same(tagpool_quota_limit_set(process, (enum tagpool_pool)pool, 100), 0);
        PsChargePoolQuota(process, type, 1);
        check(raised(QUOTA_EXCEEDED));
        PsReturnPoolQuota(process, type, 800);
        struct tagpool_quota quota = quota_of(process, (enum tagpool_pool)pool);
        check(quota.charged == 0 && quota.peak == 2000 && quota.limit == 100 && quota.blocks == 0);
        same(tagpool_quota_limit_set(process, (enum tagpool_pool)pool, 0), 0);
        PsChargePoolQuota(process, type, SIZE_MAX);
        PsReturnPoolQuota(process, type, SIZE_MAX);
        same(charged_to(process, pool), 0);
    }
}

/* What PsReturnPoolQuota() took of a block's charge is not given back once more: freeing the block gives back what is left. */
static void returned_before_the_free(void **state)
{
    (void)state;
    process_is(PROCESS(11));
    for (ULONG_PTR early = 1; early <= BYTES; early += 33) {
        void *block = ExAllocatePoolWithQuotaTag(PagedPool, BYTES, fresh_tag());
        PsReturnPoolQuota(PROCESS(11), PagedPool, early);
        same(charged_to(PROCESS(11), TAGPOOL_PAGED), BYTES - early);
        same(quota_of(PROCESS(11), TAGPOOL_PAGED).blocks, 1);
        ExFreePool(block);
        same(charged_to(PROCESS(11), TAGPOOL_PAGED), 0);
        same(quota_of(PROCESS(11), TAGPOOL_PAGED).blocks, 0);
    }
}

/* "Bug check 0x21 QUOTA_UNDERFLOW (process, 0 nonpaged or 1 paged, amount, amount above what is charged) if that is less; nothing
 * is then returned." */
static void underflow(void **state)
{
    (void)state;
    for (unsigned pool = 0; pool < 2; pool++) {
        POOL_TYPE type = pool == 0 ? NonPagedPoolNx : PagedPoolCacheAligned;
        PsReturnPoolQuota(PROCESS(8), type, 40);
        check(mistake(0x21, (uintptr_t)PROCESS(8)));
        check(caught.parameter[1] == pool && caught.parameter[2] == 40 && caught.parameter[3] == 40);
        check(strcmp(caught.name, "QUOTA_UNDERFLOW") == 0);
        PsChargePoolQuota(PROCESS(8), type, 30);
        PsReturnPoolQuota(PROCESS(8), type, 45);
        check(mistake(0x21, (uintptr_t)PROCESS(8)));
        check(caught.parameter[1] == pool && caught.parameter[2] == 45 && caught.parameter[3] == 15);
        same(charged_to(PROCESS(8), pool), 30);
        PsReturnPoolQuota(PROCESS(8), type, 30);
        same(charged_to(PROCESS(8), pool), 0);
    }
}

/* FsRtlAllocatePoolWithQuota and WithQuotaTag are quota routines, "but raise STATUS_INSUFFICIENT_RESOURCES whenever they fail";
 * after a bug check whose handler returns "an allocation yields NULL", as from every routine, and nothing is raised. */
static void fsrtl(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    for (unsigned pool = 0; pool < 2; pool++) {
        POOL_TYPE type = (POOL_TYPE)pool;
        process_is(PROCESS(9));
        void *one = FsRtlAllocatePoolWithQuota(type, BYTES), *two = FsRtlAllocatePoolWithQuotaTag(type, BYTES, tag);
        check(query(one).tag == NO_TAG && query(two).tag == tag);
        same(charged_to(PROCESS(9), pool), 2 * BYTES);
        same(tagpool_quota_limit_set(PROCESS(9), (enum tagpool_pool)pool, 2 * BYTES), 0);
        check(FsRtlAllocatePoolWithQuota(type, 1) == NULL && raised(NO_RESOURCES));
        check(FsRtlAllocatePoolWithQuotaTag(type, 1, tag) == NULL && raised(NO_RESOURCES));
        ExFreePool(one);
        ExFreePoolWithTag(two, tag);
        same(tagpool_limit_set((enum tagpool_pool)pool, 5000), 0);
        check(FsRtlAllocatePoolWithQuota(type, 6000) == NULL && raised(NO_RESOURCES));
        check(FsRtlAllocatePoolWithQuotaTag(type, 6000, tag) == NULL && raised(NO_RESOURCES));
        check(FsRtlAllocatePoolWithQuotaTag(type, BYTES, 0) == NULL && finding(0xC2, 0x9B) && raised(NO_RESOURCES));
        same(charged_to(PROCESS(9), pool), 0);
        check(FsRtlAllocatePoolWithTag(type, BYTES, BIG_TAG) == NULL && mistake(0xC2, 0x9C));
        same(raised_count, 0);
        check(FsRtlAllocatePoolWithQuotaTag(type, BYTES, BIG_TAG) == NULL && mistake(0xC2, 0x9C));
        same(raised_count, 0);
        process_is(NULL);
        check(FsRtlAllocatePoolWithQuota(type, BYTES) == NULL && mistake(0xC4, 0x10A));
        same(raised_count, 0);
    }
}

/* "NULL sets the default back: one process for all threads"; IoGetCurrentProcess() is "what the hook says". tagpool_quota_stats()
 * is "all zero for a process that was never charged nor limited. Fails iff pool is neither pool". */
static void processes(void **state)
{
    struct tagpool_quota quota = {1, 1, 1, 1};
    (void)state;
    PEPROCESS one = IoGetCurrentProcess();
    check(one != NULL && one == PsGetCurrentProcess());
    void *block = ExAllocatePoolWithQuotaTag(PagedPool, BYTES, fresh_tag());
    same(charged_to(one, TAGPOOL_PAGED), BYTES);
    process_is(PROCESS(20));
    check((void *)IoGetCurrentProcess() == PROCESS(20));
    ExFreePool(block);
    same(charged_to(one, TAGPOOL_PAGED), 0);
    same(tagpool_quota_stats(PROCESS(21), TAGPOOL_PAGED, &quota), 0);
    check(quota.charged == 0 && quota.peak == 0 && quota.limit == 0 && quota.blocks == 0);
    same(tagpool_quota_stats(PROCESS(20), (enum tagpool_pool)2, &quota), TAGPOOL_EINVAL);
    same(tagpool_quota_limit_set(PROCESS(20), (enum tagpool_pool)2, 1), TAGPOOL_EINVAL);
}

int main(void)
{
    (void)tagpool_start("checker=off"); /* tests write behind blocks and to freed ones on purpose */
    const struct CMUnitTest tests[] = {
        contract_test(charged_until_freed), contract_test(given_back_to_its_process), contract_test(realloc_gives_back),
        contract_test(the_limit),           contract_test(no_memory),                 contract_test(idle_process),
        contract_test(charge_and_return),   contract_test(underflow),                 contract_test(fsrtl),
        contract_test(processes),           contract_test(two_gigabytes),             contract_test(charged_is_not_special),
        contract_test(returned_before_the_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
