/* SPDX-License-Identifier: MIT
 *
 * hot.c: struct free_way: frees of one bin's blocks that look at nothing else, and all that ends that. Counts are compared with a
 * naive model's, and the whole heap is validated.
 */
#include "unit.h"

#include "memory/big.h"
#include "pool/checker.h"
#include "pool/pool.h"
#include "random.h"
#include "tagpool.h"

#include <pthread.h>
#include <string.h>

#define TAG TAGPOOL_TAG('H', 'o', 't', ' ')
#define PAGE ((size_t)PAGE_BYTES)

static void expect_whole(void)
{
    const char *wrong = pool_check();
    if (wrong != NULL)
        fail_msg("%s", wrong);
}

static uint64_t allocs_before, frees_before;

static struct tagpool_stats stats_now(void)
{
    struct tagpool_stats stats;
    assert_int_equal(tagpool_tag_stats(TAG, TAGPOOL_PAGED, &stats), TAGPOOL_OK);
    return stats;
}

static void expect_counts(uint64_t allocs, uint64_t frees)
{
    struct tagpool_stats stats = stats_now();
    assert_int_equal(stats.allocs - allocs_before, allocs);
    assert_int_equal(stats.frees - frees_before, frees);
    expect_whole();
}

/* Each test begins with no block, no free run, and no hot bin. */
static int begin(void **state)
{
    (void)state;
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, TAG));
    heap_empty(&thread_self->heap);
    free_way_cool();
    allocs_before = stats_now().allocs;
    frees_before = stats_now().frees;
    return stats_now().blocks == 0 ? 0 : -1;
}

static void *take(size_t bytes)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, bytes, TAG);
    assert_non_null(block);
    return block;
}

static bool is_hot(const void *block)
{
    return free_way.first == (uintptr_t)span_bin(span_at(block));
}

static bool is_cool(void)
{
    return free_way.first == thread_self->heap.key && free_way.first == free_way.key;
}

/* Makes the bin of a block hot, as settling does; false iff that is refused. */
static bool heat(const void *block)
{
    struct bin *bin = span_bin(span_at(block));
    bin_look(bin, true);
    free_way_heat(bin, block);
    return is_hot(block);
}

static void skip_if_no_fast_paths(void)
{
    if (checker_is_on())
        skip();
}

/* "While nearly all that a thread frees is above the top of one bin, that bin is hot": found out when a row is settled; and
 * settled again while it is. */
static void hot_when_a_row_is_settled(void **state)
{
    static const size_t sizes[] = {1, 64, 2000, 4096, UNIT_BYTES, 16 * UNIT_BYTES};
    (void)state;
    skip_if_no_fast_paths();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *block = take(sizes[i]);
        struct bin *bin = span_bin(span_at(block));
        tagpool_free(block);
        (void)begin(state);
        bin_look(bin, true);
        uint64_t pairs = 0, most = 3 * TALLY_ROOM;
        for (; is_cool() && pairs < most; pairs++)
            tagpool_free(take(sizes[i]));
        assert_true(free_way.first == (uintptr_t)bin && bin_looks(bin));
        expect_counts(pairs, pairs);
        for (; pairs < most; pairs++)
            tagpool_free(take(sizes[i]));
        assert_true(free_way.first == (uintptr_t)bin && stats_now().blocks == 0);
        expect_counts(pairs, pairs);
    }
}

/* Not if too many blocks were not above the top. */
static void not_hot_without_order(void **state)
{
    void *block = take(100);
    struct bin *bin = span_bin(span_at(block));
    (void)state;
    bin_look(bin, false);
    free_way_heat(bin, block);
    assert_true(is_cool());
    tagpool_free(block);
    expect_counts(1, 1);
}

static unsigned reports, freed_twice;

static void note_report(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    reports++;
    freed_twice += bugcheck->code == 0xC2 && bugcheck->parameter[0] == 7;
}

static void *free_it(void *block)
{
    assert_true(free_way.first == free_way.key);
    tagpool_free(block);
    return NULL;
}

static void in_a_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, function, argument), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* "A block of the bin that is not above its top ends it, and so do some of other bins"; all are freed as always. */
static void other_blocks_end_it(void **state)
{
    static const size_t others[] = {1000, UNIT_BYTES, 17 * UNIT_BYTES};
    (void)state;
    skip_if_no_fast_paths();
    void *block = take(100);
    assert_true(heat(block));
    for (uint32_t i = 0, patience = free_way.patience; i < patience; i++) {
        assert_true(is_hot(block));
        tagpool_free(take(others[i % 3]));
    }
    assert_true(is_cool());
    assert_true(heat(block) && free_way.patience > 1);
    void *first = take(100), *second = take(100);
    tagpool_free(first);
    assert_true(is_cool());
    tagpool_free(second);
    tagpool_free(block);
    struct tagpool_stats stats = stats_now();
    expect_counts(stats.allocs - allocs_before, stats.allocs - allocs_before);
}

