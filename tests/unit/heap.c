/* SPDX-License-Identifier: MIT
 *
 * heap.c: memory/heap: the magazines of a new heap, the way from a request to its bin, and what heap_check() says of damage.
 */
#include "unit.h"

#include "damage.h"
#include "heaps.h"

#include "base/tally.h"

#define what_is_wrong heaps_wrong

/* Where magazines lie, or may move. */
static struct area {
    const struct slot_ref *base;
    size_t most; /* blocks, behind the entry at the base */
} areas[2 * HEAPS * POOLS * BINS];
static size_t areas_count;

static void add_area(const struct slot_ref *base, size_t most)
{
    for (size_t i = 0; i < areas_count; i++)
        assert_true(base > areas[i].base + areas[i].most || base + most < areas[i].base);
    areas[areas_count++] = (struct area){base, most};
}

/* "base <= top <= base + size <= base + magazine_room(); base->block is NULL": all bins are empty, know what they are for, and
 * look above the top; and no magazine reaches into another, of this or another heap, however large it grows, where it begins and
 * where it moves. */
static void bins_of_a_new_heap(void **state)
{
    (void)state;
    for (int i = 0; i < HEAPS; i++)
        for (unsigned pool = 0; pool < POOLS; pool++)
            for (unsigned number = 0; number <= BIN_RUNS + KEPT_RUN_UNITS; number++) {
                const struct bin *bin = &heaps[i].bin[pool][number];
                assert_true(bin->top == bin->base && bin->base->block == NULL && bin->spans == 0 && bin->pool == pool);
                assert_true(bin_looks(bin) && bin->patience == PATIENCE && bin->top[1].block == NULL);
                if (number >= CLASS_COUNT) { /* of runs: room for all that may belong to the heap */
                    assert_true(bin->size == KEPT_UNITS_MOST / (number - BIN_RUNS) && bin->wide == NULL);
                    add_area(bin->base, KEPT_UNITS_MOST / (number - BIN_RUNS));
                    continue;
                }
                const struct class_info *info = &classes.info[number];
                assert_true(bin->class == number && bin->size == info->magazine_first);
                assert_true((bin->wide != NULL) == (info->magazine_first < info->magazine_most));
                add_area(bin->base, info->magazine_first);
                if (bin->wide != NULL)
                    add_area(bin->wide, info->magazine_most);
            }
    heaps_expect_whole();
}

/* "Those that have moved begin with a page each, but for the entry at the base, which is only read": that is empty without having
 * been written. (That it stays so is an invariant: heap_check().) */
static void moved_magazines_begin_with_pages(void **state)
{
    (void)state;
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (unsigned class = 0; class < CLASS_COUNT; class ++) {
            const struct slot_ref *wide = heaps[0].bin[pool][class].wide;
            assert_true(wide == NULL || ((uintptr_t)(wide + 1) % PAGE_BYTES == 0 && wide->block == NULL && wide->note == NULL));
        }
}

/* "The ways from requests to their bins": for every size the bin of its class, which counts what the class charges, "what an
 * allocation of no bytes counts"; above, that of its length of run. */
static void ways_of_open_heaps(void **state)
{
    (void)state;
    heaps_open(true, 0);
    for (size_t bytes = 0; bytes <= SLAB_MOST_BYTES; bytes++) {
        size_t charged = classes.info[class_of(bytes)].slot_bytes;
        for (unsigned pool = 0; pool < POOLS; pool++) {
            const struct bin *bin = heap_way_bin(heaps[1].bin[0], heap_way(pool, bytes));
            assert_ptr_equal(bin, &heaps[1].bin[pool][class_of(bytes)]);
            assert_true(tally_request(bin->tally, bytes) == tally_of(charged, charged - bytes));
        }
    }
    for (size_t bytes = 1; bytes <= KEPT_RUN_UNITS * UNIT_BYTES; bytes += bytes % UNIT_BYTES == 1 ? UNIT_BYTES - 1 : 1)
        for (unsigned pool = 0; pool < POOLS; pool++)
            assert_ptr_equal(heap_way_bin(heaps[1].bin[0], heap_run_way(pool, bytes)), big_bin(heaps[1].bin[pool], bytes));
}

static void expect_closed(const struct bin *bin, unsigned pool)
{
    assert_true(bin->top == bin->base && bin->size == 0 && bin->top->block == NULL);
    assert_ptr_equal(bin, &heaps[0].bin[pool][BIN_CLOSED]);
}

