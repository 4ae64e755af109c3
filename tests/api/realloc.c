/* SPDX-License-Identifier: MIT
 *
 * realloc.c: tests of aligned allocation and of changing a block's size. */
#include "test.h"

/* "Allocates at an address that is a multiple of `alignment`, a power of two up to 65,536; smaller alignments than
 * tagpool_alloc()'s give tagpool_alloc()'s." */
static void every_power_of_two_is_kept(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 500, 1024, 2049, 4064, 4065, 4096, 5000, 65536, 100000, 1 << 20};
    enum { COUNT = sizeof sizes / sizeof *sizes, EACH = 3 };
    void *blocks[COUNT][EACH];
    (void)state;
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++)
        for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
            for (unsigned i = 0; i < COUNT * EACH; i++) {
                size_t bytes = sizes[i / EACH];
                void *block = tagpool_aligned_alloc(pool, alignment, bytes, TAGPOOL_TAG('A', 'l', 'i', 'g'));
                uintptr_t address = (uintptr_t)block;
                check(block != NULL);
                same(address % alignment, 0);
                same(address % ALIGNMENT, 0);
                same(tagpool_size(block), bytes);
                if (bytes > 0 && bytes <= PAGE)
                    same(address / PAGE, (address + bytes - 1) / PAGE);
                fill(block, bytes, i);
                blocks[i / EACH][i % EACH] = block;
            }
            for (unsigned i = 0; i < COUNT * EACH; i++) {
                check(filled(blocks[i / EACH][i % EACH], sizes[i / EACH], i));
                tagpool_free(blocks[i / EACH][i % EACH]);
            }
        }
}

/* "Fails iff tagpool_alloc() would, or `alignment` is not such a number (NULL)." */
static void other_alignments_fail(void **state)
{
    static const size_t bad[] = {0, 3, 6, 12, 24, 48, 4095, 4097, 65535, 65537, 131072, SIZE_MAX, SIZE_MAX / 2 + 1};
    enum { COUNT = sizeof bad / sizeof *bad };
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        check(tagpool_aligned_alloc(TAGPOOL_PAGED, bad[i], 100, tag) == NULL);
    same(stats_of(tag, TAGPOOL_PAGED).failures, COUNT);
    same(stats_of(tag, TAGPOOL_PAGED).allocs, 0);
}

/* An aligned block is a block like others: found from every byte, freed by tag, counted. */
static void aligned_blocks_are_ordinary(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t alignment = 32; alignment <= 65536; alignment *= 2) {
        char *block = tagpool_aligned_alloc(TAGPOOL_NONPAGED, alignment, 300, tag | TAGPOOL_PROTECTED);
        for (size_t i = 0; i < 300; i++)
            check(query(block + i).address == block);
        same(stats_of(tag, TAGPOOL_NONPAGED).bytes, 300);
        same(stats_of(tag, TAGPOOL_NONPAGED).charged, query(block).charged);
        tagpool_free(block + 64);
        check(mistake(0xC2, 0x99));
        tagpool_free_tag(block, tag | TAGPOOL_PROTECTED);
    }
}

/* The sizes at and around the end of every size class up to four pages, found by asking what is charged. */
static size_t class_edges(size_t *edges, size_t capacity)
{
    size_t count = 0, before = 0;
    for (size_t bytes = 0; bytes <= 4 * PAGE; bytes++) {
        void *block = tagpool_alloc(TAGPOOL_NONPAGED, bytes, TAGPOOL_TAG('E', 'd', 'g', 'e'));
        size_t charged = query(block).charged;
        tagpool_free(block);
        if (charged != before) {
            check(count + 3 <= capacity);
            for (size_t size = bytes < 2 ? 0 : bytes - 2; size <= bytes; size++)
                edges[count++] = size;
        }
        before = charged;
    }
    return count;
}

/* "Changes the requested size of a block; pool and tag stay, contents stay up to the smaller of both sizes": from every edge
 * of a size class to every other, and to big blocks. */
static void contents_survive_every_change_of_class(void **state)
{
    size_t edges[400], count = class_edges(edges, 390);
    uint32_t tag = fresh_tag();
    (void)state;
    check(count > 20);
    edges[count++] = 65536;
    edges[count++] = 100001;
    for (size_t from = 0; from < count; from++)
        for (size_t to = 0; to < count; to++) {
            enum tagpool_pool pool = (from + to) % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED;
            size_t smaller = edges[from] < edges[to] ? edges[from] : edges[to];
            void *block = tagpool_alloc(pool, edges[from], tag);
            fill(block, edges[from], (unsigned)to);
            block = tagpool_realloc(block, edges[to]);
            check(block != NULL);
            check(filled(block, smaller, (unsigned)to));
            struct tagpool_block now = query(block);
            check(now.bytes == edges[to] && now.tag == tag && now.pool == pool && now.address == block);
            same((uintptr_t)block % ALIGNMENT, 0);
            if (edges[to] > SMALL_MAX)
                same((uintptr_t)block % PAGE, 0);
            fill(block, edges[to], 1);
            tagpool_free(block);
        }
}

/* A block that grows and shrinks step by step through megabytes keeps its contents. */
static void big_blocks_grow_and_shrink(void **state)
{
    static const size_t sizes[] = {4000,    4096,    8192,   8193, 500000, 1 << 20, 3 << 20,
                                   9000000, 1 << 20, 999999, 4097, 4096,   1,       0};
    size_t before = 10;
    unsigned char *block = tagpool_alloc(TAGPOOL_PAGED, before, TAGPOOL_TAG('S', 't', 'e', 'p'));
    (void)state;
    fill(block, before, 5);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block = tagpool_realloc(block, sizes[i]);
        check(block != NULL);
        check(filled(block, before < sizes[i] ? before : sizes[i], 5));
        fill(block, sizes[i], 5);
        before = sizes[i];
    }
    tagpool_free(block);
}

