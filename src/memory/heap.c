/* SPDX-License-Identifier: MIT
 *
 * heap.c: a heap as a whole: start, emptying, invariants.
 */
#include "memory/heap.h"

#include "base/tally.h"
#include "memory/big.h"
#include "memory/free_way.h"
#include "memory/slab.h"

INTERNAL struct heap_table heap_table;

INTERNAL uint32_t no_note;
INTERNAL struct slot_ref no_blocks[2] = {{NULL, NULL}, {NULL, &no_note}};

/* The ways of all pools to a bin, or to one that is always empty. */
static void set_ways(uint16_t *ways, bool open, unsigned bin, size_t before)
{
    for (unsigned pool = 0; pool < POOLS; pool++)
        STORE(&ways[pool], (uint16_t)(before + ((pool * BINS + (open ? bin : BIN_CLOSED)) << BIN_SHIFT)));
}

void heaps_open(bool open, size_t before)
{
    for (size_t granules = 0; granules <= SLAB_MOST_BYTES / 16; granules++)
        set_ways(&heap_table.way[granules * POOLS], open, class_of(granules * 16), before);
    for (unsigned units = 1; units <= KEPT_RUN_UNITS; units++)
        set_ways(&heap_table.run_way[(units - 1) * POOLS], open, BIN_RUNS + units, before);
}

/* Entries of a magazine with the one at its base, and some more: without them, tops of magazines of equal size would fall into
 * one set of the cache. */
static size_t magazine_entries(size_t most)
{
    return most + 1 + 4;
}

/* The magazine of a length of run has room for all that may belong to the heap. */
static size_t run_magazine_most(size_t units)
{
    return KEPT_UNITS_MOST / units;
}

/* Whether magazines move when they grow: memory that is not touched must cost nothing for that. */
#define MAGAZINES_MOVE (!TAGPOOL_BARE)

static size_t class_entries(const struct class_info *info)
{
    return magazine_entries(MAGAZINES_MOVE ? info->magazine_first : info->magazine_most);
}

/* Those that have moved begin with a page each, but for the entry at the base, which is only read: so one that holds no more
 * blocks than a page has room for touches no second. (Their tops may fall into one set of the cache; no time was seen to go into
 * that.) */
#define PAGE_ENTRIES (PAGE_BYTES / sizeof(struct slot_ref))

static size_t wide_entries(const struct class_info *info)
{
    return MAGAZINES_MOVE && info->magazine_first < info->magazine_most ? round_up(info->magazine_most + 1u, PAGE_ENTRIES) : 0;
}

/* ---- where magazines lie, in entries from the first. The heap is told; with NULL they are only counted ---- */

static void bin_start(struct bin *bin, unsigned pool, unsigned class, struct slot_ref *base, size_t size)
{
    *bin = (struct bin){.top = base, .base = base, .size = (uint32_t)size, .class = (uint8_t)class, .pool = (uint8_t)pool};
    bin_look(bin, true);
}

/* Where they begin. Returns the first entry behind them, as does the next. */
static size_t bins_start(struct heap *heap, unsigned pool, struct slot_ref *entries, size_t at)
{
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        if (heap != NULL)
            bin_start(&heap->bin[pool][class], pool, class, entries + at, classes.info[class].magazine_first);
        at += class_entries(&classes.info[class]);
    }
    for (size_t units = 1; units <= KEPT_RUN_UNITS; units++) {
        if (heap != NULL)
            bin_start(&heap->bin[pool][BIN_RUNS + units], pool, 0, entries + at, run_magazine_most(units));
        at += magazine_entries(run_magazine_most(units));
    }
    return at;
}

/* Where they move when they grow: their base is the entry before. */
static size_t bins_widen(struct heap *heap, unsigned pool, struct slot_ref *entries, size_t at)
{
    for (unsigned class = 0; class < CLASS_COUNT; class ++) {
        size_t wide = wide_entries(&classes.info[class]);
        if (heap != NULL && wide > 0)
            heap->bin[pool][class].wide = entries + at - 1;
        at += wide;
    }
    return at;
}

/* Returns how many entries there are; the first *begin are those where magazines begin. */
static size_t magazines_start(struct heap *heap, struct slot_ref *entries, size_t *begin)
{
    size_t at = 0;
    for (unsigned pool = 0; pool < POOLS; pool++)
        at = bins_start(heap, pool, entries, at);
    at = *begin = round_up(at + 1, PAGE_ENTRIES); /* with one for the base of what follows */
    for (unsigned pool = 0; pool < POOLS; pool++)
        at = bins_widen(heap, pool, entries, at);
    return at;
}

static size_t magazines_bytes(size_t *begin)
{
    return round_up(magazines_start(NULL, NULL, begin) * sizeof(struct slot_ref), PORT_UNIT_BYTES);
}

