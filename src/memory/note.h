/* SPDX-License-Identifier: MIT
 *
 * note.h: the 32-bit note that every slot has, out of band: who holds a live slot, or which free slot comes next.
 *
 *   live:  1 | 17 bits tag index | 12 bits slack | protected | patterned
 *          requested bytes = slot bytes - slack
 *   free:  0 | 16 bits tag index | freed | remote | filled | 12 bits granule
 *          granule: where the next free slot begins, in its span, in 16 bytes; all ones for none (no slot begins at the last
 *          granule: class.c). The rest tells about this slot itself: it was freed, by another thread and is still on its
 *          way to the owner, its bytes were filled; and the tag of its last block, as far as 16 bits go, for a report
 *
 * A link is a note's granule in its place: an address shifted up.
 * An all-zero note is a free slot that was never allocated. Nobody but the functions below shifts or masks a note.
 */
#ifndef MEMORY_NOTE_H
#define MEMORY_NOTE_H

#include "base/internal.h"

#define NOTE_LIVE 1u
#define NOTE_SLACK_MOST 4095u
#define NOTE_PROTECTED (1u << 30)
#define NOTE_PATTERNED (1u << 31)

#define NOTE_FREED (1u << 17)  /* this slot held a block */
#define NOTE_REMOTE (1u << 18) /* it was freed by another thread, and the owner has not taken it in */
#define NOTE_FILLED (1u << 19) /* its bytes were filled with a pattern */
#define NOTE_LINK_MASK 0xFFF00000u
#define NOTE_END NOTE_LINK_MASK /* the link that leads nowhere */

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

/* What the note of a block becomes when it is freed, but for the link. */
static inline uint32_t note_freed(uint32_t live_note)
{
    return (live_note & 0x1FFFE) | NOTE_FREED;
}

static inline uint32_t note_freed_tag_index(uint32_t freed_note)
{
    return freed_note >> 1 & 0xFFFF;
}

/* A link to the slot that begins at `address`. */
static inline uint32_t note_link(uintptr_t address)
{
    return (uint32_t)address << 16;
}

static inline bool note_is_end(uint32_t link)
{
    return link >= NOTE_END;
}

/* The offset in its span of the slot that a link or note leads to. */
static inline uint32_t note_link_offset(uint32_t link)
{
    return link >> 20 << 4;
}

#endif