/* "Counts as one allocation and one free", whether or not the block moves. */
static void a_realloc_counts_as_both(void **state)
{
    uint32_t tag = fresh_tag();
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, tag);
    static const size_t sizes[] = {100, 101, 99, 5000, 5000, 4990, 3, 0, 1 << 20};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block = tagpool_realloc(block, sizes[i]);
        struct tagpool_stats now = stats_of(tag, TAGPOOL_PAGED);
        check(now.allocs == i + 2 && now.frees == i + 1 && now.blocks == 1);
        same(now.bytes, sizes[i]);
        same(now.charged, query(block).charged);
        same(now.failures, 0);
    }
    tagpool_free(block);
    same(stats_of(tag, TAGPOOL_PAGED).blocks, 0);
}

/* "Fails iff tagpool_alloc() would: NULL, and the block stays as it was." */
static void a_failed_realloc_changes_nothing(void **state)
{
    static const size_t sizes[] = {1, 100, 2000, 4096, 100000};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint32_t tag = fresh_tag();
        void *block = tagpool_alloc(TAGPOOL_NONPAGED, sizes[i], tag);
        fill(block, sizes[i], 9);
        struct tagpool_block before = query(block);
        check(tagpool_realloc(block, SIZE_MAX) == NULL);
        check(tagpool_realloc(block, SIZE_MAX - 4095) == NULL);
        check(tagpool_realloc(block, (size_t)PTRDIFF_MAX + 1) == NULL);
        check(tagpool_realloc(block, PTRDIFF_MAX) == NULL);
        struct tagpool_block after = query(block);
        check(after.address == before.address && after.bytes == before.bytes && after.charged == before.charged);
        check(filled(block, sizes[i], 9));
        struct tagpool_stats stats = stats_of(tag, TAGPOOL_NONPAGED);
        check(stats.failures == 4 && stats.allocs == 1 && stats.frees == 0 && stats.bytes == sizes[i]);
        tagpool_free(block);
    }
}

/* "The alignment given to tagpool_aligned_alloc() is not kept beyond tagpool_alloc()'s", contents are. */
static void an_aligned_block_changes_its_size(void **state)
{
    (void)state;
    for (size_t alignment = 32; alignment <= 65536; alignment *= 2)
        for (size_t bytes = 1; bytes < 10000; bytes = bytes * 3 + 1) {
            void *block = tagpool_aligned_alloc(TAGPOOL_PAGED, alignment, 700, TAGPOOL_TAG('M', 'o', 'v', 'e'));
            fill(block, 700, 3);
            block = tagpool_realloc(block, bytes);
            check(block != NULL && filled(block, bytes < 700 ? bytes : 700, 3));
            same((uintptr_t)block % ALIGNMENT, 0);
            tagpool_free(block);
        }
}

/* "Bug checks as tagpool_free(), but a protected block is welcome", and stays protected. */
static void a_protected_block_changes_its_size(void **state)
{
    uint32_t tag = fresh_tag();
    void *block = tagpool_alloc(TAGPOOL_PAGED, 40, tag | TAGPOOL_PROTECTED);
    (void)state;
    block = tagpool_realloc(block, 100);
    check(query(block).is_protected);
    block = tagpool_realloc(block, 6000);
    check(block != NULL && query(block).is_protected);
    same(tagpool_tag(block), tag);
    tagpool_free_tag(block, tag | TAGPOOL_PROTECTED);
}

/* "Bug checks as tagpool_free()": NULL, foreign, interior, freed; the call "has no effect". */
static void realloc_of_what_is_no_block(void **state)
{
    int local = 0;
    char *small = tagpool_alloc(TAGPOOL_NONPAGED, 100, TAGPOOL_TAG('R', 'e', 'a', 'l'));
    char *big = tagpool_alloc(TAGPOOL_PAGED, 50000, TAGPOOL_TAG('R', 'e', 'a', 'l'));
    (void)state;
    check(tagpool_realloc(NULL, 10) == NULL);
    check(mistake(0xC2, 0x46));
    check(tagpool_realloc(&local, 10) == NULL);
    check(mistake(0xC2, 0x42));
    check(tagpool_realloc(small + 16, 10) == NULL);
    check(mistake(0xC2, 0x99));
    check(tagpool_realloc(big + 4096, 10) == NULL);
    check(mistake(0xC2, 0x41286));
    same(tagpool_size(small), 100);
    same(tagpool_size(big), 50000);
    tagpool_free(small);
    tagpool_free(big);
    check(tagpool_realloc(small, 10) == NULL);
    check(mistake(0xC2, 0x07));
    check(tagpool_realloc(big, 10) == NULL);
    check(mistake(0xC2, 0x07));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_power_of_two_is_kept),         test(other_alignments_fail),
        test(aligned_blocks_are_ordinary),        test(contents_survive_every_change_of_class),
        test(big_blocks_grow_and_shrink),         test(a_realloc_counts_as_both),
        test(a_failed_realloc_changes_nothing),   test(an_aligned_block_changes_its_size),
        test(a_protected_block_changes_its_size), test(realloc_of_what_is_no_block),
    };
    return cmocka_run_group_tests_name("align and reallocate", tests, NULL, NULL);
}
