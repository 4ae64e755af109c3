/* SPDX-License-Identifier: MIT
 *
 * big.c: memory/big: runs that belong to a heap, runs of nobody's, what a heap keeps of both, and how much.
 */
#include "unit.h"

#include "heaps.h"
#include "random.h"

/* "A run for `bytes` bytes (0 too)": whole units; "page aligned and charged by the page". "Whether the heap's bins may hold a run
 * for so many bytes": up to 1 MiB. */
static void sizes_of_runs(void **state)
{
    (void)state;
    assert_int_equal(big_units(0), 1);
    assert_int_equal(big_charged(0), 4096);
    assert_false(big_may_belong(0));
    for (size_t bytes = 1; bytes < 20 * UNIT_BYTES; bytes += 509) {
        assert_int_equal(big_units(bytes), bytes / UNIT_BYTES + (bytes % UNIT_BYTES != 0));
        assert_int_equal(big_charged(bytes), (bytes / 4096 + (bytes % 4096 != 0)) * 4096);
        assert_int_equal(big_may_belong(bytes), bytes <= 1048576);
        uint32_t live = note_live(7, 0, NOTE_PROTECTED);
        assert_true(note_slack(big_note_live(live, bytes)) == big_charged(bytes) - bytes);
        assert_true(big_note_live(live, bytes) - note_add_slack(live, big_charged(bytes) - bytes) == 0);
    }
    assert_int_equal(big_units(UNIT_BYTES), 1);
    assert_int_equal(big_units(UNIT_BYTES + 1), 2);
    assert_int_equal(big_note_live(note_live(3, 0, 0), 0), note_live(3, 0, 0));
    assert_true(big_may_belong(KEPT_RUN_UNITS * UNIT_BYTES) && !big_may_belong(KEPT_RUN_UNITS * UNIT_BYTES + 1));
}

/* What the front door does to free a run. */
static bool free_run(unsigned heap, struct span *run)
{
    if (run->owner != NULL)
        return heaps_free(heap, (void *)span_address(run));
    if (!big_release(run, run->big_note))
        return false;
    big_put(&heaps[heap], run);
    return true;
}

static struct span *take_run(unsigned heap, unsigned pool, size_t bytes)
{
    bool zeroed = true;
    return big_take(&heaps[heap], pool, bytes, note_live(1, 0, 0), &zeroed);
}

/* The sum over the lists of nobody's runs that a heap keeps, each in the list of its own length and pool. */
static size_t cached_units(unsigned heap)
{
    size_t sum = 0;
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (size_t units = 1; units <= CACHED_RUN_UNITS; units++)
            for (uint32_t link = heaps[heap].cached[pool][units]; link != 0; link = span_from_link(link)->next) {
                struct span *run = span_from_link(link);
                assert_true(run->kind == SPAN_BIG && run->units == units && span_pool(run) == pool && run->owner == NULL);
                assert_false(note_is_live(run->big_note));
                sum += units;
            }
    return sum;
}

/* The units of all runs that belong to a heap, outstanding or not; those in a bin are free, and of its length and pool. */
static size_t own_units(unsigned heap)
{
    size_t sum = 0;
    for (size_t i = 0; i < POOLS * FLOOR_UNITS; i++)
        if (arena.spans[i].kind == SPAN_BIG && arena.spans[i].owner == &heaps[heap])
            sum += arena.spans[i].units;
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (size_t units = 1; units <= KEPT_RUN_UNITS; units++) {
            const struct bin *bin = &heaps[heap].bin[pool][BIN_RUNS + units];
            for (struct slot_ref *ref = bin->base + 1; ref <= bin->top; ref++) {
                struct span *run = span_at(ref->block);
                assert_true(run->units == units && span_pool(run) == pool && run->owner == &heaps[heap] && span_bin(run) == bin);
                assert_true(ref->note == &run->big_note && !note_is_live(run->big_note));
            }
        }
    return sum;
}

