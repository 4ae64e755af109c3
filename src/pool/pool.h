/* SPDX-License-Identifier: MIT
 *
 * pool.h: the front door: allocate and free, each with its fast path here.
 *
 * The fast path takes a block when nothing special holds: no feature is on, this thread has counted the tag before, the class
 * is a slab's and its magazine has a block. It frees a plain block of its own span, and one of its hot bin without a look at the
 * span. What is nearly as plain is in fast.c, everything else in pool.c, mistakes in mistake.c. The one thing both look at
 * although it is nearly always off is PoolHitTag: a debugger that writes it can tell nobody.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "ledger/hit.h"
#include "ledger/record.h"
#include "memory/owner.h"
#include "memory/slab.h"
#include "pool/thread.h"
#include "report/bugcheck.h"

/* What is on, besides counting. */
#define FEATURE_CLOSED 1u     /* after shutdown */
#define FEATURE_LIMIT 2u      /* a pool has a limit */
#define FEATURE_TAIL_CHECK 4u
#define FEATURE_FREE_CHECK 8u
#define FEATURE_STOPPED 16u   /* before start */
#define FEATURE_VERIFIER 32u  /* a service of the verifier (verify.h) */
#define FEATURE_SAMPLED 64u   /* special pool takes samples, and nothing else of the verifier is on: frees stay fast */
#define FEATURE_CHECKER 128u  /* valgrind or a sanitizer is told of each block (checker.h) */

/* The fast paths need no test for features: while one is on, allocate finds no block, for heaps are closed, and free takes any
 * address for foreign. */
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
    bool is_promised; /* fails for want of memory only: no failure is injected */
    bool is_ours; /* made by the library for a block that exists: the tag needs no check */
    const void *caller;
    const void *frame; /* from which the caller's stack is walked; NULL if that cannot be said */
    const char *file;  /* of the macro form; NULL otherwise */
    unsigned line;
    bool special; /* asks for special pool by itself */
    bool is_asked; /* guard_is_due() was asked, and said is_due */
    bool is_due;
    uint8_t edge; /* 1 + enum special_edge: on which side special pool puts the block; 0: not said */
    unsigned spare; /* if the pool has a limit, its 2^-spare part must stay free; 0 for none */
};

/* `seeks_checkers`: checkers of memory accesses are told of blocks, if there are any. */
INTERNAL bool pool_start(uint64_t reserve_bytes, bool seeks_checkers);

/* Lets threads in: a first allocation by another thread waits until the options that it must obey are in force. */
INTERNAL void pool_open(void);

INTERNAL void *pool_alloc_slow(const struct request *request);

/* Counts a failure of a tag without a request. pre: the tag breaks no rule. */
INTERNAL void pool_failed(unsigned pool, uint32_t tag);

/* The less travelled paths on which still nothing special is on: see fast.c. The fast paths end in jumps to them, with their own
 * arguments where they are. */
INTERNAL void *pool_alloc_other(unsigned pool, size_t bytes, uint32_t tag, const void *caller);
INTERNAL void *pool_alloc_run(unsigned pool, size_t bytes, uint32_t tag, const void *caller, struct thread *thread,
                              size_t tag_part);
INTERNAL void pool_free_other(void *block, uint32_t tag, bool any_tag, const struct span *nearby); /* span_near() */
INTERNAL void pool_free_missed(void *block, uint32_t tag, bool any_tag);
INTERNAL void pool_free_slow(void *block, uint32_t tag, bool any_tag);
INTERNAL void *pool_realloc(void *block, size_t bytes, const void *caller, const void *frame);

/* True and the place of an outstanding block that starts at `block`; otherwise reports the mistake. */
INTERNAL bool pool_find(const void *block, struct place *place);

/* Gives the outstanding block that contains `address` a record, if it has none, and adds to it. False iff no outstanding block
 * does, or there is no memory for it. pre: nobody frees the block meanwhile. */
INTERNAL bool pool_record(const void *address, const struct record *addition);

/* What is special about a live block: RECORD_PROTECTED, RECORD_PATTERNED, and if it has a record, what else that says. */
INTERNAL uint32_t pool_flags(const struct place *place);

/* From now on a free of the outstanding block that contains `address` first asks pool_lookaside_hook. False iff no outstanding
 * block does, or there is no memory to note it. */
INTERNAL bool pool_watch(const void *address);

/* Takes back the quota of a block that was just freed. Set by the quota service. */
INTERNAL_OBJECT void (*pool_quota_hook)(const struct record *record, unsigned pool);

/* Asked before a watched block is freed: false, after a report, iff it may not be. Set by the lookaside lists. */
INTERNAL_OBJECT bool (*pool_lookaside_hook)(const struct tagpool_block *block);

/* What is known of a live or freed block. */
INTERNAL void pool_describe(const struct place *place, struct tagpool_block *block);

