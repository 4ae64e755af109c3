/* SPDX-License-Identifier: MIT
 *
 * span.h: the unit table: for every 64 KiB of the arenas one entry that says what is there.
 *
 * A span is one unit cut into equal slots for small blocks (SPAN_SLAB), or a run of units that is one big block (SPAN_BIG) or
 * free (SPAN_FREE). The entry of a run's first unit describes the run. Entries lie in a dense table of their own: not in the
 * data, where callers could overwrite them and where they would all fall into one set of the cache. An entry is two cache
 * lines: what every free reads, and what changes as slots come and go.
 *
 * Slots. A slot of up to a page never crosses a page: each page holds as many as fit, but at most 255, n of them, spread over it
 * evenly. Of its 256 granules of 16 bytes, slot k begins at the first that is not below 256 k / n. So the slots of all pages of a
 * span are one sequence, and one multiplication takes the place of divisions. For a granule of the span, in 64 bits:
 *     place = granule * factor: its upper half is the number of the slot in or behind which the granule is;
 *     a slot begins there  iff  the lower half of place  <  factor
 * factor is 2^32 * n / 256, a whole number below 2^32. The first granule of a slot leaves less than that in the lower half, all
 * others at least that. (With 256 slots none would leave anything: hence 255.) Where slots are whole pages, factor is somewhat
 * more than 2^32 / granules of a slot: the first granule of a slot leaves what that is too much, for all slots before, and others
 * at least the factor. With factor 1 only granule 0 begins a slot, with 0 none. How many slots there are it does not say: the
 * number behind the last, where there is room for its first granule, has a note too, which is never live.
 */
#ifndef MEMORY_SPAN_H
#define MEMORY_SPAN_H

#include "base/atomic.h"
#include "base/internal.h"
#include "base/tally.h"
#include "port/port.h"

#define UNIT_SHIFT PORT_UNIT_SHIFT
#define UNIT_BYTES PORT_UNIT_BYTES
#define GRANULE_SHIFT 4 /* of 16 bytes: blocks begin where one does */
#define PAGE_GRANULES ((uint32_t)(PAGE_BYTES >> GRANULE_SHIFT))
#define POOLS 2

_Static_assert(TALLY_GRANULE == 1 << GRANULE_SHIFT, "blocks are charged in other granules than they begin at");

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
    /* What a free reads. Of a slab, but for `kind` and `big_note`. */
    struct heap *owner;   /* NULL unless SPAN_SLAB: a heap that finds itself here knows the kind */
    uintptr_t bin;        /* of the owner, for this class and pool: how far it is from where nobody's is, see span_bin() */
    uint32_t *notes;      /* one for each slot, see note.h. Stays behind when the slab goes: who still looks finds notes */
    aligned_u64 factor;   /* how it is cut into slots, see above; 0 where there is no owner: no slot begins anywhere */
    aligned_u64 tally;    /* what the free of a slot counts, but for what its note says: note_tally() */
    uint32_t big_note;    /* SPAN_BIG: as a live note, slack 0. Stays in a free run: what was here last;
                             BIG_NOTE_WAS_SLAB for a slab, freed for a big block */
    uint8_t kind;         /* enum span_kind */
    uint8_t class;        /* SPAN_SLAB: see class.h */
    uint8_t flags;        /* SPAN_LINKED */
    uint8_t notes_home;   /* see notes.h */
    uint32_t slot_bytes;
    uint32_t reserved;
    uintptr_t key;        /* the owner's key + the unit's address; 0 iff there is no owner: see HEAP_KEY() */

    /* What the owner changes as slots come and go, but for `remote` and `inbox_next`. */
    _Alignas(64) uint32_t head; /* SPAN_SLAB: first slot of the free list: a link, see note.h */
    uint16_t used;        /* slots that are live, in the owner's magazine, or on their way back from other threads */
    uint16_t carved;      /* slots handed out at least once: the first so many */
    uint32_t remote;      /* first slot freed by other threads: a link with NOTE_REMOTE, or 0 */
    uint32_t inbox_next;  /* next span in the owner's inbox: index + 1, or 0 */
    uint32_t next;        /* neighbours in the one list the span is in: index + 1, or 0 */
    uint32_t prev;
    uint32_t units;       /* length of the run, of whatever kind; set under arena.lock */
    uint32_t first;       /* SPAN_INSIDE, and the last unit of a free run: index of the first unit */
    uint32_t dirty;       /* SPAN_FREE: at most so many of its units may still have memory */
    size_t bytes;         /* SPAN_BIG: requested, or as many as fill the same pages: see big_requested() */
};

#define BIG_NOTE_WAS_SLAB 15u /* no state that a note can have */

static inline size_t span_slot_bytes(const struct span *span)
{
    return LOAD(&span->slot_bytes);
}

#define SPAN_LINKED 1u /* SPAN_SLAB: in its bin's list of spans with slots to give */

/* Whether an offset is one in a unit, and a granule begins there: one test of bits, whatever the offset is. */
INLINE bool unit_has_granule(uintptr_t offset)
{
    return (offset & ~(uintptr_t)(UNIT_BYTES - (1u << GRANULE_SHIFT))) == 0;
}

/* The table is walked by address. */
#define SPAN_SHIFT 7
_Static_assert(sizeof(struct span) == 1 << SPAN_SHIFT, "a span entry has another size");

#endif
