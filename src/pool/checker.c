/* SPDX-License-Identifier: MIT
 *
 * checker.c: tells checkers of blocks (contracts in checker.h), and finds lost ones for LeakSanitizer.
 */
#include "pool/checker.h"

/* Freed slots that wait before they are handed out again, on average half of them. */
#define CHECKER_DELAY 256u

/* ---- blocks ---- */

static bool has_twin(bool is_special)
{
    return (port_checkers_told() & PORT_LSAN) != 0 && !is_special;
}

void checker_alloc(const void *block, size_t bytes, bool is_zeroed, bool is_special)
{
    PORT_KEEP_FRAME();
    port_checkers_alloc(block, bytes, is_zeroed);
    if (has_twin(is_special))
        port_twin_add(block, bytes);
}

void checker_free(const struct place *place)
{
    bool is_special = place->special != NULL;
    if (has_twin(is_special))
        port_twin_drop((const void *)place->start);
    port_checkers_free((const void *)place->start, is_special ? 0 : place->charged);
}

/* The slot goes the way of those of other threads' heaps: to the inbox, which is looked at when a magazine is empty, and here, so
 * that what is freed does not wait for ever for an allocation. */
bool checker_put(struct heap *heap, const struct place *place, uint32_t state)
{
    if (!slab_free_remote(heap, place->span, place->slot_note, place->start, state))
        return false;
    if (++heap->delayed % CHECKER_DELAY == 0) {
        heap_flush(heap);
        heap_collect(heap);
    }
    return true;
}

void checker_open(const struct special_block *special)
{
    port_checkers_show((const void *)special_data(special), special_charged(special));
}

/* ---- lost blocks ---- */

/* Blocks [0, count) have been reached so far. */
struct reached {
    uintptr_t *block;
    size_t room, count;
    uintptr_t from; /* the lost block that is searched */
};

static void search_block(uintptr_t start, size_t bytes, void (*visit)(uintptr_t, uintptr_t, void *), struct reached *reached)
{
    struct port_search search = {arena.base, arena.bytes, visit, reached};
    port_search_in(start, bytes, &search);
}

static bool find_told(uintptr_t pointer, struct place *place)
{
    owner_find(pointer, place);
    return place->kind == PLACE_LIVE && pointer - place->start < (place->bytes != 0 ? place->bytes : 1);
}

static void reach_block(uintptr_t pointer, uintptr_t where, void *context)
{
    struct reached *reached = context;
    struct place place;
    (void)where;
    if (reached->count < reached->room && find_told(pointer, &place) && port_twin_reach(place.start))
        reached->block[reached->count++] = place.start;
}

/* Blocks of special pool have no twin: each counts as reached. */
static bool search_special(const struct place *place, void *context)
{
    if (place->special != NULL)
        search_block(place->start, place->bytes, reach_block, context);
    return true;
}

static void point_to(uintptr_t pointer, uintptr_t where, void *context)
{
    const struct reached *reached = context;
    struct place place;
    if (find_told(pointer, &place))
        port_twin_point(reached->from, where - reached->from, place.start);
}

static void search_lost(uintptr_t address, void *context)
{
    struct reached *reached = context;
    struct place place;
    reached->from = address;
    if (find_told(address, &place))
        search_block(address, place.bytes, point_to, reached);
}

static void lose_blocks(void)
{
    struct reached reached = {.room = port_twins_count()};
    size_t bytes = round_up(reached.room * sizeof *reached.block + 1, PORT_UNIT_BYTES);
    reached.block = port_obtain(bytes);
    if (reached.block == NULL)
        return;
    struct port_search search = {arena.base, arena.bytes, reach_block, &reached};
    if (port_search(&search)) {
        (void)owner_walk(search_special, &reached);
        for (size_t i = 0; i < reached.count; i++) {
            struct place place;
            if (find_told(reached.block[i], &place))
                search_block(place.start, place.bytes, reach_block, &reached);
        }
        port_twins_lose(search_lost, &reached);
    }
    port_release(reached.block, bytes);
}

/* ---- start ---- */

void checker_start(void)
{
    static bool has_exit_hook;
    port_checkers_root((const void *)arena.base, arena.bytes);
    /* Where a pool begins is written in several places, for good: no block begins there, or it would never be lost. */
    (void)arena_skip_start();
    if ((port_checkers_told() & PORT_LSAN) != 0 && !has_exit_hook)
        has_exit_hook = port_on_exit(lose_blocks);
    pool_feature(FEATURE_CHECKER, true);
}
