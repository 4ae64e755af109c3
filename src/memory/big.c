/* SPDX-License-Identifier: MIT
 *
 * big.c: big blocks.
 */
#include "memory/big.h"

static struct span *run_new(unsigned pool, size_t units, bool *zeroed)
{
    struct span *run = arena_take(pool, units, zeroed);
    if (run == NULL)
        return NULL;
    for (size_t i = 1; i < units; i++) {
        STORE(&run[i].first, (uint32_t)span_index(run));
        STORE_RELEASE(&run[i].kind, SPAN_INSIDE);
    }
    STORE(&run->big_note, 0);
    STORE_RELEASE(&run->kind, SPAN_BIG);
    return run;
}

struct span *big_take(struct heap *heap, unsigned pool, size_t bytes, uint32_t live, bool *zeroed)
{
    size_t units = big_units(bytes);
    struct span *run;
    if (units <= CACHED_RUN_UNITS && heap->cached[pool][units] != 0) {
        run = span_from_link(heap->cached[pool][units]);
        heap->cached[pool][units] = run->next;
        heap->cached_units -= (uint32_t)units;
        *zeroed = false;
    } else {
        run = run_new(pool, units, zeroed);
        if (run == NULL)
            return NULL;
    }
    STORE(&run->bytes, bytes);
    STORE_RELEASE(&run->big_note, live);
    return run;
}

bool big_release(struct span *run, uint32_t live)
{
    uint32_t freed = live & ~NOTE_LIVE;
    return compare_exchange_u32(&run->big_note, &live, freed);
}

static void run_delete(struct span *run)
{
    size_t units = run->units;
    STORE_RELEASE(&run->kind, SPAN_PARKED);
    arena_give(run, units);
}

void big_put(struct heap *heap, struct span *run)
{
    size_t units = run->units;
    size_t most = LOAD(&arena.cache_units) < CACHED_UNITS_MOST ? LOAD(&arena.cache_units) : CACHED_UNITS_MOST;
    if (units > CACHED_RUN_UNITS || heap->cached_units + units > most) {
        run_delete(run);
        return;
    }
    uint32_t *list = &heap->cached[span_pool(run)][units];
    run->next = *list;
    *list = span_to_link(run);
    heap->cached_units += (uint32_t)units;
}

void big_empty(struct heap *heap)
{
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (size_t units = 1; units <= CACHED_RUN_UNITS; units++)
            while (heap->cached[pool][units] != 0) {
                struct span *run = span_from_link(heap->cached[pool][units]);
                heap->cached[pool][units] = run->next;
                run_delete(run);
            }
    heap->cached_units = 0;
}