/* False, after a report, iff a request's pool or tag breaks a rule. */
INTERNAL bool pool_is_legal(const struct request *request);

/* Whether a free with this tag may go on; reports if it may not, or not without a word. `flags`: pool_flags(). */
INTERNAL bool pool_is_right_tag(const struct place *place, uint32_t flags, uint32_t tag, bool any_tag);

/* False, after a report, iff the pattern behind a block is damaged. */
INTERNAL bool pool_is_tail_whole(const struct place *place, uint32_t flags);

INTERNAL void pool_report_freed_twice(const void *block);
INTERNAL void pool_report_written_after_free(const struct place *place);

/* Reports, as a finding, that a pattern behind a live block or in a freed one is damaged. */
INTERNAL void pool_report_damaged(const struct place *place);

/* Counts bytes against the pool's limit, if there is one; false iff that would pass it, or leave less than its 2^-spare part. */
INTERNAL bool pool_limit_charge(unsigned pool, size_t charged, unsigned spare);
INTERNAL void pool_limit_discharge(unsigned pool, size_t charged);

/* Both: pre: one thread at a time. */
INTERNAL void pool_limit_set(unsigned pool, uint64_t bytes);
INTERNAL void pool_feature(uint32_t feature, bool on);

/* Whether a pool is low or high (tagpool/wdk.h). pool_conditions() tells the hook what has changed; no lock is held. */
INTERNAL bool pool_is_low(unsigned pool);
INTERNAL bool pool_is_high(unsigned pool);
INTERNAL void pool_conditions(unsigned pool);

/* Sets who is told of changes from now on; NULL for nobody. */
INTERNAL void pool_conditions_tell(void (*hook)(unsigned pool, bool is_high, bool holds));

/* Checks all invariants of memory and ledger; NULL or what is wrong. pre: nothing else runs. */
INTERNAL const char *pool_check(void);
INTERNAL_OBJECT const char *const pool_check_no_memory; /* the one answer that says nothing about the invariants */

/* Lets the ledger see that a block just counted in that row, with that part of a note, may make a new peak; returns it. */
INTERNAL __attribute__((returns_nonnull)) void *pool_alloc_peak(void *block, struct tagpool_segment_counts *row, size_t tag_part,
                                                                const struct bin *bin);

/* Lets the ledger settle the row in which this thread has just counted the free of a block of its own; then puts the block back,
 * for which there is room. `state` becomes its note. */
INTERNAL void pool_settle(void *block, uint32_t *note, uint32_t state, struct bin *bin);

/* The row of the tag that a note names. */
INLINE struct tagpool_segment_counts *pool_row(void *rows, size_t tag_part)
{
    return (void *)((char *)rows + note_tag_offset(tag_part, sizeof(struct tagpool_segment_counts)));
}

/* Takes a block from a bin that has one, and counts it. `tag_part`: of its note. */
INLINE void *pool_take(struct bin *bin, struct slot_ref *top, size_t bytes, uint32_t tag_part)
{
    void *block = top->block;
    RESULT_STAYS(block);
    uint64_t tally = tally_request(bin->tally, bytes);
    slab_take(bin, top, note_of_tally(tag_part, tally));
    struct tagpool_segment_counts *row = pool_row(bin->rows, tag_part);
    if (LIKELY(!ledger_charge(row, tally)))
        return block;
    return pool_alloc_peak(block, row, tag_part, bin);
}

/* Whether this thread may allocate under the tag without a further look. *tag_part is what notes have of the tag then. */
INLINE bool pool_is_fast(unsigned pool, uint32_t tag, struct thread *thread, uint32_t *tag_part)
{
    if (UNLIKELY(pool >= POOLS || PEEK(&hit_tag) != 0 || thread == NULL))
        return false;
    return tag_cache_find(&thread->tags, tag, tag_part);
}

/* NULL if the magazine is empty, or must not be looked at. `tag`: for who is asked then. */
INLINE void *pool_take_small(struct thread *thread, unsigned pool, size_t bytes, uint32_t tag, uint32_t tag_part)
{
    struct bin *bin = heap_way_bin(thread, heap_way(pool, bytes));
    struct slot_ref *top = bin->top;
    THREE_STAY(pool, bytes, tag);
    return LIKELY(top->block != NULL) ? pool_take(bin, top, bytes, tag_part) : NULL;
}

/* NULL if the fast path does not take it. */
INLINE void *pool_alloc_fast(unsigned pool, size_t bytes, uint32_t tag)
{
    struct thread *thread = thread_self;
    uint32_t tag_part;
    if (LIKELY(pool_is_fast(pool, tag, thread, &tag_part) && bytes <= SLAB_MOST_BYTES))
        return pool_take_small(thread, pool, bytes, tag, tag_part);
    return NULL;
}

