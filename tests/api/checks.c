/* SPDX-License-Identifier: MIT
 *
 * checks.c: tests of the options tail_check and free_check: what they find, and that they find nothing where nothing is. */
#include "test.h"

static const size_t sizes[] = {0, 1, 3, 15, 17, 30, 100, 1000, 1500, 2040, 2100, 4000, 4097, 9000, 100000};
enum { SIZES = sizeof sizes / sizeof *sizes };

static int tail_check_on(void **state)
{
    begin(state);
    return tagpool_start("tail_check=on");
}

static int free_check_on(void **state)
{
    begin(state);
    return tagpool_start("free_check=on");
}

static int checks_off(void **state)
{
    same(tagpool_start("tail_check=off free_check=off"), 0);
    return end(state);
}

/* "With option tail_check, 0x19/0x21 if bytes behind the block were changed; the block is then not freed." */
static void the_first_byte_behind_a_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        uint32_t tag = fresh_tag();
        char *block = tagpool_alloc(TAGPOOL_NONPAGED, sizes[i], tag);
        if (query(block).charged > sizes[i]) {
            char before = block[sizes[i]];
            block[sizes[i]] = (char)~before;
            tagpool_free(block);
            check(mistake(0x19, 0x21));
            same(caught.parameter[1], (uintptr_t)block);
            same(caught.parameter[2], sizes[i]);
            check(caught.has_block && caught.block.address == block);
            same(stats_of(tag, TAGPOOL_NONPAGED).frees, 0);
            tagpool_free_tag(block, tag);
            check(mistake(0x19, 0x21));
            block[sizes[i]] = before;
        }
        tagpool_free(block);
        same(stats_of(tag, TAGPOOL_NONPAGED).frees, 1);
    }
}

/* "Bug checks as tagpool_free()": a reallocation sees the same damage, yields NULL and changes nothing. */
static void realloc_of_a_damaged_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        uint32_t tag = fresh_tag();
        char *block = tagpool_alloc(TAGPOOL_NONPAGED, sizes[i], tag);
        if (query(block).charged > sizes[i])
            for (size_t j = 0; j < SIZES; j++) {
                char before = block[sizes[i]];
                block[sizes[i]] = (char)~before;
                check(tagpool_realloc(block, sizes[j]) == NULL);
                check(mistake(0x19, 0x21));
                block[sizes[i]] = before;
                struct tagpool_stats stats = stats_of(tag, TAGPOOL_NONPAGED);
                check(stats.allocs == 1 && stats.frees == 0 && stats.bytes == sizes[i] && stats.failures == 0);
                same(tagpool_size(block), sizes[i]);
            }
        tagpool_free(block);
    }
}

/* A block written only inside, however it is allocated, reallocated and freed, is no mistake. */
static void blocks_used_well(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = 0; j < SIZES; j++) {
            void *block = tagpool_alloc(TAGPOOL_PAGED, sizes[i], TAGPOOL_TAG('W', 'e', 'l', 'l'));
            memset(block, 0xFF, sizes[i]);
            block = tagpool_realloc(block, sizes[j]);
            memset(block, 0x5A, sizes[j]);
            void *cleared = tagpool_zalloc(TAGPOOL_PAGED, sizes[i], TAGPOOL_TAG('W', 'e', 'l', 'l'));
            tagpool_free(block);
            void *aligned = tagpool_aligned_alloc(TAGPOOL_PAGED, 1024, sizes[i], TAGPOOL_TAG('W', 'e', 'l', 'l'));
            memset(aligned, 0, sizes[i]);
            tagpool_free(cleared);
            tagpool_free(aligned);
        }
}

