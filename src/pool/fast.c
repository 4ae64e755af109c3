/* SPDX-License-Identifier: MIT
 *
 * fast.c: the less travelled fast paths: an empty or full magazine, a big block, a block of another thread's span, a new
 * peak. As in pool.h nothing special is on; whatever is, goes on to pool.c.
 */
#include "memory/big.h"
#include "pool/guard.h"
#include "pool/pool.h"

static NOINLINE void *peak_seldom(void *block, uint32_t tag_index, unsigned pool)
{
    ledger_peak(thread_self->number, tag_index, pool);
    return block;
}

/* Of a tag of this thread's alone without a call: while a program grows, nearly every allocation is a new peak. */
HOT void *pool_alloc_peak(void *block, struct tagpool_segment_counts *row, size_t tag_part, const struct bin *bin)
{
    uint32_t tag_index = note_tag_index((uint32_t)tag_part);
    unsigned pool = bin->pool;
    if (UNLIKELY(!ledger_raise(row)))
        return peak_seldom(block, tag_index, pool);
    return block;
}

void pool_settle(void *block, uint32_t *note, uint32_t state, struct bin *bin)
{
    ledger_settle(thread_self->number, note_tag_index(state), bin->pool);
    slab_put(bin, bin->top, block, note, state);
    /* Seldom enough to try something: that the bin is hot, if blocks came back in order; otherwise, whether they do now. */
    free_way_heat(bin, block);
    bin_look(bin, true);
}

/* Of a tag that this thread has counted before; false if the ledger must first learn of it. */
static bool find_tag_part(struct thread *thread, uint32_t tag, uint32_t *tag_part)
{
    if (tag_cache_find_anywhere(&thread->tags, tag, tag_part))
        return true;
    uint32_t index = ledger_find(tag);
    if (index >= LEDGER_OVERFLOW)
        return false;
    tag_cache_enter(&thread->tags, tag, index);
    *tag_part = note_of_tag(index);
    return true;
}

static void *alloc_big(struct thread *thread, uint32_t tag_part, unsigned pool, size_t bytes)
{
    bool zeroed;
    struct span *run = bytes <= arena.bytes / POOLS ? big_take(&thread->heap, pool, bytes, tag_part | NOTE_PLAIN, &zeroed) : NULL;
    if (run == NULL)
        return NULL;
    size_t charged = big_charged(bytes);
    ledger_charge_any(thread->number, note_tag_index(tag_part), pool, charged, charged - bytes);
    return (void *)span_address(run);
}

static void *alloc_small(struct thread *thread, uint32_t tag_part, unsigned pool, size_t bytes)
{
    unsigned class = class_of(bytes);
    struct bin *bin = &thread->heap.bin[pool][class];
    if (bin->top == bin->base && !slab_refill(&thread->heap, bin))
        return NULL;
    return pool_take(bin, bin->top, bytes, tag_part);
}

/* All that is not as plain: tags that are not in the cache, empty magazines, runs of nobody's. */
static __attribute__((noinline)) void *alloc_rest(unsigned pool, size_t bytes, uint32_t tag, const void *caller)
{
    struct thread *thread = thread_self;
    bool is_due = guard_is_due();
    bool is_plain = !is_due && (LOAD(&pool_state.features) & ~FEATURE_SAMPLED) == 0;
    if (thread != NULL && is_plain && pool < POOLS && LOAD(&hit_tag) == 0) {
        uint32_t tag_part;
        void *block = NULL;
        if (find_tag_part(thread, tag, &tag_part))
            block = (bytes > SLAB_MOST_BYTES ? alloc_big : alloc_small)(thread, tag_part, pool, bytes);
        if (block != NULL)
            return block;
    }
    return pool_alloc_slow(&(struct request){.pool = pool, .bytes = bytes, .tag = tag, .alignment = 1, .is_asked = true,
                                             .is_due = is_due, .caller = caller, .frame = FRAME});
}

