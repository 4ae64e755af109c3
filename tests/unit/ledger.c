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

static int start_ledger(void **state)
{
    (void)state;
    return ledger_start(TAGPOOL_SEGMENT) ? 0 : -1;
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
    for (uint32_t shard = 1; shard < SHARDS; shard++) {
        ledger_shard_open(shard);
        assert_int_equal(ledger.segment->shard_count, shard + 1);
        assert_int_equal(ledger_shard(shard)->in_use, 1);
        assert_true(ledger_shard(shard)->thread == port_thread_number());
    }
    ledger_shard_close(2);
    assert_int_equal(ledger_shard(2)->in_use, 0);
    assert_int_equal(ledger.segment->shard_count, SHARDS);
    ledger_shard_open(2);
    assert_int_equal(ledger.segment->shard_count, SHARDS);
}

/* "A shard's counters of a tag in the nonpaged pool; those of the paged pool follow": 64 bytes each, zero, in a cache line of
 * their own, inside the segment, apart from all others. "The same, but never makes any." */
static void makes_rows(void **state)
{
    (void)state;
    for (uint32_t shard = 0; shard < SHARDS; shard++)
        for (uint32_t tag = 0; tag < TAGS; tag++) {
            if (tag % 16 == 0)
                assert_null(ledger_rows_if_any(shard, tag));
            struct tagpool_segment_counts *rows = ledger_rows(shard, tag);
            assert_non_null(rows);
            assert_ptr_equal(rows, ledger_rows_if_any(shard, tag));
            assert_ptr_equal(rows, ledger_rows(shard, tag));
            size_t offset = (size_t)((char *)rows - (char *)ledger.segment);
            assert_true(offset % 64 == 0 && offset + 128 <= ledger.segment->used_bytes);
            for (unsigned pool = 0; pool < 2; pool++) {
                assert_true(rows[pool].allocs == 0 && rows[pool].bytes_out == 0);
                rows[pool].bytes_out = 1 + (shard * TAGS + tag) * 2 + pool;
            }
        }
    for (uint32_t shard = 0; shard < SHARDS; shard++)
        for (uint32_t tag = 0; tag < TAGS; tag++)
            for (unsigned pool = 0; pool < 2; pool++) {
                assert_true(ledger_rows(shard, tag)[pool].bytes_out == 1 + (shard * TAGS + tag) * 2 + pool);
                ledger_rows(shard, tag)[pool].bytes_out = 0;
            }
}

/* "0 none, shard number + 1 while one shard counts the tag, UINT32_MAX for several." */
static void joins(void **state)
{
    uint32_t *writer = &ledger.tags[0].writer;
    (void)state;
    assert_int_equal(*writer, 0);
    assert_false(ledger_is_joined(3, 0));
    ledger_join(3, 0);
    ledger_join(3, 0);
    assert_int_equal(*writer, 4);
    assert_true(ledger_is_joined(3, 0) && !ledger_is_joined(2, 0));
    ledger_join(0, 0);
    ledger_join(3, 0);
    assert_int_equal(*writer, UINT32_MAX);
    assert_true(ledger_is_joined(0, 0) && ledger_is_joined(3, 0) && ledger_is_joined(4, 0));
}

/* Counts one allocation or one free in a shard as the pool does, and in the naive table. */
static void count(uint32_t shard, uint32_t tag, unsigned pool, bool is_free, size_t charged, size_t bytes)
{
    struct tagpool_segment_counts *row = &ledger_rows(shard, tag)[pool];
    ledger_join(shard, tag);
    if (is_free && shard == 0)
        ledger_discharge_common(tag, pool, charged, bytes);
    else if (is_free)
        ledger_discharge(row, charged, bytes);
    else if (shard == 0)
        ledger_charge_common(tag, pool, charged, bytes);
    else if (ledger_charge(row, charged, bytes))
        ledger_peak(row, shard, tag, pool);
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
            live[lives].charged = bytes + 16;
            count(shard, live[lives].tag, live[lives].pool, false, bytes + 16, bytes);
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

/* "LEDGER_OVERFLOW when the table is full. *overflowed is set when that happens for the first time." Tags registered before keep
 * their index; the overflow row is found under its own tag from then on, and counts. */
static void tags_run_out(void **state)
{
    bool overflowed = false;
    struct ledger_sum sum;
    (void)state;
    for (uint32_t i = TAGS; i < TAGPOOL_TAGS; i++) {
        assert_int_equal(ledger_tag(0x20000000u + i * 7919u % 0x10000000u, &overflowed), i);
        assert_false(overflowed);
    }
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
    ledger_charge_common(LEDGER_OVERFLOW, 1, 48, 33);
    ledger_sum(LEDGER_OVERFLOW, 1, &sum);
    assert_true(sum.allocs == 1 && sum.charged == 48 && sum.bytes == 33 && sum.peak_blocks == 1);
    assert_int_equal(ledger.segment->sequence % 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_tags), cmocka_unit_test(opens_shards),     cmocka_unit_test(makes_rows),
        cmocka_unit_test(joins),          cmocka_unit_test(sums_over_shards), cmocka_unit_test(tags_run_out),
    };
    return cmocka_run_group_tests(tests, start_ledger, NULL);
}
