/* SPDX-License-Identifier: MIT
 *
 * ledger.h: who asked for memory: the tag table and its counters, born in the layout of tagpool/segment.h.
 *
 * A tag is registered once and is its index from then on. Each thread counts in a shard of its own, with plain stores; the
 * reader sums. A shard has a row for every tag there may ever be, at an address that follows from the tag's index: so a free
 * needs no search. Rows cost memory once they are counted in, some at a time. A row's newest counts are packed
 * (base/tally.h), and settled before they outgrow that.
 *
 * Invariants of each (tag, pool), L = live blocks (or charged bytes) summed over shards, P = its peak, with n shards counting:
 *     n = 1:  L <= limit = P            every new highest L is a new P. It is the row's limit while this fits into its guard
 *                                       whole: sole says so. What is written of the peak may be less then.
 *     n > 1:  L <= sum of limits <= P + n * grain   so P is at most n * grain too low
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "base/atomic.h"
#include "base/internal.h"
#include "base/tally.h"
#include "port/port.h"

#define LEDGER_OVERFLOW ((uint32_t)TAGPOOL_TAGS) /* index of the overflow row */
#define LEDGER_ROWS (LEDGER_OVERFLOW + 1)
#define LEDGER_COUNTS_BYTES ((size_t)LEDGER_ROWS * sizeof(struct tagpool_segment_counts)) /* rows of one pool */
#define LEDGER_SETTLED_BYTES ((size_t)LEDGER_ROWS * sizeof(struct tagpool_segment_settled))
#define LEDGER_GRAIN_BLOCKS 64
#define LEDGER_GRAIN_BYTES 65536

struct ledger {
    struct tagpool_segment *segment;
    struct tagpool_segment_tag *tags;
    struct tagpool_segment_peaks *peaks[2]; /* by pool: a row for each tag */
    struct tagpool_segment_shard *shards;
    uint16_t *index;       /* open hash: tag -> index + 1 */
    uint32_t index_bits;   /* logarithm of its places in use now */
    bool may_be_sole;      /* threads can be ordered, for when a tag gets a second shard */
    struct port_lock lock; /* guards additions, and what the header says of pools */
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

/* A shard's rows in a pool, one for each tag: of newest counts, and of settled ones. */
static inline struct tagpool_segment_counts *ledger_rows(uint32_t shard, unsigned pool)
{
    return (void *)((char *)ledger.segment + (size_t)ledger.shards[shard].counts_offset[pool]);
}

static inline struct tagpool_segment_settled *ledger_settled(uint32_t shard, unsigned pool)
{
    return (void *)((char *)ledger.segment + (size_t)ledger.shards[shard].settled_offset[pool]);
}

/* Notes that a shard counts a tag in a pool, and takes its row into use: at its first allocation, before its first free. */
INTERNAL void ledger_join(uint32_t shard, uint32_t tag_index, unsigned pool);

/* Takes a shard into use for this thread: false iff there is no memory for its rows. And out of use. Shards are opened in the
 * order of their numbers; one may be opened again. */
INTERNAL bool ledger_shard_open(uint32_t shard);
INTERNAL void ledger_shard_close(uint32_t shard);

/* Tells readers of a pool's limit. */
INTERNAL void ledger_limit(unsigned pool, uint64_t bytes);

INTERNAL void ledger_failure(uint32_t tag_index, unsigned pool);

/* What is left to do when ledger_charge() says so, and ledger_raise() has not done it: raises the peak of the tag if the shard's
 * use went above its limit, settles the row if it is nearly full, and sets new limits. */
INTERNAL void ledger_peak(uint32_t shard, uint32_t tag_index, unsigned pool);

/* And when ledger_discharge() does: settles the row. */
INTERNAL void ledger_settle(uint32_t shard, uint32_t tag_index, unsigned pool);

/* Both with all that follows, for blocks of any size. */
INTERNAL void ledger_charge_any(uint32_t shard, uint32_t tag_index, unsigned pool, size_t charged, size_t slack);
INTERNAL void ledger_discharge_any(uint32_t shard, uint32_t tag_index, unsigned pool, size_t charged, size_t slack);

/* All locks of the ledger: while they are held, every row is whole. */
INTERNAL void ledger_lock(void);
INTERNAL void ledger_unlock(void);

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

/* Whether the row is in use: its shard has counted the tag there before. */
static inline bool ledger_is_joined(const struct tagpool_segment_counts *row)
{
    return LOAD_ACQUIRE(&row->guard) != 0;
}

/* Counts an allocation in a row of this thread's own; true iff the caller must call ledger_raise(), as at the row's first. */
INLINE bool ledger_charge(struct tagpool_segment_counts *row, uint64_t tally)
{
    uint64_t in = PEEK(&row->in) + tally;
    STORE(&row->in, in);
    return UNLIKELY(tally_is_over(PEEK(&row->out) - in + PEEK(&row->guard)));
}

/* The same for a large block, whose charge is taken back from what was freed, if it can be (base/tally.h): with the other way
 * every fourth block of 1 MiB would settle the row. `charge`: where its entry has it; `rest`: the block, and its slack. */
INLINE bool ledger_charge_run(struct tagpool_segment_counts *row, const aligned_u64 *charge, uint64_t rest)
{
    uint64_t in = PEEK(&row->in) + rest;
    uint64_t out = PEEK(&row->out) - PEEK(charge);
    FORGET(out); /* or compilers keep what it was before, too */
    if (UNLIKELY(!tally_may_take_back(in, out))) {
        in += PEEK(charge);
        out += PEEK(charge);
    }
    STORE(&row->out, out);
    STORE(&row->in, in);
    return UNLIKELY(tally_is_over(out - in + PEEK(&row->guard)));
}

/* A shard's use went above its limit: raises the limits of a row that is the only one of its tag, and so the peaks. False iff the
 * caller must call ledger_peak(): others count the tag, too, or the row is nearly full, or new, or the peak is so much higher
 * that it would not be within the grain if another shard begins to count the tag at this moment, and takes the limits for what
 * they were. */
INLINE bool ledger_raise(struct tagpool_segment_counts *row)
{
    uint64_t in = PEEK(&row->in);
    uint64_t guard = PEEK(&row->guard);
    struct tally_limits excess = tally_excess(PEEK(&row->out) - in + guard);
    if (UNLIKELY(tally_is_half_full(in) || LOAD(&row->sole) == 0 || excess.granules > LEDGER_GRAIN_BYTES / TALLY_GRANULE))
        return false;
    STORE_RELEASE(&row->guard, tally_guard_more(guard, excess));
    return true;
}

/* Counts a free; true iff the caller must call ledger_settle(). pre: ledger_join(). */
INLINE bool ledger_discharge(struct tagpool_segment_counts *row, uint64_t tally)
{
    return UNLIKELY(add_is_negative(&row->out, tally));
}

#endif