/* "And no other is": the first one stays. */
static void one_is_hot(void **state)
{
    (void)state;
    skip_if_no_fast_paths();
    void *first = take(100), *second = take(1000);
    assert_true(heat(first));
    assert_false(heat(second));
    assert_true(is_hot(first));
    tagpool_free(first);
    tagpool_free(second);
    expect_counts(2, 2);
}

/* Mistakes are found and told as always: NULL, an address of nobody's, one inside a block, one that looks like the key of the
 * thread's, and a block of the hot bin that is freed twice though its entry is above the top. */
static void mistakes_are_told(void **state)
{
    int local;
    void *block = take(100), *below = take(100);
    (void)state;
    tagpool_free(below);
    tagpool_free(block);
    block = take(100);
    void *wrong[] = {NULL, &local, (char *)block + 16, (void *)(16 - free_way.key), (void *)1};
    tagpool_bugcheck_handler_set(note_report, NULL);
    reports = freed_twice = 0;
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_true(checker_is_on() || heat(block));
        tagpool_free(wrong[i]);
        assert_int_equal(reports, i + 1);
    }
    assert_int_equal(freed_twice, 0);
    below = take(100);
    struct bin *bin = span_bin(span_at(block));
    tagpool_free(block); /* goes to where the other was, and its entry still lies above */
    assert_true(checker_is_on() || (bin->top->block == block && bin->top[1].block == block && heat(below)));
    tagpool_free(block);
    tagpool_bugcheck_handler_set(NULL, NULL);
    assert_true(freed_twice == 1 && is_cool());
    tagpool_free(below);
    expect_counts(4, 4);
}

/* NULL is no block of the hot bin's where no entry is above the top. */
static void null_is_no_block(void **state)
{
    (void)state;
    skip_if_no_fast_paths();
    void *block = take(100);
    tagpool_free(block);
    assert_true(heat(block));
    assert_null(span_bin(span_at(block))->top[1].block);
    tagpool_bugcheck_handler_set(note_report, NULL);
    reports = 0;
    tagpool_free(NULL);
    tagpool_bugcheck_handler_set(NULL, NULL);
    assert_int_equal(reports, 1);
    expect_counts(1, 1);
}

/* "The first empty one above its top has no_note": also where blocks that were never handed out end, and when all are given
 * back. */
static void the_first_empty_entry(void **state)
{
    enum { MANY = 3000 };
    static void *blocks[MANY];
    (void)state;
    skip_if_no_fast_paths();
    for (int round = 0; round < 4; round++) { /* the magazine grows from round to round, and moves */
        blocks[0] = take(100);
        assert_true(heat(blocks[0]));
        for (int i = 1; i < MANY; i++) {
            blocks[i] = take(100);
            assert_true(is_hot(blocks[0]));
            assert_null(free_way_check(&thread_self->heap));
        }
        for (int i = MANY; i-- > 0;)
            tagpool_free(blocks[i]);
    }
    assert_true(heat(blocks[0]));
    (void)tagpool_trim();
    assert_null(free_way_check(&thread_self->heap));
    expect_counts(4 * MANY, 4 * MANY);
}

/* And when a magazine has moved, but there is no memory for more blocks. */
static void the_first_empty_entry_without_memory(void **state)
{
    enum { MOST = 60000, BYTES = 500 }; /* of which no test took many before */
    static void *blocks[MOST];
    size_t count = 0;
    (void)state;
    skip_if_no_fast_paths();
    while (count < MOST && (blocks[count] = tagpool_alloc(TAGPOOL_PAGED, BYTES, TAG)) != NULL)
        count++;
    assert_true(count < MOST && heat(blocks[0]));
    struct bin *bin = span_bin(span_at(blocks[0]));
    assert_non_null(bin->wide);
    while (bin->wide != NULL) {
        bin->given = 1; /* as if it had given a block that is wanted again */
        assert_null(tagpool_alloc(TAGPOOL_PAGED, BYTES, TAG));
    }
    assert_true(is_hot(blocks[0]));
    assert_null(free_way_check(&thread_self->heap));
    while (count > 0)
        tagpool_free(blocks[--count]);
    expect_whole();
}

static unsigned hits;

static void note_hit(const struct tagpool_operation *operation, uint64_t count, void *context)
{
    (void)operation, (void)count, (void)context;
    hits++;
}

/* PoolHitTag is seen at once, also when a debugger writes it and tells nobody; and features, which close the fast free of all
 * threads. */