/* A block from before the option was set has no pattern to be compared with; nor has one that is freed afterwards. */
static void the_option_changes_while_blocks_live(void **state)
{
    void *blocks[SIZES];
    (void)state;
    same(tagpool_start("tail_check=off free_check=off"), 0);
    for (size_t i = 0; i < SIZES; i++) {
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, sizes[i], TAGPOOL_TAG('O', 'l', 'd', ' '));
        memset(blocks[i], 0x77, sizes[i]);
    }
    for (size_t i = 0; i < SIZES; i += 2)
        tagpool_free(blocks[i]);
    same(tagpool_start("tail_check=on free_check=on"), 0);
    for (size_t i = 1; i < SIZES; i += 2)
        tagpool_free(blocks[i]);
    for (size_t i = 0; i < SIZES; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, sizes[i], TAGPOOL_TAG('N', 'e', 'w', ' '));
    same(tagpool_start("tail_check=off free_check=off"), 0);
    for (size_t i = 0; i < SIZES; i++)
        tagpool_free(blocks[i]);
    for (size_t i = 0; i < SIZES; i++) {
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, sizes[i], TAGPOOL_TAG('L', 'a', 's', 't'));
        memset(blocks[i], 0x33, sizes[i]);
    }
    for (size_t i = 0; i < SIZES; i++)
        tagpool_free(blocks[i]);
    same(tagpool_start("free_check=on"), 0);
    for (size_t i = 0; i < SIZES; i++)
        tagpool_free(tagpool_alloc(TAGPOOL_PAGED, sizes[i], TAGPOOL_TAG('L', 'a', 's', 't')));
}

/* "freed blocks of up to 32 KiB are filled, and checked when reused"; "with option free_check, 0xC6 if the memory was written
 * to after it was freed": the one allocation that would reuse the block "yields NULL" if the handler returns. */
static void a_write_after_free(void **state)
{
    static const size_t each[] = {15, 17, 100, 1000, 2040, 2100, 4000, 9000, 32768};
    enum { MANY = 9000 };
    static void *blocks[MANY];
    (void)state;
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        uint32_t tag = fresh_tag(), other = fresh_tag();
        char *victim = tagpool_alloc(TAGPOOL_NONPAGED, each[i], tag);
        size_t count = 0;
        victim[each[i] / 2] = 1;
        tagpool_free(victim);
        victim[each[i] / 2] ^= 0x40;
        while (count < MANY && caught_count == 0)
            blocks[count++] = tagpool_alloc(TAGPOOL_NONPAGED, each[i], other);
        check(mistake(0xC6, (uintptr_t)victim + each[i] / 2));
        check(caught.parameter[1] == 1 && caught.parameter[2] == 0 && caught.parameter[3] == 0);
        check(caught.has_block && caught.block.address == victim && caught.block.tag == tag);
        assert_string_equal(caught.name, "DRIVER_CAUGHT_MODIFYING_FREED_POOL");
        check(blocks[--count] == NULL);
        same(stats_of(other, TAGPOOL_NONPAGED).blocks, count);
        same(stats_of(other, TAGPOOL_NONPAGED).failures, 0);
        while (count > 0)
            tagpool_free(blocks[--count]);
    }
}

/* Blocks which nobody touches after the free are reused without a word, in any order. */
static void blocks_left_alone(void **state)
{
    enum { COUNT = 300 };
    static void *blocks[COUNT];
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            size_t bytes = sizes[(i + round) % SIZES];
            blocks[i] = i % 3 ? tagpool_alloc(TAGPOOL_PAGED, bytes, TAGPOOL_TAG('L', 'e', 'f', 't'))
                              : tagpool_zalloc(TAGPOOL_PAGED, bytes, TAGPOOL_TAG('L', 'e', 'f', 't'));
            check(blocks[i] != NULL);
            fill(blocks[i], bytes, round);
        }
        for (size_t i = 0; i < COUNT; i++)
            tagpool_free(blocks[i * 7 % COUNT]);
        if (round % 5 == 4)
            tagpool_trim();
    }
}

int main(void)
{
    (void)tagpool_start("checker=off"); /* tests write behind blocks and to freed ones on purpose */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_byte_behind_a_block, tail_check_on, checks_off),
        cmocka_unit_test_setup_teardown(realloc_of_a_damaged_block, tail_check_on, checks_off),
        cmocka_unit_test_setup_teardown(blocks_used_well, tail_check_on, checks_off),
        cmocka_unit_test_setup_teardown(the_option_changes_while_blocks_live, begin, checks_off),
        cmocka_unit_test_setup_teardown(a_write_after_free, free_check_on, checks_off),
        cmocka_unit_test_setup_teardown(blocks_left_alone, free_check_on, checks_off),
        cmocka_unit_test_setup_teardown(blocks_used_well, free_check_on, checks_off),
    };
    return cmocka_run_group_tests_name("tail_check and free_check", tests, NULL, NULL);
}
