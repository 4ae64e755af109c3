/* SPDX-License-Identifier: MIT
 *
 * tags.c: as many different tags as there is room for from two threads at once without losing a count; then more tags, all of
 * which the overflow row counts, exactly. */
#include "naive.h"

#include "tagpool/config.h"

enum { TABLE = TAGPOOL_TAGS, MORE = 5000, THREADS = 2 };

/* How many blocks each thread allocates of a tag in a pool: of two tags in three in one pool only. */
static size_t blocks_of(size_t index, unsigned pool)
{
    return index % 3 == 0 ? pool == 0 : index % 3 == 1 ? pool == 1 : 1 + index % 2;
}

static void **kept[THREADS]; /* what each thread allocated; the other one frees it */
static size_t kept_count[THREADS];

/* One thread goes upwards, the other downwards: both meet new and known tags. */
static void *allocate_all(void *context)
{
    unsigned me = *(const unsigned *)context;
    for (size_t i = 0; i < TABLE; i++) {
        size_t index = me == 0 ? i : TABLE - 1 - i;
        for (unsigned pool = 0; pool < 2; pool++) {
            for (size_t n = blocks_of(index, pool); n > 0; n--) {
                void *block = tagpool_alloc((enum tagpool_pool)pool, 1 + index % 100, tag_of('T', index));
                require(block != NULL);
                kept[me][kept_count[me]++] = block;
            }
        }
    }
    return NULL;
}

static void *free_all(void *context)
{
    unsigned other = 1 - *(const unsigned *)context;
    for (size_t i = 0; i < kept_count[other]; i++) {
        if (i % 2 == 0) {
            tagpool_free(kept[other][i]);
        } else {
            tagpool_free_tag(kept[other][i], tagpool_tag(kept[other][i]));
        }
    }
    return NULL;
}

