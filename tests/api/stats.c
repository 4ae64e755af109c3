/* SPDX-License-Identifier: MIT
 *
 * stats.c: tests of the statistics of one tag, one pool and both: every count, exactly. */
#include "test.h"

#include <pthread.h>

static struct tagpool_stats pool_stats(enum tagpool_pool pool)
{
    struct tagpool_stats stats;
    same(tagpool_pool_stats(pool, &stats), TAGPOOL_OK);
    return stats;
}

/* "blocks = allocs - frees", "outstanding bytes, requested", "charged", "highest outstanding": followed step by step. */
static void one_tag_is_counted_exactly(void **state)
{
    enum { STEPS = 5000, LIVE = 64 };
    static void *live[LIVE];
    uint32_t tag = fresh_tag();
    struct tagpool_stats expected = {0};
    uint32_t random = 12345;
    (void)state;
    for (size_t step = 0; step < STEPS; step++) {
        random = random * 1664525 + 1013904223;
        void **slot = &live[random >> 26];
        if (*slot) {
            struct tagpool_block block = query(*slot);
            expected.frees++;
            expected.blocks--;
            expected.bytes -= block.bytes;
            expected.charged -= block.charged;
            tagpool_free(*slot);
            *slot = NULL;
        } else {
            size_t bytes = (random >> 8 & 0xFFF) * (random % 16 ? 1 : 30);
            *slot = tagpool_alloc(TAGPOOL_PAGED, bytes, tag);
            expected.allocs++;
            expected.blocks++;
            expected.bytes += bytes;
            expected.charged += query(*slot).charged;
        }
        expected.peak_blocks = expected.blocks > expected.peak_blocks ? expected.blocks : expected.peak_blocks;
        expected.peak_charged = expected.charged > expected.peak_charged ? expected.charged : expected.peak_charged;
        if (step % 50 == 0 || step == STEPS - 1) {
            struct tagpool_stats stats = stats_of(tag, TAGPOOL_PAGED);
            check(memcmp(&stats, &expected, sizeof stats) == 0);
        }
    }
    for (size_t i = 0; i < LIVE; i++)
        if (live[i])
            tagpool_free(live[i]);
    struct tagpool_stats stats = stats_of(tag, TAGPOOL_PAGED);
    check(stats.blocks == 0 && stats.bytes == 0 && stats.charged == 0 && stats.allocs == stats.frees);
    same(stats.peak_charged, expected.peak_charged);
    same(stats.peak_blocks, expected.peak_blocks);
}

/* "Peaks are exact for a tag that one thread uses", also if nobody looks at the moment of the peak. */
static void a_peak_needs_no_reader(void **state)
{
    enum { COUNT = 1000 };
    static void *blocks[COUNT];
    uint32_t tag = fresh_tag();
    uint64_t charged = 0;
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = tagpool_alloc(TAGPOOL_NONPAGED, 72, tag);
        charged += query(blocks[i]).charged;
    }
    for (size_t i = 0; i < COUNT; i++)
        tagpool_free(blocks[i]);
    struct tagpool_stats stats = stats_of(tag, TAGPOOL_NONPAGED);
    same(stats.peak_blocks, COUNT);
    same(stats.peak_charged, charged);
}

/* "allocations that returned NULL, for whatever reason but a bug check." */
static void failures_are_counted(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    check(tagpool_alloc(TAGPOOL_PAGED, SIZE_MAX, tag) == NULL);
    check(tagpool_zalloc(TAGPOOL_PAGED, SIZE_MAX, tag) == NULL);
    check(tagpool_aligned_alloc(TAGPOOL_PAGED, 7, 10, tag) == NULL);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 10, tag);
    check(tagpool_realloc(block, SIZE_MAX) == NULL);
    tagpool_free(block);
    tagpool_free(block);
    check(mistake(0xC2, 0x07));
    struct tagpool_stats stats = stats_of(tag, TAGPOOL_PAGED);
    check(stats.failures == 4 && stats.allocs == 1 && stats.frees == 1);
}

/* "TAGPOOL_PROTECTED in `tag` is ignored." */
static void the_protected_bit_does_not_count(void **state)
{
    uint32_t tag = fresh_tag();
    struct tagpool_stats plain, bit;
    (void)state;
    void *open = tagpool_alloc(TAGPOOL_PAGED, 10, tag), *guarded = tagpool_alloc(TAGPOOL_PAGED, 20, tag | TAGPOOL_PROTECTED);
    same(tagpool_tag_stats(tag, TAGPOOL_PAGED, &plain), 0);
    same(tagpool_tag_stats(tag | TAGPOOL_PROTECTED, TAGPOOL_PAGED, &bit), 0);
    check(memcmp(&plain, &bit, sizeof plain) == 0);
    check(plain.blocks == 2 && plain.bytes == 30);
    tagpool_free(open);
    tagpool_free_tag(guarded, tag | TAGPOOL_PROTECTED);
}

