/* SPDX-License-Identifier: MIT
 *
 * trace.c: draws the traces.
 */
#include "trace.h"

#include <math.h>

/* Sizes of the live set are log-normal: mean about 146 bytes. */
#define SIZE_MEDIAN 80.0
#define SIZE_SIGMA 1.1
#define SIZE_DRAWS 16384u

/* splitmix64 */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint32_t random_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)((random_next(state) >> 32) * bound >> 32);
}

/* The tag of number 0 to 46,655: "B" and three characters of 0-9 and a-z. */
static uint32_t tag_of(uint32_t number)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint32_t tag = 'B';
    for (unsigned shift = 8; shift < 32; shift += 8) {
        tag |= (uint32_t)(unsigned char)digits[number % 36] << shift;
        number /= 36;
    }
    return tag;
}

static void order_draw(uint16_t *order, enum bench_order kind, uint64_t *state)
{
    for (uint32_t i = 0; i < TRACE_BATCH; i++) {
        order[i] = (uint16_t)(kind == BENCH_LIFO ? TRACE_BATCH - 1 - i : i);
    }
    if (kind != BENCH_RANDOM) {
        return;
    }
    for (uint32_t i = TRACE_BATCH - 1; i > 0; i--) {
        uint32_t j = random_below(state, i + 1);
        uint16_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

/* A log-normal size, from a normal number by the method of Box and Muller. */
static uint16_t size_draw(uint64_t *state)
{
    double u = ((double)(random_next(state) >> 11) + 1) * 0x1p-53;
    double v = (double)(random_next(state) >> 11) * 0x1p-53;
    double normal = sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
    double bytes = SIZE_MEDIAN * exp(SIZE_SIGMA * normal);
    if (bytes < TRACE_SIZE_MIN) {
        return TRACE_SIZE_MIN;
    }
    return (uint16_t)(bytes > TRACE_SIZE_MAX ? TRACE_SIZE_MAX : bytes);
}

static void live_draw(struct trace *trace, unsigned tags, uint64_t *state)
{
    static uint16_t sizes[SIZE_DRAWS];
    for (uint32_t i = 0; i < SIZE_DRAWS; i++) {
        sizes[i] = size_draw(state);
    }
    for (uint32_t i = 0; i < TRACE_LIVE; i++) {
        trace->first[i].slot = i & 0x1FFFFu;
        trace->first[i].bytes = sizes[random_below(state, SIZE_DRAWS)] & TRACE_SIZE_MAX;
        trace->first[i].tag = tag_of(random_below(state, tags));
    }
    for (uint32_t i = 0; i < TRACE_REPLACES; i++) {
        trace->replaces[i].slot = random_below(state, TRACE_LIVE) & 0x1FFFFu;
        trace->replaces[i].bytes = sizes[random_below(state, SIZE_DRAWS)] & TRACE_SIZE_MAX;
        trace->replaces[i].tag = tag_of(random_below(state, tags));
    }
}

void trace_draw(struct trace *trace, const struct bench_row *row, unsigned thread)
{
    uint64_t state = 20231 + thread;
    for (uint32_t i = 0; i < TRACE_TAGS; i++) {
        trace->tags[i] = tag_of(random_below(&state, row->tags));
    }
    for (uint32_t i = 0; i < TRACE_ORDERS; i++) {
        order_draw(trace->orders[i], row->order, &state);
    }
    if (row->kind == BENCH_LIVE || row->kind == BENCH_RSS) {
        live_draw(trace, row->tags, &state);
    }
}
