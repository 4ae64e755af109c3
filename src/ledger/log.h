/* SPDX-License-Identifier: MIT
 *
 * log.h: the last operations, frees included, in a ring.
 */
#ifndef LEDGER_LOG_H
#define LEDGER_LOG_H

#include "ledger/event.h"

/* Keeps `entries` operations, up to a multiple of 16, from now on, the newest; forgets what is there if that is another
 * number than before. */
INTERNAL void log_resize(size_t entries);

INTERNAL void log_add(const struct event *event);

/* Calls `visit` with the operations kept, the newest first, until it returns false. Operations that are added meanwhile may push
 * out some that were not visited yet. */
INTERNAL void log_walk(bool (*visit)(const struct event *event, void *context), void *context);

/* Around a fork: see record.h. */
INTERNAL void log_lock(void);
INTERNAL void log_unlock(void);

#endif
