/* SPDX-License-Identifier: MIT
 *
 * special_runs.h: special pool's address space: its regions and the runs that they are cut into. For special.c only.
 */
#ifndef MEMORY_SPECIAL_RUNS_H
#define MEMORY_SPECIAL_RUNS_H

#include "memory/special.h"
#include "memory/span.h"

#define SPECIAL_BINS 64 /* free runs of 1 to 63 pages by length, then all longer ones */

/* Pages [0, frontier) are in runs, but for page 0; pages up to `committed` are inaccessible by a marker, or accessible. */
struct special_region {
    uintptr_t base;
    size_t pages;
    size_t frontier, committed;
    uint32_t *entries; /* for each page, the number of its run; may be old: special_find() looks twice */
    size_t entries_committed; /* bytes */
    uint32_t oldest[SPECIAL_BINS], newest[SPECIAL_BINS]; /* free runs by length, in the order in which they became free */
    uint64_t present;
};

#define SPECIAL_REGIONS (2 * POOLS) /* of each pool: the one with inaccessible pages, the one with patterns */

struct special_state_of {
    struct special_region region[SPECIAL_REGIONS];
    struct special_block *blocks; /* entry 0 is none's */
    size_t blocks_most, blocks_used, blocks_committed; /* the last in bytes */
    uint32_t unused;              /* first unused entry, linked by `next` */
    size_t page_bytes;
    bool is_marked;               /* pages become inaccessible by markers */
    bool is_decided;              /* is_marked is final */
    uint64_t limit, quarantined, quarantined_blocks;
    uint64_t live_blocks, guarded_blocks; /* the latter: those of them with inaccessible pages around them */
    aligned_u64 live, changes;    /* also read without the lock */
    uint32_t oldest, newest;      /* quarantined runs */
    enum special_guard guard;
    struct port_lock lock;
};

INTERNAL_OBJECT struct special_state_of specials;

/* Reserves all address space and tables, half as much until it fits. pre: the lock is held. */
INTERNAL bool special_reserve(void);

/* The next four: pre: the lock is held. */

/* Makes a region's pages up to `frontier` ready for use: inaccessible by markers; or accessible, in a region with patterns. By
 * protection they are inaccessible as they were reserved. */
INTERNAL bool special_ready(unsigned region, size_t frontier);

/* A run of exactly `pages` and at least one between, out of the free runs or beyond the frontier: busy, in no list. NULL iff
 * there is none. */
INTERNAL struct special_block *special_cut(unsigned region, size_t pages);

/* Frees a busy run that is in no list; joins it with free neighbours. */
INTERNAL void special_join(struct special_block *block);

INTERNAL uint32_t special_number(const struct special_block *block);

/* A busy run's data may be trimmed from now on; not any more, and it is not (special_trim.c). */
INTERNAL void special_gate_open(struct special_block *block);
INTERNAL void special_gate_shut(struct special_block *block);

/* Lists: `oldest` and `newest` are the two ends. */
INTERNAL void special_append(uint32_t *oldest, uint32_t *newest, struct special_block *block);
INTERNAL void special_remove(uint32_t *oldest, uint32_t *newest, struct special_block *block);

#endif
