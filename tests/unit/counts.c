/* SPDX-License-Identifier: MIT
 *
 * counts.c: ledger/counts: peaks, exact with one shard and within the documented grain with several; and its invariants.
 */
#define _POSIX_C_SOURCE 200809L
#include "unit.h"

#include "ledger/ledger.h"
#include "memory/class.h"
#include "random.h"

#include <pthread.h>
#include <unistd.h>

enum { SHARDS = 9 };

/* Use of one tag in one pool, followed exactly. */
struct truth {
    int64_t blocks, charged;
    int64_t peak_blocks, peak_charged;
};

static int start_ledger(void **state)
{
    (void)state;
    if (!ledger_start(TAGPOOL_SEGMENT))
        return -1;
    for (uint32_t shard = 0; shard < SHARDS; shard++)
        if (!ledger_shard_open(shard))
            return -1;
    return 0;
}

static uint32_t new_tag(void)
{
    static uint32_t next = 0x41000000u;
    bool overflowed;
    return ledger_tag(next++, &overflowed);
}

/* As the front door counts: a run of one's own takes its charge back. */
static void charge(uint32_t shard, uint32_t tag, unsigned pool, size_t charged, size_t slack)
{
    if (charged <= SLAB_MOST_BYTES || charged > TALLY_BLOCK_MOST)
        ledger_charge_any(shard, tag, pool, charged, slack);
    else if (ledger_charge_run(&ledger_rows(shard, pool)[tag], &(aligned_u64){tally_of_charge(charged)},
                               tally_of_rest(slack)))
        ledger_peak(shard, tag, pool);
}

static void allocate(struct truth *truth, uint32_t shard, uint32_t tag, unsigned pool, size_t charged)
{
    charge(shard, tag, pool, charged, charged / 8);
    truth->blocks++;
    truth->charged += (int64_t)charged;
    truth->peak_blocks = truth->blocks > truth->peak_blocks ? truth->blocks : truth->peak_blocks;
    truth->peak_charged = truth->charged > truth->peak_charged ? truth->charged : truth->peak_charged;
}

static void release(struct truth *truth, uint32_t shard, uint32_t tag, unsigned pool, size_t charged)
{
    ledger_join(shard, tag, pool);
    ledger_discharge_any(shard, tag, pool, charged, charged / 8);
    truth->blocks--;
    truth->charged -= (int64_t)charged;
}

/* Those of tally.h, of words. */
static void expect_lanes(const struct tagpool_segment_counts *row)
{
    uint64_t in = row->in, out = row->out;
    uint64_t freed = tally_granules(out) - TALLY_ROOM;
    assert_true(tally_granules(out) >= TALLY_ROOM && freed < TALLY_ROOM);
    assert_true(tally_blocks(out) < TALLY_BACK_BLOCKS + freed + 1);
    assert_true(tally_slack(out) <= 4 * TALLY_ROOM + 16 * freed);
    assert_true(tally_slack(in) <= 4 * TALLY_ROOM + 16 * tally_granules(in));
}

/* The invariants of ledger.h, L outstanding, P the peak, n shards that count:
 *     n = 1:  L <= limit = P        n > 1:  L <= sum of limits <= P + n * grain
 * sole iff n = 1 and the limit is whole; and what follows: P is never above the true peak, and at most n * grain below it. */
