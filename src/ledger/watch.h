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

/* A request for memory, and where it was made. */
struct watch_request {
    uint32_t tag; /* 0: there was none */
    unsigned pool;
    uint64_t bytes;
    uint32_t stack; /* in the depot */
    const char *file;
    unsigned line;
};

struct watch {
    uint64_t asked;                /* allocations that this thread asked for while the verifier was on */
    bool is_noting;                /* the next request is to be noted */
    struct watch_request noted;
    bool is_failing;               /* what follows holds */
    struct tag_masks of;           /* requests with these tags count; without a mask all do */
    const struct driver *driver;   /* and in this one's name; NULL: in any */
    uint64_t matching;             /* how many there were */
    uint64_t fail_at;              /* the one that fails, from 1; 0 for none */
    struct watch_request failed;
};

INTERNAL_OBJECT PORT_THREAD_LOCAL struct watch watch;

/* From now on the `fail_at`-th request of this thread that matches fails; 0: none does, but they are counted. */
INTERNAL void watch_start(const struct tag_masks *of, const struct driver *driver, uint64_t fail_at);
INTERNAL void watch_stop(void);

/* Notes the first request from now on. */
INTERNAL void watch_note(void);

/* Notes a request of this thread; true iff it is to fail. `can_fail`: success is not promised. */
INTERNAL bool watch_asks(struct event *event, bool can_fail, unsigned frames);

#endif
