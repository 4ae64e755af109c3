/* SPDX-License-Identifier: MIT
 *
 * notes.h: where the notes of slab spans are stored: a reserved range of their own, dense, given out by class.
 */
#ifndef MEMORY_NOTES_H
#define MEMORY_NOTES_H

#include "memory/class.h"

/* The tag index of a freed slot's last block, as far as 16 bits go: stored downwards from the notes, so that the place
 * follows from the notes' address alone. Nothing depends on it but the words of a report. */

static inline uint16_t *notes_freed_tag(uint32_t *notes, uint32_t slot)
{
    return (uint16_t *)(void *)notes + ~(ptrdiff_t)slot;
}

/* Reserves storage for the notes of an arena of `arena_bytes` bytes. */
INTERNAL bool notes_start(size_t arena_bytes);

INTERNAL void notes_stop(void);

/* Zeroed notes for one span of `class`, or NULL; *home: the class they are stored for, the same or a denser one, to which
 * they are given back. pre: arena.lock is held, for both. */
INTERNAL uint32_t *notes_take(unsigned class, uint8_t *home);
INTERNAL void notes_give(unsigned home, uint32_t *notes);

#endif
