/* SPDX-License-Identifier: MIT
 *
 * note.h: the 32-bit note that every slot has, out of band: who holds a live slot, what became of a free one.
 *
 *   bits 0 to 3: state     live: plain | protected | patterned | recorded    (1, 2, 4, 6)
 *                          free: never allocated | freed, and perhaps remote or filled       (0, 8 + 2 + 4)
 *   bits 4 to 19: index of the tag, of the last block for a freed slot
 *   bits 20 to 31: live: slack, requested bytes = slot bytes - slack
 *                  in a list: link, where the next free slot begins in its span, in 16 bytes; all ones for none (no slot begins
 *                  at the last 16 bytes: class.c)
 *
 * A freed slot is remote while it was freed by another thread and is on its way to the owner; filled if its bytes were. The
 * fast path of free looks at one bit, NOTE_PLAIN, which only a live block has that nothing is special about.
 * A link is a note's upper bits in their place: an address shifted up. Nobody but the functions below shifts or masks a note.
 */
#ifndef MEMORY_NOTE_H
#define MEMORY_NOTE_H

#include "base/tally.h"

#define NOTE_PLAIN 1u
#define NOTE_PROTECTED 2u /* of live notes */
#define NOTE_PATTERNED 4u
#define NOTE_RECORDED 6u /* instead of these two: a record says what is special (ledger/record.h) */
#define NOTE_REMOTE 2u /* of freed notes */
#define NOTE_FILLED 4u
#define NOTE_FREED 8u
#define NOTE_STATE_MASK 15u
#define NOTE_TAG_SHIFT 4
#define NOTE_TAGS 65536u /* indices that fit */
#define NOTE_SLACK_SHIFT 20
#define NOTE_SLACK_MOST 4095u
#define NOTE_LINK_MASK 0xFFF00000u
#define NOTE_END NOTE_LINK_MASK /* the link that leads nowhere */

/* `flags`: none, NOTE_PROTECTED, NOTE_PATTERNED or NOTE_RECORDED. */
static inline uint32_t note_live(uint32_t tag_index, size_t slack, uint32_t flags)
{
    return (flags == 0 ? NOTE_PLAIN : flags) | tag_index << NOTE_TAG_SHIFT | (uint32_t)slack << NOTE_SLACK_SHIFT;
}

static inline uint32_t note_add_slack(uint32_t live_note, size_t slack)
{
    return live_note + (uint32_t)(slack << NOTE_SLACK_SHIFT);
}

static inline bool note_is_plain(uint32_t note)
{
    return (note & NOTE_PLAIN) != 0;
}

static inline bool note_is_live(uint32_t note)
{
    return (note & NOTE_FREED) == 0 && (note & NOTE_STATE_MASK) != 0;
}

static inline bool note_is_recorded(uint32_t live_note)
{
    return (live_note & NOTE_STATE_MASK) == NOTE_RECORDED;
}

static inline bool note_is_remote(uint32_t note)
{
    return (note & (NOTE_FREED | NOTE_REMOTE)) == (NOTE_FREED | NOTE_REMOTE);
}

static inline bool note_is_filled(uint32_t note)
{
    return (note & (NOTE_FREED | NOTE_FILLED)) == (NOTE_FREED | NOTE_FILLED);
}

/* Of a live or freed note. */
static inline uint32_t note_tag_index(uint32_t note)
{
    return (uint16_t)(note >> NOTE_TAG_SHIFT);
}

/* The bits of a note that say the tag: from the tag's index, and from a note. */
static inline uint32_t note_of_tag(uint32_t tag_index)
{
    return tag_index << NOTE_TAG_SHIFT;
}

static inline size_t note_tag_part(uint32_t note)
{
    return (size_t)note & (0xFFFFF & ~NOTE_STATE_MASK);
}

/* From these, the index times `bytes`, a power of two of at least 16. */
static inline size_t note_tag_offset(size_t tag_part, size_t bytes)
{
    return tag_part * (bytes >> NOTE_TAG_SHIFT);
}

static inline size_t note_slack(uint32_t live_note)
{
    return live_note >> NOTE_SLACK_SHIFT;
}

/* The plain note of a block with that tally: slack is in the same place, and the block that it counts is the bit that says
 * plain. */
INLINE uint32_t note_of_tally(uint32_t tag_part, uint64_t tally)
{
    return tag_part + (uint32_t)tally;
}

/* What a plain note adds to the tally of what its block is charged: one block, and its slack. */
INLINE uint64_t note_tally(uint32_t plain_note)
{
    return plain_note & (NOTE_LINK_MASK | NOTE_PLAIN);
}

_Static_assert(NOTE_SLACK_SHIFT == TALLY_SLACK_SHIFT && NOTE_PLAIN == 1, "notes and tallies differ");

/* What the note of a block becomes when it is freed, but for the link. */
static inline uint32_t note_freed(uint32_t note)
{
    return (note & ~(NOTE_LINK_MASK | NOTE_STATE_MASK)) | NOTE_FREED;
}

/* The same for a plain live note, with its slack where a link would be. */
static inline uint32_t note_freed_plain(uint32_t plain_note)
{
    return plain_note + (NOTE_FREED - NOTE_PLAIN);
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

/* The note with its link replaced by that of `link`, a link or a note. */
static inline uint32_t note_linked(uint32_t note, uint32_t link)
{
    return (note & ~NOTE_LINK_MASK) | (link & NOTE_LINK_MASK);
}

/* The offset in its span of the slot that a link or note leads to. */
static inline uint32_t note_link_offset(uint32_t link)
{
    return link >> 20 << 4;
}

#endif
