/* SPDX-License-Identifier: MIT
 *
 * irql.c: the simulated IRQL (contracts in irql.h and tagpool/wdk.h).
 */
#include "service/irql.h"

#include "report/bugcheck.h"

#define DRIVER_VERIFIER_DETECTED_VIOLATION 0xC4u

INTERNAL PORT_THREAD_LOCAL struct irql_self irql_self;
INTERNAL tagpool_irql_hook *irql_hook;
static void *irql_context;

unsigned irql_of_hook(void)
{
    return irql_hook(irql_context);
}

void irql_report(unsigned what, uintptr_t parameter3, uintptr_t parameter4)
{
    const uintptr_t parameter[4] = {what, irql_now(), parameter3, parameter4};
    bugcheck_report(DRIVER_VERIFIER_DETECTED_VIOLATION, parameter, NULL, true);
}

void tagpool_irql_hook_set(tagpool_irql_hook *hook, void *context)
{
    irql_context = context;
    STORE(&irql_hook, hook);
}

unsigned tagpool_irql(void)
{
    return irql_now();
}

void tagpool_irql_set(unsigned level)
{
    irql_before(level);
    if (irql_is_ours())
        irql_self.level = level;
    irql_after(level);
}

uint64_t tagpool_irql_trims(void)
{
    return force_trims();
}
