/* SPDX-License-Identifier: MIT
 *
 * limit.c: limits of a pool's charged bytes, and the conditions low and high that follow from them.
 *
 * While there is one, every allocation and free counts its bytes in one place, on the slow path.
 */
#include "pool/pool.h"

void pool_feature(uint32_t feature, bool on)
{
    uint32_t before = pool_state.features;
    uint32_t features = on ? before | feature : before & ~feature;
    STORE_RELEASE(&pool_state.features, features); /* who sees a feature on sees its options */
    STORE(&arena.open_mask, (features & ~FEATURE_SAMPLED) != 0 ? 0 : arena.mask);
    if ((before == 0) != (features == 0))
        heaps_open(features == 0, THREAD_WAY_BEFORE);
}

bool pool_limit_charge(unsigned pool, size_t charged, unsigned spare)
{
    if ((LOAD(&pool_state.features) & FEATURE_LIMIT) == 0)
        return true;
    uint64_t after = add_fetch_u64(&pool_state.limit[pool].charged, charged);
    uint64_t limit = LOAD(&pool_state.limit[pool].limit);
    if (limit == 0 || after <= limit - (spare != 0 ? limit >> spare : 0))
        return true;
    (void)add_fetch_u64(&pool_state.limit[pool].charged, -(uint64_t)charged);
    return false;
}

void pool_limit_discharge(unsigned pool, size_t charged)
{
    if ((LOAD(&pool_state.features) & FEATURE_LIMIT) != 0)
        (void)add_fetch_u64(&pool_state.limit[pool].charged, -(uint64_t)charged);
}

static uint64_t charged_now(unsigned pool)
{
    uint64_t charged = 0;
    struct ledger_sum sum;
    for (uint32_t tag_index = 0; tag_index < ledger_tag_count(); tag_index++) {
        ledger_sum(tag_index, pool, &sum);
        charged += sum.charged;
    }
    ledger_sum(LEDGER_OVERFLOW, pool, &sum);
    return charged + sum.charged;
}

void pool_limit_set(unsigned pool, uint64_t bytes)
{
    bool was_on = (LOAD(&pool_state.features) & FEATURE_LIMIT) != 0;
    STORE(&pool_state.limit[pool].limit, bytes);
    ledger_limit(pool, bytes);
    bool on = LOAD(&pool_state.limit[0].limit) != 0 || LOAD(&pool_state.limit[1].limit) != 0;
    for (unsigned i = 0; i < POOLS && on && !was_on; i++)
        STORE(&pool_state.limit[i].charged, charged_now(i));
    pool_feature(FEATURE_LIMIT, on);
}

/* ---- conditions ---- */

#define CONDITION_LOW 1u
#define CONDITION_NOT_HIGH 2u /* so that nothing is set where no limit is */

static void (*conditions_hook)(unsigned pool, bool is_high, bool holds);
static uint32_t conditions_told[POOLS]; /* what the hook knows */

static uint32_t conditions_now(unsigned pool)
{
    uint64_t limit = LOAD(&pool_state.limit[pool].limit);
    uint64_t charged = LOAD(&pool_state.limit[pool].charged);
    if (limit == 0)
        return 0;
    uint64_t left = charged < limit ? limit - charged : 0;
    return (left < limit / 8 ? CONDITION_LOW : 0) | (left > limit / 2 ? 0 : CONDITION_NOT_HIGH);
}

bool pool_is_low(unsigned pool)
{
    return (conditions_now(pool) & CONDITION_LOW) != 0;
}

bool pool_is_high(unsigned pool)
{
    return (conditions_now(pool) & CONDITION_NOT_HIGH) == 0;
}

enum { TELLING_NOBODY, TELLING_SOMEBODY, TELLING_AGAIN };
static uint32_t conditions_telling[POOLS];

/* One thread at a time tells, and looks again as long as others, or the hook itself by what it allocates, find something
 * to look at: so changes are told one after the other, and the last one told is what holds. */
void pool_conditions(unsigned pool)
{
    void (*hook)(unsigned, bool, bool) = LOAD(&conditions_hook);
    uint32_t expected;
    if (hook == NULL)
        return;
    bool is_quiet = LOAD_ACQUIRE(&conditions_telling[pool]) == TELLING_NOBODY;
    if (is_quiet && conditions_now(pool) == LOAD(&conditions_told[pool]))
        return;
    if (exchange_u32(&conditions_telling[pool], TELLING_AGAIN) != TELLING_NOBODY)
        return;
    do {
        STORE(&conditions_telling[pool], TELLING_SOMEBODY);
        uint32_t now = conditions_now(pool);
        uint32_t changed = now ^ conditions_told[pool];
        STORE(&conditions_told[pool], now);
        /* What ends is told before what begins. */
        if ((changed & CONDITION_LOW & ~now) != 0)
            hook(pool, false, false);
        if ((changed & CONDITION_NOT_HIGH & now) != 0)
            hook(pool, true, false);
        if ((changed & CONDITION_NOT_HIGH & ~now) != 0)
            hook(pool, true, true);
        if ((changed & CONDITION_LOW & now) != 0)
            hook(pool, false, true);
        expected = TELLING_SOMEBODY;
    } while (!compare_exchange_u32(&conditions_telling[pool], &expected, TELLING_NOBODY));
}

void pool_conditions_tell(void (*hook)(unsigned pool, bool is_high, bool holds))
{
    for (unsigned pool = 0; pool < POOLS; pool++)
        STORE(&conditions_told[pool], conditions_now(pool));
    STORE(&conditions_hook, hook);
}
