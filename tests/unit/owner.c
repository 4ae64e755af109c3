/* SPDX-License-Identifier: MIT
 *
 * owner.c: memory/owner: what lies at an address, for every byte, against a naive map of the span; and the walk.
 */
#include "unit.h"

#include "heaps.h"
#include "random.h"

/* What should be at each byte of one span: the kind, and where its slot starts. */
static struct {
    enum place_kind kind[UNIT_BYTES];
    uint32_t start[UNIT_BYTES];
} map;

/* "Any address whatever": next to the arenas, far from them, and 0. */
static void foreign_addresses(void **state)
{
    uintptr_t addresses[] = {0, 1, arena.base - 1, arena.base + arena.bytes, UINTPTR_MAX, (uintptr_t)&heaps[0], arena.base / 2};
    struct place place;
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        memset(&place, 0xEE, sizeof place);
        owner_find(addresses[i], &place);
        assert_int_equal(place.kind, PLACE_FOREIGN);
        assert_false(owner_is_ours(addresses[i]));
    }
    for (unsigned pool = 0; pool < POOLS; pool++) {
        owner_find(arena.base + pool * (arena.bytes / 2), &place);
        assert_int_equal(place.kind, PLACE_UNUSED);
        assert_int_equal(place.pool, pool);
        owner_find(arena.base + (pool + 1) * (arena.bytes / 2) - 1, &place);
        assert_int_equal(place.kind, PLACE_UNUSED);
        assert_int_equal(place.pool, pool);
    }
}

static void draw(uint32_t start, uint32_t bytes, enum place_kind kind)
{
    for (uint32_t i = start; i < start + bytes; i++) {
        map.kind[i] = kind;
        map.start[i] = start;
    }
}

static void expect_map(struct span *span, unsigned pool, uint32_t slot_bytes, uint32_t slack)
{
    for (uint32_t i = 0; i < UNIT_BYTES; i++) {
        struct place place;
        owner_find(span_address(span) + i, &place);
        bool is_right = place.kind == map.kind[i] && place.pool == pool;
        if (map.kind[i] != PLACE_UNUSED)
            is_right = is_right && place.span == span && place.start == span_address(span) + map.start[i] &&
                       place.charged == slot_bytes && place.tag_index == map.start[i] / 16 &&
                       place.bytes == (map.kind[i] == PLACE_LIVE ? slot_bytes - slack : 0);
        if (!is_right)
            fail_msg("slots of %u bytes, byte %u: kind %d, start %ld; expected %d, %u", slot_bytes, i, (int)place.kind,
                     (long)(place.start - span_address(span)), (int)map.kind[i], map.start[i]);
    }
}

static bool count_visit(const struct place *place, void *context)
{
    uintptr_t *last = context;
    assert_int_equal(place->kind, PLACE_LIVE);
    assert_true(place->start > *last);
    *last = place->start;
    return true;
}

/* Every byte of a span with live, freed, cached and never used slots, in every class, page tails too: the kind, the block's start
 * and sizes, its tag. "Visits all outstanding blocks in the order of addresses; returns how many." A slot in a magazine is freed
 * once it was a block, unused before; so is one that was freed and lies in its span. */
static void every_byte_of_a_slab(void **state)
{
    uint64_t seed = 23;
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        static void *held[4096];
        uint32_t bytes = classes.info[class].slot_bytes;
        uint32_t taken = 1 + random_below(&seed, classes.info[class].slots);
        uint32_t slack = random_below(&seed, bytes < 4096 ? bytes : 4096);
        unsigned pool = class % 2;
        size_t live = 0;
        for (uint32_t i = 0; i < UNIT_BYTES; i++)
            map.kind[i] = PLACE_UNUSED;
        for (uint32_t i = 0; i < taken; i++) {
            held[i] = heaps_take(0, pool, class, 0);
            uint32_t offset = offset_at(held[i]);
            *note_at(held[i]) = note_live(offset / 16, slack, 0);
            draw(offset, bytes, PLACE_LIVE);
            live++;
        }
        struct span *span = span_at(held[0]);
        for (uint32_t i = 1; i < taken; i++)
            if (random_below(&seed, 2) == 0) {
                assert_true(heaps_free(i % 2, held[i]));
                draw(offset_at(held[i]), bytes, PLACE_FREED);
                held[i] = NULL;
                live--;
            }
        expect_map(span, pool, bytes, slack);
        uintptr_t last = 0;
        assert_int_equal(owner_walk(count_visit, &last), live);
        heap_flush(&heaps[1]);
        expect_map(span, pool, bytes, slack);
        heap_empty(&heaps[0]); /* the free slots lie in the span now */
        expect_map(span, pool, bytes, slack);
        for (uint32_t i = 0; i < taken; i++)
            if (held[i] != NULL)
                assert_true(heaps_free(0, held[i]));
        heaps_expect_empty();
        assert_int_equal(owner_walk(count_visit, &(uintptr_t){0}), 0);
    }
}

/* `slot_note` is where the note is: of a slot its own, also when it is not live. */
static void notes_of_places(void **state)
{
    void *blocks[2] = {heaps_take(0, 0, 7, note_live(1, 3, NOTE_PATTERNED)), heaps_take(0, 0, 7, note_live(2, 3, 0))};
    struct place place;
    (void)state;
    assert_true(heaps_free(0, blocks[1]));
    for (int i = 0; i < 2; i++) {
        owner_find((uintptr_t)blocks[i] + 100, &place);
        assert_true(place.slot_note == note_at(blocks[i]) && place.note == *place.slot_note);
    }
    assert_true(heaps_free(0, blocks[0]));
    heaps_expect_empty();
}

