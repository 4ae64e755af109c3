/* SPDX-License-Identifier: MIT
 *
 * trace.c: draws the traces.
 */
#include "trace.h"

#include "draw.h"

/* Sizes of the live set: mean about 146 bytes. */
#define SIZE_MEDIAN 80.0
#define SIZE_DRAWS 16384u

static void order_draw(uint16_t *order, enum bench_order kind, uint64_t *state)
{
    for (uint32_t i = 0; i < TRACE_BATCH; i++) {
        order[i] = (uint16_t)(kind == BENCH_LIFO ? TRACE_BATCH - 1 - i : i);
    }
    if (kind != BENCH_RANDOM) {
        return;
    }
    for (uint32_t i = TRACE_BATCH - 1; i > 0; i--) {
        uint32_t j = draw_below(state, i + 1);
        uint16_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

static void live_draw(struct trace *trace, unsigned tags, uint64_t *state)
{
    static uint16_t sizes[SIZE_DRAWS];
    for (uint32_t i = 0; i < SIZE_DRAWS; i++) {
        sizes[i] = (uint16_t)draw_size(state, SIZE_MEDIAN, TRACE_SIZE_MIN, TRACE_SIZE_MAX);
    }
    for (uint32_t i = 0; i < TRACE_LIVE; i++) {
        trace->first[i].slot = i & 0x1FFFFu;
        trace->first[i].bytes = sizes[draw_below(state, SIZE_DRAWS)] & TRACE_SIZE_MAX;
        trace->first[i].tag = draw_tag(draw_below(state, tags));
    }
    for (uint32_t i = 0; i < TRACE_REPLACES; i++) {
        trace->replaces[i].slot = draw_below(state, TRACE_LIVE) & 0x1FFFFu;
        trace->replaces[i].bytes = sizes[draw_below(state, SIZE_DRAWS)] & TRACE_SIZE_MAX;
        trace->replaces[i].tag = draw_tag(draw_below(state, tags));
    }
}

void trace_draw(struct trace *trace, const struct bench_row *row, unsigned thread)
{
    uint64_t state = 20231 + thread;
    for (uint32_t i = 0; i < TRACE_TAGS; i++) {
        trace->tags[i] = draw_tag(draw_below(&state, row->tags));
    }
    for (uint32_t i = 0; i < TRACE_ORDERS; i++) {
        order_draw(trace->orders[i], row->order, &state);
    }
    if (row->kind == BENCH_LIVE || row->kind == BENCH_RSS) {
        live_draw(trace, row->tags, &state);
    }
}
