/* SPDX-License-Identifier: MIT
 *
 * single.c: random operations on one thread against a naive pool. After every operation the counts and the peaks of its tag
 * and of both pools are exact; every 1,000 operations the whole heap is compared and validated. Limits come and go, and every
 * refusal must be one that the limit demands. */
#include "naive.h"

enum { TAGS = 12, CAPACITY = 3000 };

static const uint64_t bytes_max = 48 << 20;

/* What both pools must say: sums of the tags, field by field. */
static struct tagpool_stats pools[2], both;

static void sum_up(struct naive_pool *naive)
{
    memset(pools, 0, sizeof pools);
    memset(&both, 0, sizeof both);
    for (size_t i = 0; i < TAGS * (size_t)2; i++) {
        stats_add(&pools[i % 2], &naive->tags[i / 2][i % 2]);
        stats_add(&both, &naive->tags[i / 2][i % 2]);
    }
}

/* Exact counts and exact peaks of one tag, its pool, and both pools. */
static void check_after(struct naive_pool *naive, uint32_t tag, enum tagpool_pool pool)
{
    struct tagpool_stats seen = stats_of(tag, pool);
    require_same_stats(&seen, naive_stats(naive, tag, pool), "tag after one operation");
    sum_up(naive);
    require(tagpool_pool_stats(pool, &seen) == TAGPOOL_OK);
    require_same_stats(&seen, &pools[pool], "pool after one operation");
    tagpool_total_stats(&seen);
    require_same_stats(&seen, &both, "total after one operation");
}

/* True iff the limit in force forbids the request that just failed: without it the same is granted and charges more than
 * was left. */
static bool limit_forbids(struct naive_pool *naive, enum tagpool_pool pool, size_t bytes, uint32_t tag)
{
    uint64_t limit = tagpool_limit(pool), outstanding = pools[pool].charged;
    require(limit != 0 && tagpool_limit_set(pool, 0) == TAGPOOL_OK);
    void *address = naive->alignment == 0 ? tagpool_alloc(pool, bytes, tag)
                                          : tagpool_aligned_alloc(pool, naive->alignment, bytes, tag);
    require(address != NULL);
    struct naive_block block = naive_describe(naive, address, bytes, tag, pool);
    naive_charge(naive, &block.is);
    check_after(naive, tag, pool);
    tagpool_free(address);
    naive_discharge(naive, &block.is);
    require(tagpool_limit_set(pool, limit) == TAGPOOL_OK && tagpool_limit(pool) == limit);
    return outstanding + block.is.charged > limit;
}

static void do_alloc(struct naive_pool *naive)
{
    enum tagpool_pool pool = rng_below(&naive->rng, 2) == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED;
    size_t bytes = rng_size(&naive->rng);
    bytes = naive->bytes + bytes > bytes_max ? bytes % 1024 : bytes;
    uint32_t tag = tag_of('s', rng_below(&naive->rng, TAGS));
    uint64_t limit = tagpool_limit(pool);
    if (naive_alloc(naive, pool, bytes, tag)) {
        require(limit == 0 || pools[pool].charged + naive->blocks[naive->count - 1].is.charged <= limit);
    } else {
        check_after(naive, tag, pool);
        require(limit_forbids(naive, pool, bytes, tag));
    }
    check_after(naive, tag, pool);
}

static void do_realloc(struct naive_pool *naive)
{
    size_t position = rng_below(&naive->rng, naive->count), bytes = rng_size(&naive->rng);
    const struct tagpool_block old = naive->blocks[position].is;
    bytes = naive->bytes + bytes > bytes_max ? bytes % 1024 : bytes;
    bool has_grown = naive_realloc(naive, position, bytes);
    require(has_grown || tagpool_limit(old.pool) != 0);
    check_after(naive, old.tag, old.pool);
}

/* A limit near what is outstanding, or none. */
static void do_limit(struct naive_pool *naive)
{
    enum tagpool_pool pool = rng_below(&naive->rng, 2) == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED;
    uint64_t limit = rng_below(&naive->rng, 2) == 0 ? 0 : pools[pool].charged + rng_below(&naive->rng, 1 << 18);
    require(tagpool_limit_set(pool, limit) == TAGPOOL_OK && tagpool_limit(pool) == limit);
}

