/* SPDX-License-Identifier: MIT
 *
 * ledger.h: who asked for memory: the tag table and its counters, born in the layout of tagpool/segment.h.
 *
 * A tag is registered once and is its index from then on. Each thread counts in a shard of its own, with plain stores; the
 * reader sums. Shard 0 serves all threads that have none, under ledger.common.
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
#define LEDGER_CHUNKS ((LEDGER_ROWS + TAGPOOL_SEGMENT_CHUNK_TAGS - 1) / TAGPOOL_SEGMENT_CHUNK_TAGS)
#define LEDGER_SHARD_BYTES                                                                                             \
    ((sizeof(struct tagpool_segment_shard) + LEDGER_CHUNKS * sizeof(uint32_t) + TAGPOOL_SEGMENT_GRAIN - 1) /           \
     TAGPOOL_SEGMENT_GRAIN * TAGPOOL_SEGMENT_GRAIN)
#define LEDGER_GRAIN_BLOCKS 64
#define LEDGER_GRAIN_BYTES 65536

struct ledger {
    struct tagpool_segment *segment;
    struct tagpool_segment_tag *tags;
    char *shards;
    uint32_t *index;         /* open hash: tag -> index + 1 */
    uint32_t common_chunks;  /* where shard 0's counters begin, in grains */
    size_t committed;        /* bytes of the segment that may be touched */
    struct port_lock lock;   /* guards additions and shared peaks */
    struct port_lock common; /* guards the counters of shard 0 */
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

/* A shard's counters of a tag in the nonpaged pool; those of the paged pool follow. NULL iff there is no memory for them,
 * which does not happen to shard 0. */
INTERNAL struct tagpool_segment_counts *ledger_rows(uint32_t shard, uint32_t tag_index);

/* Notes that a shard counts a tag: before its first allocation, at its first free. */
INTERNAL void ledger_join(uint32_t shard, uint32_t tag_index);

/* Takes a shard into use for this thread, and out of use. */
INTERNAL void ledger_shard_open(uint32_t shard);
INTERNAL void ledger_shard_close(uint32_t shard);

/* Counts in shard 0, which always has room. */
INTERNAL void ledger_charge_common(uint32_t tag_index, unsigned pool, size_t charged, size_t bytes);
INTERNAL void ledger_discharge_common(uint32_t tag_index, unsigned pool, size_t charged, size_t bytes);

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

static inline struct tagpool_segment_shard *ledger_shard(uint32_t shard)
{
    return (void *)(ledger.shards + (size_t)shard * LEDGER_SHARD_BYTES);
}

/* As ledger_rows(), but never makes any: NULL if the shard has none. */
static inline struct tagpool_segment_counts *ledger_rows_if_any(uint32_t shard, uint32_t tag_index)
{
    uint32_t chunk = LOAD_ACQUIRE(&ledger_shard(shard)->chunks[tag_index / TAGPOOL_SEGMENT_CHUNK_TAGS]);
    if (chunk == 0)
        return NULL;
    char *base = (char *)ledger.segment + (size_t)chunk * TAGPOOL_SEGMENT_GRAIN;
    return (struct tagpool_segment_counts *)(void *)base + (size_t)(tag_index % TAGPOOL_SEGMENT_CHUNK_TAGS) * 2;
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
static inline bool ledger_charge(struct tagpool_segment_counts *row, size_t charged, size_t bytes)
{
    ADD(&row->allocs, 1);
    ADD(&row->charged_in, charged);
    ADD(&row->bytes_in, bytes);
    return (int64_t)(row->allocs - row->frees) > LOAD(&row->limit_blocks) ||
           (int64_t)(row->charged_in - row->charged_out) > LOAD(&row->limit_charged);
}

/* Counts a free. pre: the row has counted a free before, or ledger_join() was called. */
static inline void ledger_discharge(struct tagpool_segment_counts *row, size_t charged, size_t bytes)
{
    ADD(&row->frees, 1);
    ADD(&row->charged_out, charged);
    ADD(&row->bytes_out, bytes);
}

#endif
