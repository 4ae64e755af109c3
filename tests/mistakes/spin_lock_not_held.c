/* SPDX-License-Identifier: MIT
 *
 * spin_lock_not_held.c: a spin lock released, at the right level, that nobody holds. */
#include "tagpool/wdk/irql.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    KSPIN_LOCK *lock = tagpool_alloc(TAGPOOL_NONPAGED, sizeof *lock, WAVE);
    KeInitializeSpinLock(lock);
    KfRaiseIrql(DISPATCH_LEVEL);
    KeReleaseSpinLock(lock, PASSIVE_LEVEL);
    return 3;
}
