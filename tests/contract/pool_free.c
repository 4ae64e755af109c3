/* SPDX-License-Identifier: MIT
 *
 * pool_free.c: ExFreePool, ExFreePoolWithTag, ExQueryPoolBlockSize: every mistake; IRQL; many blocks, many threads. */
#include "contract.h"

#define FILE_TAG TAGPOOL_TAG('F', 'i', 'l', 'e')
#define WRONG_TAG TAGPOOL_TAG('W', 'r', 'n', 'g')

/* ---- What is freed, and by which tag ------------------------------------------------------------------------------- */

/* The routines that take a POOL_TYPE, then others. */
enum { OTHER_WAYS = 3 };

static void *allocate_by(size_t way, unsigned pool, size_t bytes, uint32_t tag)
{
    enum tagpool_pool ours = (enum tagpool_pool)pool;
    if (way < ENTRIES(routines))
        return routines[way].call(pool, bytes, tag);
    switch (way - ENTRIES(routines)) {
    case 0:
        return tagpool_alloc(ours, bytes, tag);
    case 1:
        return tagpool_aligned_alloc(ours, 256, bytes, tag);
    default:
        return ExAllocatePool2(pool ? POOL_FLAG_PAGED : POOL_FLAG_NON_PAGED, bytes, tag);
    }
}

/* "Frees a block of any of these routines, or of tagpool.h": every routine, either way to free; and the other way round. */
static void any_block(void **state)
{
    static const size_t sizes[] = {1, 100, 4000, 4096, 10000, 300000};
    (void)state;
    for (size_t i = 0; i < ENTRIES(sizes); i++)
        for (unsigned pool = 0; pool < 2; pool++)
            for (size_t r = 0; r < ENTRIES(routines) + OTHER_WAYS; r++)
                for (int way = 0; way < 4; way++) {
                    uint32_t tag = r < ENTRIES(routines) ? tag_by(&routines[r], FILE_TAG) : FILE_TAG;
                    void *block = allocate_by(r, pool, sizes[i], tag);
                    struct tagpool_stats before = stats_of(tag, (enum tagpool_pool)pool);
                    if (way == 0)
                        ExFreePool(block);
                    else if (way == 1)
                        ExFreePoolWithTag(block, tag);
                    else if (way == 2)
                        ExFreePoolWithTag(block, 0);
                    else
                        tagpool_free_tag(block, tag);
                    struct tagpool_stats after = stats_of(tag, (enum tagpool_pool)pool);
                    same(after.frees, before.frees + 1);
                    same(after.bytes, before.bytes - sizes[i]);
                }
}

static void free_plain(void *block)
{
    ExFreePool(block);
}

static void free_tag(void *block)
{
    ExFreePoolWithTag(block, FILE_TAG);
}

static void ask_size(void *block)
{
    BOOLEAN charged = 2;
    same(ExQueryPoolBlockSize(block, &charged), 0);
    same(charged, FALSE);
}

static void (*const users[])(void *) = {free_plain, free_tag, ask_size};

/* Bug checks as tagpool_free(): 0x46 NULL, 0x42 foreign, 0x07 freed before, 0x99 (nonpaged) or 0x41286 (paged) inside; also what
 * ExQueryPoolBlockSize gets wrong: "then 0 and FALSE". The block stays as it was. */
