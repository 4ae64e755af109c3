/* SPDX-License-Identifier: MIT
 *
 * heap.h: one thread's memory: blocks at hand, its spans, what it has freed for other heaps, and what others have freed for it.
 *
 * Only the thread that holds the heap touches it, but for `inbox`. When a thread exits, its heap waits for the next one.
 *
 * A bin's magazine is a stack of free blocks of one class, of spans of this heap. Allocating takes from it and freeing puts
 * there, both without a look at the span's list or at any free block: the spans are visited when a magazine is empty or full,
 * for many blocks at a time. It holds the address of a block's note too, which then need not be computed. Magazines begin
 * small, side by side: in a few pages together, not one or two each. One that grows moves to where it has room.
 *
 * An entry that was taken stays where it is until another takes its place. So when blocks come back in the opposite order, each
 * finds its own entry above the top, and neither need its note be looked for, nor anything be stored but the top. While that is
 * so, every free looks there first; once some blocks were not there, none does, until the bin is to try again.
 */
#ifndef MEMORY_HEAP_H
#define MEMORY_HEAP_H

#include "memory/arena.h"
#include "memory/class.h"
#include "memory/note.h"

/* A pool's bins: of each class, of each length of run, and one that never has a block: see struct heap_table. */
#define BIN_SHIFT 6
#define BINS 64
#define BIN_RUNS (CLASS_COUNT - 1) /* bin of a run: this plus its units */
#define BIN_CLOSED (BINS - 1)

#define MAGAZINE_LEAST 2       /* blocks that any magazine has room for */
#define BATCHES 16             /* spans of other heaps that a heap collects frees for at one time */
#define BATCH_MOST 1024        /* frees collected before they travel */
#define KEPT_RUN_UNITS 16      /* longest run that belongs to a heap: 1 MiB, see big.h */
#define KEPT_UNITS_MOST 64     /* units of all runs that belong to it: 4 MiB */
#define CACHED_RUN_UNITS 64    /* longest free run of nobody's that a heap keeps for itself: 4 MiB */
#define CACHED_UNITS_MOST 64   /* units of all of these: 4 MiB */

/* A free slot in a magazine. */
struct slot_ref {
    void *block;
    uint32_t *note;
};

/* Invariants (asserted by heap_check()):
 *     base <= top <= base + size <= base + magazine_room();  base->block is NULL, all others up to top are free slots of this bin
 *     above top are entries that were taken, each a slot of this bin and its note, and then empty ones; none above base + size
 *     bound is base, and patience > 0; or bound is base + size
 *     spans = this bin's spans that have a slot on their free list, or one that was never handed out */
struct bin {
    _Alignas(64) struct slot_ref *top; /* the block to take next; base if there is none */
    struct slot_ref *bound; /* if top is not below, a free looks for its block above it, and nowhere else */
    struct slot_ref *base;
    void *rows;            /* what the front door keeps for this heap and pool: not looked into here */
    uint32_t spans;        /* first span of the list: index + 1, or 0 */
    uint8_t class;
    uint8_t pool;
    uint8_t drained;       /* the magazine was empty since it last was full */
    uint8_t patience;      /* after so many blocks that were not above the top, none looks there */
    uint32_t given;        /* blocks given to spans from a full magazine and not wanted again since */
    uint32_t size;         /* blocks that fill the magazine */
    uint64_t tally;        /* what an allocation of no bytes counts (base/tally.h) */
    struct slot_ref *wide; /* where the magazine moves when it outgrows its first size; NULL if it need not, or has */
};

_Static_assert(sizeof(struct bin) == 1 << BIN_SHIFT, "a bin has another size");
_Static_assert(offsetof(struct bin, top) == offsetof(struct arena, nobody_top) &&
                   offsetof(struct bin, bound) == offsetof(struct arena, nobody_bound),
               "nobody's bin begins otherwise");
_Static_assert(BIN_RUNS + KEPT_RUN_UNITS < BIN_CLOSED, "there are too few bins");

/* How many blocks the magazine of a class has room for where it lies. */
static inline size_t magazine_room(const struct bin *bin)
{
    const struct class_info *info = &classes.info[bin->class];
    return bin->wide != NULL ? info->magazine_first : info->magazine_most;
}

/* Where top is when the magazine is full. */
static inline struct slot_ref *magazine_end(const struct bin *bin)
{
    return bin->base + bin->size;
}

#define PATIENCE 4 /* each time a block is not above the top costs as much as is gained by dozens that are */

/* From now on a free first looks above the top; or does not. */
static inline void bin_look(struct bin *bin, bool above)
{
    bin->patience = PATIENCE;
    bin->bound = above ? bin->base : magazine_end(bin);
}