static void expect_invariants(const struct truth *truth, uint32_t tag, unsigned pool)
{
    int64_t limit_blocks = 0, limit_charged = 0, n = 0, soles = 0;
    int64_t peak_blocks = (int64_t)ledger.peaks[pool][tag].blocks;
    int64_t peak_charged = (int64_t)ledger.peaks[pool][tag].charged;
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        const struct tagpool_segment_settled *settled = &ledger_settled(shard, pool)[tag];
        const struct tagpool_segment_counts *row = &ledger_rows(shard, pool)[tag];
        if (!ledger_is_joined(row))
            continue;
        struct tally_limits limits = tally_limits_of(row->guard);
        assert_true(limits.blocks > -TALLY_ROOM / 4 * 5 && limits.blocks <= TALLY_ROOM / 4 * 3);
        assert_true(limits.granules > -TALLY_ROOM && limits.granules <= TALLY_ROOM);
        expect_lanes(row);
        n++;
        soles += row->sole;
        limit_blocks += limits.blocks + (int64_t)(settled->in.blocks - settled->out.blocks);
        limit_charged += limits.granules * 16 + (int64_t)(settled->in.charged - settled->out.charged);
    }
    int64_t slack = n > 1 ? n : 0;
    if (soles == 1) {
        assert_true(n == 1 && peak_blocks <= limit_blocks && peak_charged <= limit_charged);
        peak_blocks = limit_blocks;
        peak_charged = limit_charged;
    } else {
        assert_true(n != 1 || !ledger.may_be_sole || limit_blocks < peak_blocks || limit_charged < peak_charged);
    }
    assert_true(truth->blocks <= limit_blocks && truth->charged <= limit_charged);
    assert_true(limit_blocks <= peak_blocks + slack * LEDGER_GRAIN_BLOCKS);
    assert_true(limit_charged <= peak_charged + slack * LEDGER_GRAIN_BYTES);
    assert_true(peak_blocks <= truth->peak_blocks && truth->peak_blocks <= peak_blocks + slack * LEDGER_GRAIN_BLOCKS);
    assert_true(peak_charged <= truth->peak_charged && truth->peak_charged <= peak_charged + slack * LEDGER_GRAIN_BYTES);
}

/* "Every new highest L is a new P": after each of many allocations and frees by one shard, be it that of number 0; and where
 * threads cannot be ordered. */
static void exact_with_one_shard(void **state)
{
    static size_t live[500];
    uint64_t seed = 61;
    (void)state;
    for (uint32_t shard = 0; shard < 3; shard++) {
        struct truth truth = {0};
        struct ledger_sum sum;
        uint32_t tag = new_tag();
        size_t count = 0;
        bool may_be_sole = ledger.may_be_sole;
        ledger.may_be_sole = may_be_sole && shard != 2;
        for (int step = 0; step < 20000; step++) {
            if (count < 500 && random_below(&seed, 100) < (step / 700 % 2 ? 45u : 55u)) {
                live[count] = 16 * (1 + (size_t)random_below(&seed, step % 11 == 0 ? 120000 : 250));
                allocate(&truth, shard, tag, 1, live[count++]);
            } else if (count > 0) {
                size_t i = random_below(&seed, (uint32_t)count);
                release(&truth, shard, tag, 1, live[i]);
                live[i] = live[--count];
            }
            expect_invariants(&truth, tag, 1);
            ledger_sum(tag, 1, &sum);
            assert_true((int64_t)sum.peak_blocks == truth.peak_blocks && (int64_t)sum.peak_charged == truth.peak_charged);
        }
        ledger.may_be_sole = may_be_sole;
        ledger_sum(tag, 0, &sum);
        assert_true((sum.peak_blocks | sum.peak_charged | sum.allocs) == 0);
    }
}

/* "Raises the limits of a row that is the only one of its tag, and so the peaks": a program that grows does all else but seldom.
 * "False iff ... the row is nearly full, or new, or the peak is so much higher ..., others count the tag, too": then nothing is
 * changed. */
