/* SPDX-License-Identifier: MIT
 *
 * spinlock.c: spin locks: their levels, mutual exclusion, and the mistakes that would otherwise be a wait without end. */
#include "../api/test.h"

#include "tagpool/wdk/irql.h"

#include <pthread.h>

static KSPIN_LOCK lock;

/* Was one bug check reported, with these parameters? */
static bool report_is(uint32_t code, uintptr_t first, uintptr_t second, uintptr_t third, uintptr_t fourth)
{
    return mistake(code, first) && caught.parameter[1] == second && caught.parameter[2] == third &&
           caught.parameter[3] == fourth && !caught.has_block;
}

/* 0xC4 (what, level, lock, 0) */
static bool violation(uintptr_t what, uintptr_t level)
{
    return report_is(0xC4, what, level, (uintptr_t)&lock, 0);
}

/* Does what KeInitializeSpinLock() promises: "makes *SpinLock a free lock"; "one word: 0 while the lock is free". */
static void an_initialized_lock_is_free(void **state)
{
    (void)state;
    same(sizeof lock, sizeof(void *));
    lock = 99;
    KeInitializeSpinLock(&lock);
    same(lock, 0);
    check(KeTestSpinLock(&lock));
}

/* "Raises to DISPATCH_LEVEL, waits for the lock and takes it; gives the level before"; "gives the lock back and lowers to
 * `NewIrql`": by each pair of names, from each level from which it is allowed. */
static void acquiring_raises(void **state)
{
    (void)state;
    for (KIRQL from = PASSIVE_LEVEL; from <= DISPATCH_LEVEL; from++)
        for (int names = 0; names < 4; names++) {
            KIRQL old = 99;
            KLOCK_QUEUE_HANDLE handle;
            KfRaiseIrql(from);
            if (names == 0)
                KeAcquireSpinLock(&lock, &old);
            else
                old = names == 1   ? KeAcquireSpinLockRaiseToDpc(&lock)
                      : names == 2 ? KfAcquireSpinLock(&lock)
                                   : KeAcquireSpinLockForDpc(&lock);
            same(old, from);
            same(KeGetCurrentIrql(), DISPATCH_LEVEL);
            check(!KeTestSpinLock(&lock));
            (names == 2   ? KfReleaseSpinLock(&lock, old)
             : names == 3 ? KeReleaseSpinLockForDpc(&lock, old)
                          : KeReleaseSpinLock(&lock, old));
            same(KeGetCurrentIrql(), from);
            check(KeTestSpinLock(&lock));

            (names < 2 ? KeAcquireInStackQueuedSpinLock : KeAcquireInStackQueuedSpinLockForDpc)(&lock, &handle);
            same(handle.OldIrql, from);
            check(handle.LockQueue.Lock == &lock && !KeTestSpinLock(&lock));
            same(KeGetCurrentIrql(), DISPATCH_LEVEL);
            (names < 2 ? KeReleaseInStackQueuedSpinLock : KeReleaseInStackQueuedSpinLockForDpc)(&handle);
            same(KeGetCurrentIrql(), from);
            check(KeTestSpinLock(&lock));
            KfLowerIrql(PASSIVE_LEVEL);
        }
}

/* "Both for threads at DISPATCH_LEVEL or above, whose level stays." */
static void the_level_stays_at_dpc_level(void **state)
{
    KLOCK_QUEUE_HANDLE handle;
    (void)state;
    for (KIRQL level = DISPATCH_LEVEL; level <= HIGH_LEVEL; level++) {
        KfRaiseIrql(level);
        KeAcquireSpinLockAtDpcLevel(&lock);
        check(!KeTestSpinLock(&lock));
        same(KeGetCurrentIrql(), level);
        KeReleaseSpinLockFromDpcLevel(&lock);
        check(KeTestSpinLock(&lock));
        KefAcquireSpinLockAtDpcLevel(&lock);
        check(!KeTestSpinLock(&lock));
        KefReleaseSpinLockFromDpcLevel(&lock);
        check(KeTestSpinLock(&lock));
        KeAcquireInStackQueuedSpinLockAtDpcLevel(&lock, &handle);
        check(!KeTestSpinLock(&lock) && handle.LockQueue.Lock == &lock);
        KeReleaseInStackQueuedSpinLockFromDpcLevel(&handle);
        check(KeTestSpinLock(&lock));
        same(KeGetCurrentIrql(), level);
        KfLowerIrql(PASSIVE_LEVEL);
    }
}

