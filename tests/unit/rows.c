/* SPDX-License-Identifier: MIT
 *
 * rows.c: view/rows: which rows there are, and their orders against the C library's sort of a naive copy.
 */
#include "unit.h"

#include "base/tag.h"
#include "ledger/ledger.h"
#include "random.h"
#include "view/rows.h"

#include <stdlib.h>
#include <string.h>

enum { TAGS = 300, MOST = 2 * TAGS + 20 };

static const enum tagpool_sort sorts[] = {TAGPOOL_BY_TAG,    TAGPOOL_BY_ALLOCS, TAGPOOL_BY_FREES,
                                          TAGPOOL_BY_BLOCKS, TAGPOOL_BY_BYTES,  TAGPOOL_BY_PER_ALLOC};

static struct tagpool_row all[MOST];
static size_t all_count;
static enum tagpool_sort current_sort;

static int start_ledger(void **state)
{
    (void)state;
    return ledger_start(TAGPOOL_SEGMENT) && ledger_shard_open(0) && ledger_shard_open(1) ? 0 : -1;
}

static int descending(uint64_t a, uint64_t b)
{
    return a == b ? 0 : a > b ? -1 : 1;
}

/* a / b against c / d, descending, without rounding: whole parts first, then the remainders turned over. */
static int descending_fractions(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    if (b == 0 || d == 0)
        return descending(b != 0, d != 0);
    if (a / b != c / d)
        return descending(a / b, c / d);
    if (a % b == 0 || c % d == 0)
        return descending(a % b != 0, c % d != 0);
    return -descending_fractions(b, a % b, d, c % d);
}

/* The orders as tagpool.h names them: descending but for the tag's, ties by tag (its characters), then pool. */
static int naive_order(const void *left, const void *right)
{
    const struct tagpool_row *a = left;
    const struct tagpool_row *b = right;
    int order = 0;
    if (current_sort == TAGPOOL_BY_ALLOCS)
        order = descending(a->stats.allocs, b->stats.allocs);
    if (current_sort == TAGPOOL_BY_FREES)
        order = descending(a->stats.frees, b->stats.frees);
    if (current_sort == TAGPOOL_BY_BLOCKS)
        order = descending(a->stats.blocks, b->stats.blocks);
    if (current_sort == TAGPOOL_BY_BYTES)
        order = descending(a->stats.charged, b->stats.charged);
    if (current_sort == TAGPOOL_BY_PER_ALLOC)
        order = descending_fractions(a->stats.charged, a->stats.blocks, b->stats.charged, b->stats.blocks);
    for (unsigned i = 0; i < 32 && order == 0; i += 8)
        order = -descending(a->tag >> i & 0xFF, b->tag >> i & 0xFF);
    return order != 0 ? order : a->pool == b->pool ? 0 : a->pool == TAGPOOL_NONPAGED ? -1 : 1;
}

/* "Writes up to `capacity` rows in the order `sort`, and returns how many there are; if that is more than `capacity`, the first
 * of the order are written." For no room, little, exactly enough and too much. */
static void expect_sorted(void)
{
    static struct tagpool_row got[MOST + 1];
    const size_t capacities[] = {0, 1, 2, 3, 7, all_count / 2, all_count - 1, all_count, all_count + 1, MOST};
    struct tagpool_row guard;
    memset(&guard, 0x77, sizeof guard);
    for (size_t s = 0; s < sizeof sorts / sizeof sorts[0]; s++) {
        current_sort = sorts[s];
        qsort(all, all_count, sizeof all[0], naive_order);
        for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
            size_t kept = capacities[c] < all_count ? capacities[c] : all_count;
            for (size_t i = 0; i <= MOST; i++)
                got[i] = guard;
            assert_int_equal(rows_sorted(capacities[c] != 0 ? got : NULL, capacities[c], sorts[s]), all_count);
            for (size_t i = 0; i < kept; i++) {
                if (got[i].tag != all[i].tag || got[i].pool != all[i].pool)
                    fail_msg("sort %d, capacity %zu: row %zu is another one", (int)sorts[s], capacities[c], i);
                assert_memory_equal(&got[i].stats, &all[i].stats, sizeof all[i].stats);
            }
            for (size_t i = kept; i <= MOST; i++)
                assert_memory_equal(&got[i], &guard, sizeof guard);
        }
    }
}

