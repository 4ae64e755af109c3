/* SPDX-License-Identifier: MIT
 *
 * condition.c: low and high conditions of the pools: when they hold, who is told, and in which order. */
#include "contract.h"

enum { PAGES = 64 };

static struct {
    enum tagpool_condition condition;
    bool holds;
} events[100];
static size_t event_count;
static void *told_context;

static void keep_event(enum tagpool_condition condition, bool holds, void *context)
{
    check(event_count < ENTRIES(events));
    told_context = context;
    events[event_count].condition = condition;
    events[event_count++].holds = holds;
    same(tagpool_condition(condition), holds);
}

/* Takes the oldest event: was it this one? */
static bool told(enum tagpool_condition condition, bool holds)
{
    if (event_count == 0)
        return false;
    bool right = events[0].condition == condition && events[0].holds == holds;
    memmove(events, events + 1, --event_count * sizeof *events);
    return right;
}

#define LOW(pool) ((pool) == 0 ? TAGPOOL_LOW_NONPAGED : TAGPOOL_LOW_PAGED)
#define HIGH(pool) ((pool) == 0 ? TAGPOOL_HIGH_NONPAGED : TAGPOOL_HIGH_PAGED)

static void limit(unsigned pool, uint64_t bytes)
{
    same(tagpool_limit_set((enum tagpool_pool)pool, bytes), 0);
}

static void *page_of(unsigned pool)
{
    void *block = ExAllocatePoolUninitialized((POOL_TYPE)pool, PAGE, TAGPOOL_TAG('C', 'o', 'n', 'd'));
    check(block != NULL);
    return block;
}

/* "A pool without limit is always high"; "false for a condition that is none". */
static void without_limit(void **state)
{
    (void)state;
    void *block = tagpool_alloc(TAGPOOL_PAGED, 10000000, fresh_tag());
    for (unsigned pool = 0; pool < 2; pool++) {
        check(!tagpool_condition(LOW(pool)));
        check(tagpool_condition(HIGH(pool)));
    }
    check(!tagpool_condition((enum tagpool_condition)4) && !tagpool_condition((enum tagpool_condition)-1));
    ExFreePool(block);
}

/* "A pool is low while less than an eighth of its limit is free, high while more than half is": to the page; the other pool has
 * nothing to do with it. "Called when a condition begins or ends to hold", and then only. */
static void thresholds_and_events(void **state)
{
    void *blocks[PAGES];
    int context;
    (void)state;
    for (unsigned pool = 0; pool < 2; pool++) {
        limit(pool, PAGES * PAGE);
        tagpool_condition_handler_set(keep_event, &context);
        for (size_t used = 1; used <= PAGES; used++) {
            blocks[used - 1] = page_of(pool);
            size_t left = PAGES - used;
            if (left == PAGES / 2)
                check(told(HIGH(pool), false));
            if (left == PAGES / 8 - 1)
                check(told(LOW(pool), true));
            same(event_count, 0);
            same(tagpool_condition(LOW(pool)), left < PAGES / 8);
            same(tagpool_condition(HIGH(pool)), left > PAGES / 2);
            check(!tagpool_condition(LOW(1 - pool)) && tagpool_condition(HIGH(1 - pool)));
        }
        check(told_context == &context);
        check(ExAllocatePoolWithTag((POOL_TYPE)pool, 1, fresh_tag()) == NULL);
        for (size_t used = PAGES; used-- > 0;) {
            ExFreePool(blocks[used]);
            size_t left = PAGES - used;
            if (left == PAGES / 8)
                check(told(LOW(pool), false));
            if (left == PAGES / 2 + 1)
                check(told(HIGH(pool), true));
            same(event_count, 0);
            same(tagpool_condition(LOW(pool)), left < PAGES / 8);
            same(tagpool_condition(HIGH(pool)), left > PAGES / 2);
        }
        limit(pool, 0);
        same(event_count, 0);
        tagpool_condition_handler_set(NULL, NULL);
    }
}