static void *try_there(void *unused)
{
    KfRaiseIrql(DISPATCH_LEVEL);
    bool taken = KeTryToAcquireSpinLockAtDpcLevel(&lock);
    if (taken)
        KeReleaseSpinLockFromDpcLevel(&lock);
    KfLowerIrql(PASSIVE_LEVEL);
    return taken ? unused : NULL;
}

static bool can_be_taken_elsewhere(void)
{
    pthread_t thread;
    void *taken;
    same(pthread_create(&thread, NULL, try_there, &lock), 0);
    same(pthread_join(thread, &taken), 0);
    return taken != NULL;
}

/* "As KeAcquireSpinLockAtDpcLevel() if the lock is free, and FALSE at once if it is not." */
static void trying(void **state)
{
    (void)state;
    KfRaiseIrql(DISPATCH_LEVEL);
    check(KeTryToAcquireSpinLockAtDpcLevel(&lock));
    check(!KeTryToAcquireSpinLockAtDpcLevel(&lock));
    check(!can_be_taken_elsewhere());
    KeReleaseSpinLockFromDpcLevel(&lock);
    check(can_be_taken_elsewhere());
    KfLowerIrql(PASSIVE_LEVEL);
}

enum { THREADS = 4, TURNS = 20000 };
static unsigned long counter;

static void *count(void *number)
{
    for (int i = 0; i < TURNS; i++) {
        KLOCK_QUEUE_HANDLE handle;
        KIRQL old = 0;
        if ((i + *(int *)number) % 2 == 0)
            KeAcquireSpinLock(&lock, &old);
        else
            KeAcquireInStackQueuedSpinLock(&lock, &handle);
        counter++;
        if ((i + *(int *)number) % 2 == 0)
            KeReleaseSpinLock(&lock, old);
        else
            KeReleaseInStackQueuedSpinLock(&handle);
    }
    return NULL;
}

