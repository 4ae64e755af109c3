/* SPDX-License-Identifier: MIT
 *
 * irql_lower_to_higher.c: KeLowerIrql() to a level above the thread's. */
#include "tagpool/wdk/irql.h"

int main(void)
{
    KeLowerIrql(APC_LEVEL);
    return 3;
}
