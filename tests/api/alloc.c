/* SPDX-License-Identifier: MIT
 *
 * alloc.c: tests of allocation: addresses, page rules, charges, contents, alignment, every failure. */
#include "test.h"

static const enum tagpool_pool pools[] = {TAGPOOL_NONPAGED, TAGPOOL_PAGED};

/* What the header says of the address and the charge of a block of `bytes` requested bytes. */
static void check_rules(const void *block, size_t bytes)
{
    uintptr_t address = (uintptr_t)block;
    size_t charged = query(block).charged;

    same(address % ALIGNMENT, 0);
    check(charged >= bytes);
    check(charged > 0);
    if (bytes > 0 && bytes <= PAGE)
        same(address / PAGE, (address + bytes - 1) / PAGE);
    if (bytes > SMALL_MAX)
        same(address % PAGE, 0);
    if (bytes > PAGE / 2)
        same(charged % PAGE, 0);
    else
        check(charged <= PAGE / 2);
}

/* "Alignment: 16 bytes (8 where pointers have 32 bits); a block of up to a page never crosses a page boundary; a request above
 * TAGPOOL_PAGE_SIZE - 32 (16 on 32-bit) bytes starts on a page and is charged whole pages." */
static void every_size_obeys_the_page_rules(void **state)
{
    enum { SIZES = 2 * 4096 + 2 };
    static void *blocks[SIZES];
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        for (size_t bytes = 0; bytes < SIZES; bytes++) {
            blocks[bytes] = tagpool_alloc(pools[p], bytes, TAGPOOL_TAG('R', 'u', 'l', 'e'));
            check(blocks[bytes] != NULL);
            check_rules(blocks[bytes], bytes);
        }
        for (size_t bytes = 0; bytes < SIZES; bytes++)
            tagpool_free(blocks[bytes]);
    }
}

/* The same rules, with neighbours: a class may place its first block well and its last one badly. */
static void every_block_of_a_class_obeys_the_page_rules(void **state)
{
    static const size_t sizes[] = {0,    1,    16,   24,   40,   48,   72,   96,   112,  200,  240,
                                   320,  500,  640,  700,  1000, 1025, 1300, 1344, 1365, 2000, 2048,
                                   2049, 3000, 4000, 4064, 4065, 4088, 4089, 4096, 4097, 8192};
    enum { COUNT = 200 };
    static void *blocks[COUNT];
    (void)state;
    for (size_t p = 0; p < 2; p++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            for (size_t i = 0; i < COUNT; i++) {
                blocks[i] = tagpool_alloc(pools[p], sizes[s], TAGPOOL_TAG('N', 'e', 'x', 't'));
                check(blocks[i] != NULL);
                check_rules(blocks[i], sizes[s]);
            }
            for (size_t i = 0; i < COUNT; i++)
                tagpool_free(blocks[i]);
        }
}

/* "charged": "its size class up to half a page, whole pages above": a larger request is never charged less. */
static void charges_grow_with_the_request(void **state)
{
    size_t before = 0;
    (void)state;
    for (size_t bytes = 0; bytes <= 3 * PAGE; bytes++) {
        void *block = tagpool_alloc(TAGPOOL_PAGED, bytes, TAGPOOL_TAG('G', 'r', 'o', 'w'));
        size_t charged = query(block).charged;
        check(charged >= before);
        before = charged;
        tagpool_free(block);
    }
}

/* Blocks do not overlap and keep their contents, in both pools, whatever is freed between them. */
static void blocks_keep_their_contents(void **state)
{
    enum { COUNT = 6000 };
    static void *blocks[COUNT];
    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        size_t bytes = i * 37 % 5000;
        blocks[i] = tagpool_alloc(pools[i % 2], bytes, TAGPOOL_TAG('K', 'e', 'e', 'p'));
        check(blocks[i] != NULL);
        fill(blocks[i], bytes, i);
    }
    for (unsigned i = 0; i < COUNT; i += 3) {
        size_t bytes = i * 101 % 5000;
        check(filled(blocks[i], i * 37 % 5000, i));
        tagpool_free(blocks[i]);
        blocks[i] = tagpool_alloc(pools[i % 2], bytes, TAGPOOL_TAG('K', 'e', 'e', 'p'));
        check(blocks[i] != NULL);
        fill(blocks[i], bytes, i);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        check(filled(blocks[i], i % 3 ? i * 37 % 5000 : i * 101 % 5000, i));
        tagpool_free(blocks[i]);
    }
}