/* One operation can end one condition and begin another: what ends is told first, so that never both are told to hold. */
static void two_at_once(void **state)
{
    (void)state;
    for (unsigned pool = 0; pool < 2; pool++) {
        limit(pool, PAGES * PAGE);
        tagpool_condition_handler_set(keep_event, NULL);
        void *block = tagpool_alloc((enum tagpool_pool)pool, PAGES * PAGE, fresh_tag());
        check(told(HIGH(pool), false));
        check(told(LOW(pool), true));
        same(event_count, 0);
        ExFreePool(block);
        check(told(LOW(pool), false));
        check(told(HIGH(pool), true));
        same(event_count, 0);
        tagpool_condition_handler_set(NULL, NULL);
        limit(pool, 0);
    }
}

/* A change of the limit is an operation too: it tells what begins and ends, at once. */
static void by_the_limit(void **state)
{
    (void)state;
    tagpool_condition_handler_set(keep_event, NULL);
    for (unsigned pool = 0; pool < 2; pool++) {
        void *block = page_of(pool);
        limit(pool, 2 * PAGE);
        check(!tagpool_condition(HIGH(pool)) && !tagpool_condition(LOW(pool)));
        check(told(HIGH(pool), false));
        limit(pool, PAGE);
        check(tagpool_condition(LOW(pool)));
        check(told(LOW(pool), true));
        limit(pool, PAGE / 2);
        check(tagpool_condition(LOW(pool)));
        same(event_count, 0);
        limit(pool, 2 * PAGE);
        check(told(LOW(pool), false));
        limit(pool, 0);
        check(told(HIGH(pool), true));
        same(event_count, 0);
        ExFreePool(block);
    }
}

/* What began before the handler was set is not told to it, nor what ended before. */
static void before_the_handler(void **state)
{
    (void)state;
    limit(0, PAGE);
    void *block = page_of(0);
    tagpool_condition_handler_set(keep_event, NULL);
    check(ExAllocatePoolWithTag(NonPagedPoolNx, 1, fresh_tag()) == NULL);
    same(event_count, 0);
    tagpool_condition_handler_set(NULL, NULL);
    ExFreePool(block);
    tagpool_condition_handler_set(keep_event, NULL);
    ExFreePool(ExAllocatePoolWithTag(NonPagedPoolNx, 1, fresh_tag()));
    size_t told_late = event_count;
    event_count = 0;
    limit(0, 0);
    event_count = 0;
    same(told_late, 0);
}

static unsigned calls;

static void use_pool(enum tagpool_condition condition, bool holds, void *context)
{
    (void)condition, (void)holds, (void)context;
    calls++;
    void *small = ExAllocatePoolWithTag(PagedPool, 100, TAGPOOL_TAG('C', 'b', 'c', 'k'));
    void *other = ExAllocatePool2(POOL_FLAG_NON_PAGED, 5000, TAGPOOL_TAG('C', 'b', 'c', 'k'));
    check(other != NULL);
    if (small != NULL)
        ExFreePool(small);
    ExFreePool(other);
    void *limited = tagpool_realloc(tagpool_alloc(TAGPOOL_NONPAGED, 10, TAGPOOL_TAG('C', 'b', 'c', 'k')), 6000);
    tagpool_free(limited);
}

/* The handler "may use pool": also the pool it is told of, and that is at its limit. */
static void handler_uses_pool(void **state)
{
    void *blocks[PAGES];
    (void)state;
    limit(1, PAGES * PAGE);
    tagpool_condition_handler_set(use_pool, NULL);
    for (int round = 0; round < 3; round++) {
        calls = 0;
        for (size_t i = 0; i < PAGES; i++)
            blocks[i] = page_of(1);
        check(calls >= 2);
        for (size_t i = 0; i < PAGES; i++)
            ExFreePool(blocks[i]);
        check(calls >= 4 && tagpool_condition(TAGPOOL_HIGH_PAGED));
    }
}

