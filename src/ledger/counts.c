/* SPDX-License-Identifier: MIT
 *
 * counts.c: the counters of a tag: rows that fill up, peaks, failures; sums.c reads them.
 */
#include "ledger/row.h"

/* ---- what shards share of a tag: peaks, failures, and who counts it ----
 * One lock for all tags would do but for this: a thread that is preempted while it holds it makes wait whoever has a peak to
 * look at, for as many turns as other threads want the processor. With more than these, ThreadSanitizer would lose count of who
 * holds all of ours around a fork: it follows 64. */

#define TAG_LOCKS (TAGPOOL_BARE ? 1 : 16)
#define TAG_LOCK {PORT_LOCK_INITIAL}
#define TAG_LOCK_4 TAG_LOCK, TAG_LOCK, TAG_LOCK, TAG_LOCK
#define TAG_LOCK_16 TAG_LOCK_4, TAG_LOCK_4, TAG_LOCK_4, TAG_LOCK_4

static struct {
    _Alignas(64) struct port_lock lock;
} tag_locks[TAG_LOCKS] = {
#if TAGPOOL_BARE
    TAG_LOCK
#else
    TAG_LOCK_16
#endif
};

void ledger_tag_lock(uint32_t tag_index)
{
    port_lock(&tag_locks[tag_index % TAG_LOCKS].lock);
}

void ledger_tag_unlock(uint32_t tag_index)
{
    port_unlock(&tag_locks[tag_index % TAG_LOCKS].lock);
}

/* ---- settling. pre of all: the row's lock is held. ----
 * Each shard has a lock for its settled counts and limits, which several share: a thread that settles its own rows waits for
 * others only while they hand out limits. Taken after a tag's lock, one at a time. */

#define ROW_LOCKS 16

/* Not one of the system's: it is held for some dozen instructions, and to give it back takes no atomic operation. */
static struct row_lock {
    _Alignas(64) uint32_t is_taken;
} row_locks[ROW_LOCKS];

static void row_lock(uint32_t shard)
{
    uint32_t *is_taken = &row_locks[shard % ROW_LOCKS].is_taken;
    uint32_t expected = 0;
    for (unsigned turn = 1; !compare_exchange_u32(is_taken, &expected, 1); turn++) {
        expected = 0;
        if (turn % 100 != 0)
            port_yield();
        else
            port_nap(); /* who holds it may wait for this processor, and have a lower priority */
    }
}

static void row_unlock(uint32_t shard)
{
    STORE_RELEASE(&row_locks[shard % ROW_LOCKS].is_taken, 0);
}

void ledger_lock(void)
{
    port_lock(&ledger.lock);
    for (uint32_t i = 0; i < TAG_LOCKS; i++)
        ledger_tag_lock(i);
    for (uint32_t i = 0; i < ROW_LOCKS; i++)
        row_lock(i);
}

void ledger_unlock(void)
{
    for (uint32_t i = ROW_LOCKS; i-- > 0;)
        row_unlock(i);
    for (uint32_t i = TAG_LOCKS; i-- > 0;)
        ledger_tag_unlock(i);
    port_unlock(&ledger.lock);
}

/* Between the two, stores are releases, so that each of them comes after the first. */
static void settle_begin(struct tagpool_segment_counts *newest)
{
    STORE(&newest->sequence, newest->sequence + 1);
}

static void settle_end(struct tagpool_segment_counts *newest)
{
    STORE_RELEASE(&newest->sequence, newest->sequence + 1);
}

static void add_settled(struct tagpool_segment_sums *sums, uint64_t blocks, uint64_t charged, uint64_t slack)
{
    STORE_RELEASE(&sums->blocks, sums->blocks + blocks);
    STORE_RELEASE(&sums->charged, sums->charged + charged);
    STORE_RELEASE(&sums->slack, sums->slack + slack);
}

/* What is outstanding of the newest counts. */
static struct tally_limits newest_net(const struct tagpool_segment_counts *newest)
{
    uint64_t in = LOAD(&newest->in);
    uint64_t out = LOAD(&newest->out) - TALLY_OUT_FIRST;
    return (struct tally_limits){(int64_t)(tally_blocks(in) - tally_blocks(out)),
                                 (int64_t)(tally_granules(in) - tally_granules(out))};
}

/* Sets what may be counted before the next look. False iff that is less than was asked for. */
static bool set_guard(struct tagpool_segment_counts *newest, struct tally_limits limits)
{
    bool is_whole = tally_limits_fit(limits);
    if (!is_whole)
        STORE_RELEASE(&newest->sole, 0);
    STORE_RELEASE(&newest->guard, tally_guard(limits));
    return is_whole;
}

