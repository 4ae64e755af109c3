/* SPDX-License-Identifier: MIT
 *
 * loops.c: pairs, batches, and the live set; replay.c has the loop of recorded traces.
 */
#include "loops.h"

#include "target.h"

#define PAIR_ROUNDS 8u
#define BATCH_ROUNDS 8u
#define LIVE_STEPS 4096u

static void pair_chunk(struct work *work)
{
    const size_t bytes = work->row->bytes;
    for (unsigned round = 0; round < PAIR_ROUNDS; round++) {
        for (unsigned i = 0; i < TRACE_TAGS; i++) {
            void *block = target_alloc(bytes, work->trace.tags[i]);
            target_touch(block, bytes);
            target_free(block);
        }
    }
}

static void batch_chunk(struct work *work)
{
    const size_t bytes = work->row->bytes;
    for (unsigned round = 0; round < BATCH_ROUNDS; round++) {
        const uint16_t *order = work->trace.orders[round % TRACE_ORDERS];
        for (unsigned i = 0; i < TRACE_BATCH; i++) {
            void *block = target_alloc(bytes, work->trace.tags[i]);
            target_touch(block, bytes);
            work->blocks[i] = block;
        }
        for (unsigned i = 0; i < TRACE_BATCH; i++) {
            target_free(work->blocks[order[i]]);
        }
    }
}

static void *live_block(const struct trace_replace *step)
{
    void *block = target_alloc(step->bytes, step->tag);
    target_touch(block, step->bytes);
    return block;
}

static void live_chunk(struct work *work)
{
    const struct trace_replace *step = &work->trace.replaces[work->position];
    for (unsigned i = 0; i < LIVE_STEPS; i++, step++) {
        target_free(work->blocks[step->slot]);
        work->blocks[step->slot] = live_block(step);
    }
    work->position = (work->position + LIVE_STEPS) % TRACE_REPLACES;
}

void loops_open(struct work *work)
{
    if (work->row->kind != BENCH_LIVE && work->row->kind != BENCH_RSS) {
        return;
    }
    for (unsigned i = 0; i < TRACE_LIVE; i++) {
        work->blocks[i] = live_block(&work->trace.first[i]);
    }
    work->allocs += TRACE_LIVE;
}

uint64_t loops_chunk_size(const struct bench_row *row)
{
    switch (row->kind) {
    case BENCH_PAIR:
        return (uint64_t)PAIR_ROUNDS * TRACE_TAGS;
    case BENCH_BATCH:
        return (uint64_t)BATCH_ROUNDS * TRACE_BATCH;
    case BENCH_LIVE:
    case BENCH_RSS:
        return LIVE_STEPS;
    default:
        return 0;
    }
}

uint64_t loops_chunk(struct work *work)
{
    switch (work->row->kind) {
    case BENCH_PAIR:
        pair_chunk(work);
        break;
    case BENCH_BATCH:
        batch_chunk(work);
        break;
    case BENCH_TRACE:
        replay_run(&work->replay);
        break;
    default:
        live_chunk(work);
        break;
    }
    uint64_t operations = work->row->kind == BENCH_TRACE ? work->replay.allocs : loops_chunk_size(work->row);
    work->allocs += operations;
    work->frees += operations;
    return operations;
}

void loops_close(struct work *work)
{
    if (work->row->kind != BENCH_LIVE && work->row->kind != BENCH_RSS) {
        return;
    }
    /* The first word of a block holds its size. */
    for (unsigned i = 0; i < TRACE_LIVE; i++) {
        size_t bytes;
        memcpy(&bytes, work->blocks[i], sizeof bytes);
        work->live_bytes += bytes;
    }
}
