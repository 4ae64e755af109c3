/* SPDX-License-Identifier: MIT
 *
 * spin_lock_released_twice.c: a spin lock released twice: the second time not at DISPATCH_LEVEL. */
#include "tagpool/wdk/irql.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    KSPIN_LOCK *lock = tagpool_alloc(TAGPOOL_NONPAGED, sizeof *lock, WAVE);
    KeInitializeSpinLock(lock);
    KIRQL old = KeAcquireSpinLockRaiseToDpc(lock);
    KeReleaseSpinLock(lock, old);
    KeReleaseSpinLock(lock, old);
    return 3;
}
