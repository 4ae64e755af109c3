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

/* A tag's place in the ledger, as this thread found it. An empty entry has a tag that belongs to another entry. */
struct tag_entry {
    uint32_t tag;  /* never a protected one */
    uint32_t live; /* the note of a block without slack under this tag: its index is in there */
    struct tagpool_segment_counts *rows;
};

enum thread_state { THREAD_NEW, THREAD_BUSY, THREAD_IDLE, THREAD_LOST };

struct thread {
    struct heap heap;
    uint32_t number; /* of the shard */
    uint32_t next_idle;
    uint32_t state;  /* enum thread_state; THREAD_LOST: of the parent of this process, never to be touched */
    struct tag_entry tags[TAGPOOL_TAG_CACHE];
    struct tagpool_segment_counts *chunks[LEDGER_CHUNKS]; /* the shard's chunks of counters met so far, or NULL */
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
INTERNAL const char *threads_visit(const char *(*visit)(const struct thread *thread));

/* This thread's own counters of a tag in the nonpaged pool, those of the paged pool behind; NULL if it has none yet. */
INLINE struct tagpool_segment_counts *thread_rows(struct thread *thread, uint32_t tag_index)
{
    struct tagpool_segment_counts *chunk = thread->chunks[tag_index / TAGPOOL_SEGMENT_CHUNK_TAGS];
    return chunk != NULL ? chunk + (size_t)(tag_index % TAGPOOL_SEGMENT_CHUNK_TAGS) * 2 : NULL;
}

/* The same, made if there are none; NULL iff there is no memory, or the thread is number 0. */
INTERNAL struct tagpool_segment_counts *thread_rows_new(struct thread *thread, uint32_t tag_index);

static inline struct tag_entry *thread_tag_entry(struct thread *thread, uint32_t tag)
{
    return &thread->tags[tag * 0x9E3779B1u / (UINT32_MAX / TAGPOOL_TAG_CACHE + 1)];
}

#endif
