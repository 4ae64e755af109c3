/* SPDX-License-Identifier: MIT
 *
 * ledger.c: ledger/ledger: tags, rows and shards of the segment, sums over shards, and what happens when tags run out.
 */
#include "unit.h"

#include "ledger/ledger.h"
#include "random.h"

enum { SHARDS = 5, TAGS = 40 };

static uint64_t naive_blocks[TAGS][2], naive_charged[TAGS][2], naive_bytes[TAGS][2];
static uint64_t naive_allocs[TAGS][2], naive_failures[TAGS][2];

/* As the library starts: shard 0 is there. */
static int start_ledger(void **state)
{
    (void)state;
    return ledger_start(TAGPOOL_SEGMENT) && ledger_shard_open(0) ? 0 : -1;
}

/* "With `counters_bytes` of address space for the counters of threads": so many shards fit, at least one, at most as many as
 * there are threads; "false iff there is no memory for its rows": the next one is refused, and nothing has changed. "Undoes
 * ledger_start()." */
static void capacity_of_shards(void **state)
{
    const size_t tables = 2 * (round_up(LEDGER_COUNTS_BYTES, 64) + round_up(LEDGER_SETTLED_BYTES, 64));
    const uint64_t one = round_up(PORT_COLOUR_ROWS + tables, PORT_UNIT_BYTES);
    const uint64_t bytes[] = {0, one - 1, one, 3 * one - 1, 3 * one, 5 * one + 77};
    const uint32_t expected[] = {1, 1, 1, 2, 3, 5};
    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_true(ledger_start(bytes[i]));
        assert_int_equal(ledger.segment->shard_capacity, expected[i]);
        assert_int_equal(ledger.segment->shard_count, 0);
        for (uint32_t shard = 0; shard < expected[i]; shard++)
            assert_true(ledger_shard_open(shard));
        uint64_t used = ledger.segment->used_bytes;
        assert_true(used <= ledger.segment->segment_bytes);
        assert_false(ledger_shard_open(expected[i]));
        assert_true(ledger.segment->shard_count == expected[i] && ledger.segment->used_bytes == used);
        assert_int_equal(ledger.segment->sequence % 2, 0);
        assert_true(ledger_shard_open(expected[i] - 1)); /* "one may be opened again" */
        struct tagpool_segment_settled *last = &ledger_settled(expected[i] - 1, 1)[LEDGER_OVERFLOW];
        assert_true((char *)(last + 1) <= (char *)ledger.segment + used);
        last->out.slack = 1;
        ledger_stop();
    }
    assert_true(ledger_start(TAGPOOL_SEGMENT));
    assert_true(ledger.segment->shard_capacity <= TAGPOOL_THREADS);
    if (UINTPTR_MAX > UINT32_MAX)
        assert_int_equal(ledger.segment->shard_capacity, TAGPOOL_THREADS);
    ledger_stop();
    assert_int_equal(start_ledger(state), 0);
}

/* Tags that fall close together in the index, and tags that differ in one byte. */
static uint32_t tag_number(uint32_t i)
{
    return 0x61000000u + (i % 2 == 0 ? i : i << 16);
}

/* "The index of a tag, registered if it is new": indices in the order of first use, each tag only once; `sequence` grows and is
 * even again. "The index of a tag in use, or LEDGER_ROWS." */
static void registers_tags(void **state)
{
    bool overflowed = true;
    (void)state;
    for (uint32_t i = 0; i < TAGS; i++) {
        uint32_t sequence = ledger.segment->sequence;
        assert_int_equal(ledger_find(tag_number(i)), LEDGER_ROWS);
        assert_int_equal(ledger_tag_count(), i);
        assert_int_equal(ledger_tag(tag_number(i), &overflowed), i);
        assert_false(overflowed);
        assert_int_equal(ledger_tag_count(), i + 1);
        assert_int_equal(ledger_tag_of(i), tag_number(i));
        assert_true(ledger.segment->sequence > sequence && ledger.segment->sequence % 2 == 0);
        for (uint32_t j = 0; j <= i; j++) {
            assert_int_equal(ledger_tag(tag_number(j), &overflowed), j);
            assert_int_equal(ledger_find(tag_number(j)), j);
        }
        assert_int_equal(ledger_tag_count(), i + 1);
    }
    assert_int_equal(ledger_find(LEDGER_OVERFLOW), LEDGER_ROWS);
    assert_int_equal(ledger_find(ledger_tag_of(LEDGER_OVERFLOW)), LEDGER_ROWS);
}

