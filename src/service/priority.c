/* SPDX-License-Identifier: MIT
 *
 * priority.c: the IRQL for driver objects that read and set it inline: their headers keep it in a register of the processor.
 */
#include "port/port.h"
#include "tagpool/wdk.h"

/* Such an object may ask before anything has called the library. */
__attribute__((constructor)) static void priority_start(void)
{
    (void)port_on_priority(tagpool_irql, tagpool_irql_set);
}
