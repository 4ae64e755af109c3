/* SPDX-License-Identifier: MIT
 *
 * log.h: the sequence numbers of operations, and the last operations, frees included, in a ring.
 */
#ifndef LEDGER_LOG_H
#define LEDGER_LOG_H

#include "ledger/event.h"

/* The next number of the sequence, from 1; the last one that was given. */
INTERNAL uint64_t log_next_number(void);
INTERNAL uint64_t log_last_number(void);

/* Keeps `entries` operations from now on, the newest; forgets what is there if that is another number than before. The memory of
 * the largest log there ever was stays. pre: one thread at a time. */
INTERNAL void log_resize(size_t entries);

INTERNAL void log_add(const struct event *event);

/* Calls `visit` with the operations kept, the newest first, until it returns false. Operations that are added meanwhile may push
 * out some that were not visited yet. */
INTERNAL void log_walk(bool (*visit)(const struct event *event, void *context), void *context);

/* To be called in a forked child: what threads were writing that it does not have will never be whole. */
INTERNAL void log_forked(void);

#endif
