/* SPDX-License-Identifier: MIT
 *
 * notes.c: storage of notes: carved off one range, kept in a free list for each class.
 *
 * Notes go back to the list of their class: a class that was busy once is likely to be again. Where address space is no
 * matter, there is room for every unit to have been of every class in turn. Elsewhere a class that finds no room takes free
 * notes of a denser one, which are larger. Freed notes stay readable, so that a late look at them is harmless.
 */
#include "memory/notes.h"

#include "base/atomic.h"
#include "memory/slab.h"
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

void notes_stop(void)
{
    port_release(storage.base, storage.bytes);
}

/* For each number that a free may look up, one note. */
static size_t notes_bytes(unsigned class)
{
    return round_up(slab_numbers(classes.info[class].factor) * sizeof(uint32_t), NOTES_GRAIN);
}

bool notes_start(size_t arena_bytes)
{
    size_t unit_bytes = 0;
    for (unsigned class = 0; class < CLASS_COUNT; class ++)
        unit_bytes += notes_bytes(class);
    if (UINTPTR_MAX <= UINT32_MAX)
        unit_bytes = (TAGPOOL_BARE ? 1 : 2) * notes_bytes(0);
    size_t bytes = round_up((arena_bytes >> PORT_UNIT_SHIFT) * unit_bytes, PORT_UNIT_BYTES) + PORT_UNIT_BYTES;
    storage.base = port_reserve(bytes);
    if (storage.base == NULL)
        return false;
    storage.bytes = bytes;
    storage.used = PORT_COLOUR_NOTES;
    return true;
}

static uint32_t *carve_notes(unsigned class)
{
    size_t bytes = notes_bytes(class);
    /* Notes of the densest class are committed ahead: see find_in_slab() in owner.c. */
    while (storage.used + bytes + NOTES_MOST_BYTES > storage.committed) {
        if (storage.committed == storage.bytes || !port_commit(storage.base + storage.committed, PORT_UNIT_BYTES))
            return NULL;
        storage.committed += PORT_UNIT_BYTES;
    }
    void *notes = storage.base + storage.used;
    storage.used += bytes;
    return notes;
}

/* The first two words of freed notes hold the place of the next ones: above the state, so that they never look live. */
static uint32_t *pop(unsigned class)
{
    uint32_t *first = &storage.free[class];
    if (*first == 0)
        return NULL;
    uint32_t *notes = (uint32_t *)(void *)(storage.base + (size_t)(*first - 1) * NOTES_GRAIN);
    *first = notes[0] >> 4 | notes[1] >> 4 << 16;
    return notes;
}

uint32_t *notes_take(unsigned class, uint8_t *home)
{
    *home = (uint8_t)class;
    uint32_t *notes = pop(class);
    if (notes == NULL) {
        notes = carve_notes(class);
        if (notes != NULL)
            return notes;
    }
    while (notes == NULL && *home > 0)
        notes = pop(--*home);
    for (size_t i = 0; notes != NULL && i < notes_bytes(class) / sizeof *notes; i++)
        STORE(&notes[i], 0);
    return notes;
}

void notes_give(unsigned home, uint32_t *notes)
{
    STORE(&notes[0], (storage.free[home] & 0xFFFF) << 4);
    STORE(&notes[1], storage.free[home] >> 16 << 4);
    storage.free[home] = (uint32_t)((size_t)((char *)notes - storage.base) / NOTES_GRAIN) + 1;
}
