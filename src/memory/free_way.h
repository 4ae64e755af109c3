/* SPDX-License-Identifier: MIT
 *
 * free_way.h: where the frees of a thread look first: in the unit table, or at the top of one bin that is hot.
 *
 * While nearly all that a thread frees is above the top of one bin, that bin is hot: frees look there at once, at no entry of the
 * unit table, and ask nothing that they find out by finding the block there. A block of the bin that is not above its top ends
 * it, and so do some of other bins: each costs what dozens gain. Where no bin is hot this costs one question: the word that all
 * frees begin with is the key of the thread's heap, or the address of its hot bin.
 *
 * Each thread has its own, and nobody else looks at it.
 */
#ifndef MEMORY_FREE_WAY_H
#define MEMORY_FREE_WAY_H

#include "memory/heap.h"

/* Invariants (asserted by free_way_check()):
 *     first is key; or a bin of the heap that has this key, and then
 *     each entry of its magazine, taken or not, is of a block that is charged `charge`
 *     the first empty one above its top has no_note */
struct free_way {
    uintptr_t first;    /* odd: HEAP_KEY(); even: the address of the hot bin */
    aligned_u64 charge; /* what frees of the hot bin's blocks count, but for what their notes say */
    uintptr_t key;      /* of this thread's heap */
    uint32_t patience;  /* so many frees of blocks of other bins end it */
};

#define FREE_KEY_NONE HEAP_KEY(-1) /* of no heap */

INTERNAL_OBJECT PORT_THREAD_LOCAL struct free_way free_way;

INLINE bool free_way_is_hot(uintptr_t first)
{
    return (first & 1) == 0;
}

/* Ends that a bin is hot. */
static inline void free_way_cool(void)
{
    free_way.first = free_way.key;
}

/* The same if it is this one: before anything but a fast path puts a block into its magazine, or changes what one is charged. */
static inline void free_way_cool_bin(const struct bin *bin)
{
    if (free_way.first == (uintptr_t)bin)
        free_way_cool();
}

/* The heap is this thread's from now on; NULL: none is. */
static inline void free_way_start(const struct heap *heap)
{
    free_way.key = heap != NULL ? heap->key : FREE_KEY_NONE;
    free_way_cool();
}

/* Makes the bin of a block hot, if it looks above its top and has found what it looked for, and no other is. pre: it is a bin of
 * this thread's heap. */
INTERNAL void free_way_heat(struct bin *bin, const void *block);

/* A block is about to be freed that is not above the top of the hot bin, or must be looked at. pre: a bin is hot. */
INTERNAL void free_way_missed(const void *block);

/* A bin that may be hot has got blocks, or another magazine. */
static inline void free_way_refilled(struct bin *bin)
{
    if (bin->top[1].block == NULL)
        bin->top[1].note = &no_note;
}

/* Checks the invariants, if the heap is this thread's; NULL or what is wrong. */
INTERNAL const char *free_way_check(const struct heap *heap);

#endif
