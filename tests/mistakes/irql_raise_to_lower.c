/* SPDX-License-Identifier: MIT
 *
 * irql_raise_to_lower.c: KeRaiseIrql() to a level below the thread's. */
#include "tagpool/wdk/irql.h"

int main(void)
{
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeRaiseIrql(PASSIVE_LEVEL, &old);
    return 3;
}
