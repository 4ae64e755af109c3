/* SPDX-License-Identifier: MIT
 *
 * ledger.h: who asked for memory: the tag table and its counters, born in the layout of tagpool/segment.h.
 *
 * A tag is registered once and is its index from then on. Each thread counts in a shard of its own, with plain stores; the
 * reader sums. A shard has a row for every tag there may ever be, at an address that follows from the tag's index: so a free
 * needs no search. Rows cost memory once they are counted in, 64 at a time.
 *
 * Invariants of each (tag, pool), L = live blocks (or charged bytes) summed over shards, P = its peak, with n shards counting:
 *     n = 1:  L <= limit = P            every new highest L is a new P
 *     n > 1:  L <= sum of limits <= P + n * grain   so P is at most n * grain too low
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "base/atomic.h"
#include "base/internal.h"
#include "port/port.h"
#include "tagpool/segment.h"

#define LEDGER_OVERFLOW ((uint32_t)TAGPOOL_TAGS) /* index of the overflow row */
#define LEDGER_ROWS (LEDGER_OVERFLOW + 1)
#define LEDGER_POOL_BYTES ((size_t)LEDGER_ROWS * sizeof(struct tagpool_segment_counts)) /* rows of one pool */
#define LEDGER_GRAIN_BLOCKS 64
#define LEDGER_GRAIN_BYTES 65536

struct ledger {
    struct tagpool_segment *segment;
    struct tagpool_segment_tag *tags;
    struct tagpool_segment_shard *shards;
    uint32_t *index;       /* open hash: tag -> index + 1 */
    uint32_t index_bits;   /* logarithm of its places in use now */
    struct port_lock lock; /* guards additions and shared peaks */
};

INTERNAL_OBJECT struct ledger ledger;

/* Reserves the segment, with `counters_bytes` of address space for the counters of threads. */
INTERNAL bool ledger_start(uint64_t counters_bytes);

/* Undoes ledger_start(), as long as nothing was counted. */
INTERNAL void ledger_stop(void);

/* The index of a tag (without TAG_PROTECTED), registered if it is new; LEDGER_OVERFLOW when the table is full. *overflowed is
 * set when that happens for the first time. */
INTERNAL uint32_t ledger_tag(uint32_t tag, bool *overflowed);

/* The index of a tag in use, or LEDGER_ROWS. */
INTERNAL uint32_t ledger_find(uint32_t tag);

/* A shard's rows in a pool, one for each tag. */
static inline struct tagpool_segment_counts *ledger_rows(uint32_t shard, unsigned pool)
{
    const struct tagpool_segment_shard *description = &ledger.shards[shard];
    size_t offset = (size_t)(pool == 0 ? description->rows_offset : description->paged_offset);
    return (struct tagpool_segment_counts *)(void *)((char *)ledger.segment + offset);
}

/* Notes that a shard counts a tag: before its first allocation, at its first free. */
INTERNAL void ledger_join(uint32_t shard, uint32_t tag_index);

/* Takes a shard into use for this thread: false iff there is no memory for its rows. And out of use. Shards are opened in the
 * order of their numbers; one may be opened again. */
INTERNAL bool ledger_shard_open(uint32_t shard);
INTERNAL void ledger_shard_close(uint32_t shard);

/* Tells readers of a pool's limit. */
INTERNAL void ledger_limit(unsigned pool, uint64_t bytes);

INTERNAL void ledger_failure(uint32_t tag_index, unsigned pool);

/* Raises the peak of a tag whose shard's use went above its limit, and sets new limits. */
INTERNAL void ledger_peak(struct tagpool_segment_counts *row, uint32_t shard, uint32_t tag_index, unsigned pool);

/* Sums of one tag in one pool over all shards. */
struct ledger_sum {
    uint64_t allocs, frees;
    uint64_t blocks, charged, bytes;
    uint64_t peak_blocks, peak_charged, failures;
};

INTERNAL void ledger_sum(uint32_t tag_index, unsigned pool, struct ledger_sum *sum);

/* Tags in use: indices below this, and LEDGER_OVERFLOW if the table overflowed. */
static inline uint32_t ledger_tag_count(void)
{
    return LOAD_ACQUIRE(&ledger.segment->tag_count);
}

static inline bool ledger_overflowed(void)
{
    return LOAD_ACQUIRE(&ledger.segment->overflowed) != 0;
}

static inline uint32_t ledger_tag_of(uint32_t tag_index)
{
    return ledger.tags[tag_index].tag;
}

static inline bool ledger_is_joined(uint32_t shard, uint32_t tag_index)
{
    uint32_t writer = LOAD(&ledger.tags[tag_index].writer);
    return writer == shard + 1 || writer == UINT32_MAX;
}

/* Counts an allocation in a row of this thread's own; true iff the shard's use is above its limit: the caller then calls
 * ledger_peak(). */
INLINE bool ledger_charge(struct tagpool_segment_counts *row, size_t charged, size_t slack)
{
    ADD(&row->allocs, 1);
    ADD(&row->charged_in, charged);
    ADD(&row->slack_in, slack);
    return UNLIKELY((int64_t)(PEEK(&row->allocs) - PEEK(&row->frees)) > PEEK(&row->limit_blocks)) ||
           UNLIKELY((int64_t)(PEEK(&row->charged_in) - PEEK(&row->charged_out)) > PEEK(&row->limit_charged));
}

/* Counts a free. pre: this shard has counted the tag before: ledger_join(). */
INLINE void ledger_discharge(struct tagpool_segment_counts *row, size_t charged, size_t slack)
{
    ADD(&row->frees, 1);
    ADD(&row->charged_out, charged);
    ADD(&row->slack_out, slack);
}

#endif
