/* SPDX-License-Identifier: MIT
 *
 * free.c: tests of freeing: by whom, with which tag, and every bug check of the two functions that free. */
#include "test.h"

#include <pthread.h>

#define TAG_WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')
#define TAG_SURF TAGPOOL_TAG('S', 'u', 'r', 'f')

static const size_t sizes[] = {1, 2, 16, 17, 100, 1000, 2048, 2500, 4064, 4096, 4097, 20000, 1 << 20, 5 << 20};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* "Frees a block, whichever allocation function it came from." */
static void every_kind_of_block_is_freed(void **state)
{
    (void)state;
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++)
        for (size_t i = 0; i < SIZES; i++) {
            uint32_t tag = fresh_tag();
            tagpool_free(tagpool_alloc(pool, sizes[i], tag));
            tagpool_free(tagpool_zalloc(pool, sizes[i], tag));
            tagpool_free(tagpool_aligned_alloc(pool, 256, sizes[i], tag));
            tagpool_free(tagpool_realloc(tagpool_alloc(pool, 50, tag), sizes[i]));
            struct tagpool_stats stats = stats_of(tag, pool);
            check(stats.allocs == 5 && stats.frees == 5 && stats.blocks == 0 && stats.bytes == 0 && stats.charged == 0);
        }
}

static void *free_all(void *blocks)
{
    for (size_t i = 0; i < SIZES; i++)
        tagpool_free(((void **)blocks)[i]);
    return NULL;
}

/* "A block may be freed by any thread", and counts under its tag. */
static void another_thread_frees(void **state)
{
    void *blocks[SIZES];
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t round = 1; round <= 50; round++) {
        pthread_t thread;
        for (size_t i = 0; i < SIZES; i++) {
            blocks[i] = tagpool_alloc(TAGPOOL_PAGED, sizes[i], tag);
            check(blocks[i] != NULL);
        }
        same(pthread_create(&thread, NULL, free_all, blocks), 0);
        same(pthread_join(thread, NULL), 0);
        struct tagpool_stats stats = stats_of(tag, TAGPOOL_PAGED);
        check(stats.allocs == round * SIZES && stats.frees == round * SIZES && stats.bytes == 0 && stats.charged == 0);
    }
}

/* Calls both functions that free; each must make the same bug check, as `tag` 0 compares nothing. */
static void check_bad_free(void *address, uintptr_t parameter)
{
    tagpool_free(address);
    check(mistake(0xC2, parameter));
    tagpool_free_tag(address, 0);
    check(mistake(0xC2, parameter));
    tagpool_free_tag(address, TAG_WAVE);
    check(mistake(0xC2, parameter));
}

/* "0x46 for NULL, 0x42 for an address that is in no pool." */
static void foreign_addresses(void **state)
{
    static int global;
    char local[64];
    char *heap = malloc(100);
    struct tagpool_stats before, after;
    (void)state;
    tagpool_total_stats(&before);
    check_bad_free(NULL, 0x46);
    check_bad_free(local, 0x42);
    check_bad_free(local + 1, 0x42);
    check_bad_free(heap, 0x42);
    check_bad_free(&global, 0x42);
    check_bad_free((void *)(uintptr_t)foreign_addresses, 0x42);
    check_bad_free((void *)1, 0x42);
    check_bad_free((void *)UINTPTR_MAX, 0x42);
    check_bad_free((void *)(UINTPTR_MAX - 4095), 0x42);
    check_bad_free((void *)(UINTPTR_MAX / 2 + 1), 0x42);
    tagpool_total_stats(&after);
    same(after.frees, before.frees);
    free(heap);
}

/* "0x44 (nonpaged) or 0x48 (paged) for pool memory that holds no block": far behind all blocks, aligned or not. */
static void pool_memory_without_a_block(void **state)
{
    static const uintptr_t code[] = {0x44, 0x48};
    (void)state;
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++) {
        char *block = tagpool_alloc(pool, 100, TAG_WAVE);
        for (size_t behind = 32 << 20; behind < 64 << 20; behind += 5000007) {
            check(tagpool_owns(block + behind));
            check_bad_free(block + behind, code[pool]);
            check_bad_free(block + behind / PAGE * PAGE, code[pool]);
        }
        tagpool_free(block);
    }
}