/* "Takes a shard into use": in_use, thread and shard_count; "a shard outlives its thread". */
static void opens_shards(void **state)
{
    (void)state;
    assert_int_equal(ledger.segment->shard_count, 1);
    assert_true(ledger.shards[0].in_use == 1 && ledger.shards[0].thread == 0); /* several threads in turn */
    for (uint32_t shard = 1; shard < SHARDS; shard++) {
        uint32_t sequence = ledger.segment->sequence;
        assert_true(ledger_shard_open(shard));
        assert_int_equal(ledger.segment->shard_count, shard + 1);
        assert_int_equal(ledger.shards[shard].in_use, 1);
        assert_true(ledger.shards[shard].thread == port_thread_number());
        assert_true(ledger.segment->sequence > sequence && ledger.segment->sequence % 2 == 0);
    }
    uint64_t used = ledger.segment->used_bytes;
    const struct tagpool_segment_counts *rows = ledger_rows(2, 0);
    ledger_shard_close(2);
    assert_int_equal(ledger.shards[2].in_use, 0);
    assert_int_equal(ledger.segment->shard_count, SHARDS);
    assert_true(ledger_shard_open(2));
    assert_true(ledger.segment->shard_count == SHARDS && ledger.segment->used_bytes == used && ledger_rows(2, 0) == rows);
}

static void expect_place(const char *row, size_t bytes)
{
    size_t offset = (size_t)(row - (const char *)ledger.segment);
    assert_true((offset % bytes == 0 || bytes == 48) && offset + bytes <= ledger.segment->used_bytes);
    assert_true(offset >= ledger.segment->shards_offset + TAGPOOL_THREADS * ledger.segment->shard_bytes);
}

/* "A shard's rows in a pool, one for each tag there may ever be", of newest and of settled counts: zero, no newest across two
 * cache lines, inside the segment, apart from all others and from what else is in it. */
static void rows_of_shards(void **state)
{
    static const uint32_t some[] = {0, 1, 2, 63, 64, TAGPOOL_TAGS / 2, TAGPOOL_TAGS - 1, LEDGER_OVERFLOW};
    const uint32_t count = sizeof some / sizeof some[0];
    (void)state;
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t shard = 0; shard < SHARDS; shard++)
            for (uint32_t i = 0; i < count; i++)
                for (unsigned pool = 0; pool < 2; pool++) {
                    uint64_t mark = 1 + (shard * count + i) * 2 + pool;
                    struct tagpool_segment_counts *row = &ledger_rows(shard, pool)[some[i]];
                    struct tagpool_segment_settled *settled = &ledger_settled(shard, pool)[some[i]];
                    expect_place((char *)row, sizeof *row);
                    expect_place((char *)settled, sizeof *settled);
                    assert_true(row->in == (pass == 0 ? 0 : mark) && row->guard == row->in);
                    assert_true(settled->in.blocks == row->in && settled->out.slack == row->in);
                    row->in = row->guard = settled->in.blocks = settled->out.slack = pass == 0 ? mark : 0;
                }
    assert_int_equal(LEDGER_ROWS, TAGPOOL_TAGS + 1);
    for (unsigned pool = 0; pool < 2; pool++) {
        assert_true((char *)ledger_rows(1, pool) == (char *)ledger.segment + ledger.shards[1].counts_offset[pool]);
        assert_true((char *)ledger_settled(1, pool) == (char *)ledger.segment + ledger.shards[1].settled_offset[pool]);
    }
}

static bool is_joined(uint32_t shard, unsigned pool)
{
    return ledger_is_joined(&ledger_rows(shard, pool)[0]);
}

