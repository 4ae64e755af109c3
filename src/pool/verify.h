/* SPDX-License-Identifier: MIT
 *
 * verify.h: the verifier's place in the life of a block: what is asked and told before and after each allocation and free,
 * while any of its services is on (FEATURE_VERIFIER). Nothing here is on a fast path.
 */
#ifndef POOL_VERIFY_H
#define POOL_VERIFY_H

#include "ledger/event.h"
#include "pool/pool.h"
#include "report/option.h"
#include "tagpool/verifier.h"

/* Switches services on and off. pre: one thread at a time. */
INTERNAL void verify_options(const struct verifier_options *options);

/* Switches the verifier on while an option wants it, and for good once a driver was loaded: what allocates in the name of
 * one that no longer is must be seen. pre: one thread at a time. */
INTERNAL void verify_switch(void);

/* Tracks every block from now on, whatever options say, and returns a number of the sequence: what is allocated from now on, by
 * any thread, has a larger one. pre: one thread at a time. */
INTERNAL uint64_t verify_mark(void);

/* Why nothing can be said of the blocks allocated since a mark; NULL if it can. */
INTERNAL const char *verify_why_not_checked(uint64_t mark);

/* The allocation of a live block, as its record tells it. */
INTERNAL void verify_origin(struct event *event, const struct place *place, const struct record *record);

/* A block with that record has been freed. */
INTERNAL void verify_forget(const struct record *record, const struct place *place);

/* Begins an allocation: fills in the event. False iff it is to fail: a failure was injected. */
INTERNAL bool verify_alloc_begin(struct event *event, const struct request *request, uint32_t tag_index);

/* Ends it: event->block is the block, or NULL; the hit handler may be called. No lock is held. */
INTERNAL void verify_alloc_end(struct event *event, bool is_special);

/* Around a free. The first is told while the block is still live: the hit handler may be called, and look at it. No lock
 * is held. */
INTERNAL void verify_free_begin(struct event *event, const struct place *place, const void *caller, const void *frame);
INTERNAL void verify_free_end(struct event *event);

/* Which services are on, in the bits of Driver Verifier: 1 special pool, 4 fault injection, 8 tracking. */
INTERNAL uint32_t verify_level(void);

INTERNAL void verify_counters(struct tagpool_verifier_counters *counters);

#endif