/* Plain allocations of one class up to a limit: as many as fit by arithmetic, not one more, not one less. */
static void limits_are_exact_to_the_block(void **state)
{
    (void)state;
    uint32_t tag = tag_of('l', 0);
    for (size_t bytes = 1; bytes <= 40000; bytes = bytes * 3 + 1) {
        struct tagpool_block block;
        struct tagpool_stats before;
        void *blocks[101] = {tagpool_alloc(TAGPOOL_PAGED, bytes, tag)}, *other;
        uint64_t failures = stats_of(tag, TAGPOOL_PAGED).failures;
        require(blocks[0] != NULL && tagpool_query(blocks[0], &block) == TAGPOOL_OK);
        require(tagpool_pool_stats(TAGPOOL_PAGED, &before) == TAGPOOL_OK);
        require(tagpool_limit_set(TAGPOOL_PAGED, before.charged + 100 * block.charged - 1) == TAGPOOL_OK);
        for (size_t i = 1; i <= 100; i++) {
            blocks[i] = tagpool_alloc(TAGPOOL_PAGED, bytes, tag);
            require((blocks[i] != NULL) == (i < 100));
        }
        require(stats_of(tag, TAGPOOL_PAGED).failures == failures + 1);
        tagpool_free(blocks[99]);
        blocks[99] = tagpool_alloc(TAGPOOL_PAGED, bytes, tag);
        other = tagpool_alloc(TAGPOOL_NONPAGED, bytes, tag);
        require(blocks[99] != NULL && other != NULL);
        tagpool_free(other);
        require(tagpool_limit_set(TAGPOOL_PAGED, 0) == TAGPOOL_OK);
        for (size_t i = 0; i < 100; i++) {
            tagpool_free(blocks[i]);
        }
    }
    require(tagpool_validate() == TAGPOOL_OK && require_sums() > 0);
}

static void every_operation_agrees_with_the_model(void **state)
{
    (void)state;
    struct naive_pool naive = naive_create('s', TAGS, CAPACITY, rng_of(seed_of_run(), 0));
    size_t operations = (size_t)number_from_environment("TAGPOOL_OPS", scaled(200000, 3000));
    for (size_t i = 0; i < operations; i++) {
        size_t allocs = (i / 3000 & 1) == 0 ? 50 : 30, choice = rng_below(&naive.rng, 100);
        if (naive.count == 0 || (choice < allocs && naive.count < CAPACITY)) {
            do_alloc(&naive);
        } else if (choice < 78) {
            const size_t position = rng_below(&naive.rng, naive.count);
            const struct tagpool_block block = naive.blocks[position].is;
            naive_free(&naive, position);
            check_after(&naive, block.tag, block.pool);
        } else if (choice < 88) {
            do_realloc(&naive);
        } else if (choice < 97) {
            naive_query(&naive);
        } else if (choice < 98) {
            naive_impossible(&naive, TAGPOOL_PAGED, tag_of('s', 0));
            check_after(&naive, tag_of('s', 0), TAGPOOL_PAGED);
        } else if (rng_below(&naive.rng, 8) == 0) {
            do_limit(&naive);
        }
        if (i % 1000 == 0) {
            require(tagpool_validate() == TAGPOOL_OK);
            naive_require_walk(&naive);
        }
    }
    naive_require_counts(&naive);
    while (naive.count > 0) {
        naive_free(&naive, naive.count - 1);
    }
    naive_require_counts(&naive);
    require(tagpool_limit_set(TAGPOOL_NONPAGED, 0) == TAGPOOL_OK && tagpool_limit_set(TAGPOOL_PAGED, 0) == TAGPOOL_OK);
    require(tagpool_verdict() == TAGPOOL_CLEAN && tagpool_validate() == TAGPOOL_OK);
    naive_destroy(&naive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_agrees_with_the_model),
        cmocka_unit_test(limits_are_exact_to_the_block),
    };
    tagpool_bugcheck_handler_set(on_unexpected_bugcheck, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
