/* SPDX-License-Identifier: MIT
 *
 * slab.c: the slow half of small blocks: carving, refilling and returning spans; frees between threads.
 */
#include "memory/slab.h"

#include "memory/notes.h"
#include "report/bugcheck.h"

INTERNAL struct span no_span = {.head = NOTE_END};

/* ---- carving: pages of a span become free slots, in the order of addresses ---- */

/* Puts the slots of the next page (all slots, where slots are pages) on the free list. pre: the list is empty. */
static void carve(struct span *span)
{
    const struct class_info *info = &classes.info[span->class];
    uint32_t pages = UNIT_BYTES >> PAGE_SHIFT;
    bool is_last = info->page_slots == 0 || span->carved + 1u == pages;
    uint32_t done = span->carved * (uint32_t)info->page_slots;
    uint32_t first_offset = (uint32_t)span->carved << PAGE_SHIFT;
    uint32_t next = NOTE_END;
    for (uint32_t i = is_last ? info->span_slots - done : info->page_slots; i-- > 0;) {
        uint32_t link = note_link(first_offset + i * info->slot_bytes);
        STORE(&span->notes[slab_link_slot(span, link)], next);
        next = link;
    }
    span->head = next;
    STORE(&span->carved, (uint8_t)(is_last ? pages : span->carved + 1u));
}

static bool is_carved(const struct span *span)
{
    return span->carved == UNIT_BYTES >> PAGE_SHIFT;
}

/* ---- a bin's list ---- */

static void bin_insert_second(struct heap *heap, struct span *span)
{
    struct span **bin = &heap->bin[span->class][span_pool(span)];
    struct span *current = *bin;
    span->flags |= SPAN_LINKED;
    span->wake = 0;
    if (current == &no_span) {
        span->next = 0;
        span->prev = 0;
        span->used++;
        *bin = span;
        return;
    }
    span->prev = span_to_link(current);
    span->next = current->next;
    if (span->next != 0)
        span_from_link(span->next)->prev = span_to_link(span);
    current->next = span_to_link(span);
}

static void bin_unlink(struct heap *heap, struct span *span)
{
    struct span **bin = &heap->bin[span->class][span_pool(span)];
    struct span *next = span->next != 0 ? span_from_link(span->next) : NULL;
    if (next != NULL)
        next->prev = span->prev;
    if (span->prev != 0) {
        span_from_link(span->prev)->next = span->next;
    } else {
        span->used--;
        *bin = next != NULL ? next : &no_span;
        if (next != NULL)
            next->used++;
    }
    span->flags &= (uint8_t)~SPAN_LINKED;
    uint32_t slots = classes.info[span->class].span_slots;
    span->wake = (uint16_t)(slots - (slots >= 16 ? slots / 16 : 1));
}

/* ---- spans come and go ---- */

static struct span *span_new(struct heap *heap, unsigned pool, unsigned class)
{
    const struct class_info *info = &classes.info[class];
    bool zeroed;
    uint8_t home;
    port_lock(&arena.lock);
    uint32_t *notes = notes_take(class, &home);
    struct span *span = notes != NULL ? arena_take_locked(pool, 1, &zeroed) : NULL;
    if (span == NULL && notes != NULL)
        notes_give(home, notes);
    port_unlock(&arena.lock);
    if (span == NULL)
        return NULL;
    STORE(&span->owner, heap);
    STORE(&span->notes, notes);
    STORE(&span->page_factor, info->page_factor);
    STORE(&span->granule_factor, info->granule_factor);
    STORE(&span->slot_bytes, info->slot_bytes);
    span->slot_shift = info->slot_shift;
    span->row_offset = (uint8_t)(pool * SPAN_ROW_BYTES);
    span->notes_home = home;
    STORE(&span->remote, 0);
    span->inbox_next = 0;
    span->head = NOTE_END;
    span->used = 0;
    STORE(&span->class, (uint8_t)class);
    STORE(&span->carved, 0);
    span->flags = 0;
    STORE_RELEASE(&span->kind, SPAN_SLAB);
    return span;
}

static void span_delete(struct span *span)
{
    unsigned pool = span_pool(span);
    uint32_t *notes = span->notes;
    uint8_t home = span->notes_home;
    STORE(&span->owner, NULL);
    STORE(&span->big_note, BIG_NOTE_WAS_SLAB);
    STORE_RELEASE(&span->kind, SPAN_PARKED);
    port_lock(&arena.lock);
    notes_give(home, notes);
    arena_give_locked(span, 1);
    port_unlock(&arena.lock);
    arena_trim_if_due(pool);
}

__attribute__((noinline)) void slab_freed(struct heap *heap, struct span *span)
{
    if ((span->flags & SPAN_LINKED) == 0)
        bin_insert_second(heap, span);
    if (span->used == 0) {
        bin_unlink(heap, span);
        span_delete(span);
    }
}

bool slab_refill(struct heap *heap, unsigned pool, unsigned class)
{
    struct span **bin = &heap->bin[class][pool];
    if (LOAD(&heap->inbox) != 0)
        heap_collect(heap);
    for (;;) {
        struct span *span = *bin;
        if (!note_is_end(span->head))
            return true;
        if (span == &no_span) {
            span = span_new(heap, pool, class);
            if (span == NULL)
                return false;
            bin_insert_second(heap, span);
        }
        if (!is_carved(span)) {
            carve(span);
            return true;
        }
        bin_unlink(heap, span);
    }
}

