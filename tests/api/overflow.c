/* SPDX-License-Identifier: MIT
 *
 * overflow.c: tests of the row that counts all tags for which the tag table had no room: nothing is lost, its blocks are used
 * like others. Each test runs in a child which fills the table first. */
#include "test.h"

#include "tagpool/config.h"

enum { TABLE = TAGPOOL_TAGS, MORE = 300 };

static uint32_t numbered_tag(unsigned n)
{
    return TAGPOOL_TAG('n', n & 255, n >> 8 & 255, n >> 16 & 127);
}

/* Uses as many tags as the table has room for, and looks that each has its row. */
static void fill_table(void)
{
    for (unsigned n = 0; n < TABLE; n++)
        tagpool_free(tagpool_alloc(n % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, n % 100, numbered_tag(n)));
    for (unsigned n = 0; n < TABLE; n++)
        check(stats_of(numbered_tag(n), n % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED).allocs == 1);
    same(tagpool_rows(NULL, 0, TAGPOOL_BY_TAG), TABLE);
    check(output_length == 0);
}

static struct tagpool_row overflow_row(void)
{
    static struct tagpool_row rows[TABLE + 10];
    size_t count = tagpool_rows(rows, TABLE + 10, TAGPOOL_BY_TAG);
    check(count == TABLE + 1);
    for (size_t i = 0; i < count; i++)
        if (rows[i].tag == TAGPOOL_TAG_OVERFLOW)
            return rows[i];
    check(!"there is a row for the overflow");
    return rows[0];
}

/* "The tag of the row that counts every tag for which the table (65,520 tags) had no room." */
static void no_count_is_lost(void)
{
    static void *blocks[MORE];
    size_t bytes = 0;
    fill_table();
    for (unsigned n = 0; n < MORE; n++) {
        blocks[n] = tagpool_alloc(TAGPOOL_PAGED, n, numbered_tag(TABLE + n));
        check(blocks[n] != NULL);
        bytes += n;
    }
    check(output_length > 0);
    struct tagpool_stats stats = overflow_row().stats, pool, asked;
    check(stats.allocs == MORE && stats.blocks == MORE && stats.bytes == bytes && stats.frees == 0);
    asked = stats_of(TAGPOOL_TAG_OVERFLOW, TAGPOOL_PAGED);
    check(memcmp(&asked, &stats, sizeof stats) == 0);
    same(tagpool_pool_stats(TAGPOOL_PAGED, &pool), 0);
    check(pool.allocs == TABLE / 2 + MORE && pool.blocks == MORE && pool.bytes == bytes);
    for (unsigned n = 0; n < MORE; n++)
        tagpool_free_tag(blocks[n], numbered_tag(TABLE + n));
    stats = overflow_row().stats;
    check(stats.allocs == MORE && stats.frees == MORE && stats.bytes == 0 && stats.charged == 0);
    check(tagpool_alloc(TAGPOOL_PAGED, SIZE_MAX, numbered_tag(TABLE)) == NULL);
    same(overflow_row().stats.failures, 1);
}

/* Known tags go on in their own rows. */
static void known_tags_go_on(void)
{
    fill_table();
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 10, numbered_tag(TABLE)));
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 10, numbered_tag(77)));
    same(stats_of(numbered_tag(77), TAGPOOL_PAGED).allocs, 2);
    same(overflow_row().stats.allocs, 1);
}

/* A block under the overflow row can be asked about, reallocated and freed like others, protected or not. */
static void its_blocks_are_blocks(void)
{
    uint32_t tag = numbered_tag(TABLE);
    fill_table();
    for (size_t bytes = 1; bytes < 200000; bytes = bytes * 3 + 7) {
        void *block = tagpool_alloc(TAGPOOL_PAGED, 100, tag);
        fill(block, 100, 5);
        block = tagpool_realloc(block, bytes);
        check(block != NULL && filled(block, bytes < 100 ? bytes : 100, 5));
        check(tagpool_size(block) == bytes && query(block).bytes == bytes);
        tagpool_free(block);

        block = tagpool_alloc(TAGPOOL_PAGED, 100, tag | TAGPOOL_PROTECTED);
        block = tagpool_realloc(block, bytes);
        check(block != NULL && query(block).is_protected);
        tagpool_free(block);
        check(mistake(0xC2, 0x0A));
        tagpool_free_tag(block, tag | TAGPOOL_PROTECTED);
    }
    check(overflow_row().stats.blocks == 0 && overflow_row().stats.failures == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(no_count_is_lost),
        fresh_test(known_tags_go_on),
        fresh_test(its_blocks_are_blocks),
    };
    return cmocka_run_group_tests_name("more tags than the table holds", tests, NULL, NULL);
}
