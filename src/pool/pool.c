/* SPDX-License-Identifier: MIT
 *
 * pool.c: allocate and free, each top to bottom, with every feature: the slow twins of the fast paths in pool.h.
 */
#include "pool/pool.h"

#include "base/tag.h"
#include "memory/big.h"
#include "memory/notes.h"
#include "pool/pattern.h"
#include "report/option.h"
#include "report/output.h"

INTERNAL struct pool_state pool_state;

bool pool_start(uint64_t reserve_bytes)
{
    /* A pool of less than one commit step could not hold two sizes of block. */
    uint64_t least = TAGPOOL_BARE ? 2 * UNIT_BYTES : UINT64_C(1) << 20;
    class_start();
    if (!arena_start(reserve_bytes, least) || !notes_start(arena.bytes) || !ledger_start() || !threads_start())
        return false;
    for (unsigned pool = 0; pool < POOLS; pool++) {
        ledger.segment->pools[pool].base = arena.base + pool * (arena.bytes / POOLS);
        ledger.segment->pools[pool].bytes = arena.bytes / POOLS;
    }
    STORE_RELEASE(&pool_state.started, 1);
    return true;
}

void pool_feature(uint32_t feature, bool on)
{
    uint32_t features = LOAD(&pool_state.features);
    while (!compare_exchange_u32(&pool_state.features, &features, on ? features | feature : features & ~feature))
        continue;
}

/* ---- limits: while there is one, every allocation and free counts its bytes in one place ---- */

static bool limit_charge(unsigned pool, size_t charged)
{
    if ((LOAD(&pool_state.features) & FEATURE_LIMIT) == 0)
        return true;
    uint64_t after = add_fetch_u64(&pool_state.limit[pool].charged, charged);
    uint64_t limit = LOAD(&pool_state.limit[pool].limit);
    if (limit == 0 || after <= limit)
        return true;
    (void)add_fetch_u64(&pool_state.limit[pool].charged, -(uint64_t)charged);
    return false;
}

static void limit_discharge(unsigned pool, size_t charged)
{
    if ((LOAD(&pool_state.features) & FEATURE_LIMIT) != 0)
        (void)add_fetch_u64(&pool_state.limit[pool].charged, -(uint64_t)charged);
}

static uint64_t charged_now(unsigned pool)
{
    uint64_t charged = 0;
    struct ledger_sum sum;
    for (uint32_t tag_index = 0; tag_index < ledger_tag_count(); tag_index++) {
        ledger_sum(tag_index, pool, &sum);
        charged += sum.charged;
    }
    ledger_sum(LEDGER_OVERFLOW, pool, &sum);
    return charged + sum.charged;
}

void pool_limit_set(unsigned pool, uint64_t bytes)
{
    bool was_on = (LOAD(&pool_state.features) & FEATURE_LIMIT) != 0;
    STORE(&pool_state.limit[pool].limit, bytes);
    ledger.segment->pools[pool].limit = bytes;
    bool on = LOAD(&pool_state.limit[0].limit) != 0 || LOAD(&pool_state.limit[1].limit) != 0;
    for (unsigned i = 0; i < POOLS && on && !was_on; i++)
        STORE(&pool_state.limit[i].charged, charged_now(i));
    pool_feature(FEATURE_LIMIT, on);
}

/* ---- allocate ---- */

static bool is_legal(const struct request *request)
{
    struct tagpool_bugcheck bugcheck;
    enum tag_fault fault = tag_check(request->tag);
    if (request->is_ours || (request->pool < POOLS && fault == TAG_FINE))
        return true;
    uintptr_t caller = (uintptr_t)request->caller;
    if (request->pool >= POOLS) {
        bugcheck_describe(MISTAKE_POOL_TYPE, &bugcheck);
        bugcheck.parameter[1] = request->pool;
        bugcheck.parameter[2] = request->bytes;
        bugcheck.parameter[3] = request->tag;
    } else if (fault == TAG_UNREADABLE) {
        bugcheck_describe(MISTAKE_TAG_UNREADABLE, &bugcheck);
        bugcheck.parameter[1] = request->tag;
        bugcheck.parameter[2] = request->pool;
        bugcheck.parameter[3] = caller;
    } else {
        bugcheck_describe(fault == TAG_ZERO ? MISTAKE_TAG_ZERO : MISTAKE_TAG_RESERVED, &bugcheck);
        bugcheck.parameter[1] = request->pool;
        bugcheck.parameter[2] = request->bytes;
        bugcheck.parameter[3] = caller;
    }
    bugcheck_raise(&bugcheck);
    return false;
}

