/* SPDX-License-Identifier: MIT
 *
 * notes.h: where the notes of slab spans are stored: a reserved range of their own, dense, given out by class.
 */
#ifndef MEMORY_NOTES_H
#define MEMORY_NOTES_H

#include "memory/class.h"

/* Reserves storage for the notes of an arena of `arena_bytes` bytes. */
INTERNAL bool notes_start(size_t arena_bytes);

INTERNAL void notes_stop(void);

/* Zeroed notes for one span of `class`, or NULL; *home: the class they are stored for, the same or a denser one, to which
 * they are given back. pre: arena.lock is held, for both. */
INTERNAL uint32_t *notes_take(unsigned class, uint8_t *home);
INTERNAL void notes_give(unsigned home, uint32_t *notes);

#endif
