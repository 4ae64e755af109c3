/* SPDX-License-Identifier: MIT
 *
 * snapshot.c: tests of snapshots and their differences. */
#include "test.h"

enum { MOST = 2000 };

static struct tagpool_snapshot *take(void)
{
    struct tagpool_snapshot *snapshot = tagpool_snapshot_take();
    check(snapshot != NULL);
    return snapshot;
}

/* "All rows at one moment, sorted by tag": what tagpool_rows() says by tag, and it stays so while the library goes on. */
static void a_snapshot_is_the_table(void **state)
{
    static struct tagpool_row rows[MOST];
    uint32_t tags[3] = {fresh_tag(), fresh_tag(), fresh_tag()};
    void *blocks[3];
    size_t count = 0;
    (void)state;
    for (size_t i = 0; i < 3; i++)
        blocks[i] = tagpool_alloc(i % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, 100 * i, tags[2 - i]);
    size_t expected = tagpool_rows(rows, MOST, TAGPOOL_BY_TAG);
    struct tagpool_snapshot *snapshot = take();
    for (size_t i = 0; i < 3; i++)
        tagpool_free(blocks[i]);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 7, fresh_tag()));
    const struct tagpool_row *kept = tagpool_snapshot_rows(snapshot, &count);
    same(count, expected);
    check(memcmp(kept, rows, count * sizeof *rows) == 0);
    tagpool_snapshot_release(snapshot);
}

/* "Its memory comes from neither pool." */
static void a_snapshot_takes_no_pool(void **state)
{
    struct tagpool_stats before, after;
    (void)state;
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 7, fresh_tag()));
    tagpool_total_stats(&before);
    struct tagpool_snapshot *snapshot = take();
    tagpool_total_stats(&after);
    check(memcmp(&before, &after, sizeof before) == 0);
    check(!tagpool_owns(snapshot));
    size_t count;
    check(!tagpool_owns(tagpool_snapshot_rows(snapshot, &count)));
    tagpool_snapshot_release(snapshot);
}

/* "Gives the snapshot's memory back. NULL is allowed." */
static void null_is_released(void **state)
{
    (void)state;
    tagpool_snapshot_release(NULL);
}

/* "What changed under one tag in one pool between two snapshots: later minus earlier." */
static void changes_are_exact(void **state)
{
    uint32_t tag = fresh_tag();
    struct tagpool_change change;
    (void)state;
    void *old = tagpool_alloc(TAGPOOL_PAGED, 500, tag);
    uint64_t old_charged = query(old).charged;
    struct tagpool_snapshot *first = take();
    void *one = tagpool_alloc(TAGPOOL_PAGED, 30, tag), *two = tagpool_alloc(TAGPOOL_PAGED, 9000, tag);
    uint64_t new_charged = query(one).charged + query(two).charged;
    tagpool_free(old);
    check(tagpool_alloc(TAGPOOL_PAGED, SIZE_MAX, tag) == NULL);
    struct tagpool_snapshot *second = take();

    same(tagpool_snapshot_diff(first, second, &change, 1), 1);
    check(change.tag == tag && change.pool == TAGPOOL_PAGED);
    check(change.allocs == 2 && change.frees == 1 && change.blocks == 1 && change.failures == 1);
    same(change.bytes, 9030 - 500);
    same(change.charged, (int64_t)(new_charged - old_charged));

    same(tagpool_snapshot_diff(second, first, &change, 1), 1);
    check(change.allocs == -2 && change.frees == -1 && change.blocks == -1 && change.failures == -1);
    same(change.bytes, (int64_t)500 - 9030);
    same(change.charged, (int64_t)(old_charged - new_charged));
    tagpool_free(one);
    tagpool_free(two);
    tagpool_snapshot_release(first);
    tagpool_snapshot_release(second);
}