/* The same for what blocks of 16 bytes and of several pages leave over of the 64 KiB that they fill. */
static void memory_between_blocks(void **state)
{
    enum { COUNT = 40, SPAN = 65536 };
    static const struct {
        size_t bytes, at; /* the address there holds no block */
    } gaps[] = {{16, 16}, {16, SPAN - 16}, {12288, 61440}, {20480, 61440}, {24576, 49152}, {28672, 57344}};
    static const uintptr_t code[] = {0x44, 0x48};
    void *blocks[COUNT];
    (void)state;
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++)
        for (size_t gap = 0; gap < sizeof gaps / sizeof gaps[0]; gap++) {
            for (size_t i = 0; i < COUNT; i++)
                blocks[i] = tagpool_alloc(pool, gaps[gap].bytes, TAG_WAVE);
            for (size_t i = 0; i < COUNT; i++)
                check_bad_free((void *)((uintptr_t)blocks[i] / SPAN * SPAN + gaps[gap].at), code[pool]);
            same(tagpool_validate(), 0);
            for (size_t i = 0; i < COUNT; i++)
                tagpool_free(blocks[i]);
        }
}

/* "0x07 for a block freed before." */
static void freed_blocks(void **state)
{
    (void)state;
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++)
        for (size_t i = 0; i < SIZES; i++) {
            void *block = tagpool_alloc(pool, sizes[i], TAG_WAVE);
            void *neighbour = tagpool_alloc(pool, sizes[i], TAG_WAVE);
            tagpool_free(block);
            check_bad_free(block, 0x07);
            tagpool_free(neighbour);
            check_bad_free(neighbour, 0x07);
            check_bad_free(block, 0x07);
        }
}

/* A double free is still one when other blocks of the class came and went since. */
static void freed_blocks_among_living_ones(void **state)
{
    enum { COUNT = 400 };
    static void *blocks[COUNT];
    (void)state;
    for (size_t bytes = 1; bytes < 5000; bytes = bytes * 2 + 5) {
        for (size_t i = 0; i < COUNT; i++)
            blocks[i] = tagpool_alloc(TAGPOOL_PAGED, bytes, TAG_WAVE);
        for (size_t i = 0; i < COUNT; i += 2)
            tagpool_free(blocks[i]);
        for (size_t i = 0; i < COUNT; i += 2)
            check_bad_free(blocks[i], 0x07);
        for (size_t i = 1; i < COUNT; i += 2)
            tagpool_free(blocks[i]);
    }
}

/* "0x99 (nonpaged) or 0x41286 (paged) for an address inside a block": every one of small blocks, some of big ones. */
static void interior_addresses(void **state)
{
    static const uintptr_t code[] = {0x99, 0x41286};
    (void)state;
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++)
        for (size_t i = 0; i < SIZES; i++) {
            char *block = tagpool_alloc(pool, sizes[i], TAG_WAVE);
            for (size_t at = 1; at < sizes[i]; at += at < 5000 ? 1 : 4051) {
                tagpool_free(block + at);
                check(mistake(0xC2, code[pool]));
            }
            same(tagpool_size(block), sizes[i]);
            tagpool_free(block);
        }
}

/* "If a handler returns, the call that made the mistake has no effect: [...] a free frees nothing." */
static void a_returning_handler_frees_nothing(void **state)
{
    uint32_t tag = fresh_tag();
    char *block = tagpool_alloc(TAGPOOL_NONPAGED, 200, tag | TAGPOOL_PROTECTED);
    (void)state;
    fill(block, 200, 4);
    tagpool_free(block);
    check(mistake(0xC2, 0x0A));
    tagpool_free(block + 16);
    check(mistake(0xC2, 0x99));
    struct tagpool_stats stats = stats_of(tag, TAGPOOL_NONPAGED);
    check(stats.blocks == 1 && stats.frees == 0 && stats.bytes == 200);
    check(filled(block, 200, 4) && tagpool_size(block) == 200);
    same(tagpool_validate(), 0);
    tagpool_free_tag(block, tag | TAGPOOL_PROTECTED);
}

