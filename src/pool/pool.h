/* SPDX-License-Identifier: MIT
 *
 * pool.h: the front door: allocate and free, each with its fast path here.
 *
 * The fast path takes a block when nothing special holds: this thread has a heap, no feature is on, the tag is in the cache,
 * the class is a slab's and its current span has a free slot. It frees a plain block of its own span. What is
 * nearly as plain is in fast.c, everything else in pool.c, mistakes in mistake.c.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "memory/owner.h"
#include "memory/slab.h"
#include "pool/thread.h"
#include "report/bugcheck.h"

/* What is on, besides counting: one word, nearly always 0, that the fast paths look at. */
#define FEATURE_CLOSED 1u     /* after shutdown */
#define FEATURE_LIMIT 2u      /* a pool has a limit */
#define FEATURE_TAIL_CHECK 4u
#define FEATURE_FREE_CHECK 8u

struct pool_state {
    uint32_t features;
    uint32_t started;
    uint32_t wrong_tag; /* enum wrong_tag_policy */
    struct {
        tagpool_count limit;   /* 0 for none */
        tagpool_count charged; /* outstanding, while any pool has a limit */
    } limit[POOLS];
};

INTERNAL_OBJECT struct pool_state pool_state;

/* Starts the library with its defaults: the face's function, called at a first use that comes before a start. */
INTERNAL_OBJECT bool (*const pool_starter)(void);

struct request {
    unsigned pool;
    size_t bytes;
    uint32_t tag;
    size_t alignment; /* a power of two, 1 for the natural one */
    bool zero;
    bool is_ours; /* made by the library for a block that exists: the tag needs no check */
    const void *caller;
};

INTERNAL bool pool_start(uint64_t reserve_bytes);

INTERNAL void *pool_alloc_slow(const struct request *request);

/* The less travelled paths on which still nothing special is on: see fast.c. Arguments are in registers and the calls come
 * last, so that the paths below need no stack. */
INTERNAL void *pool_alloc_other(unsigned pool, size_t bytes, uint32_t tag, const void *caller);
INTERNAL void pool_free_other(void *block, uint32_t tag, bool any_tag);
INTERNAL void pool_free_slow(void *block, uint32_t tag, bool any_tag);
INTERNAL void *pool_realloc(void *block, size_t bytes, const void *caller);

/* True and the place of an outstanding block that starts at `block`; otherwise reports the mistake. */
INTERNAL bool pool_find(const void *block, struct place *place);

/* What is known of a live or freed block. */
INTERNAL void pool_describe(const struct place *place, struct tagpool_block *block);

/* False, after a report, iff a request's pool or tag breaks a rule. */
INTERNAL bool pool_is_legal(const struct request *request);

/* Whether a free with this tag may go on; reports if it may not, or not without a word. */
INTERNAL bool pool_is_right_tag(const struct place *place, const void *block, uint32_t tag, bool any_tag);

/* False, after a report, iff the pattern behind a block is damaged. */
INTERNAL bool pool_is_tail_whole(const struct place *place, const void *block);

INTERNAL void pool_report_freed_twice(const void *block);
INTERNAL void pool_report_written_after_free(const struct place *place);

/* Counts bytes against the pool's limit, if there is one; false iff that would pass it. */
INTERNAL bool pool_limit_charge(unsigned pool, size_t charged);
INTERNAL void pool_limit_discharge(unsigned pool, size_t charged);

INTERNAL void pool_limit_set(unsigned pool, uint64_t bytes);
INTERNAL void pool_feature(uint32_t feature, bool on);

/* Checks all invariants of memory and ledger; NULL or what is wrong. pre: nothing else runs. */
INTERNAL const char *pool_check(void);
INTERNAL_OBJECT const char *const pool_check_no_memory; /* the one answer that says nothing about the invariants */

/* Lets the ledger see a new peak; returns the block, so that the fast path ends in a jump. */
INTERNAL void *pool_alloc_peak(void *block, struct thread *thread, const struct tag_entry *entry, unsigned pool);

INLINE void *pool_alloc(unsigned pool, size_t bytes, uint32_t tag)
{
    struct thread *thread = thread_self;
    if (LIKELY(thread != NULL && LOAD(&pool_state.features) == 0 && pool < POOLS && bytes <= SLAB_MOST_BYTES)) {
        struct tag_entry *entry = thread_tag_entry(thread, tag);
        struct span *span = thread->heap.bin[class_of(bytes)][pool];
        uint32_t head = span->head;
        if (LIKELY(entry->tag == tag && !note_is_end(head))) {
            struct tagpool_segment_counts *row = &entry->rows[pool];
            size_t charged = span->slot_bytes;
            void *block = slab_take(span, head, note_add_slack(entry->live, charged - bytes));
            if (LIKELY(!ledger_charge(row, charged, bytes)))
                return block;
            return pool_alloc_peak(block, thread, entry, pool);
        }
    }
    /* Inlined into the public function, this is the address that called it. */
    return pool_alloc_other(pool, bytes, tag, __builtin_return_address(0));
}

INLINE void pool_free(void *block, uint32_t tag, bool any_tag)
{
    struct thread *thread = thread_self;
    uintptr_t address = (uintptr_t)block;
    if (LIKELY(thread != NULL && LOAD(&pool_state.features) == 0 && owner_is_ours(address))) {
        struct span *span = arena.spans + ((address - arena.base) >> UNIT_SHIFT);
        if (LIKELY(LOAD(&span->owner) == &thread->heap)) {
            bool exact;
            uint32_t slot = slab_slot(span, address, &exact);
            uint32_t note = LOAD(&span->notes[slot]);
            bool is_plain = exact && (note & (NOTE_LIVE | NOTE_PROTECTED | NOTE_PATTERNED)) == NOTE_LIVE;
            if (LIKELY(is_plain && (any_tag || ledger_tag_of(note_tag_index(note)) == tag))) {
                struct tagpool_segment_counts *rows = thread_rows(thread, note_tag_index(note));
                struct tagpool_segment_counts *row = rows != NULL ? (void *)((char *)rows + span->row_offset) : NULL;
                if (LIKELY(row != NULL && row->frees != 0)) {
                    size_t charged = span->slot_bytes;
                    ledger_discharge(row, charged, charged - note_slack(note));
                    slab_put(&thread->heap, span, slot, address, note_freed(note));
                    return;
                }
            }
        }
    }
    pool_free_other(block, tag, any_tag);
}

#endif