/* The entry of a run that was just taken. */
static void expect_run(const struct span *run, unsigned heap, unsigned pool, size_t bytes, uint32_t live)
{
    assert_true(run->kind == SPAN_BIG && run->units == big_units(bytes) && span_pool(run) == pool);
    assert_true(big_requested(run, run->big_note) == bytes && big_charged(run->bytes) == big_charged(bytes));
    assert_true(run->big_note == big_note_live(live, bytes) && span_slot_bytes(run) == big_charged(bytes));
    for (size_t i = 1; i < run->units; i++)
        assert_true(run[i].kind == SPAN_INSIDE && run[i].first == span_index(run));
    if (run->owner != NULL) {
        assert_true(big_may_belong(bytes) && run->owner == &heaps[heap] && span_bin(run)->rows == heaps[heap].rows[pool]);
        assert_true(span_bin(run) == &heaps[heap].bin[pool][BIN_RUNS + run->units] && run->notes == &run->big_note);
        assert_true(note_at((void *)span_address(run)) == &run->big_note);
    }
}

static bool has_own(unsigned heap, unsigned pool, size_t bytes)
{
    return big_bin(heaps[heap].bin[pool], bytes)->top->block != NULL;
}

struct taken {
    struct span *run;
    size_t bytes;
    uint32_t live;
};

/* Two heaps take and free runs of all lengths, each other's too: contents stay, "a run zeroed reads zero", a run is freed once,
 * and what each heap keeps is bounded, by `cache_units` too where runs are nobody's. */
static void random_use(void **state)
{
    static struct taken taken[40];
    size_t count = 0;
    uint64_t seed = 5;
    (void)state;
    for (uint32_t step = 0; step < 12000; step++) {
        unsigned heap = random_below(&seed, 2);
        arena.cache_units = step < 8000 ? 200 : 7;
        if (count < 40 && random_below(&seed, 2) == 0) {
            static const uint32_t longest[] = {4, 18, 80};
            size_t bytes = random_below(&seed, longest[step / 1000 % 3] * (uint32_t)UNIT_BYTES);
            bool zeroed = false;
            unsigned pool = random_below(&seed, 2);
            uint32_t live = note_live(step % 65536, 0, step % 3 == 0 ? NOTE_PROTECTED : 0);
            struct span *run = big_take(&heaps[heap], pool, bytes, live, &zeroed);
            if (run == NULL)
                continue;
            uint64_t *last = (uint64_t *)(span_address(run) + big_units(bytes) * UNIT_BYTES - 8);
            assert_true(!zeroed || *last == 0);
            expect_run(run, heap, pool, bytes, live);
            *last = step;
            *(uint64_t *)span_address(run) = step;
            taken[count++] = (struct taken){run, bytes, step};
        } else if (count > 0) {
            size_t which = random_below(&seed, (uint32_t)count);
            struct taken one = taken[which];
            size_t before = heaps[heap].cached_units;
            assert_true(*(uint64_t *)(span_address(one.run) + big_units(one.bytes) * UNIT_BYTES - 8) == one.live);
            assert_true(*(uint64_t *)span_address(one.run) == one.live);
            assert_true(big_requested(one.run, one.run->big_note) == one.bytes);
            assert_true(note_tag_index(one.run->big_note) == one.live % 65536);
            assert_true(free_run(heap, one.run));
            taken[which] = taken[--count];
            if (heaps[heap].cached_units > before)
                assert_true(heaps[heap].cached_units <= arena.cache_units);
        }
        for (unsigned i = 0; i < 2; i++) {
            assert_true(heaps[i].cached_units == cached_units(i) && heaps[i].cached_units <= CACHED_UNITS_MOST);
            assert_true(heaps[i].kept_units == own_units(i) && heaps[i].kept_units <= KEPT_UNITS_MOST);
        }
        if (step % 37 == 0)
            heap_collect(&heaps[step % 2]);
        if (step % 50 == 0)
            heaps_expect_whole();
    }
    for (; count > 0; count--)
        assert_true(free_run(count % 2, taken[count - 1].run));
    heaps_expect_empty();
    arena.cache_units = FLOOR_UNITS;
}

/* "It goes back to its heap's bin for that length, wherever it is freed": by another heap at once, and
 * from then on it is the owner's again, at its next look. */
