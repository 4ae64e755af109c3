/* SPDX-License-Identifier: MIT
 *
 * slab.c: the slow half of small blocks: from spans to magazines and back; frees between threads.
 */
#include "memory/slab.h"

#include "base/tally.h"
#include "memory/notes.h"
#include "report/bugcheck.h"

/* ---- a bin's list of spans that have slots to give ---- */

static void bin_link(struct bin *bin, struct span *span)
{
    span->flags |= SPAN_LINKED;
    span->prev = 0;
    span->next = bin->spans;
    if (span->next != 0)
        span_from_link(span->next)->prev = span_to_link(span);
    bin->spans = span_to_link(span);
}

static void bin_unlink(struct bin *bin, struct span *span)
{
    span->flags &= (uint8_t)~SPAN_LINKED;
    if (span->next != 0)
        span_from_link(span->next)->prev = span->prev;
    if (span->prev != 0)
        span_from_link(span->prev)->next = span->next;
    else
        bin->spans = span->next;
}

/* ---- spans come and go ---- */

static void span_fill(struct span *span, struct heap *heap, struct bin *bin)
{
    const struct class_info *info = &classes.info[bin->class];
    span_set_bin(span, bin);
    STORE(&span->factor, info->factor);
    STORE(&span->slot_bytes, info->slot_bytes);
    STORE(&span->tally, tally_of_charge(info->slot_bytes));
    STORE(&span->class, bin->class);
    STORE(&span->remote, 0);
    STORE(&span->carved, 0);
    span->flags = 0;
    span->inbox_next = 0;
    span->head = NOTE_END;
    span->used = 0;
    span_own(span, heap);
    STORE_RELEASE(&span->kind, SPAN_SLAB);
}

static struct span *span_new(struct heap *heap, struct bin *bin)
{
    bool zeroed;
    uint8_t home;
    port_lock(&arena.lock);
    uint32_t *notes = notes_take(bin->class, &home);
    struct span *span = notes != NULL ? arena_take_locked(bin->pool, 1, &zeroed) : NULL;
    if (span == NULL && notes != NULL)
        notes_give(home, notes);
    port_unlock(&arena.lock);
    if (span == NULL)
        return NULL;
    STORE(&span->notes, notes);
    span->notes_home = home;
    span_fill(span, heap, bin);
    return span;
}

static void span_delete(struct span *span)
{
    unsigned pool = span_pool(span);
    uint32_t *notes = span->notes;
    uint8_t home = span->notes_home;
    span_own(span, NULL);
    STORE(&span->big_note, BIG_NOTE_WAS_SLAB);
    STORE_RELEASE(&span->kind, SPAN_PARKED);
    port_lock(&arena.lock);
    notes_give(home, notes);
    arena_give_locked(span, 1);
    port_unlock(&arena.lock);
    arena_trim_if_due(pool);
}

/* ---- from spans to a magazine ---- */

/* The first so many slots of the free list. */
static struct slot_ref *take_freed(struct span *span, struct slot_ref *top, uint32_t most)
{
    uint32_t link = span->head;
    for (; most > 0 && !note_is_end(link); most--) {
        uint32_t offset = note_link_offset(link);
        uint32_t *note = slab_note(span->notes, span->factor, offset);
        *++top = (struct slot_ref){(void *)(span_address(span) + offset), note};
        link = LOAD(note);
        span->used++;
    }
    span->head = link & NOTE_LINK_MASK;
    return top;
}

/* The next slots that were never handed out, the lowest address on top. */
static struct slot_ref *carve(struct span *span, struct slot_ref *top, uint32_t most)
{
    const struct class_info *info = &classes.info[span->class];
    uint32_t left = info->slots - (uint32_t)span->carved;
    uint32_t count = most < left ? most : left;
    for (uint32_t i = count; i-- > 0;) {
        uint32_t slot = span->carved + i;
        *++top = (struct slot_ref){(void *)(span_address(span) + class_slot_offset(info, slot)), &span->notes[slot]};
    }
    STORE(&span->carved, (uint16_t)(span->carved + count));
    span->used = (uint16_t)(span->used + count);
    return top;
}

static bool has_slots(const struct span *span)
{
    return !note_is_end(span->head) || span->carved < classes.info[span->class].slots;
}

/* Free slots of the bin's spans; only if there is none, slots never used, so that as little memory as possible is touched.
 * False iff there is neither, nor memory for a new span. */
