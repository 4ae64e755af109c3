/* SPDX-License-Identifier: MIT
 *
 * start.c: starts the two wings and the threads' table, and opens the front door.
 */
#include "memory/notes.h"
#include "pool/checker.h"
#include "pool/pool.h"

/* The opposite of what follows; the threads' table is the last to start, and goes first. */
static void stop_floors(void)
{
    threads_stop();
    ledger_stop();
    notes_stop();
    arena_stop();
}

/* All four, or none. */
static bool start_floors(uint64_t pool_bytes, uint64_t counters_bytes)
{
    if (!arena_start(pool_bytes))
        return false;
    if (notes_start(arena.bytes)) {
        if (ledger_start(counters_bytes)) {
            if (threads_start())
                return true;
            ledger_stop();
        }
        notes_stop();
    }
    arena_stop();
    return false;
}

bool pool_start(uint64_t reserve_bytes, bool seeks_checkers)
{
    /* A pool of less than one commit step could not hold two sizes of block. */
    uint64_t least = TAGPOOL_BARE ? 2 * UNIT_BYTES : UINT64_C(1) << 20;
    uint64_t pool_bytes = reserve_bytes;
    uint64_t counters_bytes = TAGPOOL_SEGMENT;
    class_start();
    heaps_open(false, THREAD_WAY_BEFORE);
    bool is_checked = seeks_checkers && port_checkers_find();
    for (; pool_bytes >= least && !start_floors(pool_bytes, counters_bytes); pool_bytes /= 2)
        counters_bytes /= 2;
    if (pool_bytes < least)
        return false;
    /* Where address space is short, half of what fits is left to the program: to its stacks, for one. */
    if (pool_bytes < reserve_bytes && pool_bytes / 2 >= least) {
        stop_floors();
        if (!start_floors(pool_bytes / 2, counters_bytes / 2))
            return false;
    }
    for (unsigned pool = 0; pool < POOLS; pool++) {
        ledger.segment->pools[pool].base = arena.base + pool * (arena.bytes / POOLS);
        ledger.segment->pools[pool].bytes = arena.bytes / POOLS;
    }
    if (is_checked)
        checker_start();
    return true;
}

void pool_open(void)
{
    STORE_RELEASE(&pool_state.started, 1);
    pool_feature(FEATURE_STOPPED, false);
}
