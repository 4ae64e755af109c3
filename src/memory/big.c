/* SPDX-License-Identifier: MIT
 *
 * big.c: big blocks.
 */
#include "memory/big.h"

/* Makes the entry that of a slab with one slot at offset 0: see span.h for what the factor means. */
static void run_own(struct heap *heap, struct span *run, unsigned pool, size_t units)
{
    span_set_bin(run, &heap->bin[pool][BIN_RUNS + units]);
    STORE(&run->notes, &run->big_note);
    STORE(&run->factor, 1);
    STORE(&run->remote, 0);
    span_own(run, heap);
    heap->kept_units += (uint32_t)units;
}

static struct span *run_new(struct heap *heap, unsigned pool, size_t bytes, bool *zeroed)
{
    size_t units = big_units(bytes);
    struct span *run = arena_take(pool, units, zeroed);
    if (run == NULL)
        return NULL;
    for (size_t i = 1; i < units; i++) {
        STORE(&run[i].first, (uint32_t)span_index(run));
        STORE_RELEASE(&run[i].kind, SPAN_INSIDE);
    }
    STORE(&run->big_note, 0);
    if (big_may_belong(bytes) && heap->kept_units + units <= KEPT_UNITS_MOST)
        run_own(heap, run, pool, units);
    STORE_RELEASE(&run->kind, SPAN_BIG);
    return run;
}

struct span *big_take(struct heap *heap, unsigned pool, size_t bytes, uint32_t live, bool *zeroed)
{
    size_t units = big_units(bytes);
    struct span *run;
    *zeroed = false;
    struct bin *bin = big_may_belong(bytes) ? big_bin(heap->bin[pool], bytes) : NULL;
    if (bin != NULL && bin->top != bin->base) {
        uint64_t rest;
        return big_take_own(bin, bin->top, bytes, live, &rest);
    }
    if (units <= CACHED_RUN_UNITS && heap->cached[pool][units] != 0) {
        run = span_from_link(heap->cached[pool][units]);
        heap->cached[pool][units] = run->next;
        heap->cached_units -= (uint32_t)units;
    } else {
        run = run_new(heap, pool, bytes, zeroed);
        if (run == NULL)
            return NULL;
    }
    big_describe(run, bytes, live);
    return run;
}

bool big_release(struct span *run, uint32_t live)
{
    return compare_exchange_u32(&run->big_note, &live, note_freed(live));
}

static void run_delete(struct span *run)
{
    size_t units = run->units;
    span_own(run, NULL);
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
    for (unsigned pool = 0; pool < POOLS; pool++) {
        for (size_t units = 1; units <= CACHED_RUN_UNITS; units++)
            while (heap->cached[pool][units] != 0) {
                struct span *run = span_from_link(heap->cached[pool][units]);
                heap->cached[pool][units] = run->next;
                run_delete(run);
            }
        for (size_t units = 1; units <= KEPT_RUN_UNITS; units++) {
            struct bin *bin = &heap->bin[pool][BIN_RUNS + units];
            for (; bin->top != bin->base; bin->top--) {
                heap->kept_units -= (uint32_t)units;
                run_delete(span_at(bin->top->block));
            }
            bin_forget(bin);
        }
    }
    heap->cached_units = 0;
}
