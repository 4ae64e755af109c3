/* SPDX-License-Identifier: MIT
 *
 * arena.h: the two arenas: one reserved range cut in half, nonpaged below paged, and the runs of units within.
 *
 * Each half is, from its start: units in use and free runs, up to its frontier; then memory never committed. Free runs never
 * touch each other. All of it, and the storage of notes, is guarded by arena.lock; only kinds and block notes are read
 * without it, by those who ask what lies at an address.
 */
#ifndef MEMORY_ARENA_H
#define MEMORY_ARENA_H

#include "memory/span.h"

#define RUN_BINS 64 /* runs of 1 to 63 units by length, then all longer ones */

struct half {
    size_t frontier;         /* units committed so far */
    size_t units_in_use;     /* units outside of free runs, below the frontier */
    size_t dirty_units;      /* at most so many units of free runs may still have memory */
    uint64_t runs_present;   /* bit i: runs[i] is not empty */
    uint32_t runs[RUN_BINS]; /* free runs: index + 1 of the first, or 0 */
};

struct arena {
    _Alignas(64) uintptr_t base; /* every free reads this line, and hardly anybody writes it */
    size_t open_granules; /* how many the fast free knows: all, or none while the front door has closed it */
    uintptr_t origin;   /* where the entry of a unit at address 0 would be: see span_at() */
    struct span *spans; /* one for each unit */
    uintptr_t slope;    /* base - (address of spans << 9): see span_address() */
    size_t bytes;       /* of both halves */
    size_t half_units;
    const struct span *paged; /* the first span of the second half */
    _Alignas(64) struct half half[POOLS];
    size_t units_given; /* back to the system so far, as far as they had memory */
    size_t cache_units; /* dirty units that each half may keep */
    bool prefault;      /* nonpaged memory: touch when committed */
    bool pin;           /* nonpaged memory: keep in RAM when committed */
    struct port_lock lock;
};

INTERNAL_OBJECT struct arena arena;

/* Reserves both halves, `pool_bytes` each. */
INTERNAL bool arena_start(uint64_t pool_bytes);

/* No block will ever begin where a half begins. False iff there is no memory. pre: nothing was taken. */
INTERNAL bool arena_skip_start(void);

/* Undoes arena_start(), as long as nothing was taken. */
INTERNAL void arena_stop(void);

/* A run of `units` units, kind SPAN_PARKED, or NULL. *zeroed: the memory is fresh from the system and reads zero. */
INTERNAL struct span *arena_take(unsigned pool, size_t units, bool *zeroed);

/* Gives a run back. pre: kind SPAN_PARKED and what was taken. May give memory to the system. */
INTERNAL void arena_give(struct span *run, size_t units);

/* The same two, for who holds arena.lock; the second leaves trimming to the caller. */
INTERNAL struct span *arena_take_locked(unsigned pool, size_t units, bool *zeroed);
INTERNAL void arena_give_locked(struct span *run, size_t units);

/* Gives free memory of one half back to the system until at most `keep_units` may still be with us, or the system refuses.
 * Pinned memory stays. Returns the dirty units given back. pre: arena.lock is not held: the system is called without it. */
INTERNAL size_t arena_trim(unsigned pool, size_t keep_units);

/* Trims a half that has more free memory than it may keep. */
INTERNAL void arena_trim_if_due(unsigned pool);

/* Checks the invariants of one half: runs cover it without a gap, free runs are apart and in their bins, counts agree. Returns
 * NULL, or what is wrong. pre: nothing else runs. */
INTERNAL const char *arena_check(unsigned pool);

static inline size_t span_index(const struct span *span)
{
    return (size_t)(span - arena.spans);
}

static inline uintptr_t span_address(const struct span *span)
{
    /* base + index * 64 KiB, where index = (span - spans) / 128: one shift and one addition, modulo the word. */
    return arena.slope + ((uintptr_t)span << (UNIT_SHIFT - SPAN_SHIFT));
}

/* The number of the granule that begins at an address, counted from the arena's start; beyond all of the arena's iff the address
 * is not the arena's, or none begins there: its lowest bits become the highest. `words`: the arena, for paths that have its
 * address at hand. */
INLINE size_t arena_granule(const struct arena *words, const void *address)
{
    uintptr_t offset = (uintptr_t)address - PEEK(&words->base);
    return offset >> GRANULE_SHIFT | offset << (sizeof offset * 8 - GRANULE_SHIFT);
}

/* The entry of the unit in which an address lies. pre: the address is the arena's. From the address itself, not from its offset:
 * all that a free does waits for this. `words`: as above. */
INLINE struct span *span_by(const struct arena *words, const void *address)
{
    return (struct span *)(PEEK(&words->origin) + ((uintptr_t)address >> UNIT_SHIFT << SPAN_SHIFT));
}

static inline struct span *span_at(const void *address)
{
    return span_by(&arena, address);
}

static inline unsigned span_pool(const struct span *span)
{
    return span >= arena.paged;
}

/* Lists link spans by index + 1, 0 for none. */
static inline struct span *span_from_link(uint32_t link)
{
    return &arena.spans[link - 1];
}

static inline uint32_t span_to_link(const struct span *span)
{
    return (uint32_t)span_index(span) + 1;
}

#endif
