/* SPDX-License-Identifier: MIT
 *
 * owner.c: from addresses to blocks.
 *
 * Other threads may change what is looked at: kinds are published last and withdrawn first, notes stay readable for ever, so
 * the worst outcome is an answer that was true a moment ago.
 */
#include "memory/owner.h"

#include "memory/big.h"
#include "memory/class.h"
#include "memory/note.h"
#include "memory/slab.h"

/* If the slab goes while we look, its notes may by now be those of another class, of fewer slots; what lies behind them is
 * committed (notes.c). The last test tells that what was read belonged together. */
static void find_in_slab(uintptr_t address, struct span *span, struct place *place)
{
    unsigned class = LOAD(&span->class);
    const struct class_info *info = &classes.info[class];
    uint32_t offset = (uint32_t)(address & (UNIT_BYTES - 1));
    uint32_t slot = slab_place_slot(slab_place(info->factor, offset));
    if (slot >= info->slots || offset - class_slot_offset(info, slot) >= info->slot_bytes)
        return;
    uint32_t *notes = LOAD(&span->notes);
    place->slot_note = &notes[slot];
    place->start = span_address(span) + class_slot_offset(info, slot);
    place->note = LOAD_ACQUIRE(place->slot_note);
    if (LOAD_ACQUIRE(&span->kind) != SPAN_SLAB || LOAD(&span->class) != class || LOAD(&span->notes) != notes)
        return;
    place->charged = info->slot_bytes;
    if (note_is_live(place->note)) {
        place->kind = PLACE_LIVE;
        place->bytes = info->slot_bytes - note_slack(place->note);
        place->tag_index = note_tag_index(place->note);
    } else if ((place->note & NOTE_FREED) != 0) {
        place->kind = PLACE_FREED;
        place->tag_index = note_tag_index(place->note);
    }
}

static void find_in_run(struct span *run, struct place *place)
{
    place->slot_note = &run->big_note;
    place->note = LOAD_ACQUIRE(&run->big_note);
    place->start = span_address(run);
    place->bytes = big_requested(run, place->note);
    place->charged = big_charged(LOAD(&run->bytes));
    place->kind = note_is_live(place->note) ? PLACE_LIVE : PLACE_FREED;
    place->tag_index = note_tag_index(place->note);
    if (place->kind == PLACE_FREED)
        place->bytes = 0;
}

/* Free memory: a big block that began here, or a slab whose blocks have all been freed. What is known of a block that is
 * gone is enough to name the mistake of freeing it again. */
static void find_in_free(uintptr_t address, struct span *span, struct place *place)
{
    uint32_t last = LOAD(&span->big_note);
    if (last == BIG_NOTE_WAS_SLAB || (last != 0 && address == span_address(span))) {
        place->kind = PLACE_FREED;
        place->start = address;
        place->note = last;
    }
    if (last != BIG_NOTE_WAS_SLAB && place->kind == PLACE_FREED) {
        place->tag_index = note_tag_index(last);
        place->charged = big_charged(LOAD(&span->bytes));
    }
}

/* Between the pages of data there is no block. */
static void find_in_special(uintptr_t address, struct place *place)
{
    struct special_block *block = special_find(address);
    uint32_t note = block != NULL ? LOAD_ACQUIRE(&block->note) : 0;
    place->kind = PLACE_UNUSED;
    place->pool = special_pool_at(address);
    if (note == 0 || address - special_data(block) >= special_charged(block))
        return;
    place->kind = note_is_live(note) ? PLACE_LIVE : PLACE_FREED;
    place->special = block;
    place->slot_note = &block->note;
    place->note = note;
    place->tag_index = note_tag_index(note);
    place->start = LOAD(&block->start);
    place->bytes = LOAD(&block->bytes);
    place->charged = special_charged(block);
}

void owner_find(uintptr_t address, struct place *place)
{
    memset(place, 0, sizeof *place);
    if (special_is_ours(address)) {
        find_in_special(address, place);
        return;
    }
    if (!owner_is_ours(address))
        return;
    struct span *span = span_at((const void *)address);
    place->kind = PLACE_UNUSED;
    place->pool = span_pool(span);
    unsigned kind = LOAD_ACQUIRE(&span->kind);
    if (kind == SPAN_INSIDE) {
        struct span *first = &arena.spans[LOAD(&span->first)];
        if (LOAD_ACQUIRE(&first->kind) != SPAN_BIG || span_index(span) - span_index(first) >= LOAD(&first->units))
            return;
        span = first;
        kind = SPAN_BIG;
    }
    place->span = span;
    if (kind == SPAN_SLAB)
        find_in_slab(address, span, place);
    else if (kind == SPAN_BIG)
        find_in_run(span, place);
    else
        find_in_free(address, span, place);
}

struct owner_walk {
    owner_visitor *visitor;
    void *context;
    size_t count;
};

static bool visit_place(struct owner_walk *walk, uintptr_t address)
{
    struct place place;
    owner_find(address, &place);
    if (place.kind != PLACE_LIVE)
        return true;
    walk->count++;
    return walk->visitor(&place, walk->context);
}

static bool visit_special(struct special_block *block, void *context)
{
    return visit_place(context, LOAD(&block->start));
}

/* Visits the live slots of a span: looks at each slot's address in turn. False iff the visitor stopped. */
static bool walk_slab(struct span *span, struct owner_walk *walk)
{
    const struct class_info *info = &classes.info[LOAD(&span->class)];
    uint32_t carved = LOAD(&span->carved);
    for (uint32_t slot = 0; slot < carved; slot++)
        if (!visit_place(walk, span_address(span) + class_slot_offset(info, slot)))
            return false;
    return true;
}

static bool walk_arena(unsigned pool, struct owner_walk *walk)
{
    struct span *start = arena.spans + pool * arena.half_units;
    for (size_t i = 0; i < LOAD_ACQUIRE(&arena.half[pool].frontier); i++) {
        unsigned kind = LOAD_ACQUIRE(&start[i].kind);
        if (kind == SPAN_SLAB && !walk_slab(&start[i], walk))
            return false;
        if (kind == SPAN_BIG && !visit_place(walk, span_address(&start[i])))
            return false;
    }
    return true;
}

size_t owner_walk(owner_visitor *visitor, void *context)
{
    struct owner_walk walk = {visitor, context, 0};
    bool is_special_first = special_range.base < arena.base;
    for (unsigned pool = 0; pool < POOLS; pool++) {
        bool goes_on = !is_special_first || special_walk(pool, visit_special, &walk);
        goes_on = goes_on && walk_arena(pool, &walk);
        if (!goes_on || (!is_special_first && !special_walk(pool, visit_special, &walk)))
            break;
    }
    return walk.count;
}
