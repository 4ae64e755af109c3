/* SPDX-License-Identifier: MIT
 *
 * trace.h: what a thread will do, drawn before the clock starts. Traces live in static memory, not in the measured heap.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include "rows.h"

#include <stdint.h>

#define TRACE_TAGS 1024u       /* tags of a pair or batch row, taken in turn */
#define TRACE_BATCH 1000u      /* blocks of a batch */
#define TRACE_ORDERS 8u        /* orders of frees, taken in turn */
#define TRACE_LIVE 100000u     /* blocks of the live set */
#define TRACE_REPLACES 262144u /* steps of a live row, repeated */
#define TRACE_SIZE_MIN 16u
#define TRACE_SIZE_MAX 32767u

/* One step of a live row. */
struct trace_replace {
    uint32_t slot : 17;  /* the block to replace */
    uint32_t bytes : 15; /* size of the new one */
    uint32_t tag;
};

struct trace {
    uint32_t tags[TRACE_TAGS];
    uint16_t orders[TRACE_ORDERS][TRACE_BATCH];
    struct trace_replace first[TRACE_LIVE]; /* what fills the slots at the start */
    struct trace_replace replaces[TRACE_REPLACES];
};

/* Draws the trace of thread `thread` for `row`: the same one in each process. */
void trace_draw(struct trace *trace, const struct bench_row *row, unsigned thread);

#endif