/* The tag's index; from now on in the thread's cache, unless it is protected or its counters found no memory. */
static uint32_t tag_index_of(struct thread *thread, uint32_t tag)
{
    bool overflowed;
    uint32_t plain = tag & ~TAG_PROTECTED;
    if (plain == ledger_tag_of(LEDGER_OVERFLOW))
        return LEDGER_OVERFLOW; /* a block of the overflow row is reallocated */
    uint32_t index = ledger_tag(plain, &overflowed);
    if (overflowed) {
        struct text line;
        text_clear(&line);
        text_string(&line, "tagpool: the tag table is full; tag ");
        text_tag(&line, plain);
        text_string(&line, " and all further ones are counted as one, under BIG");
        output_line(&line);
    }
    struct tagpool_segment_counts *rows = thread->number != 0 ? ledger_rows(thread->number, index) : NULL;
    if (rows != NULL) {
        ledger_join(thread->number, index);
        if (plain == tag)
            *thread_tag_entry(thread, tag) = (struct tag_entry){tag, index, rows};
    }
    return index;
}

static void charge(struct thread *thread, uint32_t tag_index, unsigned pool, size_t charged, size_t bytes)
{
    struct tagpool_segment_counts *rows = thread->number != 0 ? ledger_rows_in(thread->directory, tag_index) : NULL;
    if (rows == NULL)
        ledger_charge_common(tag_index, pool, charged, bytes);
    else if (ledger_charge(&rows[pool], charged, bytes))
        ledger_peak(&rows[pool], thread->number, tag_index, pool);
}

static void discharge(struct thread *thread, uint32_t tag_index, unsigned pool, size_t charged, size_t bytes)
{
    struct tagpool_segment_counts *rows = thread->number != 0 ? ledger_rows(thread->number, tag_index) : NULL;
    if (rows == NULL)
        ledger_discharge_common(tag_index, pool, charged, bytes);
    else if (ledger_discharge(&rows[pool], charged, bytes))
        ledger_join(thread->number, tag_index);
}

/* What an allocation found: the block and what was wrong with its slot. */
struct grant {
    void *block;
    size_t charged;
    bool zeroed;
    bool was_written; /* after it was freed */
};

static void grant_slot(struct thread *thread, const struct request *request, unsigned class, uint32_t tag_index,
                       struct grant *grant)
{
    uint32_t features = LOAD(&pool_state.features);
    size_t charged = classes.info[class].slot_bytes;
    size_t slack = charged - request->bytes;
    uint32_t flags = (request->tag & TAG_PROTECTED) != 0 ? NOTE_PROTECTED : 0;
    if (!slab_refill(&thread->heap, request->pool, class))
        return;
    struct span *span = thread->heap.bin[request->pool][class];
    uint32_t state = LOAD(&span->notes[note_link_slot(span->head)]);
    if ((features & FEATURE_TAIL_CHECK) != 0 && slack != 0)
        flags |= NOTE_PATTERNED;
    grant->block = slab_take(span, span->head, note_live(tag_index, slack, flags));
    grant->charged = charged;
    if ((state & NOTE_FILLED) != 0)
        grant->was_written = !pattern_is_freed(grant->block, charged);
    if ((flags & NOTE_PATTERNED) != 0)
        pattern_fill_tail(grant->block, request->bytes, charged);
}

static void grant_run(struct thread *thread, const struct request *request, uint32_t tag_index, struct grant *grant)
{
    uint32_t features = LOAD(&pool_state.features);
    size_t charged = big_charged(request->bytes);
    uint32_t flags = (request->tag & TAG_PROTECTED) != 0 ? NOTE_PROTECTED : 0;
    if ((features & FEATURE_TAIL_CHECK) != 0 && charged != request->bytes)
        flags |= NOTE_PATTERNED;
    struct span *run = big_take(&thread->heap, request->pool, request->bytes, note_live(tag_index, 0, flags), &grant->zeroed);
    if (run == NULL)
        return;
    grant->block = (void *)span_address(run);
    grant->charged = charged;
    if ((flags & NOTE_PATTERNED) != 0)
        pattern_fill_tail(grant->block, request->bytes, charged);
}

static void grant_block(struct thread *thread, const struct request *request, uint32_t tag_index, struct grant *grant)
{
    unsigned class = class_aligned(request->bytes, request->alignment);
    size_t charged = class < CLASS_COUNT ? classes.info[class].slot_bytes : big_charged(request->bytes);
    if (!limit_charge(request->pool, charged))
        return;
    if (class < CLASS_COUNT)
        grant_slot(thread, request, class, tag_index, grant);
    else
        grant_run(thread, request, tag_index, grant);
    if (grant->block == NULL)
        limit_discharge(request->pool, charged);
    else
        charge(thread, tag_index, request->pool, charged, request->bytes);
}

