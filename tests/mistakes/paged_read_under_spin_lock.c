/* SPDX-License-Identifier: MIT
 *
 * paged_read_under_spin_lock.c: paged pool read under a spin lock, seen with option force_irql. */
#include "tagpool/wdk/irql.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    KSPIN_LOCK lock = 0;
    tagpool_start("force_irql=on");
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100000, WAVE);
    KIRQL old = KeAcquireSpinLockRaiseToDpc(&lock);
    char c = block[70000];
    KeReleaseSpinLock(&lock, old);
    (void)c;
    return 3;
}
