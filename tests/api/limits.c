/* SPDX-License-Identifier: MIT
 *
 * limits.c: tests of limits and of giving memory back. */
#include "test.h"

static const enum tagpool_pool pools[] = {TAGPOOL_NONPAGED, TAGPOOL_PAGED};

static int lift(void **state)
{
    same(tagpool_limit_set(TAGPOOL_NONPAGED, 0), 0);
    same(tagpool_limit_set(TAGPOOL_PAGED, 0), 0);
    return end(state);
}

#define limit_test(name) cmocka_unit_test_setup_teardown(name, begin, lift)

static uint64_t charged_in(enum tagpool_pool pool)
{
    struct tagpool_stats stats;
    same(tagpool_pool_stats(pool, &stats), 0);
    return stats.charged;
}

/* "Limits the charged bytes outstanding in one pool: an allocation that would pass the limit fails", one that just reaches it
 * does not; after a free there is room again. */
static void the_limit_is_exact(void **state)
{
    static const size_t sizes[] = {1, 100, 1000, 2048, 3000, 4096, 5000, 65536, 1 << 20};
    (void)state;
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            enum { COUNT = 20 };
            void *blocks[COUNT];
            uint32_t tag = fresh_tag();
            void *probe = tagpool_alloc(pools[p], sizes[i], tag);
            size_t charge = query(probe).charged;
            tagpool_free(probe);
            same(tagpool_limit_set(pools[p], COUNT * charge), 0);
            for (size_t n = 0; n < COUNT; n++) {
                blocks[n] = tagpool_alloc(pools[p], sizes[i], tag);
                check(blocks[n] != NULL);
            }
            same(charged_in(pools[p]), COUNT * charge);
            check(tagpool_alloc(pools[p], sizes[i], tag) == NULL);
            check(tagpool_alloc(pools[p], 0, tag) == NULL);
            tagpool_free(blocks[0]);
            blocks[0] = tagpool_alloc(pools[p], sizes[i], tag);
            check(blocks[0] != NULL);
            check(tagpool_zalloc(pools[p], sizes[i], tag) == NULL);
            check(tagpool_aligned_alloc(pools[p], 64, sizes[i], tag) == NULL);
            same(stats_of(tag, pools[p]).failures, 4);
            same(tagpool_limit_set(pools[p], COUNT * charge - 1), 0);
            tagpool_free(blocks[0]);
            check(tagpool_alloc(pools[p], sizes[i], tag) == NULL);
            for (size_t n = 1; n < COUNT; n++)
                tagpool_free(blocks[n]);
            same(tagpool_limit_set(pools[p], 0), 0);
        }
}

/* A limit is of one pool; "0 lifts the limit". */
static void pools_have_their_own_limits(void **state)
{
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        same(tagpool_limit_set(pools[p], 1), 0);
        check(tagpool_alloc(pools[p], 1, fresh_tag()) == NULL);
        void *other = tagpool_alloc(pools[1 - p], 100000, fresh_tag());
        check(other != NULL);
        same(tagpool_limit_set(pools[p], 0), 0);
        void *block = tagpool_alloc(pools[p], 1, fresh_tag());
        check(block != NULL);
        tagpool_free(other);
        tagpool_free(block);
    }
}

/* "What is outstanding already stays, even if it is more." */
static void a_limit_below_what_is_there(void **state)
{
    uint32_t tag = fresh_tag();
    void *block = tagpool_alloc(TAGPOOL_PAGED, 50000, tag), *small = tagpool_alloc(TAGPOOL_PAGED, 50, tag);
    (void)state;
    fill(block, 50000, 1);
    same(tagpool_limit_set(TAGPOOL_PAGED, 10000), 0);
    same(tagpool_limit(TAGPOOL_PAGED), 10000);
    check(filled(block, 50000, 1));
    same(tagpool_size(block), 50000);
    check(tagpool_alloc(TAGPOOL_PAGED, 1, tag) == NULL);
    tagpool_free(block);
    block = tagpool_alloc(TAGPOOL_PAGED, 5000, tag);
    check(block != NULL);
    tagpool_free(block);
    tagpool_free(small);
}

