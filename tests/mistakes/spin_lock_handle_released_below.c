/* SPDX-License-Identifier: MIT
 *
 * spin_lock_handle_released_below.c: an in-stack queued spin lock released below DISPATCH_LEVEL. */
#include "tagpool/wdk/irql.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    KSPIN_LOCK *lock = tagpool_alloc(TAGPOOL_NONPAGED, sizeof *lock, WAVE);
    KeInitializeSpinLock(lock);
    KLOCK_QUEUE_HANDLE handle;
    KeAcquireInStackQueuedSpinLock(lock, &handle);
    KeLowerIrql(APC_LEVEL);
    KeReleaseInStackQueuedSpinLock(&handle);
    return 3;
}