bool heap_start(struct heap *heap)
{
    size_t begin, bytes = magazines_bytes(&begin);
    struct slot_ref *entries = port_reserve(bytes);
    if (entries == NULL)
        return false;
    if (!port_commit_in_parts(entries, bytes) || !port_expect(entries, begin * sizeof *entries)) {
        port_release(entries, bytes);
        return false;
    }
    (void)magazines_start(heap, entries, &begin);
    for (unsigned pool = 0; pool < POOLS; pool++) {
        for (unsigned class = 0; class < CLASS_COUNT; class ++)
            heap->bin[pool][class].tally = tally_of(classes.info[class].slot_bytes, classes.info[class].slot_bytes);
        bin_start(&heap->bin[pool][BIN_CLOSED], pool, 0, no_blocks, 0);
        for (unsigned i = 0; i < BINS; i++)
            heap->bin[pool][i].rows = heap->rows[pool];
    }
    return true;
}

void heap_stop(struct heap *heap)
{
    size_t begin;
    port_release(heap->bin[0][0].base, magazines_bytes(&begin));
}

void heap_empty(struct heap *heap)
{
    heap_flush(heap);
    heap_collect(heap);
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (unsigned class = 0; class < CLASS_COUNT; class ++)
            slab_retire(&heap->bin[pool][class]);
    big_empty(heap);
}

static const char *check_place(const struct heap *heap, const struct bin *bin, const struct slot_ref *ref)
{
    uintptr_t offset = (uintptr_t)ref->block - arena.base;
    const struct span *span = offset < arena.bytes ? arena.spans + (offset >> UNIT_SHIFT) : NULL;
    uint32_t in_span = (uint32_t)(offset & (UNIT_BYTES - 1));
    if (span == NULL || span->owner != heap || span_bin(span) != bin)
        return "a magazine holds a block of another bin";
    if (!slab_is_exact(span->factor, in_span) || slab_note(span->notes, span->factor, in_span) != ref->note)
        return "a magazine holds a block with another block's note";
    return NULL;
}

static const char *check_ref(const struct heap *heap, const struct bin *bin, const struct slot_ref *ref, uint16_t *cached)
{
    const char *wrong = check_place(heap, bin, ref);
    if (wrong != NULL)
        return wrong;
    if (note_is_live(*ref->note) || note_is_remote(*ref->note))
        return "a magazine holds a block that is not free";
    cached[span_index(span_at(ref->block))]++;
    return NULL;
}

static const char *check_magazine(const struct heap *heap, const struct bin *bin, size_t room, uint16_t *cached)
{
    const char *wrong = NULL;
    const struct slot_ref *end = magazine_end(bin), *ref;
    if (bin->top < bin->base || bin->top > end || end > bin->base + room || bin->base->block != NULL)
        return "a magazine's bounds are wrong";
    if (bin->bound != end && (!bin_looks(bin) || bin->patience == 0))
        return "a magazine is looked at from an odd place on";
    for (ref = bin->base + 1; ref <= bin->top && wrong == NULL; ref++)
        wrong = check_ref(heap, bin, ref, cached);
    for (; ref->block != NULL && wrong == NULL; ref++)
        wrong = ref <= end ? check_place(heap, bin, ref) : "there are entries above a magazine";
    return wrong;
}

static const char *check_bin(const struct heap *heap, const struct bin *bin, uint16_t *cached)
{
    uint32_t before = 0;
    for (uint32_t link = bin->spans; link != 0; link = span_from_link(link)->next) {
        const struct span *span = span_from_link(link);
        if (span->kind != SPAN_SLAB || span->owner != heap || span_bin(span) != bin || span->class != bin->class ||
            span_pool(span) != bin->pool)
            return "a bin's list holds a span of another heap, pool or class";
        if (span->prev != before || (span->flags & SPAN_LINKED) == 0)
            return "a bin's list is broken";
        before = link;
    }
    return check_magazine(heap, bin, magazine_room(bin), cached);
}

const char *heap_check(const struct heap *heap, uint16_t *cached)
{
    const char *wrong = NULL;
    for (unsigned pool = 0; pool < POOLS; pool++) {
        for (unsigned class = 0; class < CLASS_COUNT && wrong == NULL; class ++)
            wrong = check_bin(heap, &heap->bin[pool][class], cached);
        for (size_t units = 1; units <= KEPT_RUN_UNITS && wrong == NULL; units++)
            wrong = check_magazine(heap, &heap->bin[pool][BIN_RUNS + units], run_magazine_most(units), cached);
    }
    if (wrong == NULL)
        wrong = free_way_check(heap);
    return wrong != NULL || heap->kept_units <= KEPT_UNITS_MOST ? wrong : "a heap keeps too many runs";
}