/* "0 none, shard number + 1 while one shard counts the tag, UINT32_MAX for several"; "takes its row into use". */
static void joins(void **state)
{
    uint32_t *writer = &ledger.tags[0].writer;
    struct ledger_sum sum;
    (void)state;
    assert_int_equal(*writer, 0);
    assert_false(is_joined(3, 0) || is_joined(3, 1));
    ledger_join(3, 0, 1);
    ledger_join(3, 0, 1);
    assert_int_equal(*writer, 4);
    assert_true(is_joined(3, 1) && !is_joined(3, 0) && !is_joined(2, 1));
    ledger_join(3, 0, 0);
    assert_int_equal(*writer, 4);
    ledger_join(0, 0, 0);
    ledger_join(3, 0, 0);
    assert_int_equal(*writer, UINT32_MAX);
    assert_true(is_joined(0, 0) && is_joined(3, 0) && !is_joined(4, 0));
    for (unsigned pool = 0; pool < 2; pool++) {
        ledger_sum(0, pool, &sum);
        assert_true((sum.allocs | sum.frees | sum.blocks | sum.charged | sum.bytes | sum.peak_blocks) == 0);
    }
}

/* Counts one allocation or one free in a shard as the pool does, and in the naive table. */
static void count(uint32_t shard, uint32_t tag, unsigned pool, bool is_free, size_t charged, size_t bytes)
{
    ledger_join(shard, tag, pool);
    (is_free ? ledger_discharge_any : ledger_charge_any)(shard, tag, pool, charged, charged - bytes);
    naive_allocs[tag][pool] += !is_free;
    naive_blocks[tag][pool] += is_free ? -(uint64_t)1 : 1;
    naive_charged[tag][pool] += is_free ? -(uint64_t)charged : charged;
    naive_bytes[tag][pool] += is_free ? -(uint64_t)bytes : bytes;
}

/* "Sums of one tag in one pool over all shards": exact, whichever shard counts the free of a block that another allocated. */
static void sums_over_shards(void **state)
{
    static struct {
        uint32_t tag;
        unsigned pool;
        size_t charged, bytes;
    } live[3000];
    size_t lives = 0;
    uint64_t seed = 41;
    (void)state;
    for (int step = 0; step < 60000; step++) {
        uint32_t shard = random_below(&seed, SHARDS);
        if (lives < 3000 && random_below(&seed, 100) < (step / 4000 % 2 ? 40u : 60u)) {
            size_t bytes = random_below(&seed, step % 7 == 0 ? 1u << 31 : 3000);
            live[lives].tag = random_below(&seed, TAGS);
            live[lives].pool = random_below(&seed, 2);
            live[lives].bytes = bytes;
            live[lives].charged = round_up(bytes + bytes % 4096 + 1, TALLY_GRANULE);
            count(shard, live[lives].tag, live[lives].pool, false, live[lives].charged, bytes);
            lives++;
        } else if (lives > 0) {
            size_t i = random_below(&seed, (uint32_t)lives);
            count(shard, live[i].tag, live[i].pool, true, live[i].charged, live[i].bytes);
            live[i] = live[--lives];
        }
        if (step % 16 == 0) {
            ledger_failure(step / 16 % TAGS, 1);
            naive_failures[step / 16 % TAGS][1]++;
        }
        uint32_t tag = random_below(&seed, TAGS);
        unsigned pool = random_below(&seed, 2);
        struct ledger_sum sum;
        ledger_sum(tag, pool, &sum);
        assert_true(sum.allocs == naive_allocs[tag][pool] && sum.allocs - sum.frees == naive_blocks[tag][pool]);
        assert_true(sum.blocks == naive_blocks[tag][pool] && sum.charged == naive_charged[tag][pool]);
        assert_true(sum.bytes == naive_bytes[tag][pool] && sum.failures == naive_failures[tag][pool]);
        assert_true(sum.peak_blocks >= sum.blocks && sum.peak_charged >= sum.charged);
    }
}

/* All distinct, and none of tag_number()'s. */
static uint32_t further_tag(uint32_t i)
{
    return 0x20000000u + i * 7919u % 0x10000000u;
}

