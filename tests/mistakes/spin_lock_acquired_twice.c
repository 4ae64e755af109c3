/* SPDX-License-Identifier: MIT
 *
 * spin_lock_acquired_twice.c: a spin lock acquired by the thread that holds it. */
#include "tagpool/wdk/irql.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    KSPIN_LOCK *lock = tagpool_alloc(TAGPOOL_NONPAGED, sizeof *lock, WAVE);
    KeInitializeSpinLock(lock);
    KIRQL old = KeAcquireSpinLockRaiseToDpc(lock);
    KeAcquireSpinLockAtDpcLevel(lock);
    KeReleaseSpinLock(lock, old);
    return 3;
}
