/* SPDX-License-Identifier: MIT
 *
 * depot.h: call stacks, each kept once, under a number; and what each of them, as a call site of a tag, has allocated.
 */
#ifndef LEDGER_DEPOT_H
#define LEDGER_DEPOT_H

#include "base/atomic.h"
#include "ledger/event.h"

#define DEPOT_FRAMES_MOST 64u

/* Memory for stacks: a stack's number is below an eighth of it. */
#define DEPOT_BYTES (UINTPTR_MAX > 0xFFFFFFFFu ? (size_t)256 << 20 : (size_t)8 << 20)

/* The number of the stack that an event was called with, captured with up to `frames` frames the first time it is asked
 * for; 0 iff the depot is full. A stack that cannot be walked is the caller alone. */
INTERNAL uint32_t event_stack(struct event *event, unsigned frames);

/* The frames of a stack, innermost first; their number. Valid for ever. 0 for stack 0. */
INTERNAL unsigned depot_frames(uint32_t stack, const uintptr_t **frames);

/* The stack's hash, which does not change from run to run as long as the code lies where it lay relative to its module: that of
 * the log of faults (fault_log.h). Not 0 but for stack 0. Slow the first time. */
INTERNAL uint64_t depot_hash(uint32_t stack);

/* One tag at one stack. */
struct depot_site {
    uint32_t tag;
    uint32_t stack;
};

/* Allocations of a site, or frees of blocks that were allocated there, and their bytes. */
struct depot_sum {
    aligned_u64 count, bytes;
};

INTERNAL struct depot_sum depot_allocated(const struct depot_site *site);
INTERNAL struct depot_sum depot_freed(const struct depot_site *site);

/* Counts an operation at the site where its block was allocated; returns which allocation of the site it was, from 1. */
INTERNAL uint64_t depot_charge(uint32_t stack, uint32_t tag, size_t bytes);
INTERNAL void depot_discharge(uint32_t stack, uint32_t tag, size_t bytes);

/* How many allocations there were at a site. */
INTERNAL uint64_t depot_allocs(uint32_t stack, uint32_t tag);

/* Whether any operation was ever counted at a site. */
INTERNAL bool depot_has_sites(void);

/* Calls `visit` for each site; stops when it returns false. */
INTERNAL void depot_walk(bool (*visit)(const struct depot_site *site, void *context), void *context);

/* Around a fork: see record.h. */
INTERNAL void depot_lock(void);
INTERNAL void depot_unlock(void);

/* How many stacks there are, and how many were dropped because the depot was full. */
INTERNAL uint32_t depot_count(void);
INTERNAL uint64_t depot_dropped(void);

#endif