static void raised_without_a_look(void **state)
{
    const int64_t grain = LEDGER_GRAIN_BYTES / 48;
    uint32_t tag = new_tag();
    struct truth truth = {0};
    struct tagpool_segment_counts *row = &ledger_rows(4, 1)[tag];
    bool may_be_sole = ledger.may_be_sole;
    (void)state;
    ledger.may_be_sole = true; /* there is one thread */
    assert_true(!ledger_raise(row) && row->guard == 0);
    allocate(&truth, 4, tag, 1, 48);
    assert_int_equal(row->sole, 1);
    for (int64_t i = 2; i <= TALLY_ROOM / 2 / 3; i++) {
        assert_true(ledger_charge(row, tally_of(48, 5)) && ledger_raise(row));
        truth = (struct truth){i, 48 * i, i, 48 * i};
        expect_invariants(&truth, tag, 1);
    }
    assert_true(ledger_charge(row, tally_of(48, 5)) && !ledger_raise(row));
    ledger_peak(4, tag, 1);
    assert_true(ledger_charge(row, tally_of(LEDGER_GRAIN_BYTES + 16, 0)) && !ledger_raise(row));
    ledger_peak(4, tag, 1);
    for (int64_t i = 0; i < grain; i++)
        assert_true(ledger_charge(row, tally_of(48, 5)) && ledger_raise(row));
    /* A free in the other pool is enough. */
    ledger_join(5, tag, 0);
    assert_int_equal(row->sole, 0);
    assert_int_equal(ledger.peaks[1][tag].blocks, (TALLY_ROOM / 2 / 3) + 2 + grain);
    uint64_t guard = row->guard;
    assert_true(ledger_charge(row, tally_of(48, 5)) && !ledger_raise(row));
    assert_true(row->guard == guard);
    ledger.may_be_sole = may_be_sole;
}

/* "It would not be within the grain if another shard begins to count the tag at this moment": so what is raised always is. One
 * thread grows under each tag, the other frees one of its blocks, at any moment. */
enum { MEETINGS = 3000, MET_BLOCKS = 40, MET_BYTES = 32768 };

static struct {
    uint32_t tag[MEETINGS];
    uint32_t begun, met; /* tags that one thread has begun with, and that the other has counted */
} meetings;

static void *meet(void *unused)
{
    uint64_t seed = 73;
    for (uint32_t i = 0; i < MEETINGS; i++) {
        while (LOAD_ACQUIRE(&meetings.begun) <= i)
            port_yield();
        for (volatile uint32_t wait = random_below(&seed, 2000); wait > 0; wait--)
            ;
        ledger_join(2, meetings.tag[i], 0);
        ledger_discharge_any(2, meetings.tag[i], 0, MET_BYTES, 0);
        STORE_RELEASE(&meetings.met, i + 1);
    }
    return unused;
}

static void another_shard_begins_meanwhile(void **state)
{
    pthread_t other;
    (void)state;
    for (uint32_t i = 0; i < MEETINGS; i++)
        meetings.tag[i] = new_tag();
    assert_int_equal(pthread_create(&other, NULL, meet, NULL), 0);
    for (uint32_t i = 0; i < MEETINGS; i++) {
        charge(1, meetings.tag[i], 0, MET_BYTES, 0);
        STORE_RELEASE(&meetings.begun, i + 1);
        for (uint32_t block = 1; block < MET_BLOCKS; block++)
            charge(1, meetings.tag[i], 0, MET_BYTES, 0);
        while (LOAD_ACQUIRE(&meetings.met) <= i)
            port_yield();
    }
    assert_int_equal(pthread_join(other, NULL), 0);
    for (uint32_t i = 0; i < MEETINGS; i++) {
        expect_invariants(&(struct truth){MET_BLOCKS - 1, (MET_BLOCKS - 1) * MET_BYTES, MET_BLOCKS, MET_BLOCKS * MET_BYTES},
                          meetings.tag[i], 0);
    }
}

/* Several shards, some of which only free what others allocate, in waves: the invariants hold at each step. */
static void within_the_grain_with_several(void **state)
{
    static size_t live[4000];
    uint64_t seed = 67;
    (void)state;
    for (uint32_t shards = 2; shards <= SHARDS; shards++) {
        struct truth truth = {0};
        uint32_t tag = new_tag();
        size_t count = 0;
        for (int step = 0; step < 30000; step++) {
            uint32_t wave = (uint32_t)step / 2500;
            uint32_t allocators = 1 + (wave + shards) % shards;
            if (count < 4000 && random_below(&seed, 100) < (wave % 2 ? 25u : 75u)) {
                live[count] = 16 * (1 + (size_t)random_below(&seed, step % 97 == 0 ? 300000 : wave % 3 == 0 ? 250 : 13));
                allocate(&truth, random_below(&seed, allocators), tag, 0, live[count++]);
            } else if (count > 0) {
                size_t i = random_below(&seed, (uint32_t)count);
                release(&truth, random_below(&seed, shards), tag, 0, live[i]);
                live[i] = live[--count];
            }
            expect_invariants(&truth, tag, 0);
        }
    }
}

