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

#include "ledger/ledger.h"
#include "memory/heap.h"
#include "pool/tag_cache.h"

enum thread_state { THREAD_NEW, THREAD_BUSY, THREAD_IDLE, THREAD_LOST };

struct thread {
    struct heap heap;
    uint32_t number; /* of the shard */
    uint32_t next_idle;
    uint32_t state; /* enum thread_state; THREAD_LOST: of the parent of this process, never to be touched */
    _Alignas(64) struct bin bin[POOLS][BINS];
    struct tag_cache tags;
    aligned_u64 attempted, succeeded; /* allocations while the verifier was on */
};

/* This thread's own, or NULL. */
INTERNAL_OBJECT PORT_THREAD_LOCAL struct thread *thread_self;

INTERNAL bool threads_start(void);

/* Undoes threads_start(), as long as no thread has entered. */
INTERNAL void threads_stop(void);

/* This thread's own, now or newly, or number 0 locked. thread_leave() ends its use; no report may be made in between. */
INTERNAL struct thread *thread_enter_first(void);
INTERNAL void thread_leave_zero(void);

static inline struct thread *thread_enter(void)
{
    struct thread *thread = thread_self;
    return thread != NULL ? thread : thread_enter_first();
}

static inline void thread_leave(const struct thread *thread)
{
    if (thread->number == 0)
        thread_leave_zero();
}

/* Gives the memory that this thread's heap and all idle heaps keep to the arena. */
INTERNAL void threads_empty(void);

/* How many threads of the parent process this one inherited in the middle of things; whether a heap is one of theirs. */
INTERNAL uint32_t threads_lost(void);
INTERNAL bool thread_is_lost(const struct heap *heap);

/* What all threads there ever were have of a counter, which lies so far from the start of their structures. */
INTERNAL uint64_t threads_sum(size_t offset);

/* Calls `visit` for every thread structure that can be looked at; stops at and returns the first answer that is not NULL. */
INTERNAL const char *threads_visit(const char *(*visit)(const struct thread *thread, void *context), void *context);

/* Ways to bins (memory/heap.h) begin at the thread: that saves an addition. */
#define THREAD_WAY_BEFORE offsetof(struct thread, bin)

/* This thread's counters of a tag. */
INLINE struct tagpool_segment_counts *thread_row(struct thread *thread, unsigned pool, uint32_t tag_index)
{
    return (struct tagpool_segment_counts *)thread->heap.rows[pool] + tag_index;
}

#endif