static void what_is_no_block(void **state)
{
    static const size_t sizes[] = {100, 4096, 50000};
    static char ours[64];
    char stack[64];
    void *malloced = malloc(64);
    (void)state;
    for (size_t u = 0; u < ENTRIES(users); u++) {
        users[u](NULL);
        check(mistake(0xC2, 0x46));
        same(caught.parameter[1], 0);
        void *foreign[] = {ours, stack, malloced, (void *)(uintptr_t)what_is_no_block, (void *)(uintptr_t)8};
        for (size_t i = 0; i < ENTRIES(foreign); i++) {
            users[u](foreign[i]);
            check(mistake(0xC2, 0x42));
            same(caught.parameter[1], (uintptr_t)foreign[i]);
        }
        for (unsigned pool = 0; pool < 2; pool++)
            for (size_t i = 0; i < ENTRIES(sizes); i++) {
                char *block = ExAllocatePoolWithTag((POOL_TYPE)pool, sizes[i], FILE_TAG);
                for (size_t at = 1; at < sizes[i]; at += at < 40 ? 1 : sizes[i] / 7) {
                    users[u](block + at);
                    check(mistake(0xC2, pool == 0 ? 0x99 : 0x41286));
                    if (pool == 0)
                        same(caught.parameter[1], (uintptr_t)(block + at));
                    check(caught.has_block && caught.block.address == block);
                }
                ExFreePoolWithTag(block, FILE_TAG);
                users[u](block);
                check(mistake(0xC2, 0x07));
                same(caught.parameter[3], (uintptr_t)block);
            }
    }
    free(malloced);
}

/* On a mismatch 0xC2/0x0A (address, the block's tag, the tag given) is a finding after which the block is freed, by default;
 * wrong_tag=stop stops, ignore says nothing. "A free counts under the block's own tag." */
static void wrong_tag(void **state)
{
    static const char *const policies[] = {"wrong_tag=report", "wrong_tag=stop", "wrong_tag=ignore"};
    (void)state;
    for (size_t p = 0; p < ENTRIES(policies); p++)
        for (size_t r = 0; r < ENTRIES(routines); r++) {
            uint32_t tag = tag_by(&routines[r], FILE_TAG);
            struct tagpool_stats wrong;
            same(tagpool_start(policies[p]), 0);
            void *block = routines[r].call(PagedPool, 100, FILE_TAG);
            struct tagpool_stats before = stats_of(tag, TAGPOOL_PAGED);
            ExFreePoolWithTag(block, WRONG_TAG);
            if (p < 2) {
                check(reported(0xC2, 0x0A, p == 1));
                same(caught.parameter[1], (uintptr_t)block);
                same(caught.parameter[2], tag);
                same(caught.parameter[3], WRONG_TAG);
            }
            same(caught_count, 0);
            same(stats_of(tag, TAGPOOL_PAGED).frees, before.frees + (p != 1));
            same(tagpool_tag_stats(WRONG_TAG, TAGPOOL_PAGED, &wrong), TAGPOOL_ENOTFOUND);
            if (p == 1)
                ExFreePoolWithTag(block, tag);
        }
}

/* "A protected block always stops", whatever the option, for no tag, a wrong tag, its own without the bit; and the bit given for
 * a block that has none is a wrong tag. ExQueryPoolBlockSize: "a protected block is welcome". */
static void protected_blocks(void **state)
{
    static const char *const policies[] = {"wrong_tag=report", "wrong_tag=stop", "wrong_tag=ignore"};
    static const uint32_t wrong[] = {0, WRONG_TAG, FILE_TAG, WRONG_TAG | PROTECTED_POOL, PROTECTED_POOL};
    (void)state;
    for (size_t p = 0; p < ENTRIES(policies); p++) {
        BOOLEAN charged = 2;
        same(tagpool_start(policies[p]), 0);
        void *block = ExAllocatePoolWithTag(PagedPool, 100, FILE_TAG | PROTECTED_POOL);
        for (size_t i = 0; i < ENTRIES(wrong); i++) {
            ExFreePoolWithTag(block, wrong[i]);
            check(mistake(0xC2, 0x0A));
            same(caught.parameter[1], (uintptr_t)block);
            same(caught.parameter[2], FILE_TAG | PROTECTED_POOL);
            same(caught.parameter[3], wrong[i]);
        }
        check(ExQueryPoolBlockSize(block, &charged) >= 100);
        same(charged, FALSE);
        ExFreePoolWithTag(block, FILE_TAG | PROTECTED_POOL);
        same(caught_count, 0);
        block = ExAllocatePoolWithTag(PagedPool, 100, FILE_TAG);
        ExFreePoolWithTag(block, FILE_TAG | PROTECTED_POOL);
        if (p == 2)
            continue;
        check(reported(0xC2, 0x0A, p == 1));
        if (p == 1)
            ExFreePoolWithTag(block, FILE_TAG);
    }
}

