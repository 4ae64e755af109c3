/* SPDX-License-Identifier: MIT
 *
 * checker.c: tells checkers of blocks (contracts in checker.h).
 */
#include "pool/checker.h"

/* Freed slots that wait before they are handed out again, on average half of them. */
#define CHECKER_DELAY 256u

void checker_start(void)
{
    if (!port_checkers_find())
        return;
    port_checkers_root((const void *)arena.base, arena.bytes);
    pool_feature(FEATURE_CHECKER, true);
}

void checker_alloc(const void *block, size_t bytes, bool is_zeroed)
{
    port_checkers_alloc(block, bytes, is_zeroed);
}

void checker_free(const struct place *place)
{
    port_checkers_free((const void *)place->start, place->special != NULL ? 0 : place->charged);
}

/* The slot goes the way of those of other threads' heaps: to the inbox, which is looked at when a magazine is empty, and here, so
 * that what is freed does not wait for ever for an allocation. */
bool checker_put(struct heap *heap, const struct place *place, uint32_t state)
{
    static PORT_THREAD_LOCAL unsigned freed;
    if (!slab_free_remote(heap, place->span, place->slot_note, place->start, state))
        return false;
    if (++freed % CHECKER_DELAY == 0) {
        heap_flush(heap);
        heap_collect(heap);
    }
    return true;
}

void checker_open(const struct special_block *special)
{
    port_checkers_show((const void *)special_data(special), special_charged(special));
}
