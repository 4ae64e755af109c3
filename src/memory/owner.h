/* SPDX-License-Identifier: MIT
 *
 * owner.h: the owner map: what lies at an address, for any address whatever; and the walk over all blocks.
 */
#ifndef MEMORY_OWNER_H
#define MEMORY_OWNER_H

#include "memory/arena.h"
#include "memory/special.h"

enum place_kind {
    PLACE_FOREIGN, /* in no pool */
    PLACE_UNUSED,  /* memory of a pool where no block was allocated */
    PLACE_FREED,   /* in a block that has been freed */
    PLACE_LIVE     /* in an outstanding block */
};

struct place {
    enum place_kind kind;
    unsigned pool;       /* unless PLACE_FOREIGN */
    struct span *span;   /* the rest: PLACE_FREED and PLACE_LIVE. NULL in special pool */
    struct special_block *special; /* in special pool; NULL elsewhere */
    uint32_t *slot_note; /* where the note is */
    uint32_t note;
    uint32_t tag_index;
    uintptr_t start;     /* of the block */
    size_t bytes;        /* requested; 0 for PLACE_FREED, but in special pool */
    size_t charged;
};

static inline bool owner_is_ours(uintptr_t address)
{
    return address - arena.base < arena.bytes || special_is_ours(address);
}

INTERNAL void owner_find(uintptr_t address, struct place *place);

/* Called for each outstanding block, nonpaged pool first, then in the order of addresses; returns false to stop. */
typedef bool owner_visitor(const struct place *place, void *context);

/* Visits all outstanding blocks; returns how many. */
INTERNAL size_t owner_walk(owner_visitor *visitor, void *context);

#endif
