/* SPDX-License-Identifier: MIT
 *
 * slab.h: small blocks: slots of spans that belong to a heap.
 *
 * Invariants of a slab span (asserted by slab_check()):
 *     used - [current] = number of live notes + remote frees not yet taken in
 *     carved slots     = live + on the free list + remote frees not yet taken in
 *     linked           = in its bin's list; current spans are linked; wake = 0: a span that becomes empty is given back
 *     not linked     =>  used > wake, all pages carved: it was full, and waits until a sixteenth of its slots is free
 * A bin's first span is its current one; it counts as one more slot in use, so that freeing its last block is no event.
 * Without the wait, blocks freed at random would link and unlink a nearly full span each time.
 */
#ifndef MEMORY_SLAB_H
#define MEMORY_SLAB_H

#include "memory/heap.h"

/* Makes the bin's current span have a free slot; false iff there is no memory. */
INTERNAL bool slab_refill(struct heap *heap, unsigned pool, unsigned class);

/* What the owner's free does when `used` has come down to `wake`: links the span again, or gives it back. */
INTERNAL void slab_freed(struct heap *heap, struct span *span);

/* Frees a slot of another heap's span. False iff the note is not live: freed meanwhile. */
INTERNAL bool slab_free_remote(struct heap *heap, struct span *span, uint32_t slot, uintptr_t address, uint32_t state);

/* Gives the bin's current span to the arena if it holds no block. */
INTERNAL void slab_retire(struct heap *heap, unsigned pool, unsigned class);

/* Checks the invariants above; NULL or what is wrong. pre: nothing else runs. */
INTERNAL const char *slab_check(const struct span *span);

/* Slot number of an address in a slab span; *exact: the address is where a slot starts. pre: the span is this heap's, or holds
 * a block that the caller may free; so nobody changes it. */
INLINE uint32_t slab_slot(const struct span *span, uintptr_t address, bool *exact)
{
    uint32_t offset = (uint32_t)(address & (UNIT_BYTES - 1));
    uint32_t t = (offset >> PAGE_SHIFT) * span->page_factor + ((offset & (PAGE_BYTES - 1)) >> 4) * span->granule_factor;
    *exact = ((t & 0xFFF00) | (address & 15)) == 0;
    return offset >> span->slot_shift;
}

/* Slot number of the free slot that a link leads to. */
INLINE uint32_t slab_link_slot(const struct span *span, uint32_t link)
{
    return note_link_offset(link) >> span->slot_shift;
}

/* Takes the first free slot, to which `head` leads, and notes `live` for it. */
INLINE void *slab_take(struct span *span, uint32_t head, uint32_t live)
{
    uint32_t *note = &span->notes[slab_link_slot(span, head)];
    span->head = LOAD(note);
    span->used++;
    STORE_RELEASE(note, live); /* who walks and sees it sees the tag it names, too */
    return (void *)(span_address(span) + note_link_offset(head));
}

/* Puts a slot of one's own span back. `state` is note_freed(), with NOTE_FILLED if its bytes were filled. */
INLINE void slab_put(struct heap *heap, struct span *span, uint32_t slot, uintptr_t address, uint32_t state)
{
    STORE(&span->notes[slot], (span->head & NOTE_LINK_MASK) | state);
    span->head = note_link(address);
    if (UNLIKELY(--span->used == span->wake))
        slab_freed(heap, span);
}

#endif