static void expect_all_found(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (ledger_find(i < TAGS ? tag_number(i) : further_tag(i)) != i)
            fail_msg("of %u tags, number %u is not found", count, i);
}

/* The index "grows": at each number of tags up to the full table the last ones and a sample of all are found, at each size of the
 * index all of them; what is in no row is not found. "Who still searches a smaller one finds what it held." */
static void index_grows(void **state)
{
    uint64_t seed = 43;
    bool overflowed = false;
    uint32_t first_bits = ledger.index_bits;
    unsigned sizes = 1;
    (void)state;
    for (uint32_t i = TAGS; i < TAGPOOL_TAGS; i++) {
        uint32_t bits = ledger.index_bits;
        assert_int_equal(ledger_find(further_tag(i)), LEDGER_ROWS);
        assert_int_equal(ledger_tag(further_tag(i), &overflowed), i);
        assert_false(overflowed);
        assert_int_equal(ledger_find(further_tag(i)), i);
        for (int j = 0; j < 4; j++) {
            uint32_t any = random_below(&seed, i + 1);
            assert_int_equal(ledger_find(any < TAGS ? tag_number(any) : further_tag(any)), any);
        }
        if (ledger.index_bits == bits && i + 1 != TAGPOOL_TAGS)
            continue;
        expect_all_found(i + 1);
        uint32_t now = ledger.index_bits;
        assert_true(now >= bits);
        sizes += now > bits;
        for (ledger.index_bits = first_bits; ledger.index_bits < now; ledger.index_bits += 2) {
            expect_all_found((uint32_t)1 << (ledger.index_bits - 1));
            assert_int_equal(ledger_find(0x7A7A7A7Au), LEDGER_ROWS);
        }
    }
    assert_true(sizes > 1 || TAGPOOL_TAGS <= 256);
    assert_true(TAGPOOL_TAGS * 2 <= (size_t)1 << ledger.index_bits);
    assert_int_equal(ledger_tag_count(), TAGPOOL_TAGS);
}

/* "LEDGER_OVERFLOW when the table is full. *overflowed is set when that happens for the first time." Tags registered before keep
 * their index; the overflow row is found under its own tag from then on, and counts. */
static void tags_run_out(void **state)
{
    bool overflowed = false;
    struct ledger_sum sum;
    uint32_t sequence = ledger.segment->sequence;
    (void)state;
    assert_false(ledger_overflowed());
    assert_int_equal(ledger_tag(0x7A7A7A7Au, &overflowed), LEDGER_OVERFLOW);
    assert_true(overflowed && ledger_overflowed());
    assert_int_equal(ledger_tag(0x7A7A7A7Au, &overflowed), LEDGER_OVERFLOW);
    assert_false(overflowed);
    assert_int_equal(ledger_tag(0x7A7A7A7Bu, &overflowed), LEDGER_OVERFLOW);
    assert_false(overflowed);
    assert_int_equal(ledger_tag_count(), TAGPOOL_TAGS);
    assert_int_equal(ledger_find(0x7A7A7A7Au), LEDGER_ROWS);
    assert_int_equal(ledger_find('B' | 'I' << 8 | 'G' << 16 | (uint32_t)' ' << 24), LEDGER_OVERFLOW);
    for (uint32_t i = 0; i < TAGS; i++)
        assert_int_equal(ledger_tag(tag_number(i), &overflowed), i);
    assert_int_equal(ledger.segment->sequence, sequence + 2);
    ledger_charge_any(0, LEDGER_OVERFLOW, 1, 48, 15);
    ledger_sum(LEDGER_OVERFLOW, 1, &sum);
    assert_true(sum.allocs == 1 && sum.charged == 48 && sum.bytes == 33 && sum.peak_blocks == 1);
    assert_int_equal(ledger.segment->sequence % 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capacity_of_shards), cmocka_unit_test(registers_tags), cmocka_unit_test(opens_shards),
        cmocka_unit_test(rows_of_shards),     cmocka_unit_test(joins),          cmocka_unit_test(sums_over_shards),
        cmocka_unit_test(index_grows),        cmocka_unit_test(tags_run_out),
    };
    return cmocka_run_group_tests(tests, start_ledger, NULL);
}