/* "leaving out rows in which nothing changed": an allocation and its free are a change, standing still is none. */
static void nothing_changed(void **state)
{
    uint32_t tag = fresh_tag();
    struct tagpool_change change;
    (void)state;
    void *block = tagpool_alloc(TAGPOOL_PAGED, 500, tag);
    struct tagpool_snapshot *first = take(), *second = take();
    same(tagpool_snapshot_diff(first, second, &change, 1), 0);
    same(tagpool_snapshot_diff(first, first, NULL, 0), 0);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 500, tag));
    struct tagpool_snapshot *third = take();
    same(tagpool_snapshot_diff(second, third, &change, 1), 1);
    check(change.allocs == 1 && change.frees == 1 && change.blocks == 0 && change.bytes == 0 && change.charged == 0);
    tagpool_free(block);
    tagpool_snapshot_release(first);
    tagpool_snapshot_release(second);
    tagpool_snapshot_release(third);
}

/* "Writes up to `capacity` changes, sorted by tag, [...] and returns how many there are. A tag that only one snapshot knows
 * counts as zero in the other. `changes` may be NULL iff `capacity` is 0." */
static void changes_are_sorted_and_cut(void **state)
{
    enum { TAGS = 20 };
    struct tagpool_change all[TAGS + 1], some[TAGS + 1];
    uint32_t tags[TAGS];
    void *blocks[TAGS];
    (void)state;
    for (size_t i = 0; i < TAGS; i++)
        tags[i] = fresh_tag();
    struct tagpool_snapshot *first = take();
    for (size_t i = 0; i < TAGS; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_NONPAGED, i + 1, tags[TAGS - 1 - i]);
    struct tagpool_snapshot *second = take();
    same(tagpool_snapshot_diff(first, second, all, TAGS + 1), TAGS);
    for (size_t i = 0; i < TAGS; i++) {
        same(all[i].tag, tags[i]);
        check(all[i].allocs == 1 && all[i].blocks == 1 && all[i].frees == 0);
        same(all[i].bytes, TAGS - i);
    }
    for (size_t capacity = 0; capacity < TAGS; capacity++) {
        memset(some, 0xEE, sizeof some);
        same(tagpool_snapshot_diff(first, second, some, capacity), TAGS);
        for (size_t i = 0; i < capacity; i++)
            check(some[i].tag == all[i].tag && some[i].bytes == all[i].bytes && some[i].charged == all[i].charged);
        same(some[capacity].tag, 0xEEEEEEEE);
    }
    same(tagpool_snapshot_diff(first, second, NULL, 0), TAGS);
    same(tagpool_snapshot_diff(second, first, all, 1), TAGS);
    check(all[0].tag == tags[0] && all[0].allocs == -1 && all[0].bytes == -TAGS);
    for (size_t i = 0; i < TAGS; i++)
        tagpool_free(blocks[i]);
    tagpool_snapshot_release(first);
    tagpool_snapshot_release(second);
}

/* One tag in both pools changes twice, nonpaged first. */
static void both_pools_change(void **state)
{
    struct tagpool_change changes[3];
    uint32_t tag = fresh_tag();
    (void)state;
    struct tagpool_snapshot *first = take();
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, tag));
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, 1, tag | TAGPOOL_PROTECTED);
    struct tagpool_snapshot *second = take();
    same(tagpool_snapshot_diff(first, second, changes, 3), 2);
    check(changes[0].tag == tag && changes[0].pool == TAGPOOL_NONPAGED && changes[0].blocks == 1);
    check(changes[1].tag == tag && changes[1].pool == TAGPOOL_PAGED && changes[1].blocks == 0 && changes[1].frees == 1);
    tagpool_free_tag(block, tag | TAGPOOL_PROTECTED);
    tagpool_snapshot_release(first);
    tagpool_snapshot_release(second);
}

/* A snapshot may be taken before the library starts: it has no rows. */
static void a_snapshot_before_the_start(void)
{
    size_t count = 1;
    struct tagpool_snapshot *first = take();
    tagpool_snapshot_rows(first, &count);
    same(count, 0);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, TAGPOOL_TAG('1', 's', 't', ' ')));
    struct tagpool_snapshot *second = take();
    same(tagpool_snapshot_diff(first, second, NULL, 0), 1);
    tagpool_snapshot_release(first);
    tagpool_snapshot_release(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(a_snapshot_before_the_start),
        test(a_snapshot_is_the_table),
        test(a_snapshot_takes_no_pool),
        test(null_is_released),
        test(changes_are_exact),
        test(nothing_changed),
        test(changes_are_sorted_and_cut),
        test(both_pools_change),
    };
    return cmocka_run_group_tests_name("snapshots", tests, NULL, NULL);
}