static bool take_slots(struct heap *heap, struct bin *bin, const struct slot_ref *enough)
{
    for (uint32_t link = bin->spans; link != 0 && bin->top < enough;) {
        struct span *span = span_from_link(link);
        link = span->next;
        bin->top = take_freed(span, bin->top, (uint32_t)(enough - bin->top));
        if (!has_slots(span))
            bin_unlink(bin, span);
    }
    if (bin->top != bin->base)
        return true;
    struct span *span = bin->spans != 0 ? span_from_link(bin->spans) : NULL;
    if (span == NULL) {
        span = span_new(heap, bin);
        if (span == NULL)
            return false;
        bin_link(bin, span);
    }
    bin->top = carve(span, bin->top, (uint32_t)(enough - bin->top));
    if (!has_slots(span))
        bin_unlink(bin, span);
    return true;
}

/* False iff there is no memory. */
static bool magazine_move(struct bin *bin)
{
    size_t taken = (size_t)(bin->top - bin->base); /* the entry at the base is empty here and there */
    /* One for the base, and one above the end, where a free may look. */
    if (!port_expect(bin->wide, (2 + (size_t)classes.info[bin->class].magazine_most) * sizeof *bin->wide))
        return false;
    memcpy(bin->wide + 1, bin->base + 1, taken * sizeof *bin->base);
    memset(bin->base + 1, 0, taken * sizeof *bin->base); /* or a search for leaks would find blocks there */
    bin->base = bin->wide;
    bin->top = bin->base + taken;
    bin->wide = NULL;
    return true;
}

/* Makes a magazine larger that turned out to be too small; false iff it is as large as it may be, or there is no memory. pre: not
 * one of runs, which have room for all from the start. */
static bool bin_grow(struct bin *bin)
{
    const struct class_info *info = &classes.info[bin->class];
    size_t size = bin->size;
    bool looks = bin_looks(bin);
    if (size >= info->magazine_most)
        return false;
    size = size * 2 < info->magazine_most ? size * 2 : info->magazine_most;
    if (size > magazine_room(bin) && !magazine_move(bin))
        return false;
    bin->size = (uint32_t)size;
    bin_look(bin, looks);
    return true;
}

bool slab_refill(struct heap *heap, struct bin *bin)
{
    if (LOAD(&heap->inbox) != 0)
        heap_collect(heap);
    if (bin->given > 0) /* what was given to spans is wanted again */
        (void)bin_grow(bin);
    bin->drained = 1;
    bool is_refilled = take_slots(heap, bin, bin->base + (bin->size + 1) / 2);
    free_way_refilled(bin);
    if (!is_refilled)
        return false;
    uint32_t taken = (uint32_t)(bin->top - bin->base);
    bin->given -= bin->given < taken ? bin->given : taken;
    return true;
}

/* ---- from a magazine to spans ---- */

/* Puts a slot on its span's free list. A span without blocks goes to the arena, but for the only one with slots, if the bin is to
 * keep that. */
static void give_slot(struct bin *bin, const struct slot_ref *ref, bool keep)
{
    struct span *span = span_at(ref->block);
    STORE(ref->note, note_linked(LOAD(ref->note), span->head));
    span->head = note_link((uintptr_t)ref->block);
    span->used--;
    if ((span->flags & SPAN_LINKED) == 0)
        bin_link(bin, span);
    if (span->used == 0 && (!keep || (span->next | span->prev) != 0)) {
        bin_unlink(bin, span);
        span_delete(span);
    }
}

/* Gives the blocks that have been in the magazine longest. */
static void give_oldest(struct bin *bin, size_t count, bool keep)
{
    struct slot_ref *oldest = bin->base + 1;
    for (size_t i = 0; i < count; i++)
        give_slot(bin, &oldest[i], keep);
    memmove(oldest, oldest + count, (size_t)(bin->top - bin->base - (ptrdiff_t)count) * sizeof *oldest);
    bin->top -= count;
    bin_forget(bin);
}

static void bin_overflow(struct bin *bin)
{
    size_t size = bin->size;
    bool only_frees = bin->drained == 0; /* full twice and never empty in between */
    /* A block in a magazine keeps its span from being given back, so there should be few of them in the end. */
    if (only_frees && size / 2 >= MAGAZINE_LEAST)
        size /= 2;
    bin->size = (uint32_t)size;
    bin_look(bin, false);
    bin->drained = 0;
    size_t count = (size_t)(bin->top - bin->base) - size / 2;
    bin->given += (uint32_t)count;
    give_oldest(bin, count, !only_frees);
}

void slab_make_room(struct bin *bin)
{
    if (bin_looks(bin) && --bin->patience == 0)
        bin_look(bin, false);
    if (bin->top == magazine_end(bin))
        bin_overflow(bin);
}

