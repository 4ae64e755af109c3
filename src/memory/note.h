/* SPDX-License-Identifier: MIT
 *
 * note.h: the 32-bit note that every slot has, out of band: who holds a live slot, or which free slot comes next.
 *
 *   live:  1 | 17 bits tag index | 12 bits slack | protected | patterned
 *          requested bytes = slot bytes - slack
 *   free:  0 | 0 | 12 bits slot | 2 unused | end, freed, remote, filled | 12 bits granule
 *          a link to the next free slot (its number, and its address within the span) unless `end`; the other flags tell
 *          about this slot itself: freed, or freed by another thread and still on its way to the owner, its bytes filled
 *
 * The fields of a link lie where they are used: the slot as a byte offset into the notes, the address as it is, shifted up.
 * An all-zero note is a free slot that was never allocated. Nobody but the functions below shifts or masks a note.
 */
#ifndef MEMORY_NOTE_H
#define MEMORY_NOTE_H

#include "base/internal.h"

#define NOTE_LIVE 1u
#define NOTE_SLACK_MOST 4095u
#define NOTE_PROTECTED (1u << 30)
#define NOTE_PATTERNED (1u << 31)

#define NOTE_END (1u << 16)    /* no slot follows on the free list */
#define NOTE_FREED (1u << 17)  /* this slot held a block */
#define NOTE_REMOTE (1u << 18) /* it was freed by another thread, and the owner has not taken it in */
#define NOTE_FILLED (1u << 19) /* its bytes were filled with a pattern */
#define NOTE_LINK_MASK (0xFFF00000u | NOTE_END | 0xFFFFu)

static inline uint32_t note_live(uint32_t tag_index, size_t slack, uint32_t flags)
{
    return NOTE_LIVE | tag_index << 1 | (uint32_t)slack << 18 | flags;
}

static inline uint32_t note_add_slack(uint32_t live_note, size_t slack)
{
    return live_note + ((uint32_t)slack << 18);
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

/* A link to the slot that begins at `address`. */
static inline uint32_t note_link(uint32_t slot, uintptr_t address)
{
    return slot << 2 | (uint32_t)address << 16;
}

static inline uint32_t note_link_slot(uint32_t link)
{
    return (link & 0x3FFC) >> 2;
}

/* The slot's offset in its span. */
static inline uint32_t note_link_offset(uint32_t link)
{
    return link >> 16 & ~15u;
}

#endif
