/* SPDX-License-Identifier: MIT
 *
 * wdk_irql.c: the WDK's names for IRQLs and spin locks (contracts in tagpool/wdk/irql.h).
 */
#include "tagpool/wdk/irql.h"

#include "service/irql.h"
#include "service/spin.h"

_Static_assert(sizeof(KSPIN_LOCK) == sizeof(uintptr_t), "a spin lock is a word");

/* ---- levels ---- */

KIRQL TAGPOOL_WDK_CALL KeGetCurrentIrql(void)
{
    return (KIRQL)irql_now();
}

KIRQL TAGPOOL_WDK_FASTCALL KfRaiseIrql(KIRQL NewIrql)
{
    return (KIRQL)irql_raise(NewIrql);
}

void TAGPOOL_WDK_CALL KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql)
{
    *OldIrql = (KIRQL)irql_raise(NewIrql);
}

KIRQL TAGPOOL_WDK_CALL KeRaiseIrqlToDpcLevel(void)
{
    return (KIRQL)irql_raise(IRQL_DISPATCH);
}

KIRQL TAGPOOL_WDK_CALL KeRaiseIrqlToSynchLevel(void)
{
    return (KIRQL)irql_raise(IRQL_SYNCH);
}

void TAGPOOL_WDK_FASTCALL KfLowerIrql(KIRQL NewIrql)
{
    irql_lower(NewIrql);
}

void TAGPOOL_WDK_CALL KeLowerIrql(KIRQL NewIrql)
{
    irql_lower(NewIrql);
}

/* ---- spin locks ---- */

static uintptr_t *lock_word(PKSPIN_LOCK lock)
{
    return (uintptr_t *)(void *)lock;
}

static bool irql_is_low(void)
{
    return irql_is_ours() && irql_self.level < IRQL_DISPATCH;
}

static KIRQL lock_acquire(PKSPIN_LOCK lock)
{
    unsigned now = irql_now();
    if (UNLIKELY(irql_is_ours() && now > IRQL_DISPATCH))
        irql_report(0x42, (uintptr_t)lock, 0);
    else
        (void)irql_raise(IRQL_DISPATCH);
    spin_acquire(lock_word(lock));
    return (KIRQL)now;
}

/* What a release away from DISPATCH_LEVEL is: `what`, with one more parameter. */
static void lock_release(PKSPIN_LOCK lock, unsigned level, unsigned what, uintptr_t parameter4)
{
    bool is_wrong = irql_is_ours() && irql_self.level != IRQL_DISPATCH;
    if (is_wrong)
        irql_report(what, (uintptr_t)lock, parameter4);
    spin_release(lock_word(lock), is_wrong);
    if (!is_wrong || level <= irql_self.level) /* one mistake, one report */
        irql_lower(level);
}

static void lock_acquire_here(PKSPIN_LOCK lock)
{
    if (irql_is_low())
        irql_report(0x40, (uintptr_t)lock, 0);
    spin_acquire(lock_word(lock));
}

static void lock_release_here(PKSPIN_LOCK lock)
{
    bool is_wrong = irql_is_low();
    if (is_wrong)
        irql_report(0x41, (uintptr_t)lock, 0);
    spin_release(lock_word(lock), is_wrong);
}

void TAGPOOL_WDK_CALL KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
    *SpinLock = 0;
}

KIRQL TAGPOOL_WDK_CALL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    return lock_acquire(SpinLock);
}

KIRQL TAGPOOL_WDK_FASTCALL KfAcquireSpinLock(PKSPIN_LOCK SpinLock)
{
    return lock_acquire(SpinLock);
}

KIRQL TAGPOOL_WDK_FASTCALL KeAcquireSpinLockForDpc(PKSPIN_LOCK SpinLock)
{
    return lock_acquire(SpinLock);
}

void TAGPOOL_WDK_CALL KeAcquireSpinLock(PKSPIN_LOCK SpinLock, PKIRQL OldIrql)
{
    *OldIrql = lock_acquire(SpinLock);
}

void TAGPOOL_WDK_CALL KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    lock_release(SpinLock, NewIrql, 0x32, 0);
}

void TAGPOOL_WDK_FASTCALL KfReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    lock_release(SpinLock, NewIrql, 0x32, 0);
}

void TAGPOOL_WDK_FASTCALL KeReleaseSpinLockForDpc(PKSPIN_LOCK SpinLock, KIRQL OldIrql)
{
    lock_release(SpinLock, OldIrql, 0x32, 0);
}

void TAGPOOL_WDK_CALL KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    lock_acquire_here(SpinLock);
}

void TAGPOOL_WDK_FASTCALL KefAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    lock_acquire_here(SpinLock);
}

void TAGPOOL_WDK_CALL KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    lock_release_here(SpinLock);
}

void TAGPOOL_WDK_FASTCALL KefReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    lock_release_here(SpinLock);
}

BOOLEAN TAGPOOL_WDK_FASTCALL KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    if (irql_is_low())
        irql_report(0x40, (uintptr_t)SpinLock, 0);
    return spin_try(lock_word(SpinLock));
}

BOOLEAN TAGPOOL_WDK_FASTCALL KeTestSpinLock(PKSPIN_LOCK SpinLock)
{
    return spin_is_free(lock_word(SpinLock));
}

/* ---- the same locks with a handle ---- */

void TAGPOOL_WDK_FASTCALL KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    LockHandle->LockQueue.Next = NULL;
    LockHandle->LockQueue.Lock = SpinLock;
    LockHandle->OldIrql = lock_acquire(SpinLock);
}

void TAGPOOL_WDK_FASTCALL KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle)
{
    lock_release(LockHandle->LockQueue.Lock, LockHandle->OldIrql, 0x35, LockHandle->OldIrql);
}

void TAGPOOL_WDK_FASTCALL KeAcquireInStackQueuedSpinLockForDpc(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    KeAcquireInStackQueuedSpinLock(SpinLock, LockHandle);
}

void TAGPOOL_WDK_FASTCALL KeReleaseInStackQueuedSpinLockForDpc(PKLOCK_QUEUE_HANDLE LockHandle)
{
    KeReleaseInStackQueuedSpinLock(LockHandle);
}

void TAGPOOL_WDK_FASTCALL KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    LockHandle->LockQueue.Next = NULL;
    LockHandle->LockQueue.Lock = SpinLock;
    lock_acquire_here(SpinLock);
}

void TAGPOOL_WDK_FASTCALL KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle)
{
    lock_release_here(LockHandle->LockQueue.Lock);
}