/* "While heaps are closed, all requests lead to a bin that is always empty." Also when the class's own has blocks. */
static void ways_of_closed_heaps(void **state)
{
    (void)state;
    assert_true(heaps_free(0, heaps_take(0, 1, 4, note_live(1, 0, 0))));
    heaps_open(false, 0);
    for (unsigned pool = 0; pool < POOLS; pool++) {
        for (size_t bytes = 0; bytes <= SLAB_MOST_BYTES; bytes++)
            expect_closed(heap_way_bin(heaps[0].bin[0], heap_way(pool, bytes)), pool);
        for (size_t units = 1; units <= KEPT_RUN_UNITS; units++)
            expect_closed(heap_way_bin(heaps[0].bin[0], heap_run_way(pool, units * UNIT_BYTES)), pool);
    }
    heaps_open(true, 0);
    assert_non_null(heap_way_bin(heaps[0].bin[0], heap_way(1, 80))->top->block);
    heaps_expect_empty();
}

/* "Undoes heap_start(), as long as nothing was taken": one more heap, many times. */
static void starts_and_stops(void **state)
{
    static struct heap heap;
    static struct bin bins[POOLS][BINS];
    (void)state;
    for (int i = 0; i < 300; i++) {
        for (unsigned pool = 0; pool < POOLS; pool++)
            heap.bin[pool] = bins[pool];
        assert_true(heap_start(&heap));
        heap.bin[1][CLASS_COUNT - 1].base[1].block = &heap; /* it may be written */
        heap_stop(&heap);
    }
}

/* "Gives every run that holds no block to the arena": slabs and runs in use stay, with all that is outstanding. */
static void empties(void **state)
{
    void *kept[3] = {heaps_take(0, 0, 1, note_live(1, 0, 0)), heaps_take(0, 1, 30, note_live(2, 0, 0)), NULL};
    bool zeroed;
    (void)state;
    kept[2] = (void *)span_address(big_take(&heaps[0], 1, 100000, note_live(3, 0, 0), &zeroed));
    for (unsigned class = 0; class < CLASS_COUNT; class++)
        assert_true(heaps_free(class % 2, heaps_take(0, class % 2, class, note_live(4, 0, 0))));
    assert_true(heaps_free(1, (void *)span_address(big_take(&heaps[0], 0, 100000, note_live(5, 0, 0), &zeroed))));
    heap_flush(&heaps[1]);
    heap_empty(&heaps[0]);
    heaps_expect_whole();
    assert_int_equal(arena.half[0].units_in_use + arena.half[1].units_in_use, 1 + 1 + 2);
    for (int i = 0; i < 3; i++)
        assert_true(note_is_live(*note_at(kept[i])) && note_tag_index(*note_at(kept[i])) == (uint32_t)i + 1);
    for (int i = 0; i < 3; i++)
        assert_true(heaps_free(0, kept[i]));
    heaps_expect_empty();
}