/* A lock is one thread's at a time: threads that count under it lose nothing. */
static void threads_exclude_each_other(void **state)
{
    pthread_t thread[THREADS];
    int number[THREADS];
    (void)state;
    counter = 0;
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        same(pthread_create(&thread[i], NULL, count, &number[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        same(pthread_join(thread[i], NULL), 0);
    same(counter, (unsigned long)THREADS * TURNS);
    check(KeTestSpinLock(&lock));
}

/* "Bug check 0xC4/0x42 (level, lock) iff the thread is above DISPATCH_LEVEL"; "a lock is taken or given back as if the level were
 * right"; "a level that may not be set stays as it was". */
static void acquiring_above_dispatch_level(void **state)
{
    KLOCK_QUEUE_HANDLE handle;
    (void)state;
    KfRaiseIrql(5);
    same(KeAcquireSpinLockRaiseToDpc(&lock), 5);
    check(violation(0x42, 5));
    check(!KeTestSpinLock(&lock));
    same(KeGetCurrentIrql(), 5);
    KeReleaseSpinLock(&lock, 5);
    check(violation(0x32, 5));
    check(KeTestSpinLock(&lock));
    KeAcquireInStackQueuedSpinLock(&lock, &handle);
    check(violation(0x42, 5));
    KeReleaseInStackQueuedSpinLock(&handle);
    check(report_is(0xC4, 0x35, 5, (uintptr_t)&lock, 5));
    check(KeTestSpinLock(&lock));
    same(KeGetCurrentIrql(), 5);
    KfLowerIrql(PASSIVE_LEVEL);
}

/* "Bug check 0xC4/0x32 (level, lock) iff the thread is not at DISPATCH_LEVEL: a second release, often." */
static void releasing_away_from_dispatch_level(void **state)
{
    KIRQL old;
    (void)state;
    KeAcquireSpinLock(&lock, &old);
    KeLowerIrql(APC_LEVEL);
    KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
    check(violation(0x32, 1));
    check(KeTestSpinLock(&lock));
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
    check(violation(0x32, 0));
    KeReleaseSpinLock(&lock, DISPATCH_LEVEL);
    check(violation(0x32, 0));
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* A release whose level is right, but higher than the thread's: 0xC4/0x31. The lock is given back. */
static void releasing_to_a_higher_level(void **state)
{
    KIRQL old;
    (void)state;
    KeAcquireSpinLock(&lock, &old);
    KeReleaseSpinLock(&lock, HIGH_LEVEL);
    check(report_is(0xC4, 0x31, DISPATCH_LEVEL, HIGH_LEVEL, 0));
    check(KeTestSpinLock(&lock));
    KeLowerIrql(old);
}

/* "A release below or above DISPATCH_LEVEL is bug check 0xC4/0x35 (level, lock, level before)." */
static void releasing_a_handle_away_from_dispatch_level(void **state)
{
    KLOCK_QUEUE_HANDLE handle;
    (void)state;
    KfRaiseIrql(APC_LEVEL);
    KeAcquireInStackQueuedSpinLock(&lock, &handle);
    KeLowerIrql(PASSIVE_LEVEL);
    KeReleaseInStackQueuedSpinLock(&handle);
    check(report_is(0xC4, 0x35, PASSIVE_LEVEL, (uintptr_t)&lock, APC_LEVEL));
    check(KeTestSpinLock(&lock));
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* "Bug checks 0xC4/0x40 and 0xC4/0x41 (level, lock) iff the thread is below." */
static void at_dpc_level_but_below(void **state)
{
    KLOCK_QUEUE_HANDLE handle;
    (void)state;
    for (KIRQL level = PASSIVE_LEVEL; level < DISPATCH_LEVEL; level++) {
        KfRaiseIrql(level);
        KeAcquireSpinLockAtDpcLevel(&lock);
        check(violation(0x40, level) && !KeTestSpinLock(&lock));
        KeReleaseSpinLockFromDpcLevel(&lock);
        check(violation(0x41, level) && KeTestSpinLock(&lock));
        KefAcquireSpinLockAtDpcLevel(&lock);
        check(violation(0x40, level) && !KeTestSpinLock(&lock));
        KefReleaseSpinLockFromDpcLevel(&lock);
        check(violation(0x41, level) && KeTestSpinLock(&lock));
        check(KeTryToAcquireSpinLockAtDpcLevel(&lock));
        check(violation(0x40, level) && !KeTestSpinLock(&lock));
        KeReleaseSpinLockFromDpcLevel(&lock);
        check(violation(0x41, level));
        KeAcquireInStackQueuedSpinLockAtDpcLevel(&lock, &handle);
        check(violation(0x40, level) && !KeTestSpinLock(&lock));
        KeReleaseInStackQueuedSpinLockFromDpcLevel(&handle);
        check(violation(0x41, level) && KeTestSpinLock(&lock));
        same(KeGetCurrentIrql(), level);
        KfLowerIrql(PASSIVE_LEVEL);
    }
}

/* "0x0F (lock, level, word) acquires a lock that this thread holds": reported instead of waited for. */
static void acquiring_twice(void **state)
{
    KIRQL first, second;
    (void)state;
    KeAcquireSpinLock(&lock, &first);
    KSPIN_LOCK word = lock;
    KeAcquireSpinLock(&lock, &second);
    check(report_is(0x0F, (uintptr_t)&lock, DISPATCH_LEVEL, word, 0));
    same(second, DISPATCH_LEVEL);
    same(lock, word);
    KeAcquireSpinLockAtDpcLevel(&lock);
    check(report_is(0x0F, (uintptr_t)&lock, DISPATCH_LEVEL, word, 0));
    KeReleaseSpinLock(&lock, first);
    check(KeTestSpinLock(&lock));
}

/* "0x10 (lock, level, word) gives back a lock that this thread does not hold": a free one. */
static void releasing_a_free_lock(void **state)
{
    KIRQL old;
    (void)state;
    KeAcquireSpinLock(&lock, &old);
    KeReleaseSpinLockFromDpcLevel(&lock);
    KeReleaseSpinLock(&lock, old);
    check(report_is(0x10, (uintptr_t)&lock, DISPATCH_LEVEL, 0, 0));
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KfRaiseIrql(HIGH_LEVEL);
    KeReleaseSpinLockFromDpcLevel(&lock);
    check(report_is(0x10, (uintptr_t)&lock, HIGH_LEVEL, 0, 0));
    KfLowerIrql(PASSIVE_LEVEL);
}

static void *release_there(void *unused)
{
    KfRaiseIrql(DISPATCH_LEVEL);
    KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
    return unused;
}

/* ... and another thread's, which that one goes on holding. */
static void releasing_another_threads_lock(void **state)
{
    pthread_t thread;
    KIRQL old;
    (void)state;
    KeAcquireSpinLock(&lock, &old);
    KSPIN_LOCK word = lock;
    same(pthread_create(&thread, NULL, release_there, NULL), 0);
    same(pthread_join(thread, NULL), 0);
    check(report_is(0x10, (uintptr_t)&lock, DISPATCH_LEVEL, word, 0));
    same(lock, word);
    KeReleaseSpinLock(&lock, old);
    check(KeTestSpinLock(&lock));
}

/* "0xC4/0x1002 (lock, word) acquires a word that neither KeInitializeSpinLock() nor a zero ever set". */
static void acquiring_garbage(void **state)
{
    static const unsigned char bytes[] = {0xCD, 0xD5, 0xF7, 0xFF, 0xAA, 0x5A, 0x01};
    KIRQL old;
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        memset(&lock, bytes[i], sizeof lock);
        KSPIN_LOCK word = lock;
        KeAcquireSpinLock(&lock, &old);
        check(report_is(0xC4, 0x1002, (uintptr_t)&lock, word, 0));
        check(lock != word && !KeTestSpinLock(&lock));
        KeReleaseSpinLock(&lock, old);
        check(KeTestSpinLock(&lock));
    }
}

/* The handler may longjmp: the lock is still held, once. */
static void the_handler_jumps_out(void **state)
{
    jmp_buf jump;
    KIRQL old;
    (void)state;
    KeAcquireSpinLock(&lock, &old);
    caught_jump = &jump;
    if (setjmp(jump) == 0) {
        KeAcquireSpinLockAtDpcLevel(&lock);
        fail();
    }
    caught_jump = NULL;
    check(mistake(0x0F, (uintptr_t)&lock));
    same(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
    check(KeTestSpinLock(&lock));
}

static unsigned at_dispatch(void *context)
{
    return context != NULL ? DISPATCH_LEVEL : PASSIVE_LEVEL;
}

/* With a simulator's own level locks exclude and name their mistakes, and levels are the simulator's business. */
static void with_a_hook_only_locks_are_judged(void **state)
{
    KLOCK_QUEUE_HANDLE handle;
    KIRQL old;
    (void)state;
    tagpool_irql_hook_set(at_dispatch, NULL);
    KeAcquireSpinLock(&lock, &old);
    same(old, PASSIVE_LEVEL);
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeAcquireSpinLockAtDpcLevel(&lock);
    check(report_is(0x0F, (uintptr_t)&lock, PASSIVE_LEVEL, lock, 0));
    KeReleaseSpinLock(&lock, old);
    KeReleaseSpinLockFromDpcLevel(&lock);
    check(report_is(0x10, (uintptr_t)&lock, PASSIVE_LEVEL, 0, 0));
    tagpool_irql_hook_set(at_dispatch, &lock);
    KeAcquireInStackQueuedSpinLock(&lock, &handle);
    same(handle.OldIrql, DISPATCH_LEVEL);
    KeReleaseInStackQueuedSpinLock(&handle);
    check(KeTestSpinLock(&lock));
    tagpool_irql_hook_set(NULL, NULL);
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(an_initialized_lock_is_free),
        test(acquiring_raises),
        test(the_level_stays_at_dpc_level),
        test(trying),
        test(threads_exclude_each_other),
        test(acquiring_above_dispatch_level),
        test(releasing_away_from_dispatch_level),
        test(releasing_to_a_higher_level),
        test(releasing_a_handle_away_from_dispatch_level),
        test(at_dpc_level_but_below),
        test(acquiring_twice),
        test(releasing_a_free_lock),
        test(releasing_another_threads_lock),
        test(acquiring_garbage),
        test(the_handler_jumps_out),
        test(with_a_hook_only_locks_are_judged),
    };
    return cmocka_run_group_tests_name("spin locks", tests, NULL, NULL);
}
