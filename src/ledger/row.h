/* SPDX-License-Identifier: MIT
 *
 * row.h: what counts.c, which counts, and sums.c, which reads, both know of a tag's rows; nobody else.
 */
#ifndef LEDGER_ROW_H
#define LEDGER_ROW_H

#include "ledger/ledger.h"

/* One row, and where it belongs. */
struct counts_row {
    struct tagpool_segment_counts *newest;
    struct tagpool_segment_settled *settled;
};

static inline struct counts_row counts_row(uint32_t shard, uint32_t tag_index, unsigned pool)
{
    return (struct counts_row){&ledger_rows(shard, pool)[tag_index], &ledger_settled(shard, pool)[tag_index]};
}

static inline int64_t counts_settled_blocks(const struct tagpool_segment_settled *settled)
{
    return (int64_t)(LOAD_ACQUIRE(&settled->in.blocks) - LOAD_ACQUIRE(&settled->out.blocks));
}

static inline int64_t counts_settled_charged(const struct tagpool_segment_settled *settled)
{
    return (int64_t)(LOAD_ACQUIRE(&settled->in.charged) - LOAD_ACQUIRE(&settled->out.charged));
}

/* What may be outstanding in a row. */
struct counts_limits {
    int64_t blocks, charged;
};

static inline struct counts_limits counts_limits(const struct counts_row *row)
{
    struct tally_limits limits = tally_limits_of(LOAD_ACQUIRE(&row->newest->guard));
    return (struct counts_limits){counts_settled_blocks(row->settled) + limits.blocks,
                                  counts_settled_charged(row->settled) + limits.granules * (int64_t)TALLY_GRANULE};
}

static inline int64_t counts_larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Raises a peak to what is outstanding, if that is more. pre: one writer at a time. */
static inline void counts_raise(tagpool_count *peak, int64_t live)
{
    if (live > (int64_t)LOAD(peak))
        STORE(peak, (uint64_t)live);
}

/* The lock of what shards share of a tag: peaks, failures, and who counts it. */
INTERNAL void ledger_tag_lock(uint32_t tag_index);
INTERNAL void ledger_tag_unlock(uint32_t tag_index);

#endif