/* ---- frees between threads ----
 * live note --(free by another thread)--> NOTE_REMOTE, chained in a batch --(flush)--> span's remote chain; the first to
 * arrive there puts the span into its owner's inbox --(collect)--> free list. */

static void inbox_post(struct heap *owner, struct span *span)
{
    uint32_t first = LOAD(&owner->inbox);
    do {
        STORE(&span->inbox_next, first);
    } while (!compare_exchange_u32(&owner->inbox, &first, span_to_link(span)));
}

/* A link is never 0 as a whole chain's head: NOTE_REMOTE is set in it. */
static void batch_flush(struct batch *batch)
{
    struct span *span = batch->span;
    if (batch->count == 0)
        return;
    struct heap *owner = LOAD(&span->owner);
    uint32_t *tail = &span->notes[batch->tail_slot];
    uint32_t state = LOAD(tail) & ~NOTE_LINK_MASK;
    uint32_t first = LOAD(&span->remote);
    do {
        STORE(tail, (first == 0 ? NOTE_END : first & NOTE_LINK_MASK) | state);
    } while (!compare_exchange_u32(&span->remote, &first, batch->head | NOTE_REMOTE));
    batch->count = 0;
    if (first == 0)
        inbox_post(owner, span);
}

bool slab_free_remote(struct heap *heap, struct span *span, uint32_t slot, uintptr_t address, uint32_t state)
{
    struct batch *batch = &heap->batches[span_index(span) % BATCHES];
    if (batch->span != span || batch->count == BATCH_MOST) {
        batch_flush(batch);
        batch->span = span;
    }
    uint32_t next = batch->count == 0 ? NOTE_END : batch->head;
    uint32_t note = LOAD(&span->notes[slot]);
    do {
        if (!note_is_live(note))
            return false;
    } while (!compare_exchange_u32(&span->notes[slot], &note, next | state | NOTE_REMOTE));
    batch->head = note_link(address);
    if (batch->count++ == 0)
        batch->tail_slot = slot;
    return true;
}

/* The owner and another thread freed one block at the same moment, both having seen it live. The owner's free won; the rest
 * of the chain is lost with the overwritten note, and its slots are never used again. */
static NOINLINE void report_lost(const struct span *span, uintptr_t address, uint32_t note)
{
    struct tagpool_bugcheck bugcheck;
    bugcheck_describe(MISTAKE_FREE_TWICE, &bugcheck);
    bugcheck.parameter[2] = note;
    bugcheck.parameter[3] = address;
    bugcheck.has_block = true;
    bugcheck.block.address = (void *)address;
    bugcheck.block.charged = span->slot_bytes;
    bugcheck.block.pool = span_pool(span) == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED;
    bugcheck_raise(&bugcheck);
}

/* Takes a span's remote chain into its free list. */
static void collect_span(struct heap *heap, struct span *span)
{
    uint32_t link = exchange_u32(&span->remote, 0);
    while (!note_is_end(link)) {
        uint32_t slot = slab_link_slot(span, link);
        uint32_t note = LOAD(&span->notes[slot]);
        uintptr_t address = span_address(span) + note_link_offset(link);
        if (UNLIKELY((note & NOTE_REMOTE) == 0)) {
            report_lost(span, address, note);
            return;
        }
        link = note;
        slab_put(heap, span, slot, address, note_freed(note) | (note & NOTE_FILLED));
    }
}

void heap_collect(struct heap *heap)
{
    uint32_t link = exchange_u32(&heap->inbox, 0);
    while (link != 0) {
        struct span *span = span_from_link(link);
        link = LOAD(&span->inbox_next);
        collect_span(heap, span);
    }
}

void heap_flush(struct heap *heap)
{
    for (int i = 0; i < BATCHES; i++)
        batch_flush(&heap->batches[i]);
}

void slab_retire(struct heap *heap, unsigned pool, unsigned class)
{
    struct span *span = heap->bin[class][pool];
    if (span == &no_span || span->used != 1)
        return;
    bin_unlink(heap, span);
    span_delete(span);
}

/* ---- invariants ---- */

const char *slab_check(const struct span *span)
{
    const struct class_info *info = &classes.info[span->class];
    size_t live = 0;
    size_t remote = 0;
    size_t listed = 0;
    bool is_current = (span->flags & SPAN_LINKED) != 0 && span->prev == 0;
    for (uint32_t slot = 0; slot < info->numbers; slot++) {
        live += note_is_live(span->notes[slot]);
        remote += !note_is_live(span->notes[slot]) && (span->notes[slot] & NOTE_REMOTE) != 0;
    }
    for (uint32_t link = span->head; !note_is_end(link); link = span->notes[slab_link_slot(span, link)])
        if (note_is_live(span->notes[slab_link_slot(span, link)]) || ++listed > info->numbers)
            return "a free list holds a live slot or runs in a circle";
    size_t carved = is_carved(span) ? info->span_slots : (size_t)span->carved * info->page_slots;
    if (span->used != live + remote + is_current)
        return "a span's count of used slots disagrees with its notes";
    if (carved != live + remote + listed)
        return "a span has lost slots";
    if ((span->flags & SPAN_LINKED) == 0 && (span->used <= span->wake || !is_carved(span)))
        return "a span with free slots is on no list";
    return NULL;
}
