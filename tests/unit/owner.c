/* SPDX-License-Identifier: MIT
 *
 * owner.c: memory/owner: what lies at an address, for every byte, against a naive map of the span; and the walk.
 */
#include "unit.h"

#include "floor.h"
#include "memory/big.h"
#include "memory/slab.h"
#include "random.h"

#include <string.h>

static struct heap heap_one;

/* What should be at each byte of one span: the kind, and where its slot starts. */
static struct {
    enum place_kind kind[UNIT_BYTES];
    uint32_t start[UNIT_BYTES];
} map;

static int start_heap(void **state)
{
    heap_start(&heap_one);
    arena.cache_units = FLOOR_UNITS;
    return floor_start(state);
}

/* "Any address whatever": next to the arenas, far from them, and 0. */
static void foreign_addresses(void **state)
{
    uintptr_t addresses[] = {0, 1, arena.base - 1, arena.base + arena.bytes, UINTPTR_MAX, (uintptr_t)&heap_one, arena.base / 2};
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

/* Every byte of a span with live, freed, and never used slots, in every class: the kind, the block's start and sizes, its tag.
 * "Visits all outstanding blocks in the order of addresses; returns how many." */
static void every_byte_of_a_slab(void **state)
{
    uint64_t seed = 23;
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        uint32_t bytes = classes.info[class].slot_bytes;
        uint32_t slots = classes.info[class].span_slots;
        uint32_t taken = 1 + random_below(&seed, slots);
        uint32_t slack = random_below(&seed, bytes < 4096 ? bytes : 4096);
        unsigned pool = class % 2;
        static void *held[4096];
        memset(&map, 0, sizeof map);
        for (uint32_t i = 0; i < UNIT_BYTES; i++)
            map.kind[i] = PLACE_UNUSED;
        size_t live = 0;
        for (uint32_t i = 0; i < taken; i++) {
            assert_true(slab_refill(&heap_one, pool, class));
            struct span *span = heap_one.bin[class][pool];
            uint32_t offset = note_link_offset(span->head);
            held[i] = slab_take(span, span->head, note_live(offset / 16, slack, 0));
            draw(offset, bytes, PLACE_LIVE);
            live++;
        }
        struct span *span = heap_one.bin[class][pool];
        for (uint32_t i = 0; i < taken; i++)
            if (i != 0 && random_below(&seed, 2) == 0) {
                bool exact;
                uint32_t slot = slab_slot(span, (uintptr_t)held[i], &exact);
                slab_put(&heap_one, span, slot, (uintptr_t)held[i], note_freed(span->notes[slot]));
                draw((uint32_t)((uintptr_t)held[i] - span_address(span)), bytes, PLACE_FREED);
                held[i] = NULL;
                live--;
            }
        expect_map(span, pool, bytes, slack);
        uintptr_t last = 0;
        assert_int_equal(owner_walk(count_visit, &last), live);
        for (uint32_t i = 0; i < taken; i++)
            if (held[i] != NULL) {
                bool exact;
                slab_put(&heap_one, span, slab_slot(span, (uintptr_t)held[i], &exact), (uintptr_t)held[i], NOTE_FREED);
            }
        slab_retire(&heap_one, pool, class);
        assert_int_equal(owner_walk(count_visit, &(uintptr_t){0}), 0);
    }
}

/* Each granule of what a big block charges leads to it; once freed it is known as freed, kept or not; what was inside it is then
 * unused. A slab that has gone is known as freed at every address. */
static void big_blocks_and_free_runs(void **state)
{
    const size_t bytes = 5 * UNIT_BYTES - 70000;
    const uint32_t live = note_live(77, 0, 0);
    bool zeroed;
    struct place place;
    (void)state;
    struct span *run = big_take(&heap_one, 1, bytes, live, &zeroed);
    assert_non_null(run);
    uintptr_t start = span_address(run);
    for (size_t offset = 0; offset < big_charged(bytes); offset += 16) {
        owner_find(start + offset, &place);
        assert_true(place.kind == PLACE_LIVE && place.span == run && place.start == start && place.pool == 1);
        assert_true(place.bytes == bytes && place.charged == big_charged(bytes) && place.tag_index == 77);
    }
    assert_int_equal(owner_walk(count_visit, &(uintptr_t){0}), 1);
    assert_true(big_release(run, live));
    for (int step = 0; step < 2; step++) {
        owner_find(start, &place);
        assert_true(place.kind == PLACE_FREED && place.start == start && place.bytes == 0 && place.tag_index == 77);
        assert_int_equal(place.charged, big_charged(bytes));
        assert_int_equal(owner_walk(count_visit, &(uintptr_t){0}), 0);
        owner_find(start + 2 * UNIT_BYTES + 48, &place);
        assert_int_equal(place.kind, step == 0 ? PLACE_FREED : PLACE_UNUSED);
        if (step == 0) {
            big_put(&heap_one, run);
            big_empty(&heap_one);
        }
    }
    assert_true(slab_refill(&heap_one, 0, 3));
    struct span *span = heap_one.bin[3][0];
    start = span_address(span);
    slab_retire(&heap_one, 0, 3);
    owner_find(start + 128, &place);
    assert_true(place.kind == PLACE_FREED && place.start == start + 128);
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
        assert_true(slab_refill(&heap_one, i % 2, i % 3));
        struct span *span = heap_one.bin[i % 3][i % 2];
        held[i] = slab_take(span, span->head, note_live(i, 0, 0));
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
        cmocka_unit_test(big_blocks_and_free_runs),
        cmocka_unit_test(walk_stops),
    };
    return cmocka_run_group_tests(tests, start_heap, NULL);
}