static void own_run_comes_home(void **state)
{
    struct span *run = take_run(0, 1, 3 * UNIT_BYTES - 100);
    void *block = (void *)span_address(run);
    (void)state;
    assert_ptr_equal(run->owner, &heaps[0]);
    assert_true(free_run(1, run));
    assert_false(heaps_free(1, block)); /* twice */
    assert_true(note_is_remote(run->big_note) && heaps[0].inbox == span_to_link(run) && run->remote != 0);
    assert_false(has_own(0, 1, 3 * UNIT_BYTES));
    heap_collect(&heaps[0]);
    assert_true(!note_is_remote(run->big_note) && run->remote == 0);
    heaps_expect_whole();
    assert_false(has_own(0, 0, 3 * UNIT_BYTES));
    assert_false(has_own(1, 1, 3 * UNIT_BYTES));
    assert_false(has_own(0, 1, 2 * UNIT_BYTES));
    struct bin *bin = big_bin(heaps[0].bin[1], 2 * UNIT_BYTES + 1);
    assert_ptr_equal(bin->top->block, block);
    uint64_t rest;
    assert_ptr_equal(big_take_own(bin, bin->top, 2 * UNIT_BYTES + 1, note_live(2, 0, 0), &rest), run);
    assert_true(rest == tally_of_rest(PAGE_BYTES - 1) && run->tally == tally_of_charge(2 * UNIT_BYTES + PAGE_BYTES));
    expect_run(run, 0, 1, 2 * UNIT_BYTES + 1, note_live(2, 0, 0));
    assert_true(free_run(0, run));
    assert_false(free_run(1, run));
    bool zeroed = true;
    assert_ptr_equal(big_take(&heaps[0], 1, 3 * UNIT_BYTES, note_live(4, 0, 0), &zeroed), run);
    assert_false(zeroed);
    assert_true(free_run(0, run));
    heaps_expect_empty();
}

/* "Runs of up to 1 MiB, so many in all": further ones are nobody's, and so are longer ones and those of no bytes. Freed, own runs
 * stay own; the room is there again once big_empty() has given them to the arena, not those outstanding. */
static void bounds_of_what_belongs(void **state)
{
    static struct span *runs[2 * KEPT_UNITS_MOST];
    (void)state;
    for (size_t i = 0; i < KEPT_UNITS_MOST + 5; i++) {
        runs[i] = take_run(0, i % 2, UNIT_BYTES);
        assert_ptr_equal(runs[i]->owner, i < KEPT_UNITS_MOST ? &heaps[0] : NULL);
    }
    assert_int_equal(heaps[0].kept_units, KEPT_UNITS_MOST);
    struct span *other = take_run(1, 0, UNIT_BYTES);
    assert_ptr_equal(other->owner, &heaps[1]);
    for (size_t i = 1; i < KEPT_UNITS_MOST + 5; i++)
        assert_true(free_run(0, runs[i]));
    assert_int_equal(heaps[0].kept_units, KEPT_UNITS_MOST);
    heaps_expect_whole();
    big_empty(&heaps[0]);
    assert_true(heaps[0].kept_units == 1 && heaps[0].cached_units == 0 && own_units(0) == 1);
    assert_true(runs[0]->kind == SPAN_BIG && note_is_live(runs[0]->big_note));
    heaps_expect_whole();
    assert_true(free_run(0, runs[0]) && free_run(1, other));
    const size_t lengths[] = {0, KEPT_RUN_UNITS * UNIT_BYTES, KEPT_RUN_UNITS * UNIT_BYTES + 1};
    for (int i = 0; i < 3; i++) {
        runs[i] = take_run(0, 0, lengths[i]);
        assert_ptr_equal(runs[i]->owner, i == 1 ? &heaps[0] : NULL);
        expect_run(runs[i], 0, 0, lengths[i], note_live(1, 0, 0));
    }
    for (int i = 0; i < 3; i++)
        assert_true(free_run(0, runs[i]));
    heaps_expect_empty();
}

/* "Whoever frees one may keep it, up to a bound, for its own next block of that length": another heap's next; "false iff it was
 * not (any more): freed twice". */