/* Each sentence of heap_check() about magazines. */
static void checks_magazines(void **state)
{
    struct bin *bin = &heaps[0].bin[1][9];
    struct bin *other = &heaps[0].bin[1][10];
    void *outstanding = heaps_take(0, 1, 9, note_live(1, 0, 0));
    void *others = heaps_take(1, 1, 9, note_live(1, 0, 0));
    bool zeroed;
    struct span *run = big_take(&heaps[0], 0, 3 * UNIT_BYTES, note_live(1, 0, 0), &zeroed);
    struct bin *runs = span_bin(run);
    (void)state;
    (void)heaps_take(0, 1, 10, note_live(1, 0, 0));
    assert_true(heaps_free(0, (void *)span_address(run)));
    EXPECT_DAMAGE(bin->top, bin->base - 1, "a magazine's bounds are wrong");
    EXPECT_DAMAGE(bin->top, magazine_end(bin) + 1, "a magazine's bounds are wrong");
    EXPECT_DAMAGE(bin->size, classes.info[9].magazine_first + 1u, "a magazine's bounds are wrong");
    EXPECT_DAMAGE(bin->base->block, outstanding, "a magazine's bounds are wrong");
    EXPECT_DAMAGE(runs->size, KEPT_UNITS_MOST / 3 + 1, "a magazine's bounds are wrong");
    EXPECT_DAMAGE(bin->bound, bin->base + 1, "a magazine is looked at from an odd place on");
    EXPECT_DAMAGE(bin->patience, 0, "a magazine is looked at from an odd place on");
    assert_ptr_equal(bin->top[1].block, outstanding);
    EXPECT_DAMAGE(bin->top[1], *other->top, "a magazine holds a block of another bin");
    EXPECT_DAMAGE(bin->top[1].note, bin->top->note, "a magazine holds a block with another block's note");
    EXPECT_DAMAGE(bin->size, (uint32_t)(bin->top - bin->base), "there are entries above a magazine");
    EXPECT_DAMAGE(*bin->top, *other->top, "a magazine holds a block of another bin");
    EXPECT_DAMAGE(*bin->top, *heaps[1].bin[1][9].top, "a magazine holds a block of another bin");
    EXPECT_DAMAGE(bin->top->block, &heaps, "a magazine holds a block of another bin");
    EXPECT_DAMAGE(*runs->top, *bin->top, "a magazine holds a block of another bin");
    EXPECT_DAMAGE(bin->top->block, (char *)bin->top->block + 16, "a magazine holds a block with another block's note");
    EXPECT_DAMAGE(bin->top->note, bin->top[-1].note, "a magazine holds a block with another block's note");
    EXPECT_DAMAGE(*bin->top, ((struct slot_ref){outstanding, note_at(outstanding)}),
                  "a magazine holds a block that is not free");
    EXPECT_DAMAGE(*bin->top->note, NOTE_FREED | NOTE_REMOTE, "a magazine holds a block that is not free");
    EXPECT_DAMAGE(run->big_note, note_live(1, 0, 0), "a magazine holds a block that is not free");
    bin->top[1] = *bin->top; /* twice */
    EXPECT_DAMAGE(bin->top, bin->top + 1, "a span's slots disagree with its notes");
    EXPECT_DAMAGE(heaps[0].kept_units, KEPT_UNITS_MOST + 1, "a heap keeps too many runs");
    EXPECT_DAMAGE(run->owner, &heaps[1], "a magazine holds a block of another bin");
    assert_true(heaps_free(0, outstanding) && heaps_free(1, others));
}

/* Each sentence of heap_check() about lists of spans. */
static void checks_lists(void **state)
{
    struct bin *bin = &heaps[0].bin[0][CLASS_COUNT - 2];
    static void *blocks[32];
    (void)state;
    for (int i = 0; i < 32; i++)
        blocks[i] = heaps_take(0, 0, CLASS_COUNT - 2, note_live(1, 0, 0));
    for (int i = 0; i < 32; i += 2)
        assert_true(heaps_free(0, blocks[i]));
    void *elsewhere = heaps_take(0, 1, CLASS_COUNT - 2, note_live(1, 0, 0));
    heaps_retire(0, bin);
    struct span *first = span_from_link(bin->spans);
    assert_int_not_equal(first->next, 0);
    EXPECT_DAMAGE(first->owner, &heaps[1], "a bin's list holds a span of another heap, pool or class");
    EXPECT_DAMAGE(first->kind, SPAN_BIG, "a bin's list holds a span of another heap, pool or class");
    EXPECT_DAMAGE(first->class, 3, "a bin's list holds a span of another heap, pool or class");
    EXPECT_DAMAGE(first->bin, first->bin + sizeof *bin, "a bin's list holds a span of another heap, pool or class");
    EXPECT_DAMAGE(bin->spans, span_to_link(span_at(elsewhere)), "a bin's list holds a span of another heap, pool or class");
    EXPECT_DAMAGE(first->prev, 1, "a bin's list is broken");
    EXPECT_DAMAGE(first->flags, 0, "a bin's list is broken");
    EXPECT_DAMAGE(bin->spans, first->next, "a bin's list is broken");
    EXPECT_DAMAGE(first->next, span_to_link(first), "a bin's list is broken");
    for (int i = 1; i < 32; i += 2)
        assert_true(heaps_free(0, blocks[i]));
    assert_true(heaps_free(0, elsewhere));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_of_a_new_heap), cmocka_unit_test(moved_magazines_begin_with_pages),
        cmocka_unit_test(ways_of_open_heaps), cmocka_unit_test(ways_of_closed_heaps),
        cmocka_unit_test(starts_and_stops),   cmocka_unit_test(empties),            cmocka_unit_test(checks_lists),
        cmocka_unit_test(checks_magazines),
    };
    return cmocka_run_group_tests(tests, heaps_start, NULL);
}
