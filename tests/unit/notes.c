/* SPDX-License-Identifier: MIT
 *
 * notes.c: memory/notes: storage that is zero, apart from all other, and used again.
 */
#include "unit.h"

#include "floor.h"
#include "memory/note.h"
#include "random.h"

#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 300 };

static struct {
    unsigned class;
    uint32_t *notes;
    uint32_t mark;
} held[MOST];
static size_t count;

static uint32_t numbers(unsigned class)
{
    return classes.info[class].numbers;
}

/* "Zeroed notes for one span of `class`", 4 bytes a slot, with room for 16 bits a slot "stored downwards from the notes". */
static void take_notes(unsigned class, uint32_t mark)
{
    uint32_t *notes = notes_take(class);
    assert_non_null(notes);
    assert_int_equal((uintptr_t)notes % 64, 0);
    for (uint32_t slot = 0; slot < numbers(class); slot++) {
        assert_int_equal(notes[slot], 0);
        notes[slot] = mark + slot;
        *notes_freed_tag(notes, slot) = (uint16_t)(mark ^ slot);
    }
    held[count].class = class;
    held[count].notes = notes;
    held[count++].mark = mark;
}

/* What was written is still there: nobody else was given the same place. "A freed note's first word never looks live." */
static void give_notes(size_t which)
{
    unsigned class = held[which].class;
    uint32_t *notes = held[which].notes;
    for (uint32_t slot = 0; slot < numbers(class); slot++) {
        assert_int_equal(notes[slot], held[which].mark + slot);
        assert_int_equal(*notes_freed_tag(notes, slot), (uint16_t)(held[which].mark ^ slot));
        notes[slot] = NOTE_FREED;
    }
    notes_give(class, notes);
    assert_false(note_is_live(notes[0]));
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

/* Notes for every unit of both pools, given and taken again. */
static bool fills_all_units(unsigned class)
{
    static uint32_t *all[POOLS * FLOOR_UNITS];
    bool done = true;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            done = done && (all[i] = notes_take(class)) != NULL;
        for (size_t i = 0; i < sizeof all / sizeof all[0] && done; i++)
            notes_give(class, all[i]);
    }
    return done;
}

/* "Reserves storage for the notes of an arena of `arena_bytes` bytes": enough for any class in every unit, and used again for
 * ever. Each class has a process of its own, for what a class has had stays with it. */
static void storage_suffices(void **state)
{
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        int status = 1;
        pid_t child = fork();
        if (child == 0)
            _exit(fills_all_units(class) ? 0 : 1);
        assert_true(child > 0 && waitpid(child, &status, 0) == child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(storage_suffices),
        cmocka_unit_test(takes_and_gives),
    };
    return cmocka_run_group_tests(tests, floor_start, NULL);
}