static void run_both(void *(*run)(void *))
{
    pthread_t threads[THREADS];
    unsigned numbers[THREADS] = {0, 1};
    for (unsigned i = 0; i < THREADS; i++) {
        require(pthread_create(&threads[i], NULL, run, &numbers[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        require(pthread_join(threads[i], NULL) == 0);
    }
}

/* Requires that the row of each tag counts what both threads did. Returns the number of rows there must be. */
static size_t require_all_rows(bool is_freed)
{
    size_t rows = 0;
    for (size_t index = 0; index < TABLE; index++) {
        for (unsigned pool = 0; pool < 2; pool++) {
            struct tagpool_stats stats = stats_of(tag_of('T', index), (enum tagpool_pool)pool);
            struct tagpool_stats expected = {.allocs = THREADS * blocks_of(index, pool), .charged = stats.charged};
            expected.blocks = is_freed ? 0 : expected.allocs;
            expected.frees = expected.allocs - expected.blocks;
            expected.bytes = expected.blocks * (1 + index % 100);
            require_same_counts(&stats, &expected, "one of all tags");
            rows += stats.allocs > 0;
        }
    }
    return rows;
}

static int row_order(const void *left, const void *right)
{
    const struct tagpool_row *a = left, *b = right;
    return a->tag != b->tag ? (a->tag < b->tag ? -1 : 1) : (int)a->pool - (int)b->pool;
}

/* Requires that no row is listed twice. */
static void require_distinct_rows(size_t count)
{
    struct tagpool_row *rows = calloc(count, sizeof *rows);
    require(rows != NULL && tagpool_rows(rows, count, TAGPOOL_BY_BLOCKS) == count);
    for (size_t i = 1; i < count; i++) {
        require(rows[i - 1].stats.blocks >= rows[i].stats.blocks);
    }
    qsort(rows, count, sizeof *rows, row_order);
    for (size_t i = 1; i < count; i++) {
        require(row_order(&rows[i - 1], &rows[i]) < 0);
    }
    free(rows);
}

static void each_of_all_tags_is_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        kept[i] = calloc(TABLE * (size_t)4, sizeof *kept[i]);
        require(kept[i] != NULL);
    }
    run_both(allocate_all);
    size_t rows = require_all_rows(false);
    require(require_sums() == rows);
    require_distinct_rows(rows);
    require(tagpool_validate() == TAGPOOL_OK);
    run_both(free_all);
    require(require_all_rows(true) == rows && require_sums() == rows);
    require(tagpool_validate() == TAGPOOL_OK && tagpool_verdict() == TAGPOOL_CLEAN);
    for (unsigned i = 0; i < THREADS; i++) {
        free(kept[i]);
    }
}

/* ---- The table is full ----------------------------------------------------------------------------------------- */

static struct tagpool_stats overflow_stats(enum tagpool_pool pool)
{
    struct tagpool_stats stats;
    tagpool_tag_stats(TAGPOOL_TAG_OVERFLOW, pool, &stats);
    return stats;
}

static void *more_blocks[THREADS][MORE];

static void *allocate_more(void *context)
{
    unsigned me = *(const unsigned *)context;
    for (size_t i = 0; i < MORE; i++) {
        more_blocks[me][i] = tagpool_alloc((enum tagpool_pool)me, i % 300, tag_of('U', i));
        require(more_blocks[me][i] != NULL);
        memset(more_blocks[me][i], 0x77, i % 300);
    }
    require(tagpool_alloc((enum tagpool_pool)me, SIZE_MAX, tag_of('U', 7)) == NULL);
    return NULL;
}

/* The tag given at free cannot be compared, since only the row was kept: it must not be taken for a wrong one. */
static void *free_more(void *context)
{
    unsigned other = 1 - *(const unsigned *)context;
    for (size_t i = 0; i < MORE; i++) {
        if (i % 2 == 0) {
            tagpool_free_tag(more_blocks[other][i], tag_of('U', i));
        } else {
            tagpool_free(more_blocks[other][i]);
        }
    }
    return NULL;
}

static void further_tags_share_the_overflow_row(void **state)
{
    (void)state;
    size_t rows = tagpool_rows(NULL, 0, TAGPOOL_BY_TAG);
    require(overflow_stats(TAGPOOL_NONPAGED).allocs == 0 && overflow_stats(TAGPOOL_PAGED).allocs == 0);
    run_both(allocate_more);
    uint64_t bytes = 0;
    for (size_t i = 0; i < MORE; i++) {
        bytes += i % 300;
    }
    for (unsigned pool = 0; pool < 2; pool++) {
        struct tagpool_stats stats = overflow_stats((enum tagpool_pool)pool);
        require(stats.allocs == MORE && stats.blocks == MORE && stats.frees == 0 && stats.bytes == bytes);
        require(stats.failures == 1 && stats.peak_blocks == MORE && stats.peak_charged == stats.charged);
    }
    require(require_sums() == rows + 2 && require_all_rows(true) == rows);
    require(tagpool_tag(more_blocks[0][1]) == TAGPOOL_TAG_OVERFLOW && tagpool_size(more_blocks[0][1]) == 1);
    require(tagpool_validate() == TAGPOOL_OK);
    /* tags that have a row keep it */
    void *block = tagpool_alloc(TAGPOOL_PAGED, 10, tag_of('T', 5));
    require(block != NULL && tagpool_tag(block) == tag_of('T', 5));
    tagpool_free_tag(block, tag_of('T', 5));
    run_both(free_more);
    for (unsigned pool = 0; pool < 2; pool++) {
        struct tagpool_stats stats = overflow_stats((enum tagpool_pool)pool);
        require(stats.allocs == MORE && stats.frees == MORE && stats.bytes == 0 && stats.charged == 0);
    }
    require(require_sums() == rows + 2 && tagpool_validate() == TAGPOOL_OK && tagpool_verdict() == TAGPOOL_CLEAN);
}

/* A protected block is bound to its tag, even where the table has no room for it. */
static void protected_blocks_overflow_too(void **state)
{
    (void)state;
    struct tagpool_block seen;
    uint32_t tag = tag_of('U', MORE + 1) | TAGPOOL_PROTECTED;
    void *block = tagpool_alloc(TAGPOOL_PAGED, 33, tag);
    require(block != NULL && tagpool_query(block, &seen) == TAGPOOL_OK);
    require(seen.is_protected && seen.tag == TAGPOOL_TAG_OVERFLOW && seen.bytes == 33);
    tagpool_free_tag(block, tag);
    require(tagpool_query(block, &seen) == TAGPOOL_ENOTFOUND && tagpool_validate() == TAGPOOL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_of_all_tags_is_counted),
        cmocka_unit_test(further_tags_share_the_overflow_row),
        cmocka_unit_test(protected_blocks_overflow_too),
    };
    tagpool_bugcheck_handler_set(on_unexpected_bugcheck, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