static void *reserve; /* what the handler gives back when its pool runs low */
static bool is_inside;

static void give_back(enum tagpool_condition condition, bool holds, void *context)
{
    check(!is_inside);
    is_inside = true;
    if (condition == TAGPOOL_LOW_PAGED && holds && reserve != NULL) {
        ExFreePool(reserve);
        reserve = NULL;
    }
    is_inside = false;
    check(event_count < ENTRIES(events));
    events[event_count].condition = condition;
    events[event_count++].holds = holds;
    (void)context;
}

/* "What it changes itself, and what others change meanwhile, it is told next, after it has returned." */
static void told_after_it_returned(void **state)
{
    void *blocks[PAGES];
    (void)state;
    limit(1, PAGES * PAGE);
    reserve = tagpool_alloc(TAGPOOL_PAGED, 30 * PAGE, fresh_tag());
    check(reserve != NULL);
    tagpool_condition_handler_set(give_back, NULL);
    size_t held = 0;
    while (reserve != NULL)
        blocks[held++] = page_of(1);
    same(held, PAGES - PAGES / 8 + 1 - 30);
    check(told(TAGPOOL_HIGH_PAGED, false));
    check(told(TAGPOOL_LOW_PAGED, true));
    check(told(TAGPOOL_LOW_PAGED, false));
    check(told(TAGPOOL_HIGH_PAGED, true));
    same(event_count, 0);
    while (held > 0)
        ExFreePool(blocks[--held]);
    same(event_count, 0);
}

/* ---- Threads ------------------------------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 3000, HELD = PAGES / THREADS };

static int standing[4]; /* begins minus ends; -1 while a condition that held at first does not */
static unsigned told_twice;

static void count_event(enum tagpool_condition condition, bool holds, void *context)
{
    (void)context;
    int now = __atomic_add_fetch(&standing[condition], holds ? 1 : -1, __ATOMIC_RELAXED);
    bool is_high = condition == TAGPOOL_HIGH_PAGED; /* which holds at first */
    if (now != (holds ? 1 : 0) - is_high)
        __atomic_add_fetch(&told_twice, 1, __ATOMIC_RELAXED);
}

static void *up_and_down(void *context)
{
    void *blocks[HELD];
    (void)context;
    for (int round = 0; round < ROUNDS; round++) {
        size_t held = 0;
        while (held < HELD && (blocks[held] = ExAllocatePoolWithTag(PagedPool, PAGE, TAGPOOL_TAG('U', 'p', 'D', 'n'))) != NULL)
            held++;
        while (held > 0)
            ExFreePool(blocks[--held]);
    }
    return NULL;
}

/* However threads interleave: beginnings and ends are told in turn, and once all have stopped, what was told last holds. */
static void threads(void **state)
{
    (void)state;
    limit(1, PAGES * PAGE);
    for (int round = 0; round < 5; round++) {
        pthread_t ids[THREADS];
        memset(standing, 0, sizeof standing);
        tagpool_condition_handler_set(count_event, NULL);
        for (int t = 0; t < THREADS; t++)
            same(pthread_create(&ids[t], NULL, up_and_down, NULL), 0);
        for (int t = 0; t < THREADS; t++)
            same(pthread_join(ids[t], NULL), 0);
        tagpool_condition_handler_set(NULL, NULL);
        check(!tagpool_condition(TAGPOOL_LOW_PAGED) && tagpool_condition(TAGPOOL_HIGH_PAGED));
        same(told_twice, 0);
        same(standing[TAGPOOL_LOW_PAGED], 0);
        same(standing[TAGPOOL_HIGH_PAGED], 0);
        same(standing[TAGPOOL_LOW_NONPAGED], 0);
        same(standing[TAGPOOL_HIGH_NONPAGED], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        contract_test(without_limit), contract_test(thresholds_and_events), contract_test(two_at_once),
        contract_test(by_the_limit),  contract_test(before_the_handler),    contract_test(handler_uses_pool),
        contract_test(told_after_it_returned), contract_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