/* "0x0A for a block allocated with TAGPOOL_PROTECTED"; "the block can be freed only by tagpool_free_tag() with the same tag,
 * bit included"; "A protected block always stops", whatever option wrong_tag says. */
static void protected_blocks(void **state)
{
    static const char *const policies[] = {"wrong_tag=report", "wrong_tag=stop", "wrong_tag=ignore"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint32_t tag = fresh_tag();
        void *block = tagpool_alloc(TAGPOOL_PAGED, 64, tag | TAGPOOL_PROTECTED);
        same(tagpool_start(policies[i]), 0);
        tagpool_free(block);
        check(mistake(0xC2, 0x0A));
        tagpool_free_tag(block, 0);
        check(mistake(0xC2, 0x0A));
        tagpool_free_tag(block, tag);
        check(mistake(0xC2, 0x0A));
        tagpool_free_tag(block, TAG_SURF | TAGPOOL_PROTECTED);
        check(mistake(0xC2, 0x0A));
        same(stats_of(tag, TAGPOOL_PAGED).frees, 0);
        tagpool_free_tag(block, tag | TAGPOOL_PROTECTED);
        same(stats_of(tag, TAGPOOL_PAGED).frees, 1);
    }
    same(tagpool_start("wrong_tag=report"), 0);
}

/* "compares `tag` with the block's. `tag` 0 compares nothing." */
static void the_right_tag_frees(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_free_tag(tagpool_alloc(TAGPOOL_PAGED, 64, tag), tag);
    tagpool_free_tag(tagpool_alloc(TAGPOOL_PAGED, 64, tag), 0);
    tagpool_free_tag(tagpool_alloc(TAGPOOL_PAGED, 1 << 20, tag), tag);
    tagpool_free_tag(tagpool_alloc(TAGPOOL_PAGED, 1 << 20, tag), 0);
    same(stats_of(tag, TAGPOOL_PAGED).frees, 4);
}

/* "On a mismatch 0xC2/0x0A is reported: option wrong_tag says whether that stops (bug check), is a finding after which the
 * block is freed (the default), or is ignored. [...] The free counts under the block's own tag." */
static void the_wrong_tag_follows_the_option(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        uint32_t tag = fresh_tag();
        void *first = tagpool_alloc(TAGPOOL_PAGED, sizes[i], tag), *second = tagpool_alloc(TAGPOOL_PAGED, sizes[i], tag);
        void *third = tagpool_alloc(TAGPOOL_PAGED, sizes[i], tag);

        tagpool_free_tag(first, TAG_SURF);
        check(finding(0xC2, 0x0A));
        same(stats_of(tag, TAGPOOL_PAGED).frees, 1);
        same(tagpool_query(first, &(struct tagpool_block){0}), TAGPOOL_ENOTFOUND);

        same(tagpool_start("wrong_tag=stop"), 0);
        tagpool_free_tag(second, TAG_SURF);
        check(mistake(0xC2, 0x0A));
        tagpool_free_tag(second, tag | TAGPOOL_PROTECTED);
        check(mistake(0xC2, 0x0A));
        same(stats_of(tag, TAGPOOL_PAGED).frees, 1);
        tagpool_free_tag(second, tag);

        same(tagpool_start("wrong_tag=ignore"), 0);
        tagpool_free_tag(third, TAG_SURF);
        same(stats_of(tag, TAGPOOL_PAGED).frees, 3);
        same(tagpool_start("wrong_tag=report"), 0);
    }
    struct tagpool_stats surf;
    same(tagpool_tag_stats(TAG_SURF, TAGPOOL_PAGED, &surf), TAGPOOL_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_kind_of_block_is_freed),
        test(another_thread_frees),
        test(foreign_addresses),
        test(pool_memory_without_a_block),
        test(freed_blocks),
        test(freed_blocks_among_living_ones),
        test(memory_between_blocks),
        test(interior_addresses),
        test(a_returning_handler_frees_nothing),
        test(protected_blocks),
        test(the_right_tag_frees),
        test(the_wrong_tag_follows_the_option),
    };
    return cmocka_run_group_tests_name("free", tests, NULL, NULL);
}
