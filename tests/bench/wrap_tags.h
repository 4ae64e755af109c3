/* SPDX-License-Identifier: MIT
 *
 * wrap_tags.h: tag to row number without a lock, for the wrappers that take none.
 */
#ifndef BENCH_WRAP_TAGS_H
#define BENCH_WRAP_TAGS_H

#include "wrap.h"

#include <stdatomic.h>
#include <stdlib.h>

static _Atomic uint32_t wrap_tags[WRAP_ROWS]; /* 0: free */

/* The row of the tag, claimed at its first use. */
static inline uint32_t wrap_row_of(uint32_t tag)
{
    uint32_t i = wrap_hash(tag);
    for (uint32_t probes = 0; probes < WRAP_ROWS; probes++, i = (i + 1) % WRAP_ROWS) {
        uint32_t there = atomic_load_explicit(&wrap_tags[i], memory_order_relaxed);
        if (there == 0 && atomic_compare_exchange_strong(&wrap_tags[i], &there, tag)) {
            return i;
        }
        if (there == tag) {
            return i;
        }
    }
    abort();
}

#endif
