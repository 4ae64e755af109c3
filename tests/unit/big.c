/* SPDX-License-Identifier: MIT
 *
 * big.c: memory/big: runs for big blocks, what a heap keeps of them, and how much.
 */
#include "unit.h"

#include "floor.h"
#include "memory/big.h"
#include "random.h"

static struct heap heap_one;

static int start_heap(void **state)
{
    heap_start(&heap_one);
    return floor_start(state);
}

/* "A run for `bytes` bytes (0 too)": whole units; "page aligned and charged by the page". */
static void sizes_of_runs(void **state)
{
    (void)state;
    assert_int_equal(big_units(0), 1);
    assert_int_equal(big_charged(0), 4096);
    for (size_t bytes = 1; bytes < 5 * UNIT_BYTES; bytes += 509) {
        assert_int_equal(big_units(bytes), bytes / UNIT_BYTES + (bytes % UNIT_BYTES != 0));
        assert_int_equal(big_charged(bytes), (bytes / 4096 + (bytes % 4096 != 0)) * 4096);
    }
    assert_int_equal(big_units(UNIT_BYTES), 1);
    assert_int_equal(big_units(UNIT_BYTES + 1), 2);
}

/* The sum over the lists of what is kept, each run in the list of its own length and pool. */
static size_t kept_units(void)
{
    size_t sum = 0;
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (size_t units = 1; units <= CACHED_RUN_UNITS; units++)
            for (uint32_t link = heap_one.cached[pool][units]; link != 0; link = span_from_link(link)->next) {
                struct span *run = span_from_link(link);
                assert_true(run->kind == SPAN_BIG && run->units == units && span_pool(run) == pool);
                assert_false(note_is_live(run->big_note));
                sum += units;
            }
    return sum;
}

struct taken {
    struct span *run;
    size_t bytes;
    uint32_t live;
};

static void release(const struct taken *taken)
{
    volatile uint64_t *last = (uint64_t *)(span_address(taken->run) + big_units(taken->bytes) * UNIT_BYTES - 8);
    assert_true(*last == taken->live);
    assert_true(taken->run->bytes == taken->bytes && taken->run->big_note == taken->live);
    assert_false(big_release(taken->run, taken->live ^ NOTE_PROTECTED));
    assert_true(big_release(taken->run, taken->live));
    assert_false(big_release(taken->run, taken->live));
    big_put(&heap_one, taken->run);
}

/* "Whoever frees it may keep it, up to a bound": never more than 8 MiB, nor than option cache, nor a run above 4 MiB. "False iff
 * it was not (any more): freed twice." A zeroed run reads zero. */
static void random_use(void **state)
{
    static struct taken taken[60];
    size_t count = 0;
    uint64_t seed = 5;
    (void)state;
    for (uint32_t step = 0; step < 12000; step++) {
        arena.cache_units = step < 8000 ? 200 : 7;
        if (count < 60 && random_below(&seed, 2) == 0) {
            size_t bytes = random_below(&seed, (step / 1000 % 2 == 0 ? 4 : 80) * (uint32_t)UNIT_BYTES);
            bool zeroed = false;
            uint32_t live = note_live(step + 1, 0, 0);
            struct span *run = big_take(&heap_one, random_below(&seed, 2), bytes, live, &zeroed);
            if (run == NULL)
                continue;
            uint64_t *last = (uint64_t *)(span_address(run) + big_units(bytes) * UNIT_BYTES - 8);
            assert_true(!zeroed || *last == 0);
            assert_int_equal(run->units, big_units(bytes));
            *last = live;
            taken[count++] = (struct taken){run, bytes, live};
        } else if (count > 0) {
            size_t which = random_below(&seed, (uint32_t)count);
            size_t before = heap_one.cached_units;
            release(&taken[which]);
            taken[which] = taken[--count];
            if (heap_one.cached_units > before)
                assert_true(heap_one.cached_units <= (arena.cache_units < 128 ? arena.cache_units : 128));
        }
        assert_int_equal(heap_one.cached_units, kept_units());
        assert_true(heap_one.cached_units <= CACHED_UNITS_MOST);
        if (step % 50 == 0)
            floor_expect_whole();
    }
    while (count > 0)
        release(&taken[--count]);
    big_empty(&heap_one);
    assert_int_equal(heap_one.cached_units, 0);
    assert_int_equal(kept_units(), 0);
    floor_expect_whole();
    assert_int_equal(arena.half[0].units_in_use + arena.half[1].units_in_use, 0);
}

/* Kept "for its own next block of that length": the same run again, not zeroed; another length or pool gets another. */
static void next_block_of_that_length(void **state)
{
    bool zeroed = true;
    (void)state;
    arena.cache_units = 200;
    struct span *run = big_take(&heap_one, 0, 3 * UNIT_BYTES, note_live(1, 0, 0), &zeroed);
    assert_true(big_release(run, note_live(1, 0, 0)));
    big_put(&heap_one, run);
    assert_int_equal(heap_one.cached_units, 3);
    zeroed = true;
    struct span *shorter = big_take(&heap_one, 0, 2 * UNIT_BYTES, note_live(2, 0, 0), &zeroed);
    struct span *paged = big_take(&heap_one, 1, 3 * UNIT_BYTES, note_live(3, 0, 0), &zeroed);
    zeroed = true;
    struct span *same = big_take(&heap_one, 0, 2 * UNIT_BYTES + 1, note_live(4, 0, 0), &zeroed);
    assert_ptr_equal(same, run);
    assert_false(zeroed);
    assert_ptr_not_equal(shorter, run);
    assert_ptr_not_equal(paged, run);
    assert_int_equal(heap_one.cached_units, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_runs),
        cmocka_unit_test(random_use),
        cmocka_unit_test(next_block_of_that_length),
    };
    return cmocka_run_group_tests(tests, start_heap, NULL);
}
