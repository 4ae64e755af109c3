/* SPDX-License-Identifier: MIT
 *
 * floor.h: the memory floor alone, with pools of 16 MiB, for the tests that take from it directly.
 */
#ifndef TAGPOOL_UNIT_FLOOR_H
#define TAGPOOL_UNIT_FLOOR_H

#include "memory/arena.h"
#include "memory/class.h"
#include "memory/notes.h"
#include "memory/owner.h"

#define FLOOR_UNITS 256u /* of each pool */

static inline int floor_start(void **state)
{
    (void)state;
    class_start();
    return arena_start(FLOOR_UNITS * UNIT_BYTES) && notes_start(arena.bytes) ? 0 : -1;
}

/* Both halves hold together. */
static inline void floor_expect_whole(void)
{
    for (unsigned pool = 0; pool < POOLS; pool++) {
        const char *wrong = arena_check(pool);
        if (wrong != NULL)
            fail_msg("pool %u: %s", pool, wrong);
    }
}

#endif