/* "Reading raises a peak that is below what is outstanding." */
static void reading_raises_the_peak(void **state)
{
    struct truth truth = {0};
    struct ledger_sum sum;
    uint32_t tag = new_tag();
    (void)state;
    bool was_below = false;
    for (int i = 0; i < 100; i++) {
        allocate(&truth, 1 + (uint32_t)i % 2, tag, 0, 32);
        was_below = was_below || (int64_t)ledger.peaks[0][tag].blocks < truth.blocks;
        expect_invariants(&truth, tag, 0);
    }
    assert_true(was_below);
    ledger_sum(tag, 0, &sum);
    assert_true(sum.peak_blocks == 100 && sum.peak_charged == 3200);
    assert_true(ledger.peaks[0][tag].blocks == 100);
    expect_invariants(&truth, tag, 0);
}

/* "Settled before they outgrow that": many operations of one kind in a row, and blocks of each size up to the largest that is
 * packed and above, leave exact sums; so do frees by a shard that allocates nothing. */
static void exact_while_rows_fill_up(void **state)
{
    static const size_t sizes[] = {16, 64, 4096, 32768, TALLY_BLOCK_MOST - 16, TALLY_BLOCK_MOST, TALLY_BLOCK_MOST + 16,
                                   (size_t)64 << 20};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t blocks = (sizes[i] < 4096 ? 3 * TALLY_OUT_FIRST_BYTES : 200 * TALLY_OUT_FIRST_BYTES) / sizes[i] + 3;
        struct truth truth = {0};
        struct ledger_sum sum;
        uint32_t tag = new_tag();
        for (uint32_t freer = 1; freer <= 2; freer++) {
            for (uint64_t n = 0; n < blocks; n++)
                allocate(&truth, 1, tag, 0, sizes[i]);
            for (uint64_t n = 0; n < blocks / 2; n++)
                release(&truth, freer, tag, 0, sizes[i]);
            expect_invariants(&truth, tag, 0);
            ledger_sum(tag, 0, &sum);
            assert_true(sum.allocs == blocks * freer && sum.frees == blocks / 2 * freer);
            assert_true((int64_t)sum.blocks == truth.blocks && (int64_t)sum.charged == truth.charged);
            assert_int_equal(sum.bytes, sum.charged - sum.blocks * (sizes[i] / 8));
        }
    }
}

/* "A row nobody has used is all zero: its first allocation is above the limit." */
static void first_of_a_row(void **state)
{
    (void)state;
    for (size_t charged = 16; charged <= TALLY_BLOCK_MOST; charged *= 2) {
        struct tagpool_segment_counts row = {0};
        assert_true(ledger_charge(&row, tally_of(charged, 0)));
        row = (struct tagpool_segment_counts){0};
        assert_true(ledger_charge(&row, tally_of(charged, charged)));
        row = (struct tagpool_segment_counts){0};
        const aligned_u64 charge_of_it = tally_of_charge(charged);
        assert_true(ledger_charge_run(&row, &charge_of_it, tally_of_rest(charged < 4096 ? charged : 4095)));
        assert_true(row.in == tally_of(charged, charged < 4096 ? charged : 4095) && row.out == 0);
    }
}

/* "The charge of a large block is not added to `in` but taken back from `out`": pairs of such blocks settle nothing for as long
 * as "both have fewer than C/4 blocks and 4 C bytes of slack", then once. */
