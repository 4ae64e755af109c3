/* SPDX-License-Identifier: MIT
 *
 * special.h: special pool: blocks of whole pages between inaccessible ones, and those that were freed, which stay inaccessible.
 *
 * Its address space lies apart from the arena. Each pool has two regions: in the first the pages between blocks are inaccessible;
 * the second is accessible throughout, for when the system refuses more inaccessible pages, and has patterns there. A region
 * is cut into runs without a gap: some pages of data, then at least one page between them and the next run's; the region's
 * first page is such a page too. So every block has one before it and one behind it, and shares both with its neighbours.
 * Each run has an entry in a table apart. It is free, or busy (a live block, or one on its way there or away), or quarantined:
 * freed, inaccessible, first freed first out. Pages of data of busy and quarantined runs are never more than the budget.
 */
#ifndef MEMORY_SPECIAL_H
#define MEMORY_SPECIAL_H

#include "base/atomic.h"
#include "memory/note.h"
#include "port/port.h"
#include "report/option.h"

/* One operation on a block, as the ledger sees it: nothing here looks at it. */
struct special_event {
    aligned_u64 sequence; /* 0: unknown */
    uint64_t nth;
    uint64_t thread;
    void *driver;
    const char *file;
    unsigned line;
    uint32_t stack;
};

/* What force-IRQL checking has made of a run's data, while it is busy. */
enum special_gate { SPECIAL_GATE_SHUT, SPECIAL_GATE_OPEN, SPECIAL_GATE_TRIMMED, SPECIAL_GATE_CHANGING };

enum special_state { SPECIAL_NONE, SPECIAL_FREE, SPECIAL_BUSY, SPECIAL_QUARANTINED };

/* A run and its last block. What is of the block stays until the run is taken again, or joined with a neighbour, or cut. */
struct special_block {
    uint32_t note;          /* as of a slot (note.h), without slack; 0 while there is none */
    uint8_t state;          /* enum special_state */
    uint8_t region;
    uint8_t fill;           /* the byte around the block */
    uint8_t edge;           /* enum special_edge */
    uint32_t first;         /* page in the region */
    uint32_t pages;         /* of data */
    uint32_t length;        /* with those behind them */
    uint32_t next, previous; /* in the quarantine, or among free runs of this length; 0 for none */
    uint32_t is_open;       /* an inaccessible page was made accessible */
    uint32_t is_filled;     /* its data was filled when it was freed */
    uint32_t gate;          /* enum special_gate */
    uintptr_t start;        /* of the block */
    size_t bytes;           /* requested */
    struct special_event allocated, freed;
};

/* What an accessible page between two runs is filled with, always: two blocks share it, and each is checked by itself. */
#define SPECIAL_BETWEEN_BYTE 0xB7

/* Address space of all regions; published last. */
struct special_range {
    uintptr_t base;
    size_t bytes; /* 0 before special pool was ever wanted */
};

INTERNAL_OBJECT struct special_range special_range;

static inline bool special_is_ours(uintptr_t address)
{
    return address - special_range.base < LOAD_ACQUIRE(&special_range.bytes);
}

/* Reserves address space, the first time. False iff there is none. */
INTERNAL bool special_start(void);

/* How many pages special pool may have; lets go of the oldest freed blocks if it has more. How pages become inaccessible is
 * decided when the first block is taken; SPECIAL_PATTERN counts at any time. */
INTERNAL void special_limits(uint64_t pages, enum special_guard guard);

/* A run for a block of so many bytes, accessible and busy. NULL iff there is no room. *zeroed: its data reads zero. What it says
 * of its last block is still there: if is_filled, that block's data was filled and should still be. */
INTERNAL struct special_block *special_take(unsigned pool, size_t bytes, size_t alignment, enum special_edge edge, bool *zeroed);

/* Says which block now lies in a run just taken, and where. `alignment` a power of two. The note stays what it was. */
INTERNAL void special_place(struct special_block *block, size_t bytes, size_t alignment, enum special_edge edge);

/* Gives a busy run back: makes it inaccessible, and puts it into quarantine. pre: its note says freed, or there never was one. */
INTERNAL void special_give(struct special_block *block);

/* The run in which an address lies, between pages and all; NULL where there never was one. */
INTERNAL struct special_block *special_find(uintptr_t address);

/* The one behind it, or before it; NULL if there is none. */
INTERNAL struct special_block *special_behind(const struct special_block *block);
INTERNAL struct special_block *special_before(const struct special_block *block);

/* The pool whose region an address lies in. */
INTERNAL unsigned special_pool_at(uintptr_t address);

/* Whether there was ever a run at an address. */
INTERNAL bool special_was_used(uintptr_t address);

/* Makes the page accessible in which an address lies, until its run is used again. */
INTERNAL bool special_open(uintptr_t address);

/* For force-IRQL checking: makes the data of a pool's live runs inaccessible, and accessible again. What becomes live in between
 * is accessible until the next trim. pre: one thread at a time. */
INTERNAL void special_trim(unsigned pool);
INTERNAL void special_untrim(unsigned pool);

/* What has become of the data in which an address lies: SPECIAL_GATE_SHUT where there is none, or it is freed; by now it may be
 * otherwise. And makes data accessible that are trimmed, until the next time. */
INTERNAL enum special_gate special_gate_at(uintptr_t address);
INTERNAL void special_page_in(uintptr_t address);

/* Calls `visit` for each run of a pool that has a live block, in the order of addresses, until it returns false; then false. */
INTERNAL bool special_walk(unsigned pool, bool (*visit)(struct special_block *block, void *context), void *context);

INTERNAL uintptr_t special_data(const struct special_block *block);      /* where its data begins */
INTERNAL size_t special_charged(const struct special_block *block);      /* the bytes of its data */
INTERNAL size_t special_between(const struct special_block *block);      /* the bytes between them and the next run */
INTERNAL bool special_is_patterned(const struct special_block *block);   /* what is around its data is accessible */
INTERNAL size_t special_page_bytes(void);

struct tagpool_special_use;
INTERNAL void special_use(struct tagpool_special_use *use);
INTERNAL uint64_t special_live_pages(void);

/* A number that changes whenever a page becomes inaccessible. */
INTERNAL uint64_t special_changes(void);

/* Checks that runs cover each region without a gap, and that counts and lists agree. NULL, or what is wrong. pre: nothing else
 * runs. */
INTERNAL const char *special_check(void);

/* Around a fork. The lock is taken after that of the arena. */
INTERNAL void special_lock(void);
INTERNAL void special_unlock(void);

#endif
