/* SPDX-License-Identifier: MIT
 *
 * arena.c: memory/arena against a map with one byte for each unit.
 */
#include "unit.h"

#include "damage.h"
#include "floor.h"
#include "random.h"

#include <string.h>

enum { MOST_RUNS = 400 };

struct held {
    struct span *run;
    size_t units;
};

/* One pool as it should be: units taken, and what is held. */
struct model {
    unsigned pool;
    bool taken[FLOOR_UNITS];
    size_t units_taken;
    struct held held[MOST_RUNS];
    size_t count;
    uint64_t seed;
};

/* The first and the last word of each unit: all that these tests look at and write. */
static uint64_t *word_of(const struct span *run, size_t unit, unsigned which)
{
    return (uint64_t *)(span_address(run + unit) + which * (UNIT_BYTES - sizeof(uint64_t)));
}

static bool reads_zero(const struct span *run, size_t units)
{
    uint64_t any = 0;
    for (size_t i = 0; i < units; i++)
        any |= *word_of(run, i, 0) | *word_of(run, i, 1);
    return any == 0;
}

static void dirty(const struct span *run, size_t units)
{
    for (size_t i = 0; i < units; i++)
        *word_of(run, i, 0) = *word_of(run, i, 1) = ~(uint64_t)i;
}

static size_t frontier(const struct model *model)
{
    return arena.half[model->pool].frontier;
}

