/* SPDX-License-Identifier: MIT
 *
 * loops.h: the measured loops, each a chunk of operations that is long against reading the clock.
 */
#ifndef BENCH_LOOPS_H
#define BENCH_LOOPS_H

#include "replay.h"
#include "trace.h"

/* One thread's work. */
struct work {
    const struct bench_row *row;
    struct trace trace;
    struct replay replay; /* loaded, in a row that replays */
    void *blocks[TRACE_LIVE];
    size_t position; /* where the next chunk goes on in the trace */
    uint64_t allocs; /* done by the loops, to be compared with what the target counted */
    uint64_t frees;
    uint64_t live_bytes; /* requested bytes held, after loops_close() */
};

/* Makes the blocks that the loop starts with. */
void loops_open(struct work *work);

/* Does one chunk and returns its operations. */
uint64_t loops_chunk(struct work *work);

/* Operations per chunk of a row; 0 where they are the trace's. */
uint64_t loops_chunk_size(const struct bench_row *row);

/* Adds up the bytes of the live set. */
void loops_close(struct work *work);

#endif
