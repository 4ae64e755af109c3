/* SPDX-License-Identifier: MIT
 *
 * lock.h: the one lock of what the services rarely touch: tables of processes, of lists. Taken before every lock of the core,
 * held around a fork, and never while a user's function runs.
 */
#ifndef SERVICE_LOCK_H
#define SERVICE_LOCK_H

#include "base/internal.h"

INTERNAL void service_lock(void);
INTERNAL void service_unlock(void);

#endif