static void pairs_of_runs_settle_seldom(void **state)
{
    (void)state;
    for (size_t slack = 0; slack < 4096; slack += 819) {
        const size_t run = slack % 2 == 0 ? TALLY_BLOCK_MOST : 36864;
        struct truth truth = {.peak_blocks = 1, .peak_charged = (int64_t)run};
        struct ledger_sum sum;
        uint32_t tag = new_tag();
        uint32_t pairs = TALLY_BACK_BLOCKS, settled = 0, sequence = 0;
        for (uint32_t i = 1; i <= pairs; i++) {
            charge(1, tag, 0, run, slack);
            ledger_sum(tag, 0, &sum);
            assert_true(sum.allocs == i && sum.blocks == 1 && sum.charged == run && sum.bytes == run - slack);
            ledger_discharge_any(1, tag, 0, run, slack);
            settled += ledger_rows(1, 0)[tag].sequence != sequence;
            sequence = ledger_rows(1, 0)[tag].sequence;
            expect_invariants(&truth, tag, 0);
        }
        ledger_sum(tag, 0, &sum);
        assert_true(sum.allocs == pairs && sum.frees == pairs && (sum.blocks | sum.charged | sum.bytes) == 0);
        assert_true(sum.peak_blocks == 1 && sum.peak_charged == run);
        assert_true(settled <= 1 + pairs * slack / (4 * TALLY_ROOM));
    }
}

/* "Takes back" from what other blocks have freed: small ones freed that were counted long ago, large ones with the most slack
 * allocated, over and over, and each way round. Lanes hold, sums and peaks are exact. */
static void runs_take_back_what_others_freed(void **state)
{
    static size_t old[70000], new[70000];
    const size_t run = 36864; /* with 4,095 bytes of slack */
    (void)state;
    for (size_t small = 16; small <= 4096; small *= 16) {
        struct truth truth = {0};
        struct ledger_sum sum;
        uint32_t tag = new_tag();
        size_t news = 0, slack = 0, olds = sizeof old / sizeof old[0];
        for (size_t i = 0; i < olds; i++)
            allocate(&truth, 2, tag, 1, old[i] = small), slack += small / 8;
        for (size_t i = 0; i < olds; i++) {
            release(&truth, 2, tag, 1, old[i]), slack -= small / 8;
            expect_invariants(&truth, tag, 1);
            for (; (int64_t)(news * run) < (int64_t)(i * small); news++) {
                charge(2, tag, 1, new[news] = run, 4095), slack += 4095;
                truth.blocks++;
                truth.charged += (int64_t)run;
                truth.peak_charged = truth.charged > truth.peak_charged ? truth.charged : truth.peak_charged;
                expect_invariants(&truth, tag, 1);
            }
        }
        ledger_sum(tag, 1, &sum);
        assert_true((int64_t)sum.blocks == truth.blocks && (int64_t)sum.charged == truth.charged);
        assert_true(sum.bytes == sum.charged - slack && sum.allocs == olds + news && sum.frees == olds);
        assert_true((int64_t)sum.peak_charged == truth.peak_charged && (int64_t)sum.peak_blocks == truth.peak_blocks);
    }
}

/* "Each lane": what goes in comes out, the largest too. */
static void lanes_of_a_tally(void **state)
{
    static const size_t charged[] = {16, 32, 4096, TALLY_BLOCK_MOST - 16, TALLY_BLOCK_MOST};
    (void)state;
    for (size_t i = 0; i < sizeof charged / sizeof charged[0]; i++) {
        const size_t slack[] = {0, 1, charged[i] / 2, charged[i] - 1, charged[i]};
        for (size_t j = 0; j < sizeof slack / sizeof slack[0]; j++) {
            uint64_t tally = tally_of(charged[i], slack[j]);
            assert_true(tally_blocks(tally) == 1 && tally_charged(tally) == charged[i] && tally_slack(tally) == slack[j]);
        }
    }
}

/* "Or it has the lane's top bit set, iff in - out ... is above the limit", in each lane, at the bounds that the comment names
 * and at random between them; and the limits come out of the guard as they went in. */