/* ---- IRQL ---------------------------------------------------------------------------------------------------------- */

/* "Nonpaged pool is allocated and freed at <= DISPATCH_LEVEL, paged pool at <= APC_LEVEL. Bug check 0xC2/0x08 (IRQL, pool type,
 * bytes) if it is not allocated so, 0xC2/0x09 (IRQL, pool type, address) if it is not freed so": every level, every routine. The
 * pool is the one given at allocation. */
static void every_level(void **state)
{
    (void)state;
    for (unsigned level = 0; level <= 31; level++)
        for (unsigned pool = 0; pool < 2; pool++)
            for (size_t r = 0; r <= ENTRIES(routines); r++) {
                bool may = level <= (pool == 0 ? DISPATCH_LEVEL : APC_LEVEL);
                unsigned type = pool | POOL_RAISE_IF_ALLOCATION_FAILURE;
                ULONG64 flags = (pool == 0 ? POOL_FLAG_NON_PAGED : POOL_FLAG_PAGED) | POOL_FLAG_RAISE_ON_FAILURE;
                bool by_flags = r == ENTRIES(routines);
                irql_at(level);
                void *block = by_flags ? ExAllocatePool2(flags, 200, FILE_TAG) : routines[r].call(type, 200, FILE_TAG);
                if (!may) {
                    check(block == NULL && mistake(0xC2, 0x08));
                    same(caught.parameter[1], level);
                    same(caught.parameter[2] & ~(unsigned)POOL_ZERO_ALLOCATION, by_flags ? flags : type);
                    same(caught.parameter[3], 200);
                    irql_at(PASSIVE_LEVEL);
                    block = by_flags ? ExAllocatePool2(flags, 200, FILE_TAG) : routines[r].call(type, 200, FILE_TAG);
                }
                check(block != NULL);
                irql_at(level);
                for (int way = 0; way < 2 && !may; way++) {
                    way == 0 ? ExFreePool(block) : ExFreePoolWithTag(block, WRONG_TAG);
                    check(mistake(0xC2, 0x09));
                    same(caught.parameter[1], level);
                    same(caught.parameter[2], pool);
                    same(caught.parameter[3], (uintptr_t)block);
                    check(caught.has_block && caught.block.address == block);
                }
                same(query(block).bytes, 200);
                irql_at(may ? level : PASSIVE_LEVEL);
                ExFreePool(block);
                same(caught_count + raised_count, 0);
            }
}

/* What is no block is no matter of IRQL: the mistake is named as at any level. */
static void no_block_at_high_level(void **state)
{
    char local = 0;
    (void)state;
    for (unsigned pool = 0; pool < 2; pool++) {
        irql_at(PASSIVE_LEVEL);
        char *block = ExAllocatePoolWithTag((POOL_TYPE)pool, 200, FILE_TAG);
        irql_at(HIGH_LEVEL);
        ExFreePool(NULL);
        check(mistake(0xC2, 0x46));
        ExFreePool(&local);
        check(mistake(0xC2, 0x42));
        ExFreePool(block + 48);
        check(mistake(0xC2, pool == 0 ? 0x99 : 0x41286));
        irql_at(PASSIVE_LEVEL);
        ExFreePool(block);
        irql_at(HIGH_LEVEL);
        ExFreePool(block);
        check(mistake(0xC2, 0x07));
    }
}

/* ---- Many ---------------------------------------------------------------------------------------------------------- */

/* 100,000 blocks of 42 bytes at once: all apart, counted, and gone again. */
static void many_blocks(void **state)
{
    enum { COUNT = 100000, BYTES = 42 };
    static unsigned char *blocks[COUNT];
    uint32_t tag = fresh_tag();
    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        blocks[i] = ExAllocatePoolWithTag(NonPagedPoolNx, BYTES, tag);
        check(blocks[i] != NULL);
        fill(blocks[i], BYTES, i);
    }
    same(stats_of(tag, TAGPOOL_NONPAGED).blocks, COUNT);
    same(stats_of(tag, TAGPOOL_NONPAGED).bytes, (uint64_t)COUNT * BYTES);
    for (unsigned i = 0; i < COUNT; i++) {
        check(filled(blocks[i], BYTES, i));
        ExFreePoolWithTag(blocks[i], tag);
    }
    same(stats_of(tag, TAGPOOL_NONPAGED).frees, COUNT);
}