/* The fast path once more, for the allocations between two samples: heaps are closed then, and each is to be counted. */
static __attribute__((noinline)) void *alloc_between(unsigned pool, size_t bytes, uint32_t tag, const void *caller)
{
    struct thread *thread = thread_self;
    uint64_t countdown = guard_countdown;
    if (LIKELY(pool < POOLS && thread != NULL && LOAD(&hit_tag) == 0 && countdown > 1)) {
        uint32_t tag_part;
        if (LIKELY(bytes <= SLAB_MOST_BYTES && tag_cache_find(&thread->tags, tag, &tag_part))) {
            struct bin *bin = &thread->bin[pool][class_of(bytes)];
            struct slot_ref *top = bin->top;
            if (LIKELY(top->block != NULL)) {
                guard_countdown = countdown - 1;
                return pool_take(bin, top, bytes, tag_part);
            }
        }
    }
    return alloc_rest(pool, bytes, tag, caller);
}

static __attribute__((noinline)) void *alloc_seldom(unsigned pool, size_t bytes, uint32_t tag, const void *caller)
{
    if (LOAD(&pool_state.features) == FEATURE_SAMPLED)
        return alloc_between(pool, bytes, tag, caller);
    return alloc_rest(pool, bytes, tag, caller);
}

/* A run of one's own is nearly as fast as a small block: without the calls of the rest, there are no registers to be saved for
 * them. */
HOT void *pool_alloc_run(unsigned pool, size_t bytes, uint32_t tag, const void *caller, struct thread *thread, size_t tag_part)
{
    if (LIKELY(big_may_belong(bytes))) {
        struct bin *bin = heap_way_bin(thread, heap_run_way(pool, bytes));
        struct slot_ref *top = bin->top;
        void *block = top->block;
        FOUR_STAY(pool, bytes, tag, caller);
        if (LIKELY(block != NULL)) {
            RESULT_STAYS(block);
            uint64_t rest;
            struct span *run = big_take_own(bin, top, bytes, (uint32_t)tag_part + NOTE_PLAIN, &rest);
            struct tagpool_segment_counts *row = pool_row(bin->rows, tag_part);
            if (LIKELY(!ledger_charge_run(row, &run->tally, rest)))
                return block;
            return pool_alloc_peak(block, row, tag_part, bin);
        }
    }
    return alloc_seldom(pool, bytes, tag, caller);
}

/* Tags that are not in their place are found beside it, without calls that registers would have to be saved for, either. */
HOT void *pool_alloc_other(unsigned pool, size_t bytes, uint32_t tag, const void *caller)
{
    struct thread *thread = thread_self;
    uint32_t tag_part;
    if (LIKELY(pool < POOLS && PEEK(&hit_tag) == 0 && thread != NULL && tag_cache_find_aside(&thread->tags, tag, &tag_part))) {
        if (UNLIKELY(bytes > SLAB_MOST_BYTES))
            return pool_alloc_run(pool, bytes, tag, caller, thread, tag_part);
        void *block = pool_take_small(thread, pool, bytes, tag, tag_part);
        if (LIKELY(block != NULL))
            return block;
    }
    return alloc_seldom(pool, bytes, tag, caller);
}

/* ---- free ---- */

/* A plain block in a slot, and where its free is counted. */
struct plain_slot {
    uint32_t *note;
    uint32_t live; /* what the note says */
    unsigned pool;
    uint64_t tally;
    struct tagpool_segment_counts *row;
};

/* False iff no slot begins there, or it holds no plain block of that tag, or one whose tag this thread has not counted before.
 * All is read here, and once: when the block is freed the span may be another's. pre: arena_has_granule(). */
INLINE bool find_plain(struct thread *thread, const struct span *span, uintptr_t address, uint32_t tag, bool any_tag,
                       struct plain_slot *slot)
{
    uint64_t factor = LOAD(&span->factor);
    uint64_t place = slab_place(factor, (uint16_t)address);
    if (!slab_place_is_exact(factor, place))
        return false;
    slot->note = LOAD(&span->notes) + slab_place_slot(place);
    slot->live = LOAD(slot->note);
    slot->pool = span_pool(span);
    slot->tally = LOAD(&span->tally) + note_tally(slot->live);
    slot->row = pool_row(thread->heap.rows[slot->pool], note_tag_part(slot->live));
    return pool_is_plain(slot->live, tag, any_tag) && ledger_is_joined(slot->row);
}