/* The same, by what may be outstanding. */
static bool set_limits(const struct counts_row *row, int64_t blocks, int64_t charged)
{
    struct tally_limits limits = {blocks - counts_settled_blocks(row->settled),
                                  (charged - counts_settled_charged(row->settled)) / (int64_t)TALLY_GRANULE};
    return set_guard(row->newest, limits);
}

/* The limits stay, relative to more that is settled. */
static void settle(const struct counts_row *row)
{
    struct tagpool_segment_counts *newest = row->newest;
    uint64_t in = LOAD(&newest->in);
    uint64_t out = LOAD(&newest->out) - TALLY_OUT_FIRST;
    struct tally_limits limits = tally_limits_of(LOAD(&newest->guard));
    struct tally_limits net = newest_net(newest);
    settle_begin(newest);
    add_settled(&row->settled->in, tally_blocks(in), tally_charged(in), tally_slack(in));
    STORE_RELEASE(&newest->in, 0);
    add_settled(&row->settled->out, tally_blocks(out), tally_charged(out), tally_slack(out));
    STORE_RELEASE(&newest->out, TALLY_OUT_FIRST);
    set_guard(newest, (struct tally_limits){limits.blocks - net.blocks, limits.granules - net.granules});
    settle_end(newest);
}

/* The limits of a row that is the only one of its tag are the tag's peaks: writes them where they outlast the row. pre: the tag's
 * lock is held. */
static void write_limits(uint32_t shard, uint32_t tag_index, unsigned pool)
{
    struct tagpool_segment_peaks *peaks = &ledger.peaks[pool][tag_index];
    struct counts_row row = counts_row(shard, tag_index, pool);
    row_lock(shard);
    struct counts_limits limits = counts_limits(&row);
    row_unlock(shard);
    counts_raise(&peaks->blocks, limits.blocks);
    counts_raise(&peaks->charged, limits.charged);
}

/* The same, if it is the only one, before it is settled: that may leave it less than its limits. */
static void settle_first(uint32_t shard, uint32_t tag_index, unsigned pool)
{
    if (LOAD(&ledger_rows(shard, pool)[tag_index].sole) == 0)
        return;
    ledger_tag_lock(tag_index);
    if (LOAD(&ledger_rows(shard, pool)[tag_index].sole) != 0)
        write_limits(shard, tag_index, pool);
    ledger_tag_unlock(tag_index);
}

void ledger_settle(uint32_t shard, uint32_t tag_index, unsigned pool)
{
    struct counts_row row = counts_row(shard, tag_index, pool);
    settle_first(shard, tag_index, pool);
    row_lock(shard);
    settle(&row);
    row_unlock(shard);
}

/* Another shard counts a tag: limits of its only one so far are not its peaks any more. That one asks no lock before it raises
 * them: so they are looked at again when it must have seen that, or is behind by one block. pre: the tag's lock is held. */
static void end_sole(uint32_t shard, uint32_t tag_index)
{
    bool was_sole[2] = {false, false};
    for (unsigned pool = 0; pool < 2; pool++) {
        struct counts_row row = counts_row(shard, tag_index, pool);
        was_sole[pool] = ledger_is_joined(row.newest) && LOAD(&row.newest->sole) != 0;
        if (was_sole[pool]) {
            write_limits(shard, tag_index, pool);
            STORE_RELEASE(&row.newest->sole, 0);
        }
    }
    if (!was_sole[0] && !was_sole[1])
        return;
    (void)port_order_threads();
    for (unsigned pool = 0; pool < 2; pool++)
        if (was_sole[pool])
            write_limits(shard, tag_index, pool);
}

/* In a new row nothing is outstanding but an allocation that was counted there just now; nothing may be without a look. */
void ledger_join(uint32_t shard, uint32_t tag_index, unsigned pool)
{
    struct counts_row row = counts_row(shard, tag_index, pool);
    uint32_t *writer = &ledger.tags[tag_index].writer;
    if (ledger_is_joined(row.newest))
        return;
    ledger_tag_lock(tag_index);
    bool is_first = *writer == 0 || *writer == shard + 1;
    if (!is_first && *writer != UINT32_MAX)
        end_sole(*writer - 1, tag_index);
    STORE(writer, is_first ? shard + 1 : UINT32_MAX);
    STORE(&row.newest->out, TALLY_OUT_FIRST);
    set_limits(&row, 0, 0);
    ledger_tag_unlock(tag_index);
}

/* ---- peaks ---- */

static int64_t net_blocks(const struct counts_row *row)
{
    return counts_settled_blocks(row->settled) + newest_net(row->newest).blocks;
}

static int64_t net_charged(const struct counts_row *row)
{
    return counts_settled_charged(row->settled) + newest_net(row->newest).granules * (int64_t)TALLY_GRANULE;
}

/* The only shard that counts the tag: its use is the tag's, and each new highest use is the peak. While that is its limit, and
 * whole, it is written nowhere else. pre: the tag's lock is held. */
