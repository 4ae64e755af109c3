/* SPDX-License-Identifier: MIT
 *
 * hit.h: the hit tag: which operations somebody wants to see.
 */
#ifndef LEDGER_HIT_H
#define LEDGER_HIT_H

#include "base/atomic.h"
#include "ledger/event.h"
#include "report/option.h"
#include "tagpool/verifier.h"

INTERNAL_OBJECT uint32_t hit_tag;   /* PoolHitTag */
INTERNAL_OBJECT uint64_t hit_masks; /* how many */

INTERNAL void hit_options(const struct verifier_options *options);

/* Whether any operation can be a hit. */
static inline bool hit_is_on(void)
{
    return LOAD(&hit_tag) != 0 || LOAD_ACQUIRE(&hit_masks) != 0;
}

INTERNAL void hit_handler_set(tagpool_hit_handler *handler, void *context);

/* Calls the handler if the operation is a hit. No lock is held. */
INTERNAL void hit_event(struct event *event);

#endif