/* Counts `blocks` outstanding blocks of together `charged` bytes and `freed` freed ones under a tag, and in the naive copy. */
static void add_row(uint32_t tag, unsigned pool, uint64_t blocks, uint64_t charged, uint64_t freed)
{
    bool overflowed;
    uint32_t tag_index = ledger_tag(tag, &overflowed);
    struct tagpool_segment_settled *row = &ledger_settled(0, pool)[tag_index];
    ledger_join(0, tag_index, pool);
    ledger_join(1, tag_index, pool); /* with two writers, reading raises a peak that lags behind */
    row->in = (struct tagpool_segment_sums){blocks + freed, charged + freed * 16, charged / 4 + freed * 3};
    row->out = (struct tagpool_segment_sums){freed, freed * 16, freed * 3};
    if (blocks + freed == 0)
        return;
    all[all_count].tag = tag;
    all[all_count].pool = (enum tagpool_pool)pool;
    all[all_count++].stats = (struct tagpool_stats){.allocs = blocks + freed,
                                                    .frees = freed,
                                                    .blocks = blocks,
                                                    .bytes = charged - charged / 4,
                                                    .charged = charged,
                                                    .peak_blocks = blocks,
                                                    .peak_charged = charged};
}

/* "False iff nothing was ever asked for there: there is then no row." */
static void no_rows(void **state)
{
    struct tagpool_row row;
    struct tagpool_stats stats;
    bool overflowed;
    (void)state;
    assert_int_equal(rows_sorted(&row, 1, TAGPOOL_BY_BYTES), 0);
    assert_int_equal(rows_indices(), 0);
    uint32_t tag_index = ledger_tag(0x41414141, &overflowed);
    assert_int_equal(rows_indices(), 1);
    assert_false(rows_stats(tag_index, TAGPOOL_PAGED, &stats));
    assert_int_equal(rows_sorted(&row, 1, TAGPOOL_BY_BYTES), 0);
    ledger_failure(tag_index, 1);
    assert_true(rows_stats(tag_index, TAGPOOL_PAGED, &stats));
    assert_true(stats.failures == 1 && stats.allocs == 0);
    assert_int_equal(rows_sorted(&row, 1, TAGPOOL_BY_BYTES), 1);
    assert_true(row.tag == 0x41414141 && row.pool == TAGPOOL_PAGED);
    all[0] = row;
    all_count = 1;
}

/* Small numbers, so that there are many ties in every order. */
static void orders_with_ties(void **state)
{
    uint64_t seed = 71;
    (void)state;
    for (uint32_t i = 0; i < TAGS - 20; i++) {
        uint32_t tag = (random_below(&seed, 4) + 'a') | (random_below(&seed, 200) + 33) << 8;
        tag |= (i % 16 + 'A') << 16 | (i / 16 + 'A') << 24;
        for (unsigned pool = 0; pool < 2; pool++) {
            uint64_t blocks = random_below(&seed, 5);
            add_row(tag & ~TAG_PROTECTED, pool, blocks, blocks * 16 * (1 + random_below(&seed, 3)), random_below(&seed, 3));
        }
    }
    assert_true(all_count > TAGS);
    expect_sorted();
}

/* Bytes far above 32 bits: "by outstanding charged bytes per outstanding block" stays right, however few the blocks are. */
static void orders_of_huge_numbers(void **state)
{
    uint64_t seed = 73;
    (void)state;
    for (uint32_t i = 0; i < 15; i++)
        for (unsigned pool = 0; pool < 2; pool++) {
            uint64_t blocks = 1 + random_below(&seed, i < 8 ? 4 : 1000000);
            add_row('h' | i << 16, pool, blocks, blocks * 4096 * (1 + random_below(&seed, 1u << (8 + i))), i);
        }
    expect_sorted();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_rows),
        cmocka_unit_test(orders_with_ties),
        cmocka_unit_test(orders_of_huge_numbers),
    };
    return cmocka_run_group_tests(tests, start_ledger, NULL);
}
