/* SPDX-License-Identifier: MIT
 *
 * pipe.c: two bounded rings, one per direction; blocks go through in handfuls, so that the ring costs little.
 */
#define _POSIX_C_SOURCE 200809L

#include "pipe.h"

#include "clock.h"
#include "target.h"

#include <sched.h>
#include <stdatomic.h>

#define RING_SLOTS 1024u
#define HANDFUL 32u
#define TURNS_PER_LOOK 64u /* at the clock */

/* One direction. Positions only grow; the two threads' words are on lines of their own. */
struct ring {
    _Alignas(128) atomic_size_t sent;
    atomic_bool closed;
    _Alignas(128) atomic_size_t received;
    _Alignas(128) void *slots[RING_SLOTS];
};

static struct ring rings[2][2]; /* of each run, by the side that sends */

static bool ring_send(struct ring *ring, struct work *work)
{
    size_t sent = atomic_load_explicit(&ring->sent, memory_order_relaxed);
    size_t received = atomic_load_explicit(&ring->received, memory_order_acquire);
    if (sent - received > RING_SLOTS - HANDFUL) {
        return false;
    }
    for (unsigned i = 0; i < HANDFUL; i++) {
        void *block = target_alloc(work->row->bytes, work->trace.tags[(sent + i) % TRACE_TAGS]);
        target_touch(block, work->row->bytes);
        ring->slots[(sent + i) % RING_SLOTS] = block;
    }
    atomic_store_explicit(&ring->sent, sent + HANDFUL, memory_order_release);
    work->allocs += HANDFUL;
    return true;
}

static bool ring_receive(struct ring *ring, struct work *work)
{
    size_t received = atomic_load_explicit(&ring->received, memory_order_relaxed);
    if (atomic_load_explicit(&ring->sent, memory_order_acquire) == received) {
        return false;
    }
    for (unsigned i = 0; i < HANDFUL; i++) {
        void *block = ring->slots[(received + i) % RING_SLOTS];
        target_touch(block, work->row->bytes);
        target_free(block);
    }
    atomic_store_explicit(&ring->received, received + HANDFUL, memory_order_release);
    work->frees += HANDFUL;
    return true;
}

uint64_t pipe_side(struct work *work, unsigned run, unsigned side, uint64_t budget)
{
    struct ring *out = &rings[run][side], *in = &rings[run][1 - side];
    const uint64_t sent_before = work->allocs, start = clock_now();
    bool sending = side == 0 || work->row->both_ways;
    for (unsigned turns = 1;; turns++) {
        if (sending && turns % TURNS_PER_LOOK == 0) {
            sending = clock_now() - start < budget;
        }
        if (!sending) {
            atomic_store_explicit(&out->closed, true, memory_order_release);
        }
        /* Asked before the ring is looked at: once closed, nothing more comes. */
        bool closed = atomic_load_explicit(&in->closed, memory_order_acquire);
        bool sent = sending && ring_send(out, work);
        bool received = ring_receive(in, work);
        if (!sent && !received) {
            if (!sending && closed) {
                return work->allocs - sent_before;
            }
            sched_yield();
        }
    }
}