static void report_written_after_free(const struct request *request, const struct grant *grant)
{
    struct tagpool_bugcheck bugcheck;
    bugcheck_describe(MISTAKE_WRITE_AFTER_FREE, &bugcheck);
    bugcheck.parameter[0] = (uintptr_t)grant->block + pattern_freed_damage(grant->block, grant->charged);
    bugcheck.parameter[1] = 1; /* a write */
    bugcheck.has_block = true;
    bugcheck.block = (struct tagpool_block){.address = grant->block,
                                            .bytes = grant->charged,
                                            .charged = grant->charged,
                                            .tag = request->tag & ~TAG_PROTECTED,
                                            .pool = request->pool == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED};
    bugcheck_raise(&bugcheck);
}

void *pool_alloc_slow(const struct request *request)
{
    struct grant grant = {NULL, 0, false, false};
    if (!is_legal(request))
        return NULL;
    if (LOAD_ACQUIRE(&pool_state.started) == 0 && !pool_starter())
        return NULL;
    struct thread *thread = thread_enter();
    uint32_t tag_index = tag_index_of(thread, request->tag);
    bool is_open = (LOAD(&pool_state.features) & FEATURE_CLOSED) == 0;
    bool is_possible = is_open && request->bytes <= PTRDIFF_MAX && is_power_of_two(request->alignment) &&
                       request->alignment <= UNIT_BYTES;
    if (is_possible)
        grant_block(thread, request, tag_index, &grant);
    thread_leave(thread);
    if (grant.block == NULL && is_possible) {
        /* Memory kept back for speed may be what is missing: everybody's idle memory goes to the arena, then once more. */
        threads_empty();
        thread = thread_enter();
        grant_block(thread, request, tag_index, &grant);
        thread_leave(thread);
    }
    if (grant.block == NULL) {
        ledger_failure(tag_index, request->pool);
        return NULL;
    }
    if (grant.was_written)
        report_written_after_free(request, &grant);
    if (request->zero && !grant.zeroed)
        memset(grant.block, 0, request->bytes);
    return grant.block;
}

/* ---- free ---- */

static void report_block(enum mistake mistake, const struct place *place, const void *block, uint32_t tag, bool stops)
{
    struct tagpool_bugcheck bugcheck;
    uintptr_t address = (uintptr_t)block;
    uint32_t own = place->tag_index < LEDGER_ROWS ? ledger_tag_of(place->tag_index) : 0;
    bool is_protected = note_is_live(place->note) && (place->note & NOTE_PROTECTED) != 0;
    bugcheck_describe(mistake, &bugcheck);
    bugcheck.stops = stops;
    bugcheck.parameter[1] = address;
    switch (mistake) {
    case MISTAKE_FREE_TWICE:
        bugcheck.parameter[1] = 0;
        bugcheck.parameter[2] = place->note;
        bugcheck.parameter[3] = address;
        break;
    case MISTAKE_FREE_PAGED_INSIDE:
        bugcheck.parameter[1] = 0;
        bugcheck.parameter[3] = (address - arena.base - arena.bytes / POOLS) >> PAGE_SHIFT;
        break;
    case MISTAKE_FREE_WRONG_TAG:
    case MISTAKE_FREE_PROTECTED:
        bugcheck.parameter[2] = own | (is_protected ? TAG_PROTECTED : 0);
        bugcheck.parameter[3] = tag;
        break;
    case MISTAKE_WRITE_PAST_END:
        bugcheck.parameter[2] = place->bytes;
        bugcheck.parameter[3] = pattern_tail_damage(block, place->bytes, place->charged);
        break;
    default:
        break;
    }
    bugcheck.has_block = place->kind == PLACE_LIVE || place->kind == PLACE_FREED;
    bugcheck.block = (struct tagpool_block){.address = (void *)place->start,
                                            .bytes = place->bytes,
                                            .charged = place->charged,
                                            .tag = own,
                                            .pool = place->pool == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED,
                                            .is_protected = is_protected};
    bugcheck_raise(&bugcheck);
}

bool pool_find(const void *block, struct place *place)
{
    uintptr_t address = (uintptr_t)block;
    enum mistake mistake;
    memset(place, 0, sizeof *place);
    if (LOAD_ACQUIRE(&pool_state.started) != 0)
        owner_find(address, place);
    if (place->kind == PLACE_LIVE && place->start == address)
        return true;
    if (block == NULL)
        mistake = MISTAKE_FREE_NULL;
    else if (place->kind == PLACE_FOREIGN)
        mistake = MISTAKE_FREE_FOREIGN;
    else if (place->kind == PLACE_UNUSED)
        mistake = place->pool == 0 ? MISTAKE_FREE_NONPAGED_UNUSED : MISTAKE_FREE_PAGED_UNUSED;
    else if (place->start != address)
        mistake = place->pool == 0 ? MISTAKE_FREE_NONPAGED_INSIDE : MISTAKE_FREE_PAGED_INSIDE;
    else
        mistake = MISTAKE_FREE_TWICE;
    report_block(mistake, place, block, 0, true);
    return false;
}

