/* SPDX-License-Identifier: MIT
 *
 * slab.h: small blocks: slots of spans that belong to a heap.
 *
 * Invariants of a slab span (asserted by slab_check()):
 *     carved = live notes + in the owner's magazine + remote frees not yet taken in + on the free list
 *     used   = carved - on the free list
 *     linked = the free list is not empty, or carved < slots
 */
#ifndef MEMORY_SLAB_H
#define MEMORY_SLAB_H

#include "memory/free_way.h"

/* Puts blocks into an empty magazine; false iff there is no memory. */
INTERNAL bool slab_refill(struct heap *heap, struct bin *bin);

/* Makes room in a magazine, if it has none, for a block that is not above its top. */
INTERNAL void slab_make_room(struct bin *bin);

/* Frees a slot of another heap's span. False iff the note is not live: freed meanwhile. */
INTERNAL bool slab_free_remote(struct heap *heap, struct span *span, uint32_t *note, uintptr_t address, uint32_t state);

INLINE struct batch *slab_batch(struct heap *heap, const struct span *span)
{
    return &heap->batches[((uintptr_t)span >> SPAN_SHIFT) % BATCHES];
}

INLINE bool slab_batch_has_room(const struct batch *batch, const struct span *span)
{
    return batch->span == span && batch->count != BATCH_MOST;
}

/* Frees a slot into a batch that has room for its span. False iff its note is not `live` any more. */
INLINE bool slab_batch_add(struct batch *batch, uint32_t *note, uintptr_t address, uint32_t live, uint32_t state)
{
    if (!compare_exchange_u32(note, &live, note_linked(state | NOTE_REMOTE, batch->count == 0 ? NOTE_END : batch->head)))
        return false;
    batch->head = note_link(address);
    if (batch->count++ == 0)
        batch->tail = note;
    return true;
}

/* Gives all free blocks of a bin to their spans, and spans without blocks to the arena. */
INTERNAL void slab_retire(struct bin *bin);

/* Checks the invariants above, given how many of the span's slots are in a magazine; NULL or what is wrong. pre: nothing else
 * runs. */
INTERNAL const char *slab_check(const struct span *span, size_t cached);

/* The place of the granule at an offset in a span that is cut by `factor`: see span.h. */
INLINE uint64_t slab_place(uint64_t factor, uint32_t offset)
{
    return (offset >> GRANULE_SHIFT) * factor;
}

/* Whether a slot begins there. */
INLINE bool slab_place_is_exact(uint64_t factor, uint64_t place)
{
    return (uint32_t)place < (uint32_t)factor;
}

/* The number of its slot. */
INLINE uint32_t slab_place_slot(uint64_t place)
{
    return (uint32_t)(place >> 32);
}

/* How many numbers there are: those of all slots, and perhaps one more, see span.h. */
static inline uint32_t slab_numbers(uint64_t factor)
{
    return slab_place_slot(slab_place(factor, UNIT_BYTES - 1)) + 1;
}

/* Whether a slot begins at an offset in a slab span. */
INLINE bool slab_is_exact(uint64_t factor, uint32_t offset)
{
    return offset % (1u << GRANULE_SHIFT) == 0 && slab_place_is_exact(factor, slab_place(factor, offset));
}

/* The note of the slot that begins at an offset. pre: slab_is_exact(). */
INLINE uint32_t *slab_note(uint32_t *notes, uint64_t factor, uint32_t offset)
{
    return notes + slab_place_slot(slab_place(factor, offset));
}

/* Takes the first block of a magazine and writes its note. pre: it is not empty. */
INLINE void *slab_take(struct bin *bin, struct slot_ref *top, uint32_t live)
{
    void *block = top->block;
    bin->top = top - 1;
    STORE_RELEASE(top->note, live); /* who walks and sees it sees the tag it names, too */
    return block;
}

/* Puts a block of one's own into its magazine; `state` becomes its note. pre: it is not full. */
INLINE void slab_put(struct bin *bin, struct slot_ref *top, void *block, uint32_t *note, uint32_t state)
{
    STORE(note, state);
    top[1].block = block;
    top[1].note = note;
    bin->top = top + 1;
}

/* Puts back the block whose entry is above the top. */
INLINE void slab_untake(struct bin *bin, struct slot_ref *top, uint32_t state)
{
    STORE(top[1].note, state);
    bin->top = top + 1;
}

/* Puts any block back, room or not. */
static inline void slab_put_back(struct bin *bin, void *block, uint32_t *note, uint32_t state)
{
    free_way_cool_bin(bin);
    if (bin->top >= bin->bound)
        slab_make_room(bin);
    slab_put(bin, bin->top, block, note, state);
}

#endif
