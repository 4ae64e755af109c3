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

/* If the slab goes while we look, its notes may by now be those of another class, of fewer slots; what lies behind them is
 * committed (notes.c). The last test tells that what was read belonged together. */
static void find_in_slab(uintptr_t address, struct span *span, struct place *place)
{
    unsigned class = LOAD(&span->class);
    const struct class_info *info = &classes.info[class];
    uint32_t offset = (uint32_t)(address & (UNIT_BYTES - 1));
    uint32_t slot = (offset & info->offset_mask) / info->slot_bytes;
    if (info->page_slots != 0 && slot >= info->page_slots)
        return;
    slot += (offset >> PAGE_SHIFT) * info->page_slots;
    if (slot >= info->slots)
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
    place->bytes = LOAD(&run->bytes);
    place->charged = big_charged(place->bytes);
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

void owner_find(uintptr_t address, struct place *place)
{
    memset(place, 0, sizeof *place);
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

/* Visits the live slots of a span: looks at each slot's address in turn. False iff the visitor stopped. */
static bool walk_slab(struct span *span, owner_visitor *visitor, void *context, size_t *count)
{
    const struct class_info *info = &classes.info[LOAD(&span->class)];
    uint32_t carved = LOAD(&span->carved);
    for (uint32_t slot = 0; slot < carved; slot++) {
        struct place place;
        owner_find(span_address(span) + class_slot_offset(info, slot), &place);
        if (place.kind != PLACE_LIVE)
            continue;
        ++*count;
        if (!visitor(&place, context))
            return false;
    }
    return true;
}

size_t owner_walk(owner_visitor *visitor, void *context)
{
    size_t count = 0;
    for (unsigned pool = 0; pool < POOLS; pool++) {
        struct span *start = arena.spans + pool * arena.half_units;
        for (size_t i = 0; i < LOAD_ACQUIRE(&arena.half[pool].frontier); i++) {
            unsigned kind = LOAD_ACQUIRE(&start[i].kind);
            struct place place;
            if (kind == SPAN_SLAB && !walk_slab(&start[i], visitor, context, &count))
                return count;
            if (kind != SPAN_BIG)
                continue;
            owner_find(span_address(&start[i]), &place);
            if (place.kind != PLACE_LIVE)
                continue;
            ++count;
            if (!visitor(&place, context))
                return count;
        }
    }
    return count;
}