INLINE void *pool_alloc(unsigned pool, size_t bytes, uint32_t tag)
{
    struct thread *thread = thread_self;
    uint32_t tag_part;
    if (LIKELY(pool_is_fast(pool, tag, thread, &tag_part))) {
        if (UNLIKELY(bytes > SLAB_MOST_BYTES))
            return pool_alloc_run(pool, bytes, tag, CALLER, thread, tag_part);
        void *block = pool_take_small(thread, pool, bytes, tag, tag_part);
        if (LIKELY(block != NULL))
            return block;
    }
    return pool_alloc_other(pool, bytes, tag, CALLER);
}

/* Whether a note is that of a plain block, of that tag. */
INLINE bool pool_is_plain(uint32_t note, uint32_t tag, bool any_tag)
{
    return note_is_plain(note) && (any_tag || ledger_tag_of(note_tag_index(note)) == tag);
}

/* Counts the free of a plain block of this thread's, which has allocated it, and so counted the tag before. True iff the caller
 * must call pool_settle(). */
INLINE bool pool_count_free(const struct bin *bin, const aligned_u64 *charge, uint32_t live)
{
    struct tagpool_segment_counts *row = pool_row(bin->rows, note_tag_part(live));
    return ledger_discharge(row, PEEK(charge) + note_tally(live));
}

/* Frees the block whose entry is above the top. False iff it must be looked at. */
INLINE bool pool_untake(struct bin *bin, struct slot_ref *top, void *block, const aligned_u64 *charge, uint32_t tag, bool any_tag)
{
    uint32_t live = PEEK(top[1].note);
    if (UNLIKELY(!pool_is_plain(live, tag, any_tag)))
        return false;
    uint32_t state = note_freed_plain(live);
    if (LIKELY(!pool_count_free(bin, charge, live)))
        slab_untake(bin, top, state);
    else
        pool_settle(block, top[1].note, state, bin);
    return true;
}

/* Frees a block of the hot bin. False iff it is of another, something is on, or the block must be looked at: as must NULL, which
 * is taken for an empty entry's. */
INLINE bool pool_free_hot(struct bin *bin, void *block, uint32_t tag, bool any_tag)
{
    struct slot_ref *top = bin->top;
    return LIKELY(top[1].block == block && (PEEK(&hit_tag) | PEEK(&pool_state.features)) == 0) &&
           pool_untake(bin, top, block, &free_way.charge, tag, any_tag);
}

/* Frees a block by its unit's entry. `key`: of this thread's heap. */
INLINE void pool_free_by_entry(uintptr_t key, void *block, uint32_t tag, bool any_tag)
{
    const struct arena *words = &arena;
    FORGET_IN_THIRD(words); /* one register for them: an address of its own for each costs more than the word */
    const struct span *span = span_near(words, block);
    uintptr_t offset = key - PEEK(&span->key);
    FORGET(offset); /* the block, which is at hand first, is added last */
    offset += (uintptr_t)block;
    if (LIKELY(unit_has_granule(offset) && PEEK(&hit_tag) == 0)) {
        /* The span is this thread's, or nobody's: then no place is exact, and no block above the top. */
        struct bin *bin = span_bin_near(words, span);
        struct slot_ref *top = bin->top;
        if (top < bin->bound) {
            uint64_t factor = PEEK(&span->factor);
            FORGET(factor); /* it is wanted twice, and loaded once */
            uint32_t at = (uint16_t)(uintptr_t)block;
            FORGET(at); /* or compilers shift twice for what is one move */
            uint64_t place = slab_place(factor, at);
            if (LIKELY(slab_place_is_exact(factor, place))) {
                uint32_t *note = PEEK(&span->notes) + slab_place_slot(place);
                uint32_t live = PEEK(note);
                if (LIKELY(pool_is_plain(live, tag, any_tag))) {
                    uint32_t state = note_freed_plain(live);
                    FETCH(block); /* it will be handed out soon */
                    if (LIKELY(!pool_count_free(bin, &span->tally, live)))
                        slab_put(bin, top, block, note, state);
                    else
                        pool_settle(block, note, state, bin);
                    return;
                }
            }
        } else if (LIKELY(top[1].block == block) && pool_untake(bin, top, block, &span->tally, tag, any_tag)) {
            return;
        }
    }
    pool_free_other(block, tag, any_tag, span);
}

INLINE void pool_free(void *block, uint32_t tag, bool any_tag)
{
    uintptr_t first = free_way.first;
    if (UNLIKELY(!free_way_is_hot(first)))
        pool_free_by_entry(first, block, tag, any_tag);
    else if (UNLIKELY(!pool_free_hot((struct bin *)first, block, tag, any_tag)))
        pool_free_missed(block, tag, any_tag);
}

#endif
