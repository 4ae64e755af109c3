/* SPDX-License-Identifier: MIT
 *
 * pool.c: allocate and free, each top to bottom, with every feature: the slow twins of the fast paths in pool.h.
 */
#include "pool/pool.h"

#include "base/tag.h"
#include "memory/big.h"
#include "pool/checker.h"
#include "pool/guard.h"
#include "pool/pattern.h"
#include "pool/scrub.h"
#include "pool/verify.h"
#include "report/output.h"

INTERNAL struct pool_state pool_state = {.features = FEATURE_STOPPED};

/* ---- allocate ---- */

/* The tag's index; from now on in the thread's cache, unless it is protected or reserved. */
static uint32_t tag_index_of(struct thread *thread, uint32_t tag)
{
    bool overflowed = false;
    uint32_t tag_part;
    if (tag_cache_find_anywhere(&thread->tags, tag, &tag_part))
        return note_tag_index(tag_part);
    uint32_t plain = tag & ~TAG_PROTECTED;
    bool is_reserved = plain == ledger_tag_of(LEDGER_OVERFLOW); /* a block of the overflow row is reallocated */
    uint32_t index = is_reserved ? LEDGER_OVERFLOW : ledger_tag(plain, &overflowed);
    if (overflowed) {
        struct text line;
        text_clear(&line);
        text_string(&line, "tagpool: the tag table is full; tag ");
        text_tag(&line, plain);
        text_string(&line, " and all further ones are counted as one, under BIG");
        output_line(&line);
    }
    if (plain == tag && !is_reserved)
        tag_cache_enter(&thread->tags, tag, index);
    return index;
}

static void charge(struct thread *thread, uint32_t tag_index, unsigned pool, size_t charged, size_t bytes)
{
    ledger_charge_any(thread->number, tag_index, pool, charged, charged - bytes);
}

static void discharge(struct thread *thread, uint32_t tag_index, unsigned pool, size_t charged, size_t bytes)
{
    ledger_join(thread->number, tag_index, pool);
    ledger_discharge_any(thread->number, tag_index, pool, charged, charged - bytes);
}

/* What an allocation found. */
struct grant {
    void *block;
    bool zeroed;
    bool is_over_limit;
    bool is_special;
    struct place written; /* a free block that was written to, and is not handed out for that: PLACE_FREED */
};

/* True iff the slot is as it was filled when it was freed. A slot that is not is reported once. */
static bool is_untouched(const struct slot_ref *ref, size_t slot_bytes, struct grant *grant)
{
    uint32_t note = LOAD(ref->note);
    if (!note_is_filled(note) || pattern_is_freed(ref->block, slot_bytes))
        return true;
    owner_find((uintptr_t)ref->block, &grant->written);
    STORE(ref->note, note & ~NOTE_FILLED);
    return false;
}

static uint32_t note_flags(const struct request *request)
{
    return (request->tag & TAG_PROTECTED) != 0 ? NOTE_PROTECTED : 0;
}

/* Puts the pattern behind a block, if there is room and the option is on; `note` is the block's. What is protected too needs a
 * record, and goes without the pattern where there is no memory for one. */
static void grant_tail(const struct request *request, uint32_t *note, size_t charged, void *block)
{
    if ((LOAD(&pool_state.features) & FEATURE_TAIL_CHECK) == 0 || charged == request->bytes)
        return;
    scrub_begin((uintptr_t)block);
    if (note_flags(request) == 0 || record_put(&(struct record){.address = (uintptr_t)block,
                                                                .flags = RECORD_PROTECTED | RECORD_PATTERNED})) {
        pattern_fill_tail(block, request->bytes, charged);
        STORE(note, (*note & ~NOTE_PLAIN) | NOTE_PATTERNED);
    }
    scrub_end((uintptr_t)block);
}

static void grant_slot(struct thread *thread, const struct request *request, unsigned class, uint32_t tag_index,
                       struct grant *grant)
{
    struct bin *bin = &thread->heap.bin[request->pool][class];
    size_t slot_bytes = classes.info[class].slot_bytes;
    if (bin->top == bin->base && !slab_refill(&thread->heap, bin))
        return;
    if (!is_untouched(bin->top, slot_bytes, grant))
        return;
    uint32_t *note = bin->top->note;
    grant->block = slab_take(bin, bin->top, note_live(tag_index, slot_bytes - request->bytes, note_flags(request)));
    if (checker_is_on())
        bin->top[1].block = NULL; /* a search for leaks would take it for the program's pointer */
    grant_tail(request, note, slot_bytes, grant->block);
}

static void grant_run(struct thread *thread, const struct request *request, uint32_t tag_index, struct grant *grant)
{
    uint32_t note = note_live(tag_index, 0, note_flags(request));
    struct span *run = big_take(&thread->heap, request->pool, request->bytes, note, &grant->zeroed);
    if (run == NULL)
        return;
    grant->block = (void *)span_address(run);
    grant_tail(request, &run->big_note, big_charged(request->bytes), grant->block);
}

