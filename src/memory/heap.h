/* SPDX-License-Identifier: MIT
 *
 * heap.h: one thread's memory: its current spans, what it has freed for other heaps, and what others have freed for it.
 *
 * Only the thread that holds the heap touches it, but for `inbox`. When a thread exits, its heap waits for the next one.
 */
#ifndef MEMORY_HEAP_H
#define MEMORY_HEAP_H

#include "memory/arena.h"
#include "memory/class.h"
#include "memory/note.h"

#define BATCHES 16             /* spans of other heaps that a heap collects frees for at one time */
#define BATCH_MOST 64          /* frees collected before they travel */
#define CACHED_RUN_UNITS 64    /* longest big block that a heap keeps for itself: 4 MiB */
#define CACHED_UNITS_MOST 128  /* units that a heap keeps in all: 8 MiB */

/* Frees of blocks of another heap's span, chained by their notes; they travel together. */
struct batch {
    struct span *span;
    uint32_t head;      /* link to the newest */
    uint32_t tail_slot; /* the oldest */
    uint32_t count;
};

struct heap {
    struct span *bin[CLASS_COUNT][POOLS]; /* current span, first of the list of those with free slots; never NULL */
    uint32_t cached_units;
    uint32_t cached[POOLS][CACHED_RUN_UNITS + 1]; /* free big runs by length: index + 1, linked by next */
    struct batch batches[BATCHES];
    _Alignas(64) uint32_t inbox;          /* span that has remote frees: index + 1, linked by inbox_next. Other threads write
                                             it: it has a cache line of its own */
    _Alignas(64) char after_inbox;
};

/* The span of an empty bin: it has no free slot, so that the fast path needs no test for NULL. */
INTERNAL_OBJECT struct span no_span;

INTERNAL void heap_start(struct heap *heap);

/* Takes in what other threads have freed. */
INTERNAL void heap_collect(struct heap *heap);

/* Sends off all frees of other heaps' blocks. */
INTERNAL void heap_flush(struct heap *heap);

/* Collects, flushes, and gives every run that holds no block to the arena. */
INTERNAL void heap_empty(struct heap *heap);

/* Checks the invariants of a heap's bins and spans; NULL or what is wrong. pre: nothing else runs. */
INTERNAL const char *heap_check(const struct heap *heap);

#endif
