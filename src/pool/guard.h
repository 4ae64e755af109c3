/* SPDX-License-Identifier: MIT
 *
 * guard.h: special pool at the front door: which allocations it serves, the patterns around a block, what is said of it.
 */
#ifndef POOL_GUARD_H
#define POOL_GUARD_H

#include "ledger/event.h"
#include "pool/pool.h"
#include "report/option.h"
#include "tagpool/verifier.h"

/* pre: one thread at a time. */
INTERNAL void guard_options(const struct verifier_options *options);

/* Whether an option sends any allocation to special pool; whether only samples. */
INTERNAL bool guard_is_on(void);
INTERNAL bool guard_is_sampling(void);

/* Allocations of this thread that will not be samples, before its next is; counted while FEATURE_SAMPLED is on. */
INTERNAL_OBJECT PORT_THREAD_LOCAL uint64_t guard_countdown;

/* Whether the turn is up; draws the next one. */
INTERNAL bool guard_draw(void);

/* To be asked once for each allocation: whether it is one that may become a sample. */
static inline bool guard_is_due(void)
{
    if ((LOAD(&pool_state.features) & FEATURE_SAMPLED) == 0)
        return false;
    return guard_countdown == 0 ? guard_draw() : --guard_countdown == 0;
}

/* A run with the request's block in it, patterns around it, but not yet live; NULL if normal pool is to serve the request. No
 * lock is held. `is_due`: a sample; whether it is one need not be decided. */
INTERNAL struct special_block *guard_take(const struct request *request, struct event *event, bool is_due, bool *zeroed);

/* Makes the block of a run live: `note` says whose. Or gives the run back: normal pool serves the request after all. */
INTERNAL void guard_publish(struct special_block *special, uint32_t note);
INTERNAL void guard_cancel(struct special_block *special);

/* False, after a report, iff memory around the block was written, or another thread is freeing it. */
INTERNAL bool guard_is_whole(const struct place *place);

/* Frees the block; false iff another thread was faster. */
INTERNAL bool guard_take_back(const struct place *place, struct event *event);

/* Reports that an address of special pool was given where the start of an outstanding block is expected. */
INTERNAL void guard_report_address(uintptr_t address, const struct place *place);

/* How a block was allocated and freed, for a report: lives as long as the report. */
struct guard_story {
    struct tagpool_operation allocated, freed;
};

/* Adds to a report what is known of a block of special pool; `special` may be NULL. */
INTERNAL void guard_tell(const struct special_block *special, struct guard_story *story, struct tagpool_bugcheck *bugcheck);

/* The same for an address that was touched or damaged; the place need not contain it. */
INTERNAL void guard_tell_touch(const struct place *place, uintptr_t touched, struct guard_story *story,
                               struct tagpool_bugcheck *bugcheck);

/* From now on faults in special pool are explained (guard_fault.c). */
INTERNAL void guard_watch(void);

/* Allocations that special pool was to serve, and those of them that it served. */
INTERNAL aligned_u64 guard_wanted_count(void);
INTERNAL aligned_u64 guard_served_count(void);

#endif