/* "A block comes from one of two pools": the address ranges of the pools are distinct. */
static void the_pools_are_apart(void **state)
{
    enum { COUNT = 500 };
    static char *blocks[2][COUNT];
    char *low[2] = {(char *)UINTPTR_MAX, (char *)UINTPTR_MAX}, *high[2] = {NULL, NULL};
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        for (size_t p = 0; p < 2; p++) {
            char *block = blocks[p][i] = tagpool_alloc(pools[p], i * 40, TAGPOOL_TAG('A', 'p', 'a', 'r'));
            check(block != NULL);
            same(query(block).pool, pools[p]);
            low[p] = block < low[p] ? block : low[p];
            high[p] = block > high[p] ? block : high[p];
        }
    check(high[0] < low[1] || high[1] < low[0]);
    for (size_t i = 0; i < COUNT; i++)
        for (size_t p = 0; p < 2; p++)
            tagpool_free(blocks[p][i]);
}

/* "`bytes` 0 gives a block of the smallest class whose requested size is 0." */
static void size_zero_is_a_block(void **state)
{
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        uint32_t tag = fresh_tag();
        void *one = tagpool_alloc(pools[p], 0, tag), *other = tagpool_zalloc(pools[p], 0, tag);
        void *byte = tagpool_alloc(pools[p], 1, tag);
        check(one != NULL && other != NULL && one != other);
        same(tagpool_size(one), 0);
        same(query(one).bytes, 0);
        same(query(one).charged, query(byte).charged);
        same(stats_of(tag, pools[p]).bytes, 1);
        tagpool_free(one);
        tagpool_free(other);
        tagpool_free(byte);
    }
}

/* "Fails iff there is no memory, [...] `bytes` is above PTRDIFF_MAX [...]: NULL, counted as a failure of the tag." */
static void absurd_sizes_fail(void **state)
{
    static const size_t sizes[] = {PTRDIFF_MAX,        (size_t)PTRDIFF_MAX + 1, PTRDIFF_MAX - 4095, SIZE_MAX,
                                   SIZE_MAX - 1,       SIZE_MAX - 15,           SIZE_MAX - 31,      SIZE_MAX - 4094,
                                   SIZE_MAX - 4095,    SIZE_MAX - 4096,         SIZE_MAX - 65535,   SIZE_MAX - 65536,
                                   SIZE_MAX / 2 + 4096};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < COUNT; i++) {
            check(tagpool_alloc(pools[p], sizes[i], tag) == NULL);
            check(tagpool_zalloc(pools[p], sizes[i], tag) == NULL);
            check(tagpool_aligned_alloc(pools[p], 65536, sizes[i], tag) == NULL);
            check(tagpool_aligned_alloc(pools[p], 1, sizes[i], tag) == NULL);
        }
        same(stats_of(tag, pools[p]).failures, 4 * COUNT);
        same(stats_of(tag, pools[p]).allocs, 0);
    }
}

/* "The tag needs a letter or a digit", at any place; all other bytes are free. */
static void a_tag_needs_one_letter_or_digit(void **state)
{
    static const uint32_t good[] = {
        TAGPOOL_TAG('a', 0, 0, 0),       TAGPOOL_TAG('.', 'Z', '.', '.'), TAGPOOL_TAG(0, 0, '0', 0),
        TAGPOOL_TAG(' ', ' ', ' ', '9'), TAGPOOL_TAG(0xFF, 1, 2, 'A'),    TAGPOOL_TAG('B', 'I', 'G', 'S'),
        TAGPOOL_TAG('b', 'i', 'g', ' '), TAGPOOL_TAG(' ', 'B', 'I', 'G'), TAGPOOL_TAG('z', 0x80, 0x9B, 0x7F),
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        void *block = tagpool_alloc(TAGPOOL_PAGED, 8, good[i]);
        check(block != NULL);
        same(tagpool_tag(block), good[i]);
        tagpool_free(block);
    }
}

static void *alloc_unaligned(enum tagpool_pool pool, size_t bytes, uint32_t tag)
{
    return tagpool_aligned_alloc(pool, 1, bytes, tag);
}

/* "Bug check 0xC2/0x9B for tag 0, 0x9C for the reserved tag "BIG", 0x9D for a tag without letter or digit, 0x9A for a `pool`
 * that is not one of the two": "an allocation yields NULL", no failure is counted. */
static void bad_tags_and_pools_are_bug_checks(void **state)
{
    void *(*const calls[])(enum tagpool_pool, size_t, uint32_t) = {tagpool_alloc, tagpool_zalloc, alloc_unaligned};
    static const uint32_t without[] = {TAGPOOL_TAG('.', '.', '.', '.'), TAGPOOL_TAG(' ', ' ', ' ', ' '),
                                       TAGPOOL_TAG('/', ':', '@', '['), TAGPOOL_TAG('`', '{', 1, 0x7F),
                                       TAGPOOL_TAG(0xC4, 0xB0, 0xE1, 0)};
    uint32_t tag = fresh_tag();
    struct tagpool_stats before, after;
    (void)state;
    tagpool_total_stats(&before);
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        check(calls[c](TAGPOOL_NONPAGED, 10, 0) == NULL);
        check(mistake(0xC2, 0x9B));
        check(calls[c](TAGPOOL_PAGED, 10, TAGPOOL_TAG_OVERFLOW) == NULL);
        check(mistake(0xC2, 0x9C));
        for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
            check(calls[c](TAGPOOL_PAGED, 10, without[i]) == NULL);
            check(mistake(0xC2, 0x9D));
        }
        check(calls[c]((enum tagpool_pool)2, 10, tag) == NULL);
        check(mistake(0xC2, 0x9A));
        check(calls[c]((enum tagpool_pool)512, 10, tag) == NULL);
        check(mistake(0xC2, 0x9A));
        check(calls[c]((enum tagpool_pool) - 1, 10, tag) == NULL);
        check(mistake(0xC2, 0x9A));
    }
    tagpool_total_stats(&after);
    same(after.failures, before.failures);
    same(after.allocs, before.allocs);
}

