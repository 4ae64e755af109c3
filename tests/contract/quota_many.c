/* SPDX-License-Identifier: MIT
 *
 * quota_many.c: thousands of quota blocks of several processes against a naive model, and several threads. */
#include "contract.h"

#include "../unit/random.h"

enum { PROCESSES = 7, MOST = 10000, OPERATIONS = 200000 };

/* What each process must have, by counting along. */
static struct tagpool_quota model[PROCESSES][2];

static struct {
    void *block;
    unsigned process, pool;
    size_t charged;
} live[MOST];
static size_t live_count;

#define TOKEN(p) PROCESS(100 + (p))

static bool model_charge(unsigned process, unsigned pool, uint64_t bytes, unsigned blocks)
{
    struct tagpool_quota *side = &model[process][pool];
    if (side->limit != 0 && side->charged + bytes > side->limit)
        return false;
    side->charged += bytes;
    side->blocks += blocks;
    if (side->peak < side->charged)
        side->peak = side->charged;
    return true;
}

static void compare(void)
{
    for (unsigned process = 0; process < PROCESSES; process++)
        for (unsigned pool = 0; pool < 2; pool++) {
            struct tagpool_quota quota = quota_of(TOKEN(process), (enum tagpool_pool)pool);
            same(quota.charged, model[process][pool].charged);
            same(quota.peak, model[process][pool].peak);
            same(quota.limit, model[process][pool].limit);
            same(quota.blocks, model[process][pool].blocks);
        }
}

static void allocate_one(uint64_t *seed)
{
    unsigned process = random_below(seed, PROCESSES), pool = random_below(seed, 2);
    size_t bytes = 1 + random_below(seed, random_below(seed, 20) == 0 ? 9000 : 300);
    size_t charged = bytes < PAGE ? bytes : 0;
    uint32_t tag = TAGPOOL_TAG('Q', 't', 'a', '0' + process);
    process_is(TOKEN(process));
    void *block = random_below(seed, 2) == 0
                  ? ExAllocatePool2((pool ? POOL_FLAG_PAGED : POOL_FLAG_NON_PAGED) | POOL_FLAG_USE_QUOTA, bytes, tag)
                  : ExAllocatePoolWithQuotaTag((POOL_TYPE)(pool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE), bytes, tag);
    bool fits = charged == 0 || model_charge(process, pool, charged, 1);
    same(block != NULL, fits);
    if (block == NULL)
        return;
    live[live_count].block = block;
    live[live_count].process = process;
    live[live_count].pool = pool;
    live[live_count++].charged = charged;
}

static void free_one(size_t i)
{
    BOOLEAN charged;
    (void)ExQueryPoolBlockSize(live[i].block, &charged);
    same(charged, live[i].charged != 0);
    ExFreePool(live[i].block);
    model[live[i].process][live[i].pool].charged -= live[i].charged;
    model[live[i].process][live[i].pool].blocks -= live[i].charged != 0;
    live[i] = live[--live_count];
}

static void change_limit(uint64_t *seed)
{
    unsigned process = random_below(seed, PROCESSES), pool = random_below(seed, 2);
    uint64_t bytes = random_below(seed, 3) == 0 ? 0 : model[process][pool].charged + random_below(seed, 20000);
    same(tagpool_quota_limit_set(TOKEN(process), (enum tagpool_pool)pool, bytes), 0);
    model[process][pool].limit = bytes;
}

static void charge_by_hand(uint64_t *seed)
{
    unsigned process = random_below(seed, PROCESSES), pool = random_below(seed, 2);
    uint64_t bytes = random_below(seed, 1000);
    bool fits = model_charge(process, pool, bytes, 0);
    NTSTATUS status = PsChargeProcessPoolQuota(TOKEN(process), (POOL_TYPE)pool, (ULONG_PTR)bytes);
    same((uint32_t)status, fits ? 0 : QUOTA_EXCEEDED);
    if (!fits)
        return;
    PsReturnPoolQuota(TOKEN(process), (POOL_TYPE)pool, (ULONG_PTR)bytes);
    model[process][pool].charged -= bytes;
}