void slab_retire(struct bin *bin)
{
    give_oldest(bin, (size_t)(bin->top - bin->base), false);
    bin->given = 0;
    /* What is left without blocks was kept. */
    for (uint32_t link = bin->spans; link != 0;) {
        struct span *span = span_from_link(link);
        link = span->next;
        if (span->used == 0) {
            bin_unlink(bin, span);
            span_delete(span);
        }
    }
}

/* ---- frees between threads ----
 * live note --(free by another thread)--> NOTE_REMOTE, chained in a batch --(flush)--> span's remote chain; the first to
 * arrive there puts the span into its owner's inbox --(collect)--> magazine or free list. */

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
    uint32_t state = LOAD(batch->tail);
    uint32_t first = LOAD(&span->remote);
    do {
        STORE(batch->tail, note_linked(state, first == 0 ? NOTE_END : first));
    } while (!compare_exchange_u32(&span->remote, &first, batch->head | NOTE_REMOTE));
    batch->count = 0;
    if (first == 0)
        inbox_post(owner, span);
}

bool slab_free_remote(struct heap *heap, struct span *span, uint32_t *note, uintptr_t address, uint32_t state)
{
    struct batch *batch = slab_batch(heap, span);
    if (!slab_batch_has_room(batch, span)) {
        batch_flush(batch);
        batch->span = span;
    }
    uint32_t found;
    do {
        found = LOAD(note);
        if (!note_is_live(found))
            return false;
    } while (!slab_batch_add(batch, note, address, found, state));
    if (LOAD(&span->kind) == SPAN_BIG) { /* too much memory to wait, for the next one too */
        batch_flush(batch);
        batch->span = NULL;
    }
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
    bugcheck.block.charged = span_slot_bytes(span);
    bugcheck.block.pool = span_pool(span) == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED;
    bugcheck_raise(&bugcheck);
}

/* Takes a span's remote chain in: into the magazine as long as there is room, or can be. */
static void collect_span(struct span *span)
{
    struct bin *bin = span_bin(span);
    uint32_t link = exchange_u32(&span->remote, 0);
    free_way_cool_bin(bin);
    while (!note_is_end(link)) {
        uint32_t offset = note_link_offset(link);
        uint32_t *note = slab_note(span->notes, span->factor, offset);
        struct slot_ref ref = {(void *)(span_address(span) + offset), note};
        link = LOAD(note);
        if (UNLIKELY(!note_is_remote(link))) {
            report_lost(span, (uintptr_t)ref.block, link);
            return;
        }
        uint32_t state = note_freed(link) | (link & NOTE_FILLED);
        if (bin->top != magazine_end(bin) || bin_grow(bin)) {
            slab_put(bin, bin->top, ref.block, note, state);
        } else {
            STORE(note, state);
            give_slot(bin, &ref, true);
        }
    }
}

void heap_collect(struct heap *heap)
{
    uint32_t link = exchange_u32(&heap->inbox, 0);
    while (link != 0) {
        struct span *span = span_from_link(link);
        link = LOAD(&span->inbox_next);
        collect_span(span);
    }
}

void heap_flush(struct heap *heap)
{
    for (int i = 0; i < BATCHES; i++)
        batch_flush(&heap->batches[i]);
}

/* ---- invariants ---- */

const char *slab_check(const struct span *span, size_t cached)
{
    const struct class_info *info = &classes.info[span->class];
    size_t live = 0;
    size_t remote = 0;
    size_t listed = 0;
    if (span->carved > info->slots)
        return "a span has more slots than its class";
    uint32_t numbers = slab_numbers(info->factor);
    for (uint32_t slot = 0; slot < numbers; slot++) {
        live += note_is_live(span->notes[slot]);
        remote += note_is_remote(span->notes[slot]);
        if (slot >= span->carved && span->notes[slot] != 0)
            return "a slot that was never handed out has a note";
    }
    for (uint32_t link = span->head; !note_is_end(link); listed++) {
        link = *slab_note(span->notes, span->factor, note_link_offset(link));
        if (note_is_live(link) || note_is_remote(link) || listed > info->slots)
            return "a free list holds a slot that is not free, or runs in a circle";
    }
    if (span->used != span->carved - listed)
        return "a span's count of used slots disagrees with its free list";
    if (span->carved != live + remote + cached + listed)
        return "a span's slots disagree with its notes";
    if (((span->flags & SPAN_LINKED) != 0) != has_slots(span))
        return "a span with free slots is on no list, or a full one is on one";
    return NULL;
}
