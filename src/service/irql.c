/* SPDX-License-Identifier: MIT
 *
 * irql.c: the simulated IRQL (contracts in irql.h and tagpool/wdk.h).
 */
#include "service/irql.h"

INTERNAL PORT_THREAD_LOCAL unsigned irql_own;
INTERNAL tagpool_irql_hook *irql_hook;
static void *irql_context;

unsigned irql_of_hook(void)
{
    return irql_hook(irql_context);
}

void tagpool_irql_hook_set(tagpool_irql_hook *hook, void *context)
{
    irql_context = context;
    STORE(&irql_hook, hook);
}
