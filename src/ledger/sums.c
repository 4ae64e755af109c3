/* SPDX-License-Identifier: MIT
 *
 * sums.c: reads the counters of a tag: sums over all shards, while these go on counting.
 */
#include "ledger/row.h"

/* Frees are read before allocations: a block that is freed while we read is then still seen as outstanding, never as minus
 * one. Processors that reorder could show a difference below 0, and so could the bytes of a large block that is allocated
 * meanwhile, whose charge is taken back from frees: that is then taken as 0. */

static uint64_t difference(uint64_t in, uint64_t out)
{
    int64_t outstanding = (int64_t)(in - out); /* modulo 2^64: of bytes each by itself may be below 0 */
    return outstanding > 0 ? (uint64_t)outstanding : 0;
}

/* How often a reader looks again at a row that is being settled: for a second or more. Then it takes what is there: who settles
 * may be the thread that this reader has interrupted, or a debugger has. */
#define READ_ATTEMPTS (TAGPOOL_BARE ? 1 : 100000)

static void sums_add(struct tagpool_segment_sums *sums, const struct tagpool_segment_sums *more)
{
    sums->blocks += more->blocks;
    sums->charged += more->charged;
    sums->slack += more->slack;
}

/* What is in a packed word and in settled sums, of which some may move from one to the other meanwhile. */
static struct tagpool_segment_sums read_half(const tagpool_count *packed, const struct tagpool_segment_sums *settled)
{
    uint64_t tally = LOAD_ACQUIRE(packed);
    return (struct tagpool_segment_sums){.blocks = LOAD_ACQUIRE(&settled->blocks) + tally_blocks(tally),
                                         .charged = LOAD_ACQUIRE(&settled->charged) + tally_charged(tally),
                                         .slack = LOAD_ACQUIRE(&settled->slack) + tally_slack(tally)};
}

/* Whether what was read of a row since it had this sequence is of one moment, as far as settling goes. */
static bool is_whole(const struct counts_row *row, uint32_t sequence)
{
    return sequence % 2 == 0 && LOAD(&row->newest->sequence) == sequence;
}

static bool is_worth_another(int *attempt)
{
    if (++*attempt % 100 == 0)
        port_nap(); /* who settles may wait for this processor */
    return *attempt < READ_ATTEMPTS;
}

/* What was freed, or allocated, in a row. */
static struct tagpool_segment_sums read_row(const struct counts_row *row, bool is_out)
{
    struct tagpool_segment_sums half;
    uint32_t sequence;
    int attempt = 0;
    do {
        sequence = LOAD_ACQUIRE(&row->newest->sequence);
        half = is_out ? read_half(&row->newest->out, &row->settled->out) : read_half(&row->newest->in, &row->settled->in);
    } while (!is_whole(row, sequence) && is_worth_another(&attempt));
    return half;
}

/* The limits of the one row of a tag, if they are the peaks; otherwise 0: then these are written elsewhere. */
static struct counts_limits read_limits(const struct counts_row *row)
{
    int attempt = 0;
    do {
        uint32_t sequence = LOAD_ACQUIRE(&row->newest->sequence);
        struct counts_limits limits = counts_limits(row);
        if (LOAD_ACQUIRE(&row->newest->sole) == 0)
            break;
        if (is_whole(row, sequence))
            return limits;
    } while (is_worth_another(&attempt));
    return (struct counts_limits){0, 0};
}

/* Of all shards. */
struct all_counts {
    struct tagpool_segment_sums in, out;
};

static void add_up(uint32_t tag_index, unsigned pool, struct all_counts *all)
{
    uint32_t shards = LOAD_ACQUIRE(&ledger.segment->shard_count);
    memset(all, 0, sizeof *all);
    for (int is_out = 1; is_out >= 0; is_out--)
        for (uint32_t shard = 0; shard < shards; shard++) {
            struct counts_row row = counts_row(shard, tag_index, pool);
            if (!ledger_is_joined(row.newest))
                continue;
            struct tagpool_segment_sums half = read_row(&row, is_out);
            if (is_out)
                half.charged -= TALLY_OUT_FIRST_BYTES;
            sums_add(is_out ? &all->out : &all->in, &half);
        }
}

/* With several writers a peak may lag behind what is outstanding now. If nothing moves between two readings, the reading is
 * true, and the peak is raised to it. */
static void catch_up(uint32_t tag_index, unsigned pool, const struct all_counts *seen)
{
    struct tagpool_segment_peaks *peaks = &ledger.peaks[pool][tag_index];
    int64_t blocks = (int64_t)(seen->in.blocks - seen->out.blocks);
    int64_t charged = (int64_t)(seen->in.charged - seen->out.charged);
    if (LOAD(&ledger.tags[tag_index].writer) != UINT32_MAX ||
        (blocks <= (int64_t)LOAD(&peaks->blocks) && charged <= (int64_t)LOAD(&peaks->charged)))
        return;
    struct all_counts again;
    ledger_tag_lock(tag_index);
    add_up(tag_index, pool, &again);
    if (memcmp(seen, &again, sizeof again) == 0) {
        counts_raise(&peaks->blocks, blocks);
        counts_raise(&peaks->charged, charged);
    }
    ledger_tag_unlock(tag_index);
}

/* What is written is read last: before limits end to be the peaks, these are written. */
static void read_peaks(uint32_t tag_index, unsigned pool, struct ledger_sum *sum)
{
    const struct tagpool_segment_peaks *peaks = &ledger.peaks[pool][tag_index];
    uint32_t writer = LOAD_ACQUIRE(&ledger.tags[tag_index].writer);
    struct counts_limits limits = {0, 0};
    if (writer != 0 && writer != UINT32_MAX) {
        struct counts_row row = counts_row(writer - 1, tag_index, pool);
        limits = read_limits(&row);
    }
    sum->peak_blocks = (uint64_t)counts_larger(limits.blocks, (int64_t)LOAD(&peaks->blocks));
    sum->peak_charged = (uint64_t)counts_larger(limits.charged, (int64_t)LOAD(&peaks->charged));
}

void ledger_sum(uint32_t tag_index, unsigned pool, struct ledger_sum *sum)
{
    const struct tagpool_segment_peaks *peaks = &ledger.peaks[pool][tag_index];
    struct all_counts all;
    add_up(tag_index, pool, &all);
    catch_up(tag_index, pool, &all);
    sum->allocs = all.in.blocks;
    sum->frees = all.out.blocks;
    sum->blocks = difference(all.in.blocks, all.out.blocks);
    sum->charged = difference(all.in.charged, all.out.charged);
    sum->bytes = difference(all.in.charged - all.in.slack, all.out.charged - all.out.slack);
    read_peaks(tag_index, pool, sum);
    sum->failures = LOAD(&peaks->failures);
}