static void grant_block(struct thread *thread, const struct request *request, uint32_t tag_index, struct grant *grant)
{
    unsigned class = class_aligned(request->bytes, request->alignment);
    size_t charged = class < CLASS_COUNT ? classes.info[class].slot_bytes : big_charged(request->bytes);
    grant->is_over_limit = !pool_limit_charge(request->pool, charged, request->spare);
    if (grant->is_over_limit)
        return;
    if (class < CLASS_COUNT)
        grant_slot(thread, request, class, tag_index, grant);
    else
        grant_run(thread, request, tag_index, grant);
    if (grant->block == NULL)
        pool_limit_discharge(request->pool, charged);
    else
        charge(thread, tag_index, request->pool, charged, request->bytes);
}

/* Grants a block and, if memory kept back for speed may be what is missing, gives everybody's idle memory to the arena and tries
 * once more. */
static void grant_twice(const struct request *request, uint32_t tag_index, struct grant *grant)
{
    struct thread *thread = thread_enter();
    grant_block(thread, request, tag_index, grant);
    thread_leave(thread);
    if (grant->block == NULL && !grant->is_over_limit && grant->written.kind != PLACE_FREED) {
        threads_empty();
        thread = thread_enter();
        grant_block(thread, request, tag_index, grant);
        thread_leave(thread);
    }
    pool_conditions(request->pool);
}

/* Grants a block of special pool, if it is to serve the request and can. */
static void grant_special(const struct request *request, uint32_t tag_index, struct event *event, bool is_due,
                          struct grant *grant)
{
    struct special_block *special = guard_take(request, event, is_due, &grant->zeroed);
    if (special == NULL)
        return;
    size_t charged = special_charged(special);
    if (!pool_limit_charge(request->pool, charged, request->spare)) {
        guard_cancel(special);
        return;
    }
    grant->block = (void *)special->start;
    grant->is_special = true;
    struct thread *thread = thread_enter();
    charge(thread, tag_index, request->pool, charged, request->bytes);
    guard_publish(special, note_live(tag_index, 0, note_flags(request)));
    thread_leave(thread);
    pool_conditions(request->pool);
}

/* Whether a service of the verifier, or a debugger, wants to see operations. */
static bool is_verified(void)
{
    return (LOAD_ACQUIRE(&pool_state.features) & FEATURE_VERIFIER) != 0 || LOAD(&hit_tag) != 0;
}

static bool is_possible(const struct request *request)
{
    return (LOAD(&pool_state.features) & FEATURE_CLOSED) == 0 && request->bytes <= arena.bytes / POOLS &&
           is_power_of_two(request->alignment) && request->alignment <= UNIT_BYTES;
}

void pool_failed(unsigned pool, uint32_t tag)
{
    if (LOAD_ACQUIRE(&pool_state.started) == 0 && !pool_starter())
        return;
    struct thread *thread = thread_enter();
    uint32_t tag_index = tag_index_of(thread, tag);
    thread_leave(thread);
    ledger_failure(tag_index, pool);
}

void *pool_alloc_slow(const struct request *request)
{
    struct grant grant = {.block = NULL};
    struct event event;
    PORT_KEEP_FRAME();
    if (!pool_is_legal(request))
        return NULL;
    if (LOAD_ACQUIRE(&pool_state.started) == 0 && !pool_starter())
        return NULL;
    struct thread *thread = thread_enter();
    uint32_t tag_index = tag_index_of(thread, request->tag);
    thread_leave(thread);
    bool is_due = request->is_asked ? request->is_due : guard_is_due();
    bool verified = is_verified() || request->special || is_due;
    bool injected = verified && !verify_alloc_begin(&event, request, tag_index);
    bool possible = !injected && is_possible(request);
    if (possible && verified && (request->special || guard_is_on()))
        grant_special(request, tag_index, &event, is_due, &grant);
    if (possible && grant.block == NULL)
        grant_twice(request, tag_index, &grant);
    if (grant.block != NULL && checker_is_on())
        checker_alloc(grant.block, request->bytes, request->zero && grant.zeroed, grant.is_special);
    if (grant.written.kind == PLACE_FREED)
        pool_report_written_after_free(&grant.written);
    else if (grant.block == NULL)
        ledger_failure(tag_index, request->pool);
    else if (request->zero && !grant.zeroed)
        memset(grant.block, 0, request->bytes);
    if (verified && !injected) {
        event.block = grant.block;
        verify_alloc_end(&event, grant.is_special);
    }
    return grant.block;
}

/* ---- free ---- */

/* False iff a list that lies in the block forbids to free it. */
static bool may_be_freed(const struct place *place, uint32_t flags)
{
    struct tagpool_block block;
    bool (*hook)(const struct tagpool_block *) = LOAD(&pool_lookaside_hook);
    if ((flags & RECORD_WATCHED) == 0 || hook == NULL)
        return true;
    pool_describe(place, &block);
    return hook(&block);
}