/* "131,072 page blocks per pool until failure, then all freed: bookkeeping must grow, failure must be clean." */
static void pages_until_failure(void **state)
{
    enum { COUNT = 131072 };
    static void *blocks[COUNT + 1];
    (void)state;
    same(tagpool_start("fill=none"), 0);
    for (unsigned pool = 0; pool < 2; pool++) {
        uint32_t tag = fresh_tag();
        size_t count = 0;
        same(tagpool_limit_set((enum tagpool_pool)pool, (uint64_t)COUNT * PAGE), 0);
        while (count <= COUNT && (blocks[count] = ExAllocatePoolWithTag((POOL_TYPE)pool, PAGE, tag)) != NULL)
            same((uintptr_t)blocks[count++] % PAGE, 0);
        check(sizeof(void *) == 8 ? count == COUNT : count <= COUNT && count > COUNT / 8);
        struct tagpool_stats full = stats_of(tag, (enum tagpool_pool)pool);
        check(full.blocks == count && full.charged == count * PAGE && full.failures == 1);
        check(ExAllocatePoolWithTag((POOL_TYPE)pool, PAGE, tag) == NULL);
        for (size_t i = 0; i < count; i++)
            ExFreePoolWithTag(blocks[i], tag);
        struct tagpool_stats empty = stats_of(tag, (enum tagpool_pool)pool);
        check(empty.blocks == 0 && empty.charged == 0 && empty.frees == count && empty.failures == 2);
        ExFreePool(ExAllocatePoolWithTag((POOL_TYPE)pool, PAGE, tag));
    }
}

enum { SHARED = 128, THREADS = 4 };
static void *shared[SHARED];
static uint32_t shared_tag;

static void *free_a_quarter(void *context)
{
    for (size_t i = (size_t)(uintptr_t)context; i < SHARED; i += THREADS)
        ExFreePoolWithTag(shared[i], shared_tag);
    return NULL;
}

/* "128 two-page blocks freed by 4 threads, then reallocated, keep exact counts." */
static void concurrent_frees(void **state)
{
    shared_tag = fresh_tag();
    (void)state;
    for (uint64_t round = 1; round <= 20; round++) {
        pthread_t threads[THREADS];
        for (size_t i = 0; i < SHARED; i++) {
            shared[i] = ExAllocatePoolWithTag(PagedPool, 2 * PAGE, shared_tag);
            check(shared[i] != NULL);
            fill(shared[i], 2 * PAGE, (unsigned)i);
        }
        for (size_t i = 0; i < SHARED; i++)
            check(filled(shared[i], 2 * PAGE, (unsigned)i));
        same(stats_of(shared_tag, TAGPOOL_PAGED).blocks, SHARED);
        same(stats_of(shared_tag, TAGPOOL_PAGED).charged, SHARED * 2 * PAGE);
        for (size_t t = 0; t < THREADS; t++)
            same(pthread_create(&threads[t], NULL, free_a_quarter, (void *)(uintptr_t)t), 0);
        for (size_t t = 0; t < THREADS; t++)
            same(pthread_join(threads[t], NULL), 0);
        struct tagpool_stats stats = stats_of(shared_tag, TAGPOOL_PAGED);
        check(stats.blocks == 0 && stats.bytes == 0 && stats.charged == 0);
        same(stats.allocs, round * SHARED);
        same(stats.frees, round * SHARED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        contract_test(any_block),        contract_test(what_is_no_block), contract_test(wrong_tag),
        contract_test(protected_blocks), contract_test(every_level),      contract_test(no_block_at_high_level),
        contract_test(many_blocks),      contract_test(pages_until_failure), contract_test(concurrent_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
