/* SPDX-License-Identifier: MIT
 *
 * watch.h: what one thread allocates, for tests: how often it asks, and which of its requests is to fail.
 *
 * Each thread has its own, so tests in other threads disturb neither count nor failure.
 */
#ifndef LEDGER_WATCH_H
#define LEDGER_WATCH_H

#include "base/mask.h"
#include "ledger/event.h"
#include "port/port.h"

struct watch {
    uint64_t asked;      /* allocations that this thread asked for while the verifier was on */
    uint32_t last_tag;   /* of the last of these */
    bool is_failing;     /* what follows holds */
    struct tag_masks of; /* requests with these tags count */
    uint64_t matching;   /* how many there were */
    uint64_t fail_at;    /* the one that fails, from 1; 0 for none */
    uint32_t failed_tag; /* of the one that failed; 0 while there is none */
    uint64_t failed_bytes;
    uint32_t failed_stack; /* in the depot */
};

INTERNAL_OBJECT PORT_THREAD_LOCAL struct watch watch;

/* From now on the `fail_at`-th request of this thread that matches fails; 0: none does, but they are counted. */
INTERNAL void watch_start(const struct tag_mask *of, uint64_t fail_at);
INTERNAL void watch_stop(void);

/* Notes a request of this thread; true iff it is to fail. `can_fail`: success is not promised. */
INTERNAL bool watch_asks(struct event *event, bool can_fail, unsigned frames);

#endif
