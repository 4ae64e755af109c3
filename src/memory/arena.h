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

struct slot_ref;
struct bin;

struct arena {
    /* Every free reads this line, and hardly anybody writes it: see span_near(). It begins as the bin does of spans that have no
     * owner: an empty magazine, where no free finds its block. */
    _Alignas(64) const struct slot_ref *nobody_top;
    const struct slot_ref *nobody_bound;
    const char *table;
    uintptr_t open_mask; /* `mask`, or 0 while the front door has closed the fast free, as before the start */
    uintptr_t mask;
    uintptr_t base;
    uintptr_t origin;   /* where the entry of a unit at address 0 would be: see span_at() */
    struct span *spans; /* the arena's part of the table: one for each unit */
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
INTERNAL_OBJECT const struct span span_of_nobody; /* an entry without an owner, where there is no table to look into */

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

/* The bin of a span. Its entry has the distance from nobody's: so an entry of nobody's, which may be all zero, leads there, and a
 * free need not ask. `words`: the arena. */
INLINE struct bin *span_bin_near(const struct arena *words, const struct span *span)
{
    return (struct bin *)((uintptr_t)words + PEEK(&span->bin));
}

static inline struct bin *span_bin(const struct span *span)
{
    return span_bin_near(&arena, span);
}

static inline void span_set_bin(struct span *span, const struct bin *bin)
{
    STORE(&span->bin, (uintptr_t)bin - (uintptr_t)&arena);
}

/* Whether a granule of the arena begins at an address. */
static inline bool arena_has_granule(const void *address)
{
    return (uintptr_t)address - arena.base < arena.bytes && (uintptr_t)address % (1u << GRANULE_SHIFT) == 0;
}

/* The entry of the unit in which an address lies. pre: the address is the arena's. */
static inline struct span *span_at(const void *address)
{
    return (struct span *)(arena.origin + ((uintptr_t)address >> UNIT_SHIFT << SPAN_SHIFT));
}

/* The same if the address is the arena's and the front door open; otherwise any entry but that of the address's unit. From the
 * address itself, not from its offset: all that a free does waits for this. So the table has an entry for each unit of a window
 * of 2^n bytes in which the arena lies, and the lowest is not the arena's. On bare metal, where the table must be small, only for
 * the arena's own. `words`: the arena; a path that reads several of its words has its address in a register. */
INLINE const struct span *span_near(const struct arena *words, const void *address)
{
#if TAGPOOL_BARE
    return (uintptr_t)address - words->base < (words->open_mask != 0 ? words->bytes : 0) ? span_at(address) : &span_of_nobody;
#else
    uintptr_t entry = (uintptr_t)address >> (UNIT_SHIFT - SPAN_SHIFT) & PEEK(&words->open_mask);
    return (const struct span *)(const void *)(PEEK(&words->table) + entry);
#endif
}

static inline unsigned span_pool(const struct span *span)
{
    return span >= arena.paged;
}

/* Heaps are told apart by keys, so that a free has one question to ask. A span's key is its owner's + the address of its unit:
 *     a heap's key + an address - the key of span_near() = the offset in that unit
 * iff the address is in it and the heap its owner; otherwise it is more than any offset. For if neither is so, what both are
 * off by would have to cancel out: but keys differ by two units or more, and by less than a window; addresses that lead to the
 * same entry by less than a unit, or by whole windows. Heaps are numbered from 0 on; key 0 is nobody's, all others are odd. */
#define HEAP_KEY_SHIFT (UNIT_SHIFT + 1)
#define HEAP_KEY(number) ((((uintptr_t)(number) + 1) << HEAP_KEY_SHIFT) + 1)

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