/* A block that was there before the limit is credited when it is freed: the limit does not drift. */
static void the_limit_counts_what_was_there(void **state)
{
    enum { COUNT = 200 };
    static void *blocks[COUNT];
    uint32_t tag = fresh_tag();
    (void)state;
    for (unsigned round = 0; round < 10; round++) {
        for (size_t i = 0; i < COUNT; i++)
            blocks[i] = tagpool_alloc(TAGPOOL_PAGED, i * 31 % 6000, tag);
        uint64_t charged = charged_in(TAGPOOL_PAGED);
        same(tagpool_limit_set(TAGPOOL_PAGED, charged + 4096), 0);
        void *last = tagpool_alloc(TAGPOOL_PAGED, 4096, tag);
        check(last != NULL);
        check(tagpool_alloc(TAGPOOL_PAGED, 1, tag) == NULL);
        for (size_t i = 0; i < COUNT; i += 2)
            tagpool_free(blocks[i]);
        if (round % 2)
            same(tagpool_limit_set(TAGPOOL_PAGED, charged_in(TAGPOOL_PAGED)), 0);
        else
            same(tagpool_limit_set(TAGPOOL_PAGED, 0), 0);
        void *more = tagpool_alloc(TAGPOOL_PAGED, 1, tag);
        check((more == NULL) == (round % 2));
        if (more)
            tagpool_free(more);
        for (size_t i = 1; i < COUNT; i += 2)
            tagpool_free(blocks[i]);
        tagpool_free(last);
        same(tagpool_limit_set(TAGPOOL_PAGED, 0), 0);
    }
}

/* A reallocation that would pass the limit fails and leaves the block; one that stays below it succeeds. */
static void realloc_meets_the_limit(void **state)
{
    uint32_t tag = fresh_tag();
    void *block = tagpool_alloc(TAGPOOL_PAGED, 10000, tag);
    (void)state;
    fill(block, 10000, 3);
    same(tagpool_limit_set(TAGPOOL_PAGED, 64 * PAGE), 0);
    check(tagpool_realloc(block, 65 * PAGE) == NULL);
    check(tagpool_size(block) == 10000 && filled(block, 10000, 3));
    same(stats_of(tag, TAGPOOL_PAGED).failures, 1);
    block = tagpool_realloc(block, 50 * PAGE);
    check(block != NULL && filled(block, 10000, 3));
    same(charged_in(TAGPOOL_PAGED), query(block).charged);
    tagpool_free(block);
    same(charged_in(TAGPOOL_PAGED), 0);
}

/* "The limit in force, 0 for none or for a `pool` that is neither pool." "Fails iff `pool` is neither pool." */
static void the_limit_in_force(void **state)
{
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        same(tagpool_limit(pools[p]), 0);
        same(tagpool_limit_set(pools[p], 123456789), 0);
        same(tagpool_limit(pools[p]), 123456789);
        same(tagpool_limit(pools[1 - p]), 0);
        same(tagpool_limit_set(pools[p], UINT64_MAX), 0);
        same(tagpool_limit(pools[p]), UINT64_MAX);
        tagpool_free(tagpool_alloc(pools[p], 10, fresh_tag()));
        same(tagpool_limit_set(pools[p], 0), 0);
    }
    same(tagpool_limit((enum tagpool_pool)2), 0);
    same(tagpool_limit_set((enum tagpool_pool)2, 5), TAGPOOL_EINVAL);
    same(tagpool_limit_set((enum tagpool_pool) - 1, 5), TAGPOOL_EINVAL);
    check(tagpool_limit(TAGPOOL_NONPAGED) == 0 && tagpool_limit(TAGPOOL_PAGED) == 0);
}

/* "or the library could not start": a limit may be set first of all, and holds. */
static void a_limit_before_the_start(void)
{
    same(tagpool_limit(TAGPOOL_PAGED), 0);
    same(tagpool_limit_set(TAGPOOL_PAGED, 4096), 0);
    check(tagpool_alloc(TAGPOOL_PAGED, 4097, fresh_tag()) == NULL);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 4096, fresh_tag());
    check(block != NULL);
    tagpool_free(block);
}

/* "Gives all memory that holds no block back to the system [...]. Returns the bytes given back." */
static void trim_gives_memory_back(void **state)
{
    enum { COUNT = 2000 };
    static void *blocks[COUNT];
    (void)state;
    tagpool_trim();
    for (unsigned i = 0; i < COUNT; i++) {
        blocks[i] = tagpool_alloc(i % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, 2000, TAGPOOL_TAG('T', 'r', 'i', 'm'));
        fill(blocks[i], 2000, i);
    }
    for (unsigned i = 0; i < COUNT; i++)
        if (i % 100 != 7)
            tagpool_free(blocks[i]);
    size_t first = tagpool_trim();
    check(first > COUNT / 4 * 2000);
    check(tagpool_trim() <= first);
    for (unsigned i = 7; i < COUNT; i += 100) {
        check(filled(blocks[i], 2000, i));
        tagpool_free(blocks[i]);
    }
    check(tagpool_trim() > 0);
    same(tagpool_trim(), 0);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 2000, TAGPOOL_TAG('T', 'r', 'i', 'm'));
    fill(block, 2000, 1);
    check(filled(block, 2000, 1));
    tagpool_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(a_limit_before_the_start),
        limit_test(the_limit_is_exact),
        limit_test(pools_have_their_own_limits),
        limit_test(a_limit_below_what_is_there),
        limit_test(the_limit_counts_what_was_there),
        limit_test(realloc_meets_the_limit),
        limit_test(the_limit_in_force),
        limit_test(trim_gives_memory_back),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