static void features_are_seen(void **state)
{
    (void)state;
    skip_if_no_fast_paths();
    void *block = take(100);
    assert_true(heat(block));
    tagpool_hit_handler_set(note_hit, NULL);
    STORE(&hit_tag, TAG);
    tagpool_free(block);
    assert_int_equal(hits, 1);
    assert_true(is_cool());
    STORE(&hit_tag, 0);
    tagpool_hit_handler_set(NULL, NULL);
    block = take(100);
    assert_true(heat(block));
    pool_limit_set(1, 1 << 20);
    tagpool_free(block);
    assert_true(is_cool());
    assert_int_equal(pool_state.limit[1].charged, 0);
    pool_limit_set(1, 0);
    expect_counts(2, 2);
}

/* "Each entry of its magazine, taken or not, is of a block that is charged `charge`": runs of one length may differ by pages. */
static void runs_of_different_charges(void **state)
{
    (void)state;
    skip_if_no_fast_paths();
    void *first = take(9 * PAGE), *second = take(9 * PAGE);
    tagpool_free(second);
    tagpool_free(first);
    first = take(9 * PAGE); /* both are in the magazine now, in order */
    assert_true(heat(first));
    tagpool_free(first);
    assert_true(is_hot(first));
    first = take(10 * PAGE); /* is charged otherwise than before */
    assert_true(is_cool());
    assert_false(heat(first)); /* for the second is charged as before */
    second = take(10 * PAGE);
    assert_true(heat(first));
    tagpool_free(second);
    tagpool_free(first);
    assert_true(is_hot(first) && stats_now().charged == 0);
    expect_counts(5, 5);
}

/* A reallocation that moves puts back what was there, which may be charged otherwise. */
static void moves_end_it(void **state)
{
    (void)state;
    skip_if_no_fast_paths();
    tagpool_free(take(9 * PAGE));
    void *first = take(9 * PAGE), *second = take(10 * PAGE);
    assert_true(heat(first));
    void *moved = tagpool_realloc(second, 17 * PAGE);
    assert_true(moved != second && is_cool());
    assert_false(heat(first));
    tagpool_free(moved);
    tagpool_free(first);
    expect_counts(4, 4);
}

static void *grow(void *block)
{
    void *moved = tagpool_realloc(block, 10 * PAGE);
    assert_true(moved != NULL && moved != block);
    tagpool_free(moved);
    moved = tagpool_alloc(TAGPOOL_PAGED, 9 * PAGE, TAG);
    assert_true(tagpool_realloc(moved, 10 * PAGE) == moved);
    tagpool_free(moved);
    return NULL;
}

/* What a run is charged changes where it lies only by its own thread, and that ends it; by another the block moves. */
static void reallocations_end_it(void **state)
{
    (void)state;
    skip_if_no_fast_paths();
    tagpool_free(take(9 * PAGE));
    void *block = take(9 * PAGE); /* its entry is above the top now */
    assert_true(heat(block));
    assert_ptr_equal(tagpool_realloc(block, 10 * PAGE), block);
    assert_true(is_cool());
    assert_true(heat(block));
    assert_int_equal(free_way.charge, tally_of_charge(10 * PAGE));
    tagpool_free(block);
    assert_true(is_hot(block));
    expect_counts(3, 3);
    block = take(9 * PAGE);
    assert_true(heat(block));
    in_a_thread(grow, block);
    assert_true(is_hot(block));
    expect_counts(7, 7);
}

/* Blocks that come back from other threads end it: runs among them may be charged otherwise. */
static void blocks_from_others_end_it(void **state)
{
    (void)state;
    skip_if_no_fast_paths();
    void *first = take(9 * PAGE), *second = take(10 * PAGE);
    tagpool_free(first);
    first = take(9 * PAGE);
    assert_true(heat(first));
    in_a_thread(free_it, second);
    assert_true(is_hot(first));
    heap_collect(&thread_self->heap);
    assert_true(is_cool());
    assert_false(heat(first));
    tagpool_free(first);
    expect_counts(3, 3);
}

/* Whoever takes over the heap of a thread that has exited finds no hot bin; its blocks are freed as always. */
static void *take_and_heat(void *block)
{
    *(void **)block = take(100);
    tagpool_free(take(100));
    if (!checker_is_on())
        assert_true(heat(*(void **)block));
    return NULL;
}

/* And what a thread does past its exit finds none, either. */
static pthread_key_t key;

/* The order of hooks is nobody's to say: this one comes back until the library's has run. */
static void free_at_the_end(void *block)
{
    if (thread_self != NULL) {
        assert_int_equal(pthread_setspecific(key, block), 0);
        return;
    }
    assert_true(free_way.first == FREE_KEY_NONE && free_way.key == FREE_KEY_NONE);
    tagpool_free(block);
}

static void *exit_with_a_block(void *unused)
{
    void *block = take(100);
    assert_true(checker_is_on() || heat(block));
    assert_int_equal(pthread_setspecific(key, block), 0);
    return unused;
}