/* A slab that has gone is known as freed at every address; after it, what has come there. */
static void slab_that_was(void **state)
{
    struct place place;
    void *block = heaps_take(0, 0, 3, note_live(5, 0, 0));
    uintptr_t start = (uintptr_t)block & ~(UNIT_BYTES - 1);
    (void)state;
    assert_true(heaps_free(0, block));
    heaps_expect_empty();
    for (uintptr_t offset = 0; offset < UNIT_BYTES; offset += 8) {
        owner_find(start + offset, &place);
        assert_true(place.kind == PLACE_FREED && place.start == start + offset && place.pool == 0 && place.bytes == 0);
    }
    bool zeroed;
    struct span *run = big_take(&heaps[0], 0, UNIT_BYTES, note_live(6, 0, 0), &zeroed);
    assert_int_equal(span_address(run), start);
    owner_find(start + 128, &place);
    assert_true(place.kind == PLACE_LIVE && place.start == start && place.tag_index == 6);
    assert_true(heaps_free(0, (void *)start));
    heaps_expect_empty();
}

/* Each granule of a run, the last page's tail and the rest of its last unit too, leads to it; once freed it is known as freed, in
 * its bin, under way, and cached; with the arena, its start is, and what was inside it is unused. Of both sorts. */
static void every_granule_of_a_run(void **state)
{
    static const size_t sizes[] = {5 * UNIT_BYTES - 70000, 20 * UNIT_BYTES + 1, 1, 0};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] * 2; i++) {
        const size_t bytes = sizes[i / 2];
        bool zeroed;
        struct place place;
        struct span *run = big_take(&heaps[0], 1, bytes, note_live(77, 0, 0), &zeroed);
        uintptr_t start = span_address(run);
        assert_int_equal(run->owner != NULL, big_may_belong(bytes));
        for (int step = 0; step < 2; step++) {
            for (size_t offset = 0; offset < big_units(bytes) * UNIT_BYTES; offset += 16) {
                owner_find(start + offset, &place);
                assert_true(place.span == run && place.start == start && place.pool == 1 && place.tag_index == 77);
                assert_true(place.charged == big_charged(bytes) && place.slot_note == &run->big_note);
                assert_true(place.kind == (step == 0 ? PLACE_LIVE : PLACE_FREED) && place.bytes == (step == 0 ? bytes : 0));
            }
            uintptr_t last = 0;
            assert_int_equal(owner_walk(count_visit, &last), step == 0);
            if (step == 0 && run->owner != NULL) {
                assert_true(heaps_free(i % 2, (void *)start));
            } else if (step == 0) {
                assert_true(big_release(run, run->big_note));
                big_put(&heaps[i % 2], run);
            }
        }
        heaps_expect_empty();
        owner_find(start, &place);
        assert_true(place.kind == PLACE_FREED && place.start == start && place.tag_index == 77);
        assert_int_equal(place.charged, big_charged(bytes));
        for (size_t offset = 16; offset < big_units(bytes) * UNIT_BYTES; offset += 16) {
            owner_find(start + offset, &place);
            assert_int_equal(place.kind, PLACE_UNUSED);
        }
    }
}

/* What is left of a longer run's entries, behind a shorter one that begins where it did, leads nowhere. */
static void shorter_run_after_a_longer(void **state)
{
    bool zeroed;
    struct place place;
    (void)state;
    struct span *longer = big_take(&heaps[0], 0, 6 * UNIT_BYTES, note_live(8, 0, 0), &zeroed);
    uintptr_t start = span_address(longer);
    assert_true(heaps_free(0, (void *)start));
    heaps_expect_empty();
    struct span *shorter = big_take(&heaps[0], 0, 2 * UNIT_BYTES, note_live(9, 0, 0), &zeroed);
    assert_ptr_equal(shorter, longer);
    for (size_t offset = 0; offset < 6 * UNIT_BYTES; offset += 4096) {
        owner_find(start + offset, &place);
        assert_int_equal(place.kind, offset < 2 * UNIT_BYTES ? PLACE_LIVE : PLACE_UNUSED);
    }
    assert_true(heaps_free(0, (void *)start));
    heaps_expect_empty();
}

/* "Returns false to stop": nothing is visited after that. */
static bool stop_at_third(const struct place *place, void *context)
{
    unsigned *visits = context;
    (void)place;
    return ++*visits < 3;
}

static void walk_stops(void **state)
{
    unsigned visits = 0;
    void *held[10];
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        held[i] = heaps_take(0, i % 2, i % 3, note_live(i, 0, 0));
        assert_non_null(held[i]);
    }
    (void)owner_walk(stop_at_third, &visits);
    assert_int_equal(visits, 3);
    assert_int_equal(owner_walk(count_visit, &(uintptr_t){0}), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_addresses),
        cmocka_unit_test(every_byte_of_a_slab),
        cmocka_unit_test(notes_of_places),
        cmocka_unit_test(slab_that_was),
        cmocka_unit_test(every_granule_of_a_run),
        cmocka_unit_test(shorter_run_after_a_longer),
        cmocka_unit_test(walk_stops),
    };
    return cmocka_run_group_tests(tests, heaps_start, NULL);
}