static inline bool bin_looks(const struct bin *bin)
{
    return bin->bound == bin->base;
}

/* What an empty entry above the top has for its block's note where frees may look without having asked whether they were given a
 * block at all: that of a slot that was never handed out. */
INTERNAL_OBJECT uint32_t no_note;

/* Empties what is above the top, before a span of the bin's is deleted: if its unit comes back, slots there have other notes. */
static inline void bin_forget(struct bin *bin)
{
    for (struct slot_ref *above = bin->top + 1; above->block != NULL; above++)
        *above = (struct slot_ref){NULL, &no_note};
}

/* The magazine of bins that never have a block: of closed heaps, and nobody's. */
INTERNAL_OBJECT struct slot_ref no_blocks[2];

/* Frees of blocks of another heap's span, chained by their notes; they travel together. */
struct batch {
    _Alignas(32) struct span *span; /* NULL: it has room for none */
    uint32_t *tail; /* note of the oldest */
    uint32_t head;  /* link to the newest */
    uint32_t count;
};

struct heap {
    struct bin *bin[POOLS]; /* BINS of each */
    uintptr_t key;          /* HEAP_KEY() */
    void *rows[POOLS];      /* what the front door keeps for this heap; bins have a copy */
    uint32_t kept_units;    /* of the runs that belong to it, outstanding or free */
    uint32_t cached_units;
    uint32_t cached[POOLS][CACHED_RUN_UNITS + 1]; /* free big runs by length: index + 1, linked by next */
    struct batch batches[BATCHES];
    uint32_t delayed; /* of its own slots, freed as if by another thread: pool/checker.c */
    _Alignas(64) uint32_t inbox; /* span that has remote frees: index + 1, linked by inbox_next. Other threads write it: it has a
                                    cache line of its own */
    _Alignas(64) char after_inbox;
};

/* Gives a span to a heap; or to nobody, with NULL, and then it has no slots any more. */
static inline void span_own(struct span *span, struct heap *heap)
{
    if (heap == NULL)
        STORE(&span->factor, 0);
    STORE(&span->key, heap != NULL ? heap->key + span_address(span) : 0);
    STORE(&span->owner, heap);
}

/* The ways from requests to their bins, for the fast paths: offsets from where ways begin, for each pool in turn. While heaps are
 * closed, all requests lead to a bin that is always empty: so the paths need no test of their own for what would keep them from
 * being taken. */
struct heap_table {
    uint16_t way[(SLAB_MOST_BYTES / 16 + 1) * POOLS]; /* for requests of up to n * 16 bytes */
    uint16_t run_way[KEPT_RUN_UNITS * POOLS];         /* for runs of n + 1 units */
};

INTERNAL_OBJECT struct heap_table heap_table;

/* Opens or closes the fast ways, which are to begin so many bytes before the first pool's bins. Those of the next pool lie behind
 * these. */
INTERNAL void heaps_open(bool open, size_t before);

/* pre: bytes <= SLAB_MOST_BYTES. Indices have 32 bits: what callers leave above a pool's need not be cleared then. */
INLINE size_t heap_way(unsigned pool, size_t bytes)
{
    return PEEK(&heap_table.way[(unsigned)((bytes + 15) / 16) * POOLS + pool]);
}

/* pre: 0 < bytes <= KEPT_RUN_UNITS * UNIT_BYTES. */
INLINE size_t heap_run_way(unsigned pool, size_t bytes)
{
    const struct heap_table *table = &heap_table;
    FORGET(table); /* its address first: then the index needs no register of its own */
    return PEEK(&table->run_way[(unsigned)((bytes - 1) / UNIT_BYTES) * POOLS + pool]);
}

INLINE struct bin *heap_way_bin(void *start, size_t way)
{
    return (struct bin *)(void *)((char *)start + way);
}

/* Prepares a new heap, whose `bin` and `rows` are set; false iff there is no memory for its magazines. */
INTERNAL bool heap_start(struct heap *heap);

/* Undoes heap_start(), as long as nothing was taken. */
INTERNAL void heap_stop(struct heap *heap);

/* Takes in what other threads have freed. */
INTERNAL void heap_collect(struct heap *heap);

/* Sends off all frees of other heaps' blocks. */
INTERNAL void heap_flush(struct heap *heap);

/* Collects, flushes, and gives every run that holds no block to the arena. */
INTERNAL void heap_empty(struct heap *heap);

/* Checks the invariants of a heap's bins; adds for each unit how many of its slots are in magazines to cached[index]. NULL or
 * what is wrong. pre: nothing else runs. */
INTERNAL const char *heap_check(const struct heap *heap, uint16_t *cached);

#endif