/* The longest row of units that are not taken, below the frontier or above it. */
static size_t longest_gap(const struct model *model)
{
    size_t longest = 0;
    size_t length = 0;
    for (size_t i = 0; i < FLOOR_UNITS; i++) {
        length = model->taken[i] ? 0 : length + 1;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* "A run of `units` units, kind SPAN_PARKED, or NULL. *zeroed: the memory is fresh from the system and reads zero." NULL iff
 * no gap is long enough. */
static void take(struct model *model, size_t units)
{
    bool zeroed = false;
    bool fits = units <= longest_gap(model);
    struct span *run = arena_take(model->pool, units, &zeroed);
    assert_int_equal(run != NULL, fits);
    if (run == NULL)
        return;
    size_t first = span_index(run) - model->pool * FLOOR_UNITS;
    assert_true(first < FLOOR_UNITS && first + units <= frontier(model) && frontier(model) <= FLOOR_UNITS);
    assert_true(run->kind == SPAN_PARKED && run->units == units && span_pool(run) == model->pool);
    assert_int_equal(span_address(run), arena.base + (model->pool * FLOOR_UNITS + first) * UNIT_BYTES);
    for (size_t i = first; i < first + units; i++) {
        assert_false(model->taken[i]);
        model->taken[i] = true;
    }
    if (zeroed)
        assert_true(reads_zero(run, units));
    dirty(run, units);
    model->units_taken += units;
    model->held[model->count++] = (struct held){run, units};
}

/* "Gives a run back. May give memory to the system": no more than the cache may hold is kept. */
static void give_one(struct model *model, size_t which)
{
    struct held held = model->held[which];
    size_t first = span_index(held.run) - model->pool * FLOOR_UNITS;
    memset(model->taken + first, 0, held.units);
    model->held[which] = model->held[--model->count];
    model->units_taken -= held.units;
    arena_give(held.run, held.units);
    assert_true(arena.half[model->pool].dirty_units <= arena.cache_units);
}

static void give_all(struct model *model)
{
    while (model->count > 0)
        give_one(model, random_below(&model->seed, (uint32_t)model->count));
    assert_int_equal(arena.half[model->pool].units_in_use, 0);
    floor_expect_whole();
}

/* Random runs are taken and given back: none overlaps another, none is refused that there is room for, and the invariants hold
 * after each step. In small, in long, and in mixed runs; with trimming now and then. */
static void takes_and_gives(void **state)
{
    static const uint32_t longest[] = {1, 8, 80, 300};
    (void)state;
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (size_t round = 0; round < 8; round++) {
            struct model model = {.pool = pool, .seed = round};
            arena.cache_units = round % 2 == 0 ? FLOOR_UNITS : 20;
            (void)arena_trim(pool, arena.cache_units);
            for (int step = 0; step < 300; step++) {
                uint32_t action = random_below(&model.seed, 100);
                if (model.count < MOST_RUNS && action < (step < 150 ? 65u : 45u))
                    take(&model, 1 + random_below(&model.seed, longest[round % 4]));
                else if (model.count > 0 && action < 98)
                    give_one(&model, random_below(&model.seed, (uint32_t)model.count));
                else
                    (void)arena_trim(pool, random_below(&model.seed, 40));
                assert_int_equal(arena.half[pool].units_in_use, model.units_taken);
                assert_true(arena.half[pool].dirty_units <= frontier(&model) - model.units_taken);
                floor_expect_whole();
            }
            give_all(&model);
        }
}

/* Units in use and free runs up to the frontier; then memory never committed: the first run starts at the start, the frontier
 * only grows, and fresh memory is zeroed. pre: the first test of this program. */
static void frontier_grows(void **state)
{
    struct model model = {.pool = 1, .seed = 7};
    (void)state;
    arena.cache_units = FLOOR_UNITS;
    assert_int_equal(frontier(&model), 0);
    assert_int_equal(arena.half_units, FLOOR_UNITS);
    for (size_t before = 0; model.units_taken < FLOOR_UNITS; before = frontier(&model)) {
        size_t expected = model.units_taken;
        take(&model, 1);
        assert_int_equal(span_index(model.held[model.count - 1].run), FLOOR_UNITS + expected);
        assert_true(frontier(&model) >= before);
    }
    take(&model, 1); /* refused */
    assert_int_equal(model.count, FLOOR_UNITS);
    give_all(&model);
    take(&model, FLOOR_UNITS);
    give_all(&model);
}

/* "Gives free memory of one half back to the system until at most `keep_units` may still be with us. Returns the units given
 * back." What was given back reads zero, and is known to. */
static void trims(void **state)
{
    struct model model = {.pool = 0, .seed = 9};
    (void)state;
    arena.cache_units = FLOOR_UNITS;
    for (uint32_t round = 0; round < 60; round++) {
        size_t keep = round % 4 * (round % 16);
        for (int i = 0; i < 60; i++)
            take(&model, 1 + random_below(&model.seed, 4));
        for (int i = 0; i < 45; i++)
            give_one(&model, random_below(&model.seed, (uint32_t)model.count));
        size_t before = arena.half[0].dirty_units;
        size_t total = arena.units_given;
        size_t given = arena_trim(0, keep);
        assert_int_equal(before - arena.half[0].dirty_units, given);
        assert_int_equal(arena.units_given - total, given);
        assert_true(arena.half[0].dirty_units <= keep);
        assert_int_equal(given == 0, before <= keep);
        floor_expect_whole();
        give_all(&model);
    }
    assert_true(arena_trim(0, 0) > 0);
    assert_int_equal(arena_trim(0, 0), 0);
    bool zeroed = false;
    struct span *run = arena_take(0, FLOOR_UNITS, &zeroed);
    assert_non_null(run);
    assert_true(zeroed);
    assert_true(reads_zero(run, FLOOR_UNITS));
    arena_give(run, FLOOR_UNITS);
}

/* "Trims a half that has more free memory than it may keep", and no other: what `cache_units` allows stays, and a trim leaves
 * half of that, "so that the next free does not trim again". */
static void keeps_what_the_cache_may_hold(void **state)
{
    static struct span *runs[100];
    struct model model = {.pool = 1, .seed = 11};
    bool zeroed;
    (void)state;
    arena.cache_units = 24;
    (void)arena_trim(1, 0);
    for (int i = 0; i < 100; i++) {
        runs[i] = arena_take(1, 2, &zeroed);
        assert_non_null(runs[i]);
    }
    for (size_t i = 1; i <= 12; i++) {
        arena_give(runs[2 * i], 2); /* every other: none has a free neighbour */
        assert_int_equal(arena.half[1].dirty_units, 2 * i);
    }
    arena_give(runs[26], 2);
    assert_int_equal(arena.half[1].dirty_units, 12);
    for (size_t i = 0; i < 100; i++)
        if (i == 0 || i > 26 || i % 2 != 0)
            arena_give(runs[i], 2);
    arena.cache_units = 0;
    take(&model, 5);
    give_all(&model);
    assert_int_equal(arena.half[1].dirty_units, 0);
}

static const char *what_is_wrong(void)
{
    return arena_check(0);
}

/* Each sentence of arena_check(), reached by damage to one word. */
static void checks_tell_what_is_wrong(void **state)
{
    bool zeroed;
    struct span *runs[5];
    struct half *half = &arena.half[0];
    (void)state;
    arena.cache_units = FLOOR_UNITS;
    for (int i = 0; i < 5; i++) {
        assert_non_null(runs[i] = arena_take(0, 3, &zeroed));
        runs[i]->dirty = 0;
    }
    arena_give(runs[1], 3);
    arena_give(runs[3], 3); /* used, free, used, free, used, and perhaps more */
    struct span *free_run = runs[1];
    assert_int_equal(free_run->kind, SPAN_FREE);
    EXPECT_DAMAGE(runs[0]->units, 0, "a run of units has an impossible length");
    EXPECT_DAMAGE(runs[0]->units, FLOOR_UNITS + 1, "a run of units has an impossible length");
    EXPECT_DAMAGE(runs[0]->kind, SPAN_NONE, "a unit belongs to no run");
    EXPECT_DAMAGE(runs[0]->kind, SPAN_INSIDE, "a unit belongs to no run");
    EXPECT_DAMAGE(runs[0]->units, 2, "a unit belongs to no run");
    EXPECT_DAMAGE(free_run->dirty, 4, "a free run has more dirty units than units");
    EXPECT_DAMAGE(runs[2]->kind, SPAN_FREE, "two free runs touch");
    EXPECT_DAMAGE(free_run[2].kind, SPAN_NONE, "the last unit of a free run does not lead to the first");
    EXPECT_DAMAGE(free_run[2].first, 0, "the last unit of a free run does not lead to the first");
    EXPECT_DAMAGE(half->runs_present, half->runs_present ^ 4, "the map of run lists disagrees with a list");
    EXPECT_DAMAGE(half->runs[2], 0, "the map of run lists disagrees with a list");
    EXPECT_DAMAGE(half->runs[2], span_to_link(runs[0]), "a list of free runs holds a stranger");
    EXPECT_DAMAGE(half->units_in_use, half->units_in_use + 1, "the arena's counts disagree with its runs");
    EXPECT_DAMAGE(half->dirty_units, half->dirty_units + 1, "the arena's counts disagree with its runs");
    EXPECT_DAMAGE(span_from_link(half->runs[2])->next, 0, "the arena's counts disagree with its runs");
    for (int i = 0; i < 5; i += 2)
        arena_give(runs[i], 3);
    floor_expect_whole();
}

/* "Whether a granule of the arena begins at an address": at each byte around the bounds, and one bit away from one within. */
static void granules_by_address(void **state)
{
    const uintptr_t bounds[] = {arena.base, arena.base + arena.bytes / 2, arena.base + arena.bytes, 0};
    (void)state;
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        for (int byte = -100; byte <= 100; byte++) {
            uintptr_t address = bounds[i] + (uintptr_t)byte;
            bool begins = address % 16 == 0 && address >= arena.base && address < arena.base + arena.bytes;
            assert_int_equal(arena_has_granule((const void *)address), begins);
        }
    for (unsigned bit = 0; bit < sizeof(uintptr_t) * 8; bit++) {
        uintptr_t address = (arena.base + arena.bytes / 2 + 4096) ^ (uintptr_t)1 << bit;
        bool is_ours = address - arena.base < arena.bytes && address % 16 == 0;
        assert_int_equal(arena_has_granule((const void *)address), is_ours);
    }
}

static size_t table_units_now(void)
{
    return (arena.mask >> SPAN_SHIFT) + 1;
}

static bool is_of_arena(const struct span *span)
{
    return span >= arena.spans && span < arena.spans + (arena.bytes >> UNIT_SHIFT);
}

/* Addresses all over, many of them near the arena or whole windows away from there. */
static uintptr_t any_address(uint64_t *seed)
{
    static const uintptr_t spread[] = {1, 16, UNIT_BYTES, UNIT_BYTES * 2};
    uintptr_t address = random_below(seed, 2) == 0 ? arena.base : arena.base + arena.bytes;
    address += spread[random_below(seed, 4)] * (uintptr_t)random_below(seed, 3000) - 1000 * UNIT_BYTES;
    if (random_below(seed, 2) == 0)
        address += (uintptr_t)table_units_now() * UNIT_BYTES * random_below(seed, 1000);
    return random_below(seed, 10) == 0 ? (uintptr_t)random_u64(seed) << random_below(seed, 30) : address;
}

/* "The same if the address is the arena's and the front door open; otherwise any entry but that of the address's unit." "The
 * table has an entry for each unit of a window in which the arena lies, and the lowest is not the arena's." */
static void entries_near_addresses(void **state)
{
    uint64_t seed = 5;
    (void)state;
    assert_false(is_of_arena((const void *)arena.table));
    for (int open = 0; open <= 1; open++) {
        arena.open_mask = open ? arena.mask : 0;
        for (int i = 0; i < 200000; i++) {
            uintptr_t address = any_address(&seed);
            const struct span *found = span_near(&arena, (const void *)address);
            size_t entry = ((uintptr_t)found - (uintptr_t)arena.table) / sizeof *found;
            bool is_ours = address - arena.base < arena.bytes;
            assert_true(entry < table_units_now() && arena.table + entry * sizeof *found == (const char *)found);
            if (is_ours && open)
                assert_ptr_equal(found, span_at((const void *)address));
            else
                assert_true(!is_of_arena(found) || span_address(found) != address / UNIT_BYTES * UNIT_BYTES);
        }
    }
}

/* "A span's key is its owner's + the address of its unit: a heap's key + an address - the key of span_near() = the offset in
 * that unit iff the address is in it and the heap its owner; otherwise it is more than any offset": also where an address is off
 * by as much as the keys are. "Whether an offset is one in a unit, and a granule begins there", whatever it is. */
static void keys_of_heaps(void **state)
{
    static const uint32_t numbers[] = {0, 1, 2, 3, 31, 32, 64, TAGPOOL_THREADS - 1};
    uint64_t seed = 6;
    (void)state;
    arena.open_mask = arena.mask;
    for (int i = 0; i < 1000000; i++) {
        uint32_t number = numbers[random_below(&seed, 8)], owner = numbers[random_below(&seed, 8)];
        bool is_nobody = random_below(&seed, 8) == 0;
        uintptr_t key = is_nobody ? 0 : HEAP_KEY(number);
        uintptr_t address = any_address(&seed) + (random_below(&seed, 2) == 0 ? HEAP_KEY(owner) - key : 0);
        const struct span *found = span_near(&arena, (const void *)address);
        if (!is_of_arena(found))
            continue;
        uintptr_t offset = key + address - (HEAP_KEY(owner) + span_address(found));
        bool is_own = !is_nobody && number == owner && address / UNIT_BYTES * UNIT_BYTES == span_address(found);
        assert_int_equal(offset < UNIT_BYTES, is_own);
        assert_int_equal(unit_has_granule(offset), is_own && address % 16 == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(granules_by_address),
        cmocka_unit_test(entries_near_addresses),
        cmocka_unit_test(keys_of_heaps),
        cmocka_unit_test(frontier_grows),
        cmocka_unit_test(takes_and_gives),
        cmocka_unit_test(trims),
        cmocka_unit_test(keeps_what_the_cache_may_hold),
        cmocka_unit_test(checks_tell_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, floor_start, NULL);
}