INLINE void count_free(const struct thread *thread, const struct plain_slot *slot)
{
    if (UNLIKELY(ledger_discharge(slot->row, slot->tally)))
        ledger_settle(thread->number, note_tag_index(slot->live), slot->pool);
}

/* A block of this or another thread's slab, or run. False iff the slow path must look at it. */
static bool free_owned(struct thread *thread, struct span *span, uintptr_t address, uint32_t tag, bool any_tag)
{
    struct plain_slot slot;
    if (!find_plain(thread, span, address, tag, any_tag, &slot))
        return false;
    if (LOAD(&span->owner) == &thread->heap)
        slab_put_back(span_bin(span), (void *)address, slot.note, note_freed(slot.live));
    else if (!slab_free_remote(&thread->heap, span, slot.note, address, note_freed(slot.live)))
        return false;
    count_free(thread, &slot);
    return true;
}

/* A big block of nobody's. */
static bool free_big(struct thread *thread, struct span *run, uintptr_t address, uint32_t tag, bool any_tag)
{
    uint32_t note = LOAD(&run->big_note);
    if (address != span_address(run) || !pool_is_plain(note, tag, any_tag))
        return false;
    size_t bytes = LOAD(&run->bytes);
    if (!ledger_is_joined(thread_row(thread, span_pool(run), note_tag_index(note))) || !big_release(run, note))
        return false;
    ledger_discharge_any(thread->number, note_tag_index(note), span_pool(run), big_charged(bytes), big_charged(bytes) - bytes);
    big_put(&thread->heap, run);
    return true;
}

/* All that is neither for one's own magazine nor for a batch. pre: this thread has a structure; nothing special is on. */
static __attribute__((noinline)) void free_rest(void *block, uint32_t tag, bool any_tag)
{
    struct thread *thread = thread_self;
    struct span *span = span_at(block);
    bool is_owned = LOAD_ACQUIRE(&span->owner) != NULL;
    if (is_owned && free_owned(thread, span, (uintptr_t)block, tag, any_tag))
        return;
    if (!is_owned && LOAD(&span->kind) == SPAN_BIG && free_big(thread, span, (uintptr_t)block, tag, any_tag))
        return;
    pool_free_slow(block, tag, any_tag);
}

/* The slot goes into the batch. False iff that has no room, or there is anything special about the block. */
INLINE bool free_into_batch(struct thread *thread, const struct span *span, uintptr_t address, uint32_t tag, bool any_tag)
{
    struct batch *batch = slab_batch(&thread->heap, span);
    struct plain_slot slot;
    if (!slab_batch_has_room(batch, span) || LOAD_ACQUIRE(&span->owner) == NULL ||
        !find_plain(thread, span, address, tag, any_tag, &slot) ||
        !slab_batch_add(batch, slot.note, address, slot.live, note_freed(slot.live)))
        return false;
    count_free(thread, &slot);
    return true;
}

/* All that is not for a batch. */
static __attribute__((noinline)) void free_seldom(void *block, uint32_t tag, bool any_tag)
{
    if (thread_self != NULL && LOAD(&arena.open_mask) != 0 && arena_has_granule(block) && LOAD(&hit_tag) == 0)
        free_rest(block, tag, any_tag);
    else
        pool_free_slow(block, tag, any_tag);
}

NOINLINE void pool_free_missed(void *block, uint32_t tag, bool any_tag)
{
    free_way_missed(block);
    pool_free_by_entry(free_way.key, block, tag, any_tag);
}

/* Like the fast paths this calls nobody while all is plain, so that no registers are to be saved for that. While the front door
 * is closed, `nearby` is nobody's, and has no batch. */
HOT void pool_free_other(void *block, uint32_t tag, bool any_tag, const struct span *nearby)
{
    struct thread *thread = thread_self;
    if (UNLIKELY(thread == NULL || !arena_has_granule(block) || PEEK(&hit_tag) != 0 ||
                 !free_into_batch(thread, nearby, (uintptr_t)block, tag, any_tag)))
        free_seldom(block, tag, any_tag);
}