/* "What is charged now": bytes, peak, limit and blocks of every process, after any history of 10,000 blocks at once. */
static void against_a_model(void **state)
{
    uint64_t seed = 4;
    (void)state;
    for (int i = 0; i < OPERATIONS; i++) {
        uint32_t draw = random_below(&seed, 1000);
        bool grows = i / 50000 % 2 == 0;
        if (draw < 2)
            change_limit(&seed);
        else if (draw < 20)
            charge_by_hand(&seed);
        else if (live_count < MOST && (live_count == 0 || draw < (grows ? 600 : 300)))
            allocate_one(&seed);
        else if (live_count > 0)
            free_one(random_below(&seed, (uint32_t)live_count));
        if (i % 5000 == 0)
            compare();
    }
    for (unsigned process = 0; process < PROCESSES; process++)
        for (unsigned pool = 0; pool < 2; pool++) {
            same(tagpool_quota_limit_set(TOKEN(process), (enum tagpool_pool)pool, 0), 0);
            model[process][pool].limit = 0;
        }
    while (live_count < MOST)
        allocate_one(&seed);
    compare();
    while (live_count > 0)
        free_one(live_count / 2);
    compare();
}

/* A process that was limited or charged is remembered, however many there are. */
static void many_processes(void **state)
{
    enum { COUNT = 3000 };
    (void)state;
    for (unsigned p = 0; p < COUNT; p++) {
        PsChargePoolQuota(PROCESS(1000 + p), PagedPool, p + 1);
        same(tagpool_quota_limit_set(PROCESS(1000 + p), TAGPOOL_NONPAGED, p + 7), 0);
    }
    for (unsigned p = 0; p < COUNT; p++) {
        struct tagpool_quota paged = quota_of(PROCESS(1000 + p), TAGPOOL_PAGED);
        check(paged.charged == p + 1 && paged.peak == p + 1 && paged.limit == 0 && paged.blocks == 0);
        same(quota_of(PROCESS(1000 + p), TAGPOOL_NONPAGED).limit, p + 7);
        PsReturnPoolQuota(PROCESS(1000 + p), PagedPool, p + 1);
    }
    same(quota_of(PROCESS(1000 + COUNT), TAGPOOL_PAGED).peak, 0);
}

/* ---- Threads ------------------------------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 20000, SHARED = 64, LIMIT = 3000 };
static void *shared[SHARED]; /* blocks that any thread may free */

static void *exchange(void *context)
{
    unsigned self = (unsigned)(uintptr_t)context;
    uint64_t seed = self;
    for (int round = 0; round < ROUNDS; round++) {
        process_now = TOKEN(random_below(&seed, 3));
        void *block = ExAllocatePoolWithQuotaTag((POOL_TYPE)(PagedPool | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE),
                                                 1 + random_below(&seed, 300), TAGPOOL_TAG('E', 'x', 'c', 'h'));
        void *other = __atomic_exchange_n(&shared[random_below(&seed, SHARED)], block, __ATOMIC_ACQ_REL);
        if (other != NULL)
            ExFreePool(other);
    }
    return NULL;
}