static void peak_of_one(struct tagpool_segment_peaks *peaks, const struct counts_row *row)
{
    struct counts_limits peak = {(int64_t)LOAD(&peaks->blocks), (int64_t)LOAD(&peaks->charged)};
    if (LOAD(&row->newest->sole) != 0)
        peak = counts_limits(row);
    peak.blocks = counts_larger(peak.blocks, net_blocks(row));
    peak.charged = counts_larger(peak.charged, net_charged(row));
    bool is_sole = set_limits(row, peak.blocks, peak.charged) && ledger.may_be_sole;
    if (!is_sole) {
        counts_raise(&peaks->blocks, peak.blocks);
        counts_raise(&peaks->charged, peak.charged);
    }
    STORE_RELEASE(&row->newest->sole, is_sole);
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

/* Several shards: adds up all, raises the peak, hands out new limits. pre: the tag's lock is held. */
static void peak_of_several(struct tagpool_segment_peaks *peaks, uint32_t tag_index, unsigned pool)
{
    int64_t blocks = 0;
    int64_t charged = 0;
    uint32_t n = 0, shards = LOAD_ACQUIRE(&ledger.segment->shard_count);
    for (uint32_t shard = 0; shard < shards; shard++) {
        struct counts_row row = counts_row(shard, tag_index, pool);
        if (!ledger_is_joined(row.newest))
            continue;
        row_lock(shard);
        blocks += net_blocks(&row);
        charged += net_charged(&row);
        row_unlock(shard);
        n++;
    }
    counts_raise(&peaks->blocks, blocks);
    counts_raise(&peaks->charged, charged);
    int64_t add_blocks = share((int64_t)LOAD(&peaks->blocks) - blocks, n, LEDGER_GRAIN_BLOCKS);
    int64_t add_charged = share((int64_t)LOAD(&peaks->charged) - charged, n, LEDGER_GRAIN_BYTES);
    for (uint32_t shard = 0; shard < shards; shard++) {
        struct counts_row row = counts_row(shard, tag_index, pool);
        if (!ledger_is_joined(row.newest))
            continue;
        row_lock(shard);
        set_limits(&row, net_blocks(&row) + add_blocks, net_charged(&row) + add_charged);
        row_unlock(shard);
    }
}

NOINLINE void ledger_peak(uint32_t shard, uint32_t tag_index, unsigned pool)
{
    struct tagpool_segment_peaks *peaks = &ledger.peaks[pool][tag_index];
    struct counts_row row = counts_row(shard, tag_index, pool);
    ledger_join(shard, tag_index, pool);
    if (tally_is_half_full(LOAD(&row.newest->in)))
        ledger_settle(shard, tag_index, pool);
    ledger_tag_lock(tag_index);
    if (LOAD(&ledger.tags[tag_index].writer) == shard + 1)
        peak_of_one(peaks, &row);
    else
        peak_of_several(peaks, tag_index, pool);
    ledger_tag_unlock(tag_index);
}

/* ---- blocks of any size: large ones are settled at once ---- */

static void settle_block(const struct counts_row *row, bool is_free, size_t charged, size_t slack)
{
    struct counts_limits limits = counts_limits(row);
    settle_begin(row->newest);
    add_settled(is_free ? &row->settled->out : &row->settled->in, 1, charged, slack);
    set_limits(row, limits.blocks, limits.charged);
    settle_end(row->newest);
}

void ledger_charge_any(uint32_t shard, uint32_t tag_index, unsigned pool, size_t charged, size_t slack)
{
    struct counts_row row = counts_row(shard, tag_index, pool);
    bool is_peak = true;
    if (charged <= TALLY_BLOCK_MOST) {
        is_peak = ledger_charge(row.newest, tally_of(charged, slack));
    } else {
        ledger_join(shard, tag_index, pool);
        settle_first(shard, tag_index, pool);
        row_lock(shard);
        settle_block(&row, false, charged, slack);
        row_unlock(shard);
    }
    if (is_peak && !ledger_raise(row.newest))
        ledger_peak(shard, tag_index, pool);
}

void ledger_discharge_any(uint32_t shard, uint32_t tag_index, unsigned pool, size_t charged, size_t slack)
{
    struct counts_row row = counts_row(shard, tag_index, pool);
    if (charged <= TALLY_BLOCK_MOST) {
        if (ledger_discharge(row.newest, tally_of(charged, slack)))
            ledger_settle(shard, tag_index, pool);
        return;
    }
    settle_first(shard, tag_index, pool);
    row_lock(shard);
    settle_block(&row, true, charged, slack);
    row_unlock(shard);
}

void ledger_failure(uint32_t tag_index, unsigned pool)
{
    ledger_tag_lock(tag_index);
    ADD(&ledger.peaks[pool][tag_index].failures, 1);
    ledger_tag_unlock(tag_index);
}
