/* SPDX-License-Identifier: MIT
 *
 * force.h: force-IRQL checking (option force_irql): paged pool cannot be touched at DISPATCH_LEVEL and above.
 *
 * Called by irql.h only, while the option is on or was when the thread was raised.
 */
#ifndef SERVICE_FORCE_H
#define SERVICE_FORCE_H

#include "base/internal.h"

/* This thread is about to come to DISPATCH_LEVEL or above, and all paged pool is trimmed; nothing if it is there already. */
INTERNAL void force_raise(void);

/* This thread is below again; if it was the last one, paged pool is accessible again. pre: force_raise() counted it. */
INTERNAL void force_lower(void);

/* How often paged pool has been trimmed. */
INTERNAL uint64_t force_trims(void);

#endif