/* Blocks that one thread allocates and another frees, for processes with a limit: it is never passed, nothing is lost. */
static void threads(void **state)
{
    pthread_t ids[THREADS];
    (void)state;
    process_is(TOKEN(0));
    for (unsigned p = 0; p < 3; p++) {
        same(quota_of(TOKEN(p), TAGPOOL_PAGED).charged, 0);
        same(tagpool_quota_limit_set(TOKEN(p), TAGPOOL_PAGED, LIMIT), 0);
    }
    for (uintptr_t t = 0; t < THREADS; t++)
        same(pthread_create(&ids[t], NULL, exchange, (void *)t), 0);
    for (int t = 0; t < THREADS; t++)
        same(pthread_join(ids[t], NULL), 0);
    uint64_t bytes = 0, blocks = 0;
    for (unsigned p = 0; p < 3; p++) {
        struct tagpool_quota quota = quota_of(TOKEN(p), TAGPOOL_PAGED);
        check(quota.charged <= LIMIT);
        bytes += quota.charged;
        blocks += quota.blocks;
    }
    struct tagpool_stats stats = stats_of(TAGPOOL_TAG('E', 'x', 'c', 'h'), TAGPOOL_PAGED);
    same(bytes, stats.bytes);
    same(blocks, stats.blocks);
    for (int i = 0; i < SHARED; i++)
        if (shared[i] != NULL)
            ExFreePool(shared[i]);
    for (unsigned p = 0; p < 3; p++) {
        same(quota_of(TOKEN(p), TAGPOOL_PAGED).charged, 0);
        same(quota_of(TOKEN(p), TAGPOOL_PAGED).blocks, 0);
    }
}

/* ---- fork ---------------------------------------------------------------------------------------------------------- */

static bool is_over;

static void *exchange_until_over(void *context)
{
    process_now = TOKEN(1 + (unsigned)(uintptr_t)context);
    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE))
        ExFreePool(ExAllocatePoolWithQuotaTag(PagedPool, 100, TAGPOOL_TAG('F', 'o', 'r', 'k')));
    return NULL;
}

static void *inherited;

static void use_quota_in_child(void)
{
    alarm(60); /* a lock that was taken at the fork would be waited for without end */
    process_now = TOKEN(0);
    same(quota_of(TOKEN(0), TAGPOOL_NONPAGED).charged, 100);
    void *own = ExAllocatePoolWithQuotaTag(NonPagedPoolNx, 50, TAGPOOL_TAG('F', 'o', 'r', 'k'));
    same(quota_of(TOKEN(0), TAGPOOL_NONPAGED).charged, 150);
    ExFreePool(inherited);
    ExFreePool(own);
    same(quota_of(TOKEN(0), TAGPOOL_NONPAGED).charged, 0);
    same(quota_of(TOKEN(0), TAGPOOL_NONPAGED).blocks, 0);
}

/* "The child has a working pool with its own copy of every block and count" (tagpool.h): of charges too, while other threads
 * charge. */
static void forked(void **state)
{
    static struct child child;
    pthread_t ids[THREADS];
    (void)state;
    if (INSTRUMENTED)
        skip_because("the leak sanitizer hangs at the exit of a child of many threads");
    process_is(TOKEN(0));
    inherited = ExAllocatePoolWithQuotaTag(NonPagedPoolNx, 100, TAGPOOL_TAG('F', 'o', 'r', 'k'));
    for (unsigned p = 0; p < PROCESSES; p++)
        same(tagpool_quota_limit_set(TOKEN(p), TAGPOOL_PAGED, 0), 0);
    for (uintptr_t t = 0; t < THREADS; t++)
        same(pthread_create(&ids[t], NULL, exchange_until_over, (void *)t), 0);
    for (int i = 0; i < 20; i++) {
        child_run(&child, use_quota_in_child);
        check(child_exited(&child, 0));
    }
    __atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
    for (int t = 0; t < THREADS; t++)
        same(pthread_join(ids[t], NULL), 0);
    same(quota_of(TOKEN(0), TAGPOOL_NONPAGED).charged, 100);
    ExFreePool(inherited);
    same(quota_of(TOKEN(0), TAGPOOL_NONPAGED).charged, 0);
    for (unsigned t = 1; t <= THREADS; t++)
        same(quota_of(TOKEN(t), TAGPOOL_PAGED).charged, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        contract_test(against_a_model),
        contract_test(many_processes),
        contract_test(threads),
        contract_test(forked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