/* Takes the block back; false iff another thread was faster. */
static bool take_back(struct thread *thread, const struct place *place, struct event *event)
{
    if (place->special != NULL)
        return guard_take_back(place, event);
    struct span *span = place->span;
    struct heap *owner = LOAD(&span->owner);
    if (owner == NULL) {
        if (!big_release(span, place->note))
            return false;
        big_put(&thread->heap, span);
        return true;
    }
    uint32_t state = note_freed(place->note);
    if ((LOAD(&pool_state.features) & FEATURE_FREE_CHECK) != 0 && span->kind == SPAN_SLAB) {
        pattern_fill_freed((void *)place->start, place->charged);
        state |= NOTE_FILLED;
    }
    if (checker_is_on() && owner == &thread->heap && span->kind == SPAN_SLAB)
        return checker_put(&thread->heap, place, state);
    if (owner != &thread->heap)
        return slab_free_remote(&thread->heap, span, place->slot_note, place->start, state);
    slab_put_back(span_bin(span), (void *)place->start, place->slot_note, state);
    return true;
}

void pool_free_slow(void *block, uint32_t tag, bool any_tag)
{
    struct place place;
    struct record record;
    struct event event;
    if (!pool_find(block, &place))
        return;
    uint32_t flags = pool_flags(&place);
    if (!pool_is_right_tag(&place, flags, tag, any_tag) || !pool_is_tail_whole(&place, flags) || !may_be_freed(&place, flags))
        return;
    bool verified = is_verified() || place.special != NULL;
    if (verified)
        verify_free_begin(&event, &place, CALLER, FRAME);
    scrub_begin(place.start);
    record.flags = 0;
    if (note_is_recorded(place.note))
        (void)record_take(place.start, &record);
    if (checker_is_on())
        checker_free(&place);
    struct thread *thread = thread_enter();
    bool done = take_back(thread, &place, &event);
    scrub_end(place.start);
    if (done) {
        discharge(thread, note_tag_index(place.note), place.pool, place.charged, place.bytes);
        pool_limit_discharge(place.pool, place.charged);
    }
    thread_leave(thread);
    if ((record.flags & RECORD_QUOTA) != 0)
        LOAD(&pool_quota_hook)(&record, place.pool);
    verify_forget(&record, &place);
    pool_conditions(place.pool);
    if (done && verified)
        verify_free_end(&event);
    if (!done)
        pool_report_freed_twice(block);
}

/* ---- reallocate ---- */

/* Whether this thread may change what the free of a run counts: its owner may have that at hand (struct free_way). */
static bool may_recharge(const struct span *run)
{
    const struct heap *owner = LOAD(&run->owner);
    return owner == NULL || (thread_self != NULL && owner == &thread_self->heap);
}

/* Changes the requested size where the block lies, if its class or length in units stays. */
static bool resize_in_place(const struct place *place, size_t bytes)
{
    struct span *span = place->span;
    if ((LOAD(&pool_state.features) & ~FEATURE_SAMPLED) != 0 || (place->note & NOTE_PATTERNED) != 0 || place->special != NULL)
        return false;
    if (span->kind == SPAN_BIG) {
        if (bytes <= SLAB_MOST_BYTES || bytes > arena.bytes / POOLS || big_units(bytes) != span->units)
            return false;
        if (big_charged(bytes) != place->charged && !may_recharge(span))
            return false;
        big_resize(span, bytes);
        return true;
    }
    if (bytes > SLAB_MOST_BYTES || class_of(bytes) != span->class)
        return false;
    uint32_t flags = place->note & NOTE_PROTECTED; /* nothing else is special, for that is excluded above */
    STORE(place->slot_note, note_live(note_tag_index(place->note), place->charged - bytes, flags));
    return true;
}

void *pool_realloc(void *block, size_t bytes, const void *caller, const void *frame)
{
    struct place place;
    if (!pool_find(block, &place))
        return NULL;
    uint32_t flags = pool_flags(&place);
    if (!pool_is_tail_whole(&place, flags))
        return NULL;
    uint32_t tag_index = note_tag_index(place.note);
    if (resize_in_place(&place, bytes)) {
        struct thread *thread = thread_enter();
        size_t charged = place.span->kind == SPAN_BIG ? big_charged(bytes) : place.charged;
        discharge(thread, tag_index, place.pool, place.charged, place.bytes);
        charge(thread, tag_index, place.pool, charged, bytes);
        thread_leave(thread);
        return block;
    }
    if (!may_be_freed(&place, flags))
        return NULL;
    uint32_t tag = ledger_tag_of(tag_index) | ((flags & RECORD_PROTECTED) != 0 ? TAG_PROTECTED : 0);
    struct request request = {.pool = place.pool, .bytes = bytes, .tag = tag, .alignment = 1, .is_ours = true,
                              .caller = caller, .frame = frame};
    void *moved = pool_alloc_slow(&request);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, bytes < place.bytes ? bytes : place.bytes);
    pool_free_slow(block, tag, false);
    return moved;
}