static void runs_of_nobodys(void **state)
{
    const size_t bytes = 20 * UNIT_BYTES;
    bool zeroed = true;
    (void)state;
    struct span *run = big_take(&heaps[0], 0, bytes, note_live(1, 0, 0), &zeroed);
    uint32_t live = run->big_note;
    assert_null(run->owner);
    assert_false(big_release(run, live ^ NOTE_PROTECTED));
    assert_true(big_release(run, live));
    assert_false(big_release(run, live));
    assert_true(!note_is_live(run->big_note) && note_tag_index(run->big_note) == 1);
    big_put(&heaps[1], run);
    assert_int_equal(heaps[1].cached_units, 20);
    struct span *shorter = take_run(1, 0, 19 * UNIT_BYTES);
    struct span *paged = take_run(1, 1, bytes);
    struct span *others = take_run(0, 0, bytes);
    zeroed = true;
    struct span *same = big_take(&heaps[1], 0, 19 * UNIT_BYTES + 1, note_live(4, 0, 0), &zeroed);
    assert_true(same == run && !zeroed && shorter != run && paged != run && others != run);
    expect_run(same, 1, 0, 19 * UNIT_BYTES + 1, note_live(4, 0, 0));
    assert_int_equal(heaps[1].cached_units, 0);
    assert_true(free_run(0, same) && free_run(0, shorter) && free_run(1, paged) && free_run(1, others));
    struct span *longest = take_run(0, 0, (CACHED_RUN_UNITS + 1) * UNIT_BYTES);
    size_t units = arena.half[0].units_in_use;
    assert_true(free_run(0, longest)); /* too long to keep */
    assert_int_equal(arena.half[0].units_in_use, units - CACHED_RUN_UNITS - 1);
    heaps_expect_empty();
}

/* Kept runs of nobody's are never more than the bound, nor than option cache: what is above goes to the arena. */
static void bounds_of_what_is_cached(void **state)
{
    static struct span *runs[8];
    const size_t limits[] = {FLOOR_UNITS, 40, 0};
    (void)state;
    for (int round = 0; round < 3; round++) {
        size_t most = limits[round] < CACHED_UNITS_MOST ? limits[round] : CACHED_UNITS_MOST;
        for (int i = 0; i < 8; i++)
            runs[i] = take_run(0, i % 2, 17 * UNIT_BYTES + 1);
        arena.cache_units = limits[round];
        for (int i = 0; i < 8; i++)
            assert_true(free_run(0, runs[i]));
        assert_int_equal(heaps[0].cached_units, most / 18 * 18);
        assert_int_equal(arena.half[0].units_in_use + arena.half[1].units_in_use, heaps[0].cached_units);
        heaps_expect_empty();
    }
    arena.cache_units = FLOOR_UNITS;
}

/* "Notes another requested size for a live run of the same length": bytes, charged and slack; tag and flags stay. */
static void resizes(void **state)
{
    const size_t sizes[] = {2 * UNIT_BYTES, UNIT_BYTES + 1, UNIT_BYTES + 4096, 2 * UNIT_BYTES - 4095, UNIT_BYTES + 5000};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        bool zeroed;
        uint32_t live = note_live(4711, 0, i % 2 == 0 ? NOTE_PROTECTED | NOTE_PATTERNED : 0);
        struct span *run = big_take(&heaps[0], 0, 2 * UNIT_BYTES - 7, live, &zeroed);
        assert_non_null(run->owner);
        big_resize(run, sizes[i]);
        expect_run(run, 0, 0, sizes[i], live);
        assert_true(free_run(i % 2, run));
        heaps_expect_empty();
    }
}

/* NULL iff no run is long enough. */
static void no_memory(void **state)
{
    (void)state;
    struct span *all = take_run(0, 1, FLOOR_UNITS * UNIT_BYTES);
    assert_non_null(all);
    assert_null(take_run(0, 1, 1));
    assert_null(take_run(1, 1, 40 * UNIT_BYTES));
    assert_true(free_run(1, all));
    struct span *run = take_run(0, 1, 1);
    assert_non_null(run);
    assert_null(take_run(1, 1, FLOOR_UNITS * UNIT_BYTES));
    assert_true(free_run(1, run));
    heaps_expect_empty();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_runs),   cmocka_unit_test(own_run_comes_home),       cmocka_unit_test(bounds_of_what_belongs),
        cmocka_unit_test(runs_of_nobodys), cmocka_unit_test(bounds_of_what_is_cached), cmocka_unit_test(resizes),
        cmocka_unit_test(no_memory),       cmocka_unit_test(random_use),
    };
    return cmocka_run_group_tests(tests, heaps_start, NULL);
}
