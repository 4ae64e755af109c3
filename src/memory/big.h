/* SPDX-License-Identifier: MIT
 *
 * big.h: big blocks: runs of units, one block each, page aligned and charged by the page.
 *
 * A run belongs to nobody: whoever frees it may keep it, up to a bound, for its own next block of that length. Repeated
 * blocks of up to 4 MiB so never reach the arena's lock, nor longer ones the system.
 */
#ifndef MEMORY_BIG_H
#define MEMORY_BIG_H

#include "memory/heap.h"

/* A run for `bytes` bytes (0 too) with `live` as its note, or NULL. *zeroed: its memory reads zero. */
INTERNAL struct span *big_take(struct heap *heap, unsigned pool, size_t bytes, uint32_t live, bool *zeroed);

/* Marks a run as not outstanding; false iff it was not (any more): freed twice. */
INTERNAL bool big_release(struct span *run, uint32_t live);

/* Keeps a released run, or gives it to the arena. */
INTERNAL void big_put(struct heap *heap, struct span *run);

/* Gives the kept runs to the arena. */
INTERNAL void big_empty(struct heap *heap);

static inline size_t big_units(size_t bytes)
{
    return bytes == 0 ? 1 : (bytes + UNIT_BYTES - 1) >> UNIT_SHIFT;
}

static inline size_t big_charged(size_t bytes)
{
    return bytes == 0 ? PAGE_BYTES : round_up(bytes, PAGE_BYTES);
}

#endif
