/* SPDX-License-Identifier: MIT
 *
 * limit.c: limits of a pool's charged bytes.
 *
 * While there is one, every allocation and free counts its bytes in one place, on the slow path.
 */
#include "pool/pool.h"

void pool_feature(uint32_t feature, bool on)
{
    uint32_t before = pool_state.features;
    uint32_t features = on ? before | feature : before & ~feature;
    STORE(&pool_state.features, features);
    STORE(&arena.open_units, features != 0 ? 0 : arena.bytes >> UNIT_SHIFT);
    if ((before == 0) != (features == 0))
        heaps_open(features == 0);
}

bool pool_limit_charge(unsigned pool, size_t charged)
{
    if ((LOAD(&pool_state.features) & FEATURE_LIMIT) == 0)
        return true;
    uint64_t after = add_fetch_u64(&pool_state.limit[pool].charged, charged);
    uint64_t limit = LOAD(&pool_state.limit[pool].limit);
    if (limit == 0 || after <= limit)
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
