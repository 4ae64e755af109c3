/* SPDX-License-Identifier: MIT
 *
 * fault.h: low-resources simulation: which allocation is to fail.
 *
 * Whether an allocation fails hangs on the seed, its tag, and how many of that tag came before: not on what other tags or
 * threads do. So a seed makes the same allocations fail in each run.
 */
#ifndef LEDGER_FAULT_H
#define LEDGER_FAULT_H

#include "ledger/event.h"
#include "report/option.h"

/* A number that hangs on all bits of three others: for what is to happen by chance, and again with the same seed. */
INTERNAL uint64_t fault_mix(uint64_t seed, uint64_t b, uint64_t c);

INTERNAL void fault_options(const struct verifier_options *options);
INTERNAL bool fault_is_on(void);

/* Whether the allocation is to fail; notes it if so. */
INTERNAL bool fault_wanted(struct event *event);

/* How many were made to fail; how many new stacks were only recorded. */
INTERNAL uint64_t fault_count(void);
INTERNAL uint64_t fault_recorded(void);

/* Around a fork: see record.h. */
INTERNAL void fault_lock(void);
INTERNAL void fault_unlock(void);

/* The injected failures that are remembered, the newest first; returns how many were written, at most FAULTS_KEPT. */
#define FAULTS_KEPT 128u
INTERNAL size_t fault_recent(struct event *events, size_t capacity);

#endif
