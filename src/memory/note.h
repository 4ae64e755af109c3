/* SPDX-License-Identifier: MIT
 *
 * note.h: the 32-bit note that every slot has, out of band: who holds a live slot, or which free slot comes next.
 *
 *   live:  1 | 17 bits tag index | 12 bits slack | protected | patterned
 *          requested bytes = slot bytes - slack
 *   free:  0 | 12 bits slot | 12 bits granule | end | state
 *          a link to the next free slot (its number, and its address as a granule of the span) unless `end`; the state tells
 *          about this slot itself: never allocated, freed, or freed by another thread and still on its way to the owner
 *
 * An all-zero note is a free slot that was never allocated. Nobody but the functions below shifts or masks a note.
 */
#ifndef MEMORY_NOTE_H
#define MEMORY_NOTE_H

#include "base/internal.h"

#define NOTE_LIVE 1u
#define NOTE_SLACK_MOST 4095u
#define NOTE_PROTECTED (1u << 30)
#define NOTE_PATTERNED (1u << 31)

/* The slot is not free for the taking: NOTE_END ends a free list. */
#define NOTE_END (1u << 25)
#define NOTE_FREED (1u << 26)
#define NOTE_REMOTE (1u << 27)
#define NOTE_FILLED (1u << 28) /* a freed slot whose bytes were filled with a pattern */
#define NOTE_LINK_MASK ((1u << 26) - 1)

static inline uint32_t note_live(uint32_t tag_index, size_t slack, uint32_t flags)
{
    return NOTE_LIVE | tag_index << 1 | (uint32_t)slack << 18 | flags;
}

static inline bool note_is_live(uint32_t note)
{
    return (note & NOTE_LIVE) != 0;
}

static inline uint32_t note_tag_index(uint32_t live_note)
{
    return live_note >> 1 & 0x1FFFF;
}

static inline size_t note_slack(uint32_t live_note)
{
    return live_note >> 18 & 0xFFF;
}

static inline uint32_t note_link(uint32_t slot, uint32_t granule)
{
    return slot << 1 | granule << 13;
}

static inline uint32_t note_link_slot(uint32_t link)
{
    return link >> 1 & 0xFFF;
}

static inline uint32_t note_link_granule(uint32_t link)
{
    return link >> 13 & 0xFFF;
}

#endif