/* "Like tagpool_alloc(), with exactly `bytes` bytes set to zero", above all where a block was dirty before. */
static void zalloc_clears_dirty_memory(void **state)
{
    static const size_t big[] = {20000, 65536, 300001, 1 << 20, 5 << 20};
    enum { COUNT = 8, SMALL = 5000 };
    unsigned char *blocks[COUNT];
    (void)state;
    for (size_t step = 0; step < SMALL + sizeof big / sizeof *big; step++) {
        size_t bytes = step < SMALL ? step : big[step - SMALL];
        enum tagpool_pool pool = pools[step % 2];
        for (size_t i = 0; i < COUNT; i++) {
            blocks[i] = tagpool_alloc(pool, bytes, TAGPOOL_TAG('D', 'i', 'r', 't'));
            check(blocks[i] != NULL);
            memset(blocks[i], 0xA5, bytes);
        }
        for (size_t i = 0; i < COUNT; i++)
            tagpool_free(blocks[i]);
        for (size_t i = 0; i < COUNT; i++) {
            blocks[i] = tagpool_zalloc(pool, bytes, TAGPOOL_TAG('D', 'i', 'r', 't'));
            check(blocks[i] != NULL);
            check(bytes == 0 || (blocks[i][0] == 0 && memcmp(blocks[i], blocks[i] + 1, bytes - 1) == 0));
        }
        for (size_t i = 0; i < COUNT; i++)
            tagpool_free(blocks[i]);
    }
}

/* zalloc sets exactly `bytes` bytes to zero: live neighbours keep theirs. */
static void zalloc_spares_the_neighbours(void **state)
{
    enum { COUNT = 64 };
    unsigned char *blocks[COUNT];
    (void)state;
    for (size_t bytes = 1; bytes < 3000; bytes += 61) {
        for (unsigned i = 0; i < COUNT; i++) {
            blocks[i] = tagpool_alloc(TAGPOOL_NONPAGED, bytes, TAGPOOL_TAG('N', 'e', 'a', 'r'));
            fill(blocks[i], bytes, i);
        }
        for (unsigned i = 0; i < COUNT; i += 2) {
            tagpool_free(blocks[i]);
            blocks[i] = tagpool_zalloc(TAGPOOL_NONPAGED, bytes, TAGPOOL_TAG('N', 'e', 'a', 'r'));
        }
        for (unsigned i = 1; i < COUNT; i += 2)
            check(filled(blocks[i], bytes, i));
        for (unsigned i = 0; i < COUNT; i++)
            tagpool_free(blocks[i]);
    }
}

/* Big blocks up to 64 MiB: every page can be written, and they are counted as requested. */
static void big_blocks_can_be_used(void **state)
{
    static const size_t sizes[] = {4097, 40000, 65536, 65537, 1 << 20, (1 << 20) + 1, (3 << 20) + 5, 64 << 20};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t p = 0; p < 2; p++) {
            unsigned char *block = tagpool_alloc(pools[p], sizes[i], TAGPOOL_TAG('H', 'u', 'g', 'e'));
            check(block != NULL);
            check_rules(block, sizes[i]);
            for (size_t at = 0; at < sizes[i]; at += PAGE)
                block[at] = (unsigned char)(at / PAGE);
            block[sizes[i] - 1] = 77;
            for (size_t at = 0; at < sizes[i] - 1; at += PAGE)
                same(block[at], (unsigned char)(at / PAGE));
            same(tagpool_size(block), sizes[i]);
            tagpool_free(block);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_size_obeys_the_page_rules),
        test(every_block_of_a_class_obeys_the_page_rules),
        test(charges_grow_with_the_request),
        test(blocks_keep_their_contents),
        test(the_pools_are_apart),
        test(size_zero_is_a_block),
        test(absurd_sizes_fail),
        test(a_tag_needs_one_letter_or_digit),
        test(bad_tags_and_pools_are_bug_checks),
        test(zalloc_clears_dirty_memory),
        test(zalloc_spares_the_neighbours),
        test(big_blocks_can_be_used),
    };
    return cmocka_run_group_tests_name("allocate", tests, NULL, NULL);
}
