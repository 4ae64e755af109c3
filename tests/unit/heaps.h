/* SPDX-License-Identifier: MIT
 *
 * heaps.h: two heaps on the memory floor, as two threads would have them; take, free, and check all there is.
 */
#ifndef TAGPOOL_UNIT_HEAPS_H
#define TAGPOOL_UNIT_HEAPS_H

#include "floor.h"
#include "memory/big.h"
#include "memory/slab.h"

#include <string.h>

enum { HEAPS = 2 };

static struct heap heaps[HEAPS];
static struct bin heap_bins[HEAPS][POOLS][BINS];
static char heap_rows[HEAPS][POOLS]; /* stands for the front door's rows */

static inline int heaps_start(void **state)
{
    if (floor_start(state) != 0)
        return -1;
    arena.cache_units = FLOOR_UNITS;
    for (int i = 0; i < HEAPS; i++) {
        for (unsigned pool = 0; pool < POOLS; pool++) {
            heaps[i].bin[pool] = heap_bins[i][pool];
            heaps[i].rows[pool] = &heap_rows[i][pool];
        }
        if (!heap_start(&heaps[i]))
            return -1;
    }
    return 0;
}

static inline uint32_t offset_at(const void *address)
{
    return (uint32_t)((uintptr_t)address & (UNIT_BYTES - 1));
}

/* The note of the slot or run that begins at an address. */
static inline uint32_t *note_at(const void *address)
{
    struct span *span = span_at(address);
    assert_true(slab_is_exact(span->factor, offset_at(address)));
    return slab_note(span->notes, span->factor, offset_at(address));
}

/* What the front door does to allocate a small block; NULL iff there is no memory. */
static inline void *heaps_take(unsigned heap, unsigned pool, unsigned class, uint32_t live)
{
    struct bin *bin = &heaps[heap].bin[pool][class];
    if (bin->top == bin->base && !slab_refill(&heaps[heap], bin))
        return NULL;
    return slab_take(bin, bin->top, live);
}

/* Makes room in a full magazine. */
static inline void heaps_overflow(unsigned heap, struct bin *bin)
{
    (void)heap;
    slab_make_room(bin);
}

/* Gives all free blocks of a bin to their spans, and spans without blocks to the arena. */
static inline void heaps_retire(unsigned heap, struct bin *bin)
{
    (void)heap;
    slab_retire(bin);
}

/* What the front door does to free a block of a heap's. False iff it was not live. */
static inline bool heaps_free(unsigned heap, void *block)
{
    struct span *span = span_at(block);
    uint32_t *note = note_at(block);
    uint32_t state = note_freed(*note);
    if (span->owner != &heaps[heap])
        return slab_free_remote(&heaps[heap], span, note, (uintptr_t)block, state);
    struct bin *bin = span_bin(span);
    if (bin->top >= bin->bound && bin->top[1].block == block) {
        assert_ptr_equal(bin->top[1].note, note);
        slab_untake(bin, bin->top, state);
    } else {
        slab_put_back(bin, block, note, state);
    }
    return true;
}

/* NULL, or the first invariant that is broken: of heaps, slabs, arena, in this order. */
static inline const char *heaps_wrong(void)
{
    static uint16_t cached[POOLS * FLOOR_UNITS];
    const char *wrong = NULL;
    memset(cached, 0, sizeof cached);
    for (int i = 0; i < HEAPS && wrong == NULL; i++)
        wrong = heap_check(&heaps[i], cached);
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (size_t i = 0; i < arena.half[pool].frontier && wrong == NULL; i++) {
            const struct span *span = &arena.spans[pool * arena.half_units + i];
            wrong = span->kind == SPAN_SLAB ? slab_check(span, cached[span_index(span)]) : NULL;
        }
    for (unsigned pool = 0; pool < POOLS && wrong == NULL; pool++)
        wrong = arena_check(pool);
    return wrong;
}

static inline void heaps_expect_whole(void)
{
    const char *wrong = heaps_wrong();
    if (wrong != NULL)
        fail_msg("%s", wrong);
}

/* "Collects, flushes, and gives every run that holds no block to the arena": with no block outstanding, nothing is left. Twice,
 * for what one heap flushes the other must collect. */
static inline void heaps_expect_empty(void)
{
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < HEAPS; i++)
            heap_empty(&heaps[i]);
    heaps_expect_whole();
    for (unsigned pool = 0; pool < POOLS; pool++)
        assert_int_equal(arena.half[pool].units_in_use, 0);
    for (int i = 0; i < HEAPS; i++)
        assert_int_equal(heaps[i].kept_units + heaps[i].cached_units, 0);
}

#endif
