/* SPDX-License-Identifier: MIT
 *
 * irql.h: the simulated interrupt request level of each thread, and who may do what at which level.
 */
#ifndef SERVICE_IRQL_H
#define SERVICE_IRQL_H

#include "base/atomic.h"
#include "port/port.h"
#include "tagpool/wdk.h"

#define IRQL_PASSIVE 0u
#define IRQL_APC 1u
#define IRQL_DISPATCH 2u
#define IRQL_HIGH (UINTPTR_MAX > 0xFFFFFFFFu ? 15u : 31u)

INTERNAL_OBJECT PORT_THREAD_LOCAL unsigned irql_own; /* of this thread, unless a hook says */
INTERNAL_OBJECT tagpool_irql_hook *irql_hook;

/* Asks the hook. */
INTERNAL unsigned irql_of_hook(void);

INLINE unsigned irql_now(void)
{
    return LIKELY(LOAD(&irql_hook) == NULL) ? irql_own : irql_of_hook();
}

/* The highest level at which blocks of `pool` may be allocated and freed. */
static inline unsigned irql_most(unsigned pool)
{
    return pool == 0 ? IRQL_DISPATCH : IRQL_APC;
}

#endif