/* Whether a free with this tag may go on; reports if it may not, or not without a word. */
static bool is_right_tag(const struct place *place, const void *block, uint32_t tag, bool any_tag)
{
    uint32_t index = note_tag_index(place->note);
    bool is_protected = (place->note & NOTE_PROTECTED) != 0;
    uint32_t own = ledger_tag_of(index) | (is_protected ? TAG_PROTECTED : 0);
    if (any_tag || tag == 0) {
        if (is_protected)
            report_block(MISTAKE_FREE_PROTECTED, place, block, 0, true);
        return !is_protected;
    }
    /* What tag an overflow block was allocated with is not known. */
    if (tag == own || (index == LEDGER_OVERFLOW && (tag & TAG_PROTECTED) == (own & TAG_PROTECTED)))
        return true;
    enum wrong_tag_policy policy = (enum wrong_tag_policy)LOAD(&pool_state.wrong_tag);
    bool stops = is_protected || policy == WRONG_TAG_STOP;
    if (stops || policy == WRONG_TAG_REPORT)
        report_block(MISTAKE_FREE_WRONG_TAG, place, block, tag, stops);
    return !stops;
}

/* Takes the block back; false iff another thread was faster. */
static bool take_back(struct thread *thread, const struct place *place)
{
    if (place->span->kind == SPAN_BIG) {
        if (!big_release(place->span, place->note))
            return false;
        big_put(&thread->heap, place->span);
        return true;
    }
    uint32_t state = NOTE_FREED;
    slab_remember(place->span, place->slot, place->note);
    if ((LOAD(&pool_state.features) & FEATURE_FREE_CHECK) != 0) {
        pattern_fill_freed((void *)place->start, place->charged);
        state |= NOTE_FILLED;
    }
    if (LOAD(&place->span->owner) == &thread->heap) {
        slab_put(&thread->heap, place->span, place->slot, place->start, state);
        return true;
    }
    uint32_t granule = (uint32_t)(place->start & (UNIT_BYTES - 1)) >> 4;
    return slab_free_remote(&thread->heap, place->span, place->slot, granule, state);
}

void pool_free_slow(void *block, uint32_t tag, bool any_tag)
{
    struct place place;
    if (!pool_find(block, &place) || !is_right_tag(&place, block, tag, any_tag))
        return;
    if ((place.note & NOTE_PATTERNED) != 0 && !pattern_is_tail(block, place.bytes, place.charged)) {
        report_block(MISTAKE_WRITE_PAST_END, &place, block, 0, true);
        return;
    }
    struct thread *thread = thread_enter();
    bool done = take_back(thread, &place);
    if (done) {
        discharge(thread, note_tag_index(place.note), place.pool, place.charged, place.bytes);
        limit_discharge(place.pool, place.charged);
    }
    thread_leave(thread);
    if (!done) {
        owner_find((uintptr_t)block, &place);
        report_block(MISTAKE_FREE_TWICE, &place, block, 0, true);
    }
}

/* ---- reallocate ---- */

/* Changes the requested size where the block lies, if its class or length in units stays. */
static bool resize_in_place(const struct place *place, size_t bytes)
{
    struct span *span = place->span;
    if (LOAD(&pool_state.features) != 0 || (place->note & NOTE_PATTERNED) != 0)
        return false;
    if (span->kind == SPAN_BIG) {
        if (bytes <= SLAB_MOST_BYTES || bytes > PTRDIFF_MAX || big_units(bytes) != span->units)
            return false;
        STORE(&span->bytes, bytes);
        return true;
    }
    if (bytes > SLAB_MOST_BYTES || class_of(bytes) != span->class)
        return false;
    uint32_t flags = place->note & NOTE_PROTECTED;
    STORE(&span->notes[place->slot], note_live(note_tag_index(place->note), span->slot_bytes - bytes, flags));
    return true;
}

void *pool_realloc(void *block, size_t bytes, const void *caller)
{
    struct place place;
    if (!pool_find(block, &place))
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
    uint32_t tag = ledger_tag_of(tag_index) | ((place.note & NOTE_PROTECTED) != 0 ? TAG_PROTECTED : 0);
    void *moved = pool_alloc_slow(&(struct request){place.pool, bytes, tag, 1, false, true, caller});
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, bytes < place.bytes ? bytes : place.bytes);
    pool_free_slow(block, tag, false);
    return moved;
}
