/* SPDX-License-Identifier: MIT
 *
 * span.h: the unit table: for every 64 KiB of the arenas one entry that says what is there.
 *
 * A span is one unit cut into equal slots for small blocks (SPAN_SLAB), or a run of units that is one big block (SPAN_BIG) or
 * free (SPAN_FREE). The entry of a run's first unit describes the run. Entries lie in a dense table of their own: not in the
 * data, where callers could overwrite them and where they would all fall into one set of the cache.
 *
 * Slots. A slot of up to a page never crosses a page: each page holds as many as fit. The number of a slot is its offset in the
 * span shifted right by slot_shift, the logarithm of the largest power of two that is no larger than a slot: so no two slots
 * have one number, and finding the note of a free slot, on which the next allocation waits, takes one shift. Whether a slot
 * begins at an offset is told by multiplication with rounded-up reciprocals:
 *     (page * page_factor + granule * granule_factor) & 0xFFF00  is 0   iff a slot begins at that page and granule (16 bytes)
 * The factors have 20 bits of fraction, in which an exact multiple leaves less than 256, any other at least 8,192. For slots
 * of less than a page, page_factor is 0. For slots of whole pages, granule_factor is 0x200: what it adds, 0x200 to 0x1FE00,
 * shows, and together with the fraction of a page that is no multiple, 0x20000 to 0xE000F, does not reach the next whole.
 * Numbers at which no slot begins have notes, all zero.
 */
#ifndef MEMORY_SPAN_H
#define MEMORY_SPAN_H

#include "base/atomic.h"
#include "base/internal.h"
#include "port/port.h"

#define UNIT_SHIFT PORT_UNIT_SHIFT
#define UNIT_BYTES PORT_UNIT_BYTES
#define POOLS 2

enum span_kind {
    SPAN_NONE,   /* never used, or inside a free run */
    SPAN_FREE,   /* first or last unit of a free run */
    SPAN_SLAB,
    SPAN_BIG,    /* first unit of a big block, outstanding or cached */
    SPAN_INSIDE, /* another unit of a big block, if `first` still agrees */
    SPAN_PARKED  /* first unit of a run that is in nobody's hands while it is given back */
};

struct heap;

struct span {
    union {
        struct { /* SPAN_SLAB. Only the owner's thread writes, but for `remote` and `inbox_next`. */
            struct heap *owner;
            uint32_t *notes;     /* one for each slot number, see note.h */
            uint32_t page_factor;
            uint32_t granule_factor;
            uint32_t slot_bytes;
            uint32_t head;       /* first free slot: a link, see note.h */
            uint32_t remote;     /* first slot freed by other threads: a link, or 0 */
            uint32_t inbox_next; /* next span in the owner's inbox: index + 1, or 0 */
            uint16_t used;       /* live slots, plus 1 while this is the current span of its bin */
            uint16_t wake;       /* when a free brings `used` down to this, slab_freed() is called */
            uint8_t slot_shift;
            uint8_t row_offset;  /* bytes from a tag's nonpaged row of counters to this pool's */
            uint8_t notes_home;  /* see notes.h */
        };
        struct { /* all other kinds */
            struct heap *no_owner; /* NULL: a heap that finds itself as the owner knows the kind */
            uint32_t *old_notes;   /* never overwritten: who looks at a slab that just went finds notes, not a wild pointer */
            size_t bytes;      /* SPAN_BIG: requested */
            uint32_t big_note; /* SPAN_BIG: as a live note, slack 0. Stays in a free run: what was here last;
                                  BIG_NOTE_WAS_SLAB for a slab, without NOTE_LIVE for a big block */
            uint32_t first;    /* SPAN_INSIDE, and the last unit of a free run: index of the first unit */
            uint32_t dirty;    /* SPAN_FREE: at most so many of its units may still have memory */
        };
    };
    uint32_t units; /* length of the run, of whatever kind; set under arena.lock */
    uint32_t next;  /* neighbours in the one list the span is in: index + 1, or 0 */
    uint32_t prev;
    uint8_t kind;    /* enum span_kind */
    uint8_t class;   /* SPAN_SLAB: see class.h */
    uint8_t carved;  /* SPAN_SLAB: pages whose slots have been handed to the free list */
    uint8_t flags;   /* SPAN_LINKED */
#if UINTPTR_MAX <= 0xFFFFFFFFu
    uint64_t unused;
#endif
};

#define SPAN_ROW_BYTES 64u /* of a row of counters; the ledger asserts it */

#define BIG_NOTE_WAS_SLAB (1u << 19) /* as no big block's note: it has no slack */

#define SPAN_LINKED 1u /* SPAN_SLAB: in its bin's list */

/* One cache line on 64-bit: the table is walked by address. */
#define SPAN_SHIFT 6
_Static_assert(sizeof(struct span) == 1 << SPAN_SHIFT, "a span entry has another size");

#endif