static void threads_exit(void **state)
{
    (void)state;
    assert_int_equal(pthread_key_create(&key, free_at_the_end), 0);
    in_a_thread(exit_with_a_block, NULL);
    assert_int_equal(pthread_key_delete(key), 0);
    expect_counts(1, 1);
}

static void heaps_change_hands(void **state)
{
    void *blocks[2];
    (void)state;
    in_a_thread(take_and_heat, &blocks[0]);
    in_a_thread(take_and_heat, &blocks[1]);
    in_a_thread(free_it, blocks[0]);
    in_a_thread(free_it, blocks[1]);
    expect_counts(4, 4);
}

enum { MOST = 60 };

static struct {
    void *block;
    size_t bytes;
} held[MOST];

static unsigned held_count;

/* Few sizes, so that bins are often the same: classes, and runs of one length or two. */
static size_t any_bytes(uint64_t *seed)
{
    static const uint32_t small[] = {1, 60, 100, 3000}, pages[] = {9, 10, 16, 17, 20};
    size_t run = pages[random_below(seed, 5)] * PAGE - random_below(seed, 9);
    return random_below(seed, 2) == 0 ? small[random_below(seed, 4)] : run;
}

static void free_any(uint64_t *seed)
{
    unsigned which = random_below(seed, 4) != 0 ? held_count - 1 : random_below(seed, held_count);
    void *block = held[which].block;
    held[which] = held[--held_count];
    if (random_below(seed, 50) == 0)
        in_a_thread(free_it, block);
    else
        tagpool_free(block);
}

static void do_any(uint64_t *seed)
{
    uint32_t kind = random_below(seed, 16);
    if (held_count == 0 || (kind < 7 && held_count < MOST)) {
        held[held_count].bytes = any_bytes(seed);
        held[held_count].block = take(held[held_count].bytes);
        held_count++;
    } else if (kind < 14) {
        free_any(seed);
    } else {
        unsigned which = random_below(seed, held_count);
        void *moved = tagpool_realloc(held[which].block, any_bytes(seed));
        assert_non_null(moved);
        held[which].bytes = tagpool_size(moved);
        held[which].block = moved;
    }
}

/* Any order of operations, with any bin made hot in between: counts are those of the naive model. */
static void random_operations(void **state)
{
    uint64_t seed = 41;
    unsigned hot = 0;
    (void)state;
    for (unsigned step = 0; step < 60000; step++) {
        do_any(&seed);
        if (held_count > 0 && !checker_is_on() && random_below(&seed, 4) == 0) {
            void *block = held[random_below(&seed, held_count)].block;
            if (random_below(&seed, 2) == 0)
                free_way_cool();
            hot += span_at(block)->owner == &thread_self->heap && heat(block);
        }
        if (step % 64 != 0)
            continue;
        uint64_t bytes = 0;
        for (unsigned i = 0; i < held_count; i++)
            bytes += held[i].bytes;
        struct tagpool_stats stats = stats_now();
        assert_true(stats.blocks == held_count && stats.bytes == bytes);
        expect_whole();
    }
    assert_true(checker_is_on() || hot > 5000);
    while (held_count > 0)
        tagpool_free(held[--held_count].block);
    expect_whole();
}

/* What the check says of a bin whose blocks are not all charged as frees would count. */
static void damage_is_told(void **state)
{
    (void)state;
    skip_if_no_fast_paths();
    void *block = take(100);
    assert_true(heat(block));
    free_way.charge += TALLY_OUT_FIRST;
    assert_string_equal(pool_check(), "a block of the hot bin is charged otherwise than others");
    free_way.charge -= TALLY_OUT_FIRST;
    tagpool_free(block);
    expect_counts(1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(hot_when_a_row_is_settled, begin), cmocka_unit_test_setup(not_hot_without_order, begin),
        cmocka_unit_test_setup(other_blocks_end_it, begin),       cmocka_unit_test_setup(mistakes_are_told, begin),
        cmocka_unit_test_setup(features_are_seen, begin),         cmocka_unit_test_setup(runs_of_different_charges, begin),
        cmocka_unit_test_setup(reallocations_end_it, begin),      cmocka_unit_test_setup(blocks_from_others_end_it, begin),
        cmocka_unit_test_setup(heaps_change_hands, begin),        cmocka_unit_test_setup(random_operations, begin),
        cmocka_unit_test_setup(damage_is_told, begin),            cmocka_unit_test_setup(moves_end_it, begin),
        cmocka_unit_test_setup(threads_exit, begin),              cmocka_unit_test_setup(null_is_no_block, begin),
        cmocka_unit_test_setup(the_first_empty_entry, begin),
        cmocka_unit_test_setup(one_is_hot, begin),
        cmocka_unit_test_setup(the_first_empty_entry_without_memory, begin),
    };
    if (tagpool_start("reserve=16M") != TAGPOOL_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
