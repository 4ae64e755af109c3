/* SPDX-License-Identifier: MIT
 *
 * spin_lock_uninitialized.c: a spin lock acquired in memory that was filled with other bytes. */
#include "tagpool/wdk/irql.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    KSPIN_LOCK *lock = tagpool_alloc(TAGPOOL_NONPAGED, sizeof *lock, WAVE);
    *lock = (KSPIN_LOCK)0xA5A5A5A5A5A5A5A5;
    KeAcquireSpinLockRaiseToDpc(lock);
    return 3;
}
