/* SPDX-License-Identifier: MIT
 *
 * spin_lock_acquired_below.c: a spin lock acquired AtDpcLevel by a thread below that. */
#include "tagpool/wdk/irql.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    KSPIN_LOCK *lock = tagpool_alloc(TAGPOOL_NONPAGED, sizeof *lock, WAVE);
    KeInitializeSpinLock(lock);
    KeAcquireSpinLockAtDpcLevel(lock);
    return 3;
}
