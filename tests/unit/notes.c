/* SPDX-License-Identifier: MIT
 *
 * notes.c: memory/notes: storage that is zero, apart from all other, and used again.
 */
#include "unit.h"

#include "floor.h"
#include "memory/note.h"
#include "memory/slab.h"
#include "random.h"

enum { MOST = 300 };

static struct {
    unsigned class;
    uint8_t home;
    uint32_t *notes;
    uint32_t mark;
} held[MOST];
static size_t count;

/* "For each number that a free may look up, one note". */
static uint32_t slots_of(unsigned class)
{
    return slab_numbers(classes.info[class].factor);
}

/* "Zeroed notes for one span of `class`; *home: the class they are stored for, the same or a denser one". */
static void take_notes(unsigned class, uint32_t mark)
{
    uint8_t home = UINT8_MAX;
    uint32_t *notes = notes_take(class, &home);
    assert_non_null(notes);
    assert_true(home <= class);
    assert_int_equal((uintptr_t)notes % 64, 0);
    for (uint32_t slot = 0; slot < slots_of(class); slot++) {
        assert_int_equal(notes[slot], 0);
        notes[slot] = mark + slot;
    }
    held[count].class = class;
    held[count].home = home;
    held[count].notes = notes;
    held[count++].mark = mark;
}

/* What was written is still there: nobody else was given the same place. Freed notes "stay readable", and
 * "never look live". */
static void give_notes(size_t which)
{
    unsigned class = held[which].class;
    uint32_t *notes = held[which].notes;
    for (uint32_t slot = 0; slot < slots_of(class); slot++) {
        assert_int_equal(notes[slot], held[which].mark + slot);
        notes[slot] = NOTE_FREED;
    }
    notes_give(held[which].home, notes);
    for (uint32_t slot = 0; slot < slots_of(class); slot++)
        assert_false(note_is_live(notes[slot]));
    held[which] = held[--count];
}

/* Any mix of classes, taken and given: zero at first and again, never twice at one time. */
static void takes_and_gives(void **state)
{
    uint64_t seed = 3;
    (void)state;
    for (uint32_t step = 0; step < 4000; step++) {
        if (count < MOST && random_below(&seed, 100) < (step < 2000 ? 60u : 40u))
            take_notes(random_below(&seed, CLASS_COUNT), step << 12);
        else if (count > 0)
            give_notes(random_below(&seed, (uint32_t)count));
    }
    while (count > 0)
        give_notes(count - 1);
}

/* "Reserves storage for the notes of an arena of `arena_bytes` bytes": enough for any class in every unit, for one class after
 * the other, the densest first; then again. */
static void every_class_in_turn(void **state)
{
    static uint32_t *all[POOLS * FLOOR_UNITS];
    static uint8_t homes[POOLS * FLOOR_UNITS];
    const size_t units = sizeof all / sizeof all[0];
    (void)state;
    for (unsigned turn = 0; turn < 2 * CLASS_COUNT; turn++) {
        unsigned class = turn % CLASS_COUNT;
        for (size_t i = 0; i < units; i++) {
            all[i] = notes_take(class, &homes[i]);
            if (all[i] == NULL)
                fail_msg("no notes for class %u in unit %zu", class, i);
            assert_true(homes[i] <= class);
            assert_true(all[i][0] == 0 && all[i][slots_of(class) - 1] == 0);
            all[i][0] = all[i][slots_of(class) - 1] = NOTE_FREED;
        }
        for (size_t i = 0; i < units; i++)
            notes_give(homes[i], all[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_in_turn),
        cmocka_unit_test(takes_and_gives),
    };
    return cmocka_run_group_tests(tests, floor_start, NULL);
}
