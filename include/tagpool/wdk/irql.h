/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/irql.h: the WDK's routines for IRQLs and spin locks.
 *
 * Each thread has a level of its own, which starts at PASSIVE_LEVEL; changing it schedules nothing. tagpool/wdk.h says how a
 * simulator puts its own level in its place: then these routines change no level and judge none.
 *
 * A mistake is a bug check. If its handler returns, a level that may not be set stays as it was, and a lock is taken or given
 * back as if the level were right.
 */
#ifndef TAGPOOL_WDK_IRQL_H
#define TAGPOOL_WDK_IRQL_H

#include "tagpool/wdk.h"

#if !defined(_WDMDDK_) && !defined(TAGPOOL_WDK_OVERLAY)

#include "tagpool/wdk/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef PASSIVE_LEVEL
#define PASSIVE_LEVEL 0
#define LOW_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2
#endif
#if defined(HIGH_LEVEL)
#elif __SIZEOF_POINTER__ == 8
#define HIGH_LEVEL 15
#else
#define HIGH_LEVEL 31
#endif

#if !defined(TAGPOOL_WDK_NO_TYPES) && !defined(TAGPOOL_WDK_NO_KLOCK_QUEUE_HANDLE)
typedef struct _KSPIN_LOCK_QUEUE {
    struct _KSPIN_LOCK_QUEUE *volatile Next;
    PKSPIN_LOCK volatile Lock;
} KSPIN_LOCK_QUEUE, *PKSPIN_LOCK_QUEUE;

typedef struct _KLOCK_QUEUE_HANDLE {
    KSPIN_LOCK_QUEUE LockQueue;
    KIRQL OldIrql;
} KLOCK_QUEUE_HANDLE, *PKLOCK_QUEUE_HANDLE;
#endif

/* ---- Levels ------------------------------------------------------------------------------------------------------ */

/* The calling thread's level. */
TAGPOOL_WDK_API KIRQL TAGPOOL_WDK_CALL KeGetCurrentIrql(void);

/* Raises the calling thread's level and gives the one it had, as return value or in *OldIrql. Bug check 0xC4/0x30 (level,
 * level wanted) iff the one wanted is lower than the thread's, or above HIGH_LEVEL. */
TAGPOOL_WDK_API KIRQL TAGPOOL_WDK_FASTCALL KfRaiseIrql(KIRQL NewIrql);
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql);

/* The same, to DISPATCH_LEVEL and to SYNCH_LEVEL: 12, or 27 where pointers have 32 bits. */
TAGPOOL_WDK_API KIRQL TAGPOOL_WDK_CALL KeRaiseIrqlToDpcLevel(void);
TAGPOOL_WDK_API KIRQL TAGPOOL_WDK_CALL KeRaiseIrqlToSynchLevel(void);

/* Lowers the calling thread's level. Bug check 0xC4/0x31 (level, level wanted) iff the one wanted is higher. */
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KfLowerIrql(KIRQL NewIrql);
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL KeLowerIrql(KIRQL NewIrql);

/* ---- Spin locks ---------------------------------------------------------------------------------------------------
 * A lock is one word: 0 while it is free, else it names the thread that holds it.
 *
 * Bug checks of them all, instead of a wait without end or silence: 0x0F (lock, level, word) acquires a lock that this thread
 * holds; 0xC4/0x1002 (lock, word) acquires a word that neither KeInitializeSpinLock() nor a zero ever set; 0x10 (lock, level,
 * word) gives back a lock that this thread does not hold. */

/* Makes *SpinLock a free lock. */
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL KeInitializeSpinLock(PKSPIN_LOCK SpinLock);

/* Raises to DISPATCH_LEVEL, waits for the lock and takes it; gives the level before. Bug check 0xC4/0x42 (level, lock) iff the
 * thread is above DISPATCH_LEVEL. */
TAGPOOL_WDK_API KIRQL TAGPOOL_WDK_CALL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock);
TAGPOOL_WDK_API KIRQL TAGPOOL_WDK_FASTCALL KfAcquireSpinLock(PKSPIN_LOCK SpinLock);
TAGPOOL_WDK_API KIRQL TAGPOOL_WDK_FASTCALL KeAcquireSpinLockForDpc(PKSPIN_LOCK SpinLock);
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL KeAcquireSpinLock(PKSPIN_LOCK SpinLock, PKIRQL OldIrql);

/* Gives the lock back and lowers to `NewIrql`, the level before. Bug check 0xC4/0x32 (level, lock) iff the thread is not at
 * DISPATCH_LEVEL: a second release, often. */
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql);
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KfReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql);
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KeReleaseSpinLockForDpc(PKSPIN_LOCK SpinLock, KIRQL OldIrql);

/* Both for threads at DISPATCH_LEVEL or above, whose level stays. Bug checks 0xC4/0x40 and 0xC4/0x41 (level, lock) iff the thread
 * is below. */
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock);
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KefAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock);
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock);
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KefReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock);

/* As KeAcquireSpinLockAtDpcLevel() if the lock is free, and FALSE at once if it is not. */
TAGPOOL_WDK_API BOOLEAN TAGPOOL_WDK_FASTCALL KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock);

/* Whether the lock is free. */
TAGPOOL_WDK_API BOOLEAN TAGPOOL_WDK_FASTCALL KeTestSpinLock(PKSPIN_LOCK SpinLock);

/* The same locks; *LockHandle remembers lock and level. A release below or above DISPATCH_LEVEL is bug check 0xC4/0x35 (level,
 * lock, level before). Here waiting threads do not form a queue. */
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle);
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle);
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KeAcquireInStackQueuedSpinLockForDpc(PKSPIN_LOCK SpinLock,
                                                                               PKLOCK_QUEUE_HANDLE LockHandle);
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KeReleaseInStackQueuedSpinLockForDpc(PKLOCK_QUEUE_HANDLE LockHandle);
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock,
                                                                                   PKLOCK_QUEUE_HANDLE LockHandle);
TAGPOOL_WDK_API void TAGPOOL_WDK_FASTCALL KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle);

#ifdef __cplusplus
}
#endif

#endif
#endif