/* "Fails iff the tag was never used (TAGPOOL_ENOTFOUND; *stats is then all zero) or `pool` is neither pool (TAGPOOL_EINVAL)." */
static void unknown_tags_and_pools(void **state)
{
    static const struct tagpool_stats zero;
    struct tagpool_stats stats;
    uint32_t tag = fresh_tag();
    (void)state;
    memset(&stats, 0xEE, sizeof stats);
    same(tagpool_tag_stats(tag, TAGPOOL_PAGED, &stats), TAGPOOL_ENOTFOUND);
    check(memcmp(&stats, &zero, sizeof stats) == 0);
    same(tagpool_tag_stats(0, TAGPOOL_NONPAGED, &stats), TAGPOOL_ENOTFOUND);
    same(tagpool_tag_stats(tag, (enum tagpool_pool)2, &stats), TAGPOOL_EINVAL);
    same(tagpool_pool_stats((enum tagpool_pool)2, &stats), TAGPOOL_EINVAL);
    same(tagpool_pool_stats((enum tagpool_pool) - 1, &stats), TAGPOOL_EINVAL);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, tag));
    same(tagpool_tag_stats(tag, (enum tagpool_pool)7, &stats), TAGPOOL_EINVAL);
}

static void add(struct tagpool_stats *sum, const struct tagpool_stats *part)
{
    sum->allocs += part->allocs;
    sum->frees += part->frees;
    sum->blocks += part->blocks;
    sum->bytes += part->bytes;
    sum->charged += part->charged;
    sum->failures += part->failures;
    sum->peak_blocks += part->peak_blocks;
    sum->peak_charged += part->peak_charged;
}

static bool equal(const struct tagpool_stats *a, const struct tagpool_stats *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* "The rows of a pool add up to the pool's statistics, field by field", those of the pools to the total. */
static void check_sums(void)
{
    static struct tagpool_row rows[2000];
    struct tagpool_stats sum[2] = {{0}, {0}}, total, stats;
    size_t count = tagpool_rows(rows, 2000, TAGPOOL_BY_TAG);

    check(count <= 2000);
    for (size_t i = 0; i < count; i++) {
        stats = rows[i].stats;
        same(stats.blocks, stats.allocs - stats.frees);
        check(stats.charged >= stats.bytes && stats.peak_blocks >= stats.blocks && stats.peak_charged >= stats.charged);
        add(&sum[rows[i].pool], &stats);
    }
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++) {
        stats = pool_stats(pool);
        check(equal(&stats, &sum[pool]));
    }
    add(&sum[0], &sum[1]);
    tagpool_total_stats(&total);
    check(equal(&total, &sum[0]));
}

static void sums_hold(void **state)
{
    enum { COUNT = 600 };
    static void *blocks[COUNT];
    uint32_t tags[30];
    (void)state;
    for (size_t i = 0; i < 30; i++)
        tags[i] = fresh_tag();
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = tagpool_alloc(i % 3 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, i * 13, tags[i % 30]);
        if (i % 100 == 0)
            check_sums();
    }
    for (size_t i = 0; i < COUNT; i++) {
        tagpool_free(blocks[i]);
        if (i % 100 == 0)
            check_sums();
    }
    check_sums();
}

/* "The peak of a pool, the sum of its tags' peaks, is an upper bound of the highest use." */
static void the_peak_of_a_pool(void **state)
{
    struct tagpool_stats before = pool_stats(TAGPOOL_PAGED), after, total;
    (void)state;
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 10 * PAGE, fresh_tag()));
    void *one = tagpool_alloc(TAGPOOL_PAGED, 20 * PAGE, fresh_tag()),
         *two = tagpool_alloc(TAGPOOL_PAGED, 5 * PAGE, fresh_tag());
    tagpool_free(one);
    tagpool_free(two);
    after = pool_stats(TAGPOOL_PAGED);
    same(after.peak_charged, before.peak_charged + 35 * PAGE);
    same(after.peak_blocks, before.peak_blocks + 3);
    tagpool_total_stats(&total);
    same(total.peak_charged, after.peak_charged + pool_stats(TAGPOOL_NONPAGED).peak_charged);
    same(total.peak_blocks, after.peak_blocks + pool_stats(TAGPOOL_NONPAGED).peak_blocks);
}

struct worker {
    uint32_t shared, own;
    uint64_t seed;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    void *live[16] = {NULL};
    uint64_t random = worker->seed;
    for (unsigned i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        void **slot = &live[random >> 60];
        if (*slot)
            tagpool_free(*slot);
        *slot = tagpool_alloc(i % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, random >> 40 & 1023,
                              i % 3 ? worker->shared : worker->own);
    }
    for (size_t i = 0; i < 16; i++)
        if (live[i])
            tagpool_free(live[i]);
    return NULL;
}

/* "after they have stopped it is exact to the unit." */
static void threads_are_counted_exactly(void **state)
{
    enum { THREADS = 4 };
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    uint64_t shared = 0;
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){tag, fresh_tag(), i + 1};
        same(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        same(pthread_join(threads[i], NULL), 0);
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++) {
        struct tagpool_stats stats = stats_of(tag, pool);
        check(stats.blocks == 0 && stats.bytes == 0 && stats.charged == 0);
        shared += stats.allocs;
        for (size_t i = 0; i < THREADS; i++) {
            stats = stats_of(workers[i].own, pool);
            check(stats.blocks == 0 && stats.bytes == 0 && stats.charged == 0 && stats.allocs == stats.frees);
            check(stats.peak_blocks > 0 && stats.peak_blocks <= 16);
        }
    }
    same(shared, THREADS * (20000 - 20000 / 3 - 1));
    check_sums();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(one_tag_is_counted_exactly), test(a_peak_needs_no_reader),
        test(failures_are_counted),       test(the_protected_bit_does_not_count),
        test(unknown_tags_and_pools),     test(sums_hold),
        test(the_peak_of_a_pool),         test(threads_are_counted_exactly),
    };
    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
