/* SPDX-License-Identifier: MIT
 *
 * irql.h: the simulated interrupt request level of each thread, and who may do what at which level.
 *
 * A level is a number in thread-local memory: raising it neither blocks nor schedules anything. With a hook the simulator's
 * level is the only one: then nothing here changes a level, nor judges a change.
 */
#ifndef SERVICE_IRQL_H
#define SERVICE_IRQL_H

#include "base/atomic.h"
#include "port/port.h"
#include "report/option.h"
#include "service/force.h"
#include "tagpool/wdk.h"

#define IRQL_PASSIVE 0u
#define IRQL_APC 1u
#define IRQL_DISPATCH 2u
#define IRQL_HIGH (UINTPTR_MAX > 0xFFFFFFFFu ? 15u : 31u)
#define IRQL_SYNCH (IRQL_HIGH == 15u ? 12u : 27u)

/* This thread. Spin locks name their holder by its address, of which they use the low bits: see spin.c. */
struct irql_self {
    _Alignas(64) unsigned level; /* unless a hook says */
    bool is_forced;              /* counted by force.c as being at DISPATCH_LEVEL or above */
};

INTERNAL_OBJECT PORT_THREAD_LOCAL struct irql_self irql_self;
INTERNAL_OBJECT tagpool_irql_hook *irql_hook;

/* Asks the hook. */
INTERNAL unsigned irql_of_hook(void);

/* Reports bug check 0xC4 with `what` as first parameter and the thread's level as second. */
INTERNAL void irql_report(unsigned what, uintptr_t parameter3, uintptr_t parameter4);

INLINE bool irql_is_ours(void)
{
    return LIKELY(LOAD(&irql_hook) == NULL);
}

INLINE unsigned irql_now(void)
{
    return irql_is_ours() ? irql_self.level : irql_of_hook();
}

/* The highest level at which blocks of `pool` may be allocated and freed. */
static inline unsigned irql_most(unsigned pool)
{
    return pool == 0 ? IRQL_DISPATCH : IRQL_APC;
}

/* Lets force-IRQL checking know that the thread comes to `level`. Memory is trimmed while the thread is still low, and given back
 * when it is low again, so that it never waits for force.c's lock at a level at which it may not touch that memory. */
INLINE void irql_before(unsigned level)
{
    if (UNLIKELY(LOAD(&wdk_policy.force_irql) != 0) && level >= IRQL_DISPATCH)
        force_raise();
}

INLINE void irql_after(unsigned level)
{
    if (UNLIKELY(irql_self.is_forced) && level < IRQL_DISPATCH)
        force_lower();
}

/* Raises to `level` and returns what it was. A level below the current one or above HIGH_LEVEL is reported and not set. */
INLINE unsigned irql_raise(unsigned level)
{
    if (UNLIKELY(!irql_is_ours()))
        return irql_of_hook();
    unsigned now = irql_self.level;
    if (UNLIKELY(level < now || level > IRQL_HIGH)) {
        irql_report(0x30, level, 0);
        return now;
    }
    irql_before(level);
    irql_self.level = level;
    return now;
}

/* Lowers to `level`. A level above the current one is reported and not set. */
INLINE void irql_lower(unsigned level)
{
    if (UNLIKELY(!irql_is_ours()))
        return;
    if (UNLIKELY(level > irql_self.level)) {
        irql_report(0x31, level, 0);
        return;
    }
    irql_self.level = level;
    irql_after(level);
}

#endif
