/* SPDX-License-Identifier: MIT
 *
 * condition.c: low and high pool conditions for the user (contracts in tagpool/wdk.h).
 */
#include "pool/pool.h"
#include "tagpool/wdk.h"

static struct {
    tagpool_condition_handler *handler;
    void *context;
} condition;

static void tell(unsigned pool, bool is_high, bool holds)
{
    unsigned which = pool * 2 + is_high; /* the order of enum tagpool_condition */
    condition.handler((enum tagpool_condition)which, holds, condition.context);
}

void tagpool_condition_handler_set(tagpool_condition_handler *handler, void *context)
{
    condition.context = context;
    condition.handler = handler;
    pool_conditions_tell(handler != NULL ? tell : NULL);
}

bool tagpool_condition(enum tagpool_condition which)
{
    switch (which) {
    case TAGPOOL_LOW_NONPAGED:
        return pool_is_low(0);
    case TAGPOOL_HIGH_NONPAGED:
        return pool_is_high(0);
    case TAGPOOL_LOW_PAGED:
        return pool_is_low(1);
    case TAGPOOL_HIGH_PAGED:
        return pool_is_high(1);
    default:
        return false;
    }
}