static void guard_of_a_tally(void **state)
{
    const int64_t room = TALLY_ROOM;
    uint64_t seed = 71;
    (void)state;
    for (int step = 0; step < 300000; step++) {
        int64_t granules[3], blocks[3]; /* out, limit, in */
        for (int i = 0; i < 2; i++) {
            granules[i] = step % 5 == i ? room - 1 : (int64_t)random_below(&seed, (uint32_t)room);
            blocks[i] = step % 7 == i ? 0 : (int64_t)random_below(&seed, (uint32_t)granules[0] + TALLY_BACK_BLOCKS);
        }
        blocks[1] = blocks[1] > room / 4 * 3 ? room / 4 * 3 : blocks[1];
        if (step % 3 == 0)
            granules[1] = -(granules[1] < granules[0] ? granules[1] : granules[0]);
        if (step % 4 == 0)
            blocks[1] = -(blocks[1] < blocks[0] ? blocks[1] : blocks[0]);
        /* One block above the limit at most, of at most 2^16 granules. */
        granules[2] = granules[0] + granules[1] + (int64_t)random_below(&seed, 0x10001) - (step % 2 ? 0x10000 : 0);
        blocks[2] = blocks[0] + blocks[1] + 1 - (int64_t)random_below(&seed, 3);
        for (int i = 0; i < 3; i += 2) {
            granules[i] = granules[i] < 0 ? 0 : granules[i];
            blocks[i] = blocks[i] < 0 ? 0 : blocks[i];
        }
        uint64_t slack_in = random_below(&seed, (uint32_t)granules[2] * 16 + 4 * TALLY_ROOM + 1);
        uint64_t slack_out = random_below(&seed, (uint32_t)granules[0] * 16 + 4 * TALLY_ROOM + 1);
        uint64_t in = (uint64_t)granules[2] << 44 | slack_in << 20 | (uint64_t)blocks[2];
        uint64_t out = ((uint64_t)granules[0] << 44 | slack_out << 20 | (uint64_t)blocks[0]) + TALLY_OUT_FIRST;
        uint64_t guard = tally_guard((struct tally_limits){blocks[1], granules[1]});
        uint64_t over = (out - in + guard) & TALLY_OVER;
        bool is_over = blocks[2] - blocks[0] > blocks[1];
        bool is_slack_used_up = slack_in - slack_out == 0xA00000; /* then blocks that are over borrow from granules */
        assert_int_equal(over >> 19 & 1, is_over);
        assert_int_equal(over >> 63, granules[2] - granules[0] > granules[1] - (is_over && is_slack_used_up));
        assert_true(tally_limits_of(guard).blocks == blocks[1] && tally_limits_of(guard).granules == granules[1]);
        struct tally_limits excess = tally_excess(out - in + guard);
        assert_int_equal(excess.blocks, is_over ? blocks[2] - blocks[0] - blocks[1] : 0);
        int64_t above = granules[2] - granules[0] - granules[1];
        assert_int_equal(excess.granules, above > 0 ? above : 0);
        assert_int_equal(tally_guard_more(guard, (struct tally_limits){1, 2}),
                         tally_guard((struct tally_limits){blocks[1], granules[1]}) + 1 + ((uint64_t)2 << 44));
        assert_true(guard != 0);
    }
}

/* Peaks and failures of a tag wait for nobody who adds tags or threads: that is another lock. (If it were the same, this would
 * wait for itself, until the alarm.) */
static void peaks_have_locks_of_their_own(void **state)
{
    struct truth truth = {0};
    uint32_t tag = new_tag(), other = new_tag();
    (void)state;
    alarm(60);
    port_lock(&ledger.lock);
    for (uint32_t i = 0; i < 1000; i++) {
        allocate(&truth, i % SHARDS, tag, 0, 64);
        ledger_failure(other, 1);
    }
    expect_invariants(&truth, tag, 0);
    port_unlock(&ledger.lock);
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_of_a_tally),
        cmocka_unit_test(guard_of_a_tally),
        cmocka_unit_test(first_of_a_row),
        cmocka_unit_test(exact_with_one_shard),
        cmocka_unit_test(raised_without_a_look),
        cmocka_unit_test(another_shard_begins_meanwhile),
        cmocka_unit_test(within_the_grain_with_several),
        cmocka_unit_test(exact_while_rows_fill_up),
        cmocka_unit_test(pairs_of_runs_settle_seldom),
        cmocka_unit_test(runs_take_back_what_others_freed),
        cmocka_unit_test(reading_raises_the_peak),
        cmocka_unit_test(peaks_have_locks_of_their_own),
    };
    return cmocka_run_group_tests(tests, start_ledger, NULL);
}
