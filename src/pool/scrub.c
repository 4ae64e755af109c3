/* SPDX-License-Identifier: MIT
 *
 * scrub.c: goes through both pools, block by block.
 */
#include "pool/scrub.h"

#include "pool/pattern.h"
#include "pool/pool.h"

#define SCRUB_STRIPES (TAGPOOL_BARE ? 1u : 256u)
#define SCRUB_TRIES 16
#define HEAP_CORRUPTION 0x13Au
#define HEAP_CORRUPTION_HEADER 0x3u

/* Changes to blocks, by their addresses. Nothing changes while ended = begun. Each in a cache line of its own. */
struct scrub_stripe {
    _Alignas(64) aligned_u64 begun;
    aligned_u64 ended;
};

/* Where to go on: in this unit of this pool, at its slot number `slot`; a big block is slot 0. */
static struct {
    struct scrub_stripe stripe[SCRUB_STRIPES];
    unsigned pool;
    size_t unit;
    uint32_t slot;
    struct port_lock lock;
} scrub = {.lock = PORT_LOCK_INITIAL};

static struct scrub_stripe *scrub_stripe(uintptr_t start)
{
    return &scrub.stripe[(uint32_t)((uint64_t)start * UINT64_C(0x9E3779B97F4A7C15) >> 32) % SCRUB_STRIPES];
}

void scrub_begin(uintptr_t start)
{
    (void)add_fetch_u64(&scrub_stripe(start)->begun, 1);
    FENCE_AT_EXCHANGE();
}

void scrub_end(uintptr_t start)
{
    FENCE_AT_EXCHANGE();
    (void)add_fetch_u64(&scrub_stripe(start)->ended, 1);
}

void scrub_lock(void)
{
    port_lock(&scrub.lock);
}

void scrub_unlock(void)
{
    port_unlock(&scrub.lock);
}

void scrub_forked(void)
{
    for (unsigned i = 0; i < SCRUB_STRIPES; i++)
        STORE(&scrub.stripe[i].ended, LOAD(&scrub.stripe[i].begun));
}

/* ---- one block ---- */

enum scrub_damage { SCRUB_SOUND, SCRUB_TAIL, SCRUB_FREED, SCRUB_BOOKS };

/* Whether note, record and owner map say the same of an outstanding block. */
static bool is_booked(const struct place *place, struct record *record)
{
    struct place last;
    bool has_record = record_get(place->start, record);
    if (has_record != note_is_recorded(place->note) || place->bytes > place->charged)
        return false;
    if (place->tag_index >= ledger_tag_count() && place->tag_index != LEDGER_OVERFLOW)
        return false;
    owner_find(place->start + place->charged - 1, &last);
    return last.start == place->start && last.span == place->span;
}

static enum scrub_damage look_at(const struct place *place)
{
    struct record record;
    if (place->kind == PLACE_FREED) {
        bool is_filled = LOAD(&place->span->kind) == SPAN_SLAB && note_is_filled(place->note);
        return is_filled && !pattern_is_freed((const void *)place->start, place->charged) ? SCRUB_FREED : SCRUB_SOUND;
    }
    if (!is_booked(place, &record))
        return SCRUB_BOOKS;
    uint32_t flags = note_is_recorded(place->note) ? record.flags : place->note;
    bool is_patterned = (flags & RECORD_PATTERNED) != 0;
    return is_patterned && !pattern_is_tail((const void *)place->start, place->bytes, place->charged) ? SCRUB_TAIL : SCRUB_SOUND;
}

/* Whether two looks have found the same block. What is freed may be under way from list to list. */
static bool is_same_block(const struct place *a, const struct place *b)
{
    uint32_t changing = a->kind == PLACE_FREED ? NOTE_LINK_MASK | NOTE_REMOTE : 0;
    return a->kind == b->kind && a->start == b->start && a->charged == b->charged && ((a->note ^ b->note) & ~changing) == 0;
}

/* What is wrong with the block at an address, if there is one: *place says. A damage counts if nobody has changed the block
 * since before it was looked at; a block that never keeps still is left to the next round. */
static enum scrub_damage examine(uintptr_t address, struct place *place)
{
    const struct scrub_stripe *stripe = scrub_stripe(address);
    for (int i = 0; i < SCRUB_TRIES; i++) {
        struct place after;
        uint64_t ended = LOAD_ACQUIRE(&stripe->ended);
        uint64_t begun = LOAD_ACQUIRE(&stripe->begun);
        owner_find(address, place);
        if ((place->kind != PLACE_LIVE && place->kind != PLACE_FREED) || place->start != address)
            return SCRUB_SOUND;
        enum scrub_damage damage = look_at(place);
        if (damage == SCRUB_SOUND)
            return damage;
        FENCE();
        owner_find(address, &after);
        FENCE();
        if (ended == begun && LOAD(&stripe->begun) == begun && is_same_block(place, &after))
            return damage;
        port_yield();
    }
    return SCRUB_SOUND;
}

/* ---- all blocks ---- */

/* The next address where a block may start; false at the end of both pools, to start anew. pre: the lock is held. */
static bool next_start(uintptr_t *address)
{
    while (scrub.pool < POOLS) {
        const struct span *span = arena.spans + scrub.pool * arena.half_units + scrub.unit;
        if (scrub.unit >= LOAD_ACQUIRE(&arena.half[scrub.pool].frontier)) {
            scrub.pool++;
            scrub.unit = 0;
            continue;
        }
        unsigned kind = LOAD_ACQUIRE(&span->kind);
        const struct class_info *info = &classes.info[LOAD(&span->class)];
        if (kind == SPAN_SLAB && scrub.slot < LOAD(&span->carved)) {
            *address = span_address(span) + class_slot_offset(info, scrub.slot++);
            return true;
        }
        if (kind == SPAN_BIG && scrub.slot == 0) {
            scrub.slot = 1;
            *address = span_address(span);
            return true;
        }
        scrub.unit++;
        scrub.slot = 0;
    }
    scrub.pool = 0;
    return false;
}

/* Goes on until `blocks` are looked at, damage is found, or the end is reached: *is_end. Returns how many were looked at. */
static size_t go_on(size_t blocks, struct place *place, enum scrub_damage *damage, bool *is_end)
{
    size_t looked = 0;
    uintptr_t address;
    port_lock(&scrub.lock);
    while (looked < blocks && *damage == SCRUB_SOUND && !*is_end) {
        *is_end = !next_start(&address);
        if (*is_end)
            break;
        *damage = examine(address, place);
        looked += place->kind == PLACE_LIVE || place->kind == PLACE_FREED;
    }
    port_unlock(&scrub.lock);
    return looked;
}

static void report_damage(const struct place *place, enum scrub_damage damage)
{
    struct tagpool_block block;
    if (damage != SCRUB_BOOKS) {
        pool_report_damaged(place);
        return;
    }
    pool_describe(place, &block);
    bugcheck_report(HEAP_CORRUPTION, (uintptr_t[4]){HEAP_CORRUPTION_HEADER, place->pool, place->start, 0}, &block, false);
}

size_t scrub_blocks(size_t blocks, size_t *findings)
{
    size_t looked = 0;
    bool is_end = false;
    *findings = 0;
    while (looked < blocks && !is_end) {
        struct place place;
        enum scrub_damage damage = SCRUB_SOUND;
        looked += go_on(blocks - looked, &place, &damage, &is_end);
        if (damage == SCRUB_SOUND)
            continue;
        ++*findings;
        report_damage(&place, damage);
    }
    return looked;
}
