/* SPDX-License-Identifier: MIT
 *
 * spin_lock_acquired_above.c: a spin lock acquired above DISPATCH_LEVEL. */
#include "tagpool/wdk/irql.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    KSPIN_LOCK *lock = tagpool_alloc(TAGPOOL_NONPAGED, sizeof *lock, WAVE);
    KeInitializeSpinLock(lock);
    KfRaiseIrql(5);
    KeAcquireSpinLockRaiseToDpc(lock);
    return 3;
}
