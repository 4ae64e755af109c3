/* SPDX-License-Identifier: MIT
 *
 * notes.c: storage of notes: carved off one range, kept in a free list for each class.
 *
 * Notes go back to the list of their class and no further: their share of memory is small (4 bytes a slot), and a class
 * that was busy once is likely to be again. Freed notes stay readable, so that a late look at them is harmless.
 */
#include "memory/notes.h"

#include "base/atomic.h"
#include "port/port.h"

#define NOTES_GRAIN 64
#define NOTES_MOST_BYTES (PORT_UNIT_BYTES / 16 * sizeof(uint32_t))

static struct {
    char *base;
    size_t bytes;     /* reserved */
    size_t committed;
    size_t used;
    uint32_t free[CLASS_COUNT]; /* first free notes: offset / NOTES_GRAIN + 1, or 0 */
} storage;

bool notes_start(size_t arena_bytes)
{
    /* The densest span has a 4-byte note and a 2-byte tag for each 16 bytes. */
    size_t bytes = round_up(arena_bytes / 16 * 6, PORT_UNIT_BYTES) + PORT_UNIT_BYTES;
    storage.base = port_reserve(bytes);
    if (storage.base == NULL)
        return false;
    storage.bytes = bytes;
    return true;
}

void notes_stop(void)
{
    port_release(storage.base, storage.bytes);
}

static size_t notes_bytes(unsigned class)
{
    return round_up(classes.info[class].numbers * sizeof(uint32_t), NOTES_GRAIN);
}

static size_t freed_tag_bytes(unsigned class)
{
    return round_up(classes.info[class].numbers * sizeof(uint16_t), NOTES_GRAIN);
}

static uint32_t *carve_notes(unsigned class)
{
    size_t bytes = freed_tag_bytes(class) + notes_bytes(class);
    /* Notes of the densest class are committed ahead: see find_in_slab() in owner.c. */
    while (storage.used + bytes + NOTES_MOST_BYTES > storage.committed) {
        if (storage.committed == storage.bytes || !port_commit(storage.base + storage.committed, PORT_UNIT_BYTES))
            return NULL;
        storage.committed += PORT_UNIT_BYTES;
    }
    void *notes = storage.base + storage.used + freed_tag_bytes(class);
    storage.used += bytes;
    return notes;
}

/* A freed note's first word: twice the place of the next free notes, so that it never looks live. */
uint32_t *notes_take(unsigned class)
{
    if (storage.free[class] == 0)
        return carve_notes(class);
    uint32_t *notes = (uint32_t *)(void *)(storage.base + (size_t)(storage.free[class] - 1) * NOTES_GRAIN);
    storage.free[class] = notes[0] / 2;
    for (size_t i = 0; i < notes_bytes(class) / sizeof *notes; i++)
        STORE(&notes[i], 0);
    return notes;
}

void notes_give(unsigned class, uint32_t *notes)
{
    STORE(&notes[0], storage.free[class] * 2);
    storage.free[class] = (uint32_t)((size_t)((char *)notes - storage.base) / NOTES_GRAIN) + 1;
}
