/* SPDX-License-Identifier: MIT
 *
 * fast.c: the less travelled fast paths: a bin without a free slot, a big block, a block of another thread's span, a new
 * peak. As in pool.h nothing special is on; whatever is, goes on to pool.c.
 */
#include "memory/big.h"
#include "pool/pool.h"

static bool is_plain(uint32_t note)
{
    return (note & (NOTE_LIVE | NOTE_PROTECTED | NOTE_PATTERNED)) == NOTE_LIVE;
}

void *pool_alloc_peak(void *block, struct thread *thread, const struct tag_entry *entry, unsigned pool)
{
    ledger_peak(&entry->rows[pool], thread->number, note_tag_index(entry->live), pool);
    return block;
}

static void *count(struct thread *thread, const struct tag_entry *entry, unsigned pool, void *block, size_t charged,
                   size_t bytes)
{
    if (ledger_charge(&entry->rows[pool], charged, bytes))
        return pool_alloc_peak(block, thread, entry, pool);
    return block;
}

/* A block for a tag in the cache, or NULL if there is no memory, or something special about it. */
static void *alloc_known(struct thread *thread, const struct tag_entry *entry, unsigned pool, size_t bytes)
{
    if (bytes <= SLAB_MOST_BYTES) {
        unsigned class = class_of(bytes);
        if (!slab_refill(&thread->heap, pool, class))
            return NULL;
        struct span *span = thread->heap.bin[class][pool];
        size_t charged = span->slot_bytes;
        void *block = slab_take(span, span->head, note_add_slack(entry->live, charged - bytes));
        return count(thread, entry, pool, block, charged, bytes);
    }
    bool zeroed;
    struct span *run = bytes <= arena.bytes / POOLS ? big_take(&thread->heap, pool, bytes, entry->live, &zeroed) : NULL;
    if (run == NULL)
        return NULL;
    return count(thread, entry, pool, (void *)span_address(run), big_charged(bytes), bytes);
}

/* The entry of a tag that this thread has counted before but whose place in the cache another tag took; NULL if the ledger
 * must first learn something. */
static const struct tag_entry *entry_of(struct thread *thread, uint32_t tag)
{
    struct tag_entry *entry = thread_tag_entry(thread, tag);
    if (entry->tag == tag)
        return entry;
    uint32_t index = ledger_find(tag);
    struct tagpool_segment_counts *rows = index < LEDGER_OVERFLOW ? thread_rows(thread, index) : NULL;
    if (rows == NULL || !ledger_is_joined(thread->number, index))
        return NULL;
    *entry = (struct tag_entry){tag, note_live(index, 0, 0), rows};
    return entry;
}

void *pool_alloc_other(unsigned pool, size_t bytes, uint32_t tag, const void *caller)
{
    struct thread *thread = thread_self;
    if (thread != NULL && LOAD(&pool_state.features) == 0 && pool < POOLS) {
        const struct tag_entry *entry = entry_of(thread, tag);
        void *block = entry != NULL ? alloc_known(thread, entry, pool, bytes) : NULL;
        if (block != NULL)
            return block;
    }
    return pool_alloc_slow(&(struct request){pool, bytes, tag, 1, false, false, caller});
}

/* Counts a free if it is not the first of its row; the first needs more, and the slow path does it. */
static struct tagpool_segment_counts *row_of(struct thread *thread, const struct span *span, uint32_t note)
{
    struct tagpool_segment_counts *rows = thread_rows(thread, note_tag_index(note));
    return rows != NULL && rows[span_pool(span)].frees != 0 ? &rows[span_pool(span)] : NULL;
}

static bool free_of_other_thread(struct thread *thread, struct span *span, uintptr_t address, uint32_t tag, bool any_tag)
{
    bool exact;
    uint32_t slot = slab_slot(span, address, &exact);
    uint32_t note = LOAD(&LOAD(&span->notes)[slot]);
    if (!exact || !is_plain(note) || !(any_tag || ledger_tag_of(note_tag_index(note)) == tag))
        return false;
    struct tagpool_segment_counts *row = row_of(thread, span, note);
    if (row == NULL)
        return false;
    size_t charged = LOAD(&span->slot_bytes);
    if (!slab_free_remote(&thread->heap, span, slot, address, note_freed(note)))
        return false;
    ledger_discharge(row, charged, charged - note_slack(note));
    return true;
}

static bool free_big(struct thread *thread, struct span *run, uintptr_t address, uint32_t tag, bool any_tag)
{
    uint32_t note = LOAD(&run->big_note);
    if (address != span_address(run) || !is_plain(note) || !(any_tag || ledger_tag_of(note_tag_index(note)) == tag))
        return false;
    struct tagpool_segment_counts *row = row_of(thread, run, note);
    size_t bytes = LOAD(&run->bytes);
    if (row == NULL || !big_release(run, note))
        return false;
    ledger_discharge(row, big_charged(bytes), bytes);
    big_put(&thread->heap, run);
    return true;
}

void pool_free_other(void *block, uint32_t tag, bool any_tag)
{
    struct thread *thread = thread_self;
    uintptr_t address = (uintptr_t)block;
    if (thread != NULL && LOAD(&pool_state.features) == 0 && owner_is_ours(address)) {
        struct span *span = arena.spans + ((address - arena.base) >> UNIT_SHIFT);
        unsigned kind = LOAD_ACQUIRE(&span->kind);
        if (kind == SPAN_SLAB && LOAD(&span->owner) != &thread->heap && free_of_other_thread(thread, span, address, tag, any_tag))
            return;
        if (kind == SPAN_BIG && free_big(thread, span, address, tag, any_tag))
            return;
    }
    pool_free_slow(block, tag, any_tag);
}
