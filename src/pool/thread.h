/* SPDX-License-Identifier: MIT
 *
 * thread.h: what a thread brings to the front door: a heap, a shard of counters, a cache from tags to counters.
 *
 * Heap and shard stay together for ever: when their thread exits they become idle, with all blocks and counts in them, and
 * the next new thread takes them over. Number 0 serves threads that have none of their own (too many threads, or past their
 * exit), one at a time.
 */
#ifndef POOL_THREAD_H
#define POOL_THREAD_H

#include "base/tag.h"
#include "ledger/ledger.h"
#include "memory/heap.h"

/* A tag, as this thread found it: the tag with its protected bit, which none in here has, turned on; above, the note of a block
 * without slack under this tag: the tag's index is in there. 0 is no tag. */
typedef uint64_t tag_entry;

#define SIDE_BINS_BYTES (BINS * sizeof(struct bin))
#define SIDE_TAGS_BYTES (TAGPOOL_TAG_CACHE * sizeof(tag_entry))
#define SIDE_BYTES (2 * (SIDE_BINS_BYTES > SIDE_TAGS_BYTES ? SIDE_BINS_BYTES : SIDE_TAGS_BYTES))

/* What a thread has for one pool. Its size is a power of two, so that a shift leads to it. */
union thread_side {
    struct {
        struct bin bin[BINS];
        tag_entry tags[TAGPOOL_TAG_CACHE];
    };
    _Alignas(64) char whole[SIDE_BYTES];
};

enum thread_state { THREAD_NEW, THREAD_BUSY, THREAD_IDLE, THREAD_LOST };

struct thread {
    struct heap heap;
    uint32_t number; /* of the shard */
    uint32_t next_idle;
    uint32_t state; /* enum thread_state; THREAD_LOST: of the parent of this process, never to be touched */
    union thread_side side[POOLS];
};

/* This thread's own, or NULL. */
INTERNAL_OBJECT PORT_THREAD_LOCAL struct thread *thread_self;

INTERNAL bool threads_start(void);

/* Undoes threads_start(), as long as no thread has entered. */
INTERNAL void threads_stop(void);

/* This thread's own, now or newly, or number 0 locked. thread_leave() ends its use; no report may be made in between. */
INTERNAL struct thread *thread_enter(void);
INTERNAL void thread_leave(struct thread *thread);

/* Gives the memory that this thread's heap and all idle heaps keep to the arena. */
INTERNAL void threads_empty(void);

/* How many threads of the parent process this one inherited in the middle of things; whether a heap is one of theirs. */
INTERNAL uint32_t threads_lost(void);
INTERNAL bool thread_is_lost(const struct heap *heap);

/* Calls `visit` for every thread structure that can be looked at; stops at and returns the first answer that is not NULL. */
INTERNAL const char *threads_visit(const char *(*visit)(const struct thread *thread, void *context), void *context);

static inline tag_entry tag_entry_of(uint32_t tag, uint32_t live)
{
    return (tag_entry)live << 32 | (tag ^ TAG_PROTECTED);
}

INLINE bool tag_entry_is(tag_entry entry, uint32_t tag)
{
    return (uint32_t)entry == (tag ^ TAG_PROTECTED);
}

INLINE uint32_t tag_entry_live(tag_entry entry)
{
    return (uint32_t)(entry >> 32);
}

/* A thread's side, as an address of its own: compilers would else reach each of its parts from the thread, in several steps. */
INLINE union thread_side *thread_side(struct thread *thread, unsigned pool)
{
    union thread_side *side = &thread->side[pool];
    __asm__("" : "+r"(side));
    return side;
}

/* The one entry where a tag can be: the high bits of a product, each of which hangs on all bits of the tag. */
INLINE tag_entry *thread_tag_entry(union thread_side *side, uint32_t tag)
{
    return &side->tags[tag * 0x2C1B3C6Du / (UINT32_MAX / TAGPOOL_TAG_CACHE + 1)];
}

/* Where a tag is that another one has pushed out of its place: beside it, in the same cache line. */
INLINE tag_entry *thread_tag_beside(union thread_side *side, tag_entry *entry)
{
    return &side->tags[(size_t)(entry - side->tags) ^ 1];
}

/* This thread's counters of a tag. */
INLINE struct tagpool_segment_counts *thread_row(struct thread *thread, unsigned pool, uint32_t tag_index)
{
    return (struct tagpool_segment_counts *)thread->heap.rows[pool] + tag_index;
}

#endif
