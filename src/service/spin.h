/* SPDX-License-Identifier: MIT
 *
 * spin.h: spin locks in one word of the caller's, which is 0 while nobody holds the lock and else names the thread that does.
 *
 * What a thread could only wait for in vain is reported instead: its own lock, and a word that was never initialized. The
 * levels are the callers' business.
 */
#ifndef SERVICE_SPIN_H
#define SERVICE_SPIN_H

#include "base/internal.h"

/* Waits for the lock and takes it. A lock that this thread holds already is reported and stays as it is. */
INTERNAL void spin_acquire(uintptr_t *lock);

/* Takes the lock iff nobody holds it; says whether. */
INTERNAL bool spin_try(uintptr_t *lock);

/* Gives the lock back. One that this thread does not hold stays as it is; that is reported unless the call's mistake has been
 * already. */
INTERNAL void spin_release(uintptr_t *lock, bool is_reported);

/* Whether nobody holds the lock. */
INTERNAL bool spin_is_free(const uintptr_t *lock);

#endif
