/* SPDX-License-Identifier: MIT
 *
 * counts.c: the counters of a tag: sums over shards, peaks, failures.
 */
#include "ledger/ledger.h"

/* ---- sums ----
 * Frees are read before allocations: a block that is freed while we read is then still seen as outstanding, never as minus
 * one. Processors that reorder could show a difference below 0, which is then taken as 0. */

static uint64_t difference(uint64_t in, uint64_t out)
{
    return in > out ? in - out : 0;
}

static void raise_to(tagpool_count *peak, int64_t live)
{
    if (live > (int64_t)LOAD(peak))
        STORE(peak, (uint64_t)live);
}

/* Adds up the counters of all shards. */
static void add_up(uint32_t tag_index, unsigned pool, struct tagpool_segment_counts *all)
{
    uint32_t shards = LOAD_ACQUIRE(&ledger.segment->shard_count);
    memset(all, 0, sizeof *all);
    for (uint32_t shard = 0; shard < shards; shard++) {
        const struct tagpool_segment_counts *row = &ledger_rows(shard, pool)[tag_index];
        all->frees += LOAD_ACQUIRE(&row->frees);
        all->charged_out += LOAD_ACQUIRE(&row->charged_out);
        all->slack_out += LOAD_ACQUIRE(&row->slack_out);
    }
    for (uint32_t shard = 0; shard < shards; shard++) {
        const struct tagpool_segment_counts *row = &ledger_rows(shard, pool)[tag_index];
        all->allocs += LOAD(&row->allocs);
        all->charged_in += LOAD(&row->charged_in);
        all->slack_in += LOAD(&row->slack_in);
    }
}

/* With several writers a peak may lag behind what is outstanding now. If nothing moves between two readings, the reading is
 * true, and the peak is raised to it. */
static void catch_up(uint32_t tag_index, unsigned pool, const struct tagpool_segment_counts *seen)
{
    struct tagpool_segment_tag *tag = &ledger.tags[tag_index];
    int64_t blocks = (int64_t)(seen->allocs - seen->frees);
    int64_t charged = (int64_t)(seen->charged_in - seen->charged_out);
    if (LOAD(&tag->writer) != UINT32_MAX ||
        (blocks <= (int64_t)LOAD(&tag->peak_blocks[pool]) && charged <= (int64_t)LOAD(&tag->peak_charged[pool])))
        return;
    struct tagpool_segment_counts again;
    port_lock(&ledger.lock);
    add_up(tag_index, pool, &again);
    if (memcmp(seen, &again, sizeof again) == 0) {
        raise_to(&tag->peak_blocks[pool], blocks);
        raise_to(&tag->peak_charged[pool], charged);
    }
    port_unlock(&ledger.lock);
}

void ledger_sum(uint32_t tag_index, unsigned pool, struct ledger_sum *sum)
{
    const struct tagpool_segment_tag *tag = &ledger.tags[tag_index];
    struct tagpool_segment_counts all;
    add_up(tag_index, pool, &all);
    catch_up(tag_index, pool, &all);
    sum->allocs = all.allocs;
    sum->frees = all.frees;
    sum->blocks = difference(all.allocs, all.frees);
    sum->charged = difference(all.charged_in, all.charged_out);
    sum->bytes = difference(all.charged_in - all.slack_in, all.charged_out - all.slack_out);
    sum->peak_blocks = LOAD(&tag->peak_blocks[pool]);
    sum->peak_charged = LOAD(&tag->peak_charged[pool]);
    sum->failures = LOAD(&tag->failures[pool]);
}

/* ---- peaks ---- */

static int64_t net_blocks(const struct tagpool_segment_counts *row)
{
    return (int64_t)(LOAD(&row->allocs) - LOAD(&row->frees));
}

static int64_t net_charged(const struct tagpool_segment_counts *row)
{
    return (int64_t)(LOAD(&row->charged_in) - LOAD(&row->charged_out));
}

/* The only shard that counts the tag: its use is the tag's, and each new highest use is the peak. */
static void peak_of_one(struct tagpool_segment_tag *tag, struct tagpool_segment_counts *row, unsigned pool)
{
    raise_to(&tag->peak_blocks[pool], net_blocks(row));
    raise_to(&tag->peak_charged[pool], net_charged(row));
    STORE(&row->limit_blocks, (int64_t)LOAD(&tag->peak_blocks[pool]));
    STORE(&row->limit_charged, (int64_t)LOAD(&tag->peak_charged[pool]));
}

/* What each of n shards may add before the next look: its part of the room below the peak, at least a grain. Powers of two
 * instead of a division. */
static int64_t share(int64_t room, uint32_t n, int64_t grain)
{
    unsigned shift = 0;
    while ((uint32_t)1 << shift < n)
        shift++;
    return room >> shift > grain ? room >> shift : grain;
}

/* Several shards: adds up all, raises the peak, hands out new limits. pre: the lock is held. */
static void peak_of_several(struct tagpool_segment_tag *tag, uint32_t tag_index, unsigned pool)
{
    int64_t blocks = 0;
    int64_t charged = 0;
    uint32_t n = 0;
    for (uint32_t shard = 0; shard < ledger.segment->shard_count; shard++) {
        const struct tagpool_segment_counts *row = &ledger_rows(shard, pool)[tag_index];
        if ((LOAD(&row->allocs) | LOAD(&row->frees)) == 0)
            continue;
        blocks += net_blocks(row);
        charged += net_charged(row);
        n++;
    }
    raise_to(&tag->peak_blocks[pool], blocks);
    raise_to(&tag->peak_charged[pool], charged);
    int64_t add_blocks = share((int64_t)LOAD(&tag->peak_blocks[pool]) - blocks, n, LEDGER_GRAIN_BLOCKS);
    int64_t add_charged = share((int64_t)LOAD(&tag->peak_charged[pool]) - charged, n, LEDGER_GRAIN_BYTES);
    for (uint32_t shard = 0; shard < ledger.segment->shard_count; shard++) {
        struct tagpool_segment_counts *row = &ledger_rows(shard, pool)[tag_index];
        if ((LOAD(&row->allocs) | LOAD(&row->frees)) == 0)
            continue;
        STORE(&row->limit_blocks, net_blocks(row) + add_blocks);
        STORE(&row->limit_charged, net_charged(row) + add_charged);
    }
}

NOINLINE void ledger_peak(struct tagpool_segment_counts *row, uint32_t shard, uint32_t tag_index, unsigned pool)
{
    struct tagpool_segment_tag *tag = &ledger.tags[tag_index];
    if (LOAD(&tag->writer) == shard + 1) {
        peak_of_one(tag, row, pool);
        return;
    }
    port_lock(&ledger.lock);
    peak_of_several(tag, tag_index, pool);
    port_unlock(&ledger.lock);
}

void ledger_failure(uint32_t tag_index, unsigned pool)
{
    port_lock(&ledger.lock);
    ADD(&ledger.tags[tag_index].failures[pool], 1);
    port_unlock(&ledger.lock);
}
