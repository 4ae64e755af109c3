/* SPDX-License-Identifier: MIT
 *
 * irql.c: levels of threads: raising, lowering, mistakes, and a simulator's own. */
#include "../api/test.h"

#include "tagpool/wdk/irql.h"

#include <pthread.h>

static const KIRQL highest = HIGH_LEVEL;

/* Was one bug check 0xC4 reported, with these parameters? */
static bool violation(uintptr_t first, uintptr_t second, uintptr_t third, uintptr_t fourth)
{
    return mistake(0xC4, first) && caught.parameter[1] == second && caught.parameter[2] == third &&
           caught.parameter[3] == fourth && !caught.has_block;
}

/* "Each thread has a level of its own, which starts at PASSIVE_LEVEL"; levels are 0, 1, 2 and 15, or 31 on 32 bits. */
static void a_thread_starts_at_passive_level(void **state)
{
    (void)state;
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
    same(PASSIVE_LEVEL, 0);
    same(APC_LEVEL, 1);
    same(DISPATCH_LEVEL, 2);
    same(highest, sizeof(void *) == 8 ? 15 : 31);
}

/* "Raises the calling thread's level and gives the one it had, as return value or in *OldIrql"; "lowers the calling thread's
 * level": every level from every lower one, by each name. */
static void raising_and_lowering(void **state)
{
    (void)state;
    for (unsigned low = 0; low <= highest; low++)
        for (unsigned high = low; high <= highest; high++) {
            KIRQL old = 99;
            same(KfRaiseIrql((KIRQL)low), PASSIVE_LEVEL);
            same(KeGetCurrentIrql(), low);
            KeRaiseIrql((KIRQL)high, &old);
            same(old, low);
            same(KeGetCurrentIrql(), high);
            KeLowerIrql(old);
            same(KeGetCurrentIrql(), low);
            KfLowerIrql(PASSIVE_LEVEL);
            same(KeGetCurrentIrql(), PASSIVE_LEVEL);
        }
}

/* "The same, to DISPATCH_LEVEL and to SYNCH_LEVEL: 12, or 27 where pointers have 32 bits." */
static void raising_to_named_levels(void **state)
{
    (void)state;
    same(KfRaiseIrql(APC_LEVEL), PASSIVE_LEVEL);
    same(KeRaiseIrqlToDpcLevel(), APC_LEVEL);
    same(KeGetCurrentIrql(), DISPATCH_LEVEL);
    same(KeRaiseIrqlToSynchLevel(), DISPATCH_LEVEL);
    same(KeGetCurrentIrql(), sizeof(void *) == 8 ? 12 : 27);
    KeLowerIrql(PASSIVE_LEVEL);
}

/* Each is a function: a driver may take its address, and use KeRaiseIrql() as the DDK's macro of that name. */
static void routines_have_addresses(void **state)
{
    (void)state;
    KIRQL(TAGPOOL_WDK_FASTCALL * raise_it)(KIRQL) = KfRaiseIrql;
    void(TAGPOOL_WDK_CALL * lower_it)(KIRQL) = KeLowerIrql;
    KIRQL old;
    if (KeGetCurrentIrql() == PASSIVE_LEVEL)
        KeRaiseIrql(APC_LEVEL, &old);
    else
        old = 99;
    same(old, PASSIVE_LEVEL);
    same(raise_it(DISPATCH_LEVEL), APC_LEVEL);
    lower_it(old);
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* "Bug check 0xC4/0x30 (level, level wanted) iff the one wanted is lower than the thread's": "a level that may not be set stays
 * as it was". */
static void raising_to_a_lower_level(void **state)
{
    KIRQL old = 99;
    (void)state;
    KfRaiseIrql(5);
    same(KfRaiseIrql(4), 5);
    check(violation(0x30, 5, 4, 0));
    same(KeGetCurrentIrql(), 5);
    KeRaiseIrql(PASSIVE_LEVEL, &old);
    check(violation(0x30, 5, 0, 0));
    same(old, 5);
    same(KeRaiseIrqlToDpcLevel(), 5);
    check(violation(0x30, 5, 2, 0));
    KfRaiseIrql(highest);
    same(KeRaiseIrqlToSynchLevel(), highest);
    check(violation(0x30, highest, sizeof(void *) == 8 ? 12 : 27, 0));
    same(KeGetCurrentIrql(), highest);
    same(KfRaiseIrql(highest), highest);
    KeLowerIrql(PASSIVE_LEVEL);
}

/* "... or above HIGH_LEVEL". */
static void raising_above_high_level(void **state)
{
    (void)state;
    same(KfRaiseIrql((KIRQL)(highest + 1)), PASSIVE_LEVEL);
    check(violation(0x30, 0, highest + 1u, 0));
    same(KfRaiseIrql(255), PASSIVE_LEVEL);
    check(violation(0x30, 0, 255, 0));
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* "Bug check 0xC4/0x31 (level, level wanted) iff the one wanted is higher." */
static void lowering_to_a_higher_level(void **state)
{
    (void)state;
    KeLowerIrql(PASSIVE_LEVEL);
    KeLowerIrql(APC_LEVEL);
    check(violation(0x31, 0, 1, 0));
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KfRaiseIrql(DISPATCH_LEVEL);
    KfLowerIrql(highest);
    check(violation(0x31, 2, highest, 0));
    KfLowerIrql(255);
    check(violation(0x31, 2, 255, 0));
    same(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KfLowerIrql(DISPATCH_LEVEL);
    KfLowerIrql(PASSIVE_LEVEL);
}

/* The handler may longjmp: the level is what it was before the mistake. */
static void the_handler_jumps_out(void **state)
{
    jmp_buf jump;
    (void)state;
    KfRaiseIrql(DISPATCH_LEVEL);
    caught_jump = &jump;
    if (setjmp(jump) == 0) {
        KfRaiseIrql(PASSIVE_LEVEL);
        fail();
    }
    caught_jump = NULL;
    check(violation(0x30, 2, 0, 0));
    same(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KfLowerIrql(PASSIVE_LEVEL);
}

static void *raise_elsewhere(void *level)
{
    bool right = KeGetCurrentIrql() == PASSIVE_LEVEL;
    KfRaiseIrql(APC_LEVEL);
    *(KIRQL *)level = KeGetCurrentIrql();
    return right ? level : NULL;
}

/* "Each thread has a level of its own". */
static void threads_have_levels_of_their_own(void **state)
{
    pthread_t thread;
    KIRQL there = 99;
    void *right;
    (void)state;
    KfRaiseIrql(DISPATCH_LEVEL);
    same(pthread_create(&thread, NULL, raise_elsewhere, &there), 0);
    same(pthread_join(thread, &right), 0);
    check(right == &there);
    same(there, APC_LEVEL);
    same(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KfLowerIrql(PASSIVE_LEVEL);
}

static unsigned simulated(void *context)
{
    return *(unsigned *)context;
}

/* "Sets who is asked for the IRQL"; "with a hook these change no level and report none"; "NULL sets the default back". */
static void a_simulator_has_its_own_level(void **state)
{
    static unsigned level = 7;
    KIRQL old;
    (void)state;
    KfRaiseIrql(APC_LEVEL);
    tagpool_irql_hook_set(simulated, &level);
    same(KeGetCurrentIrql(), 7);
    same(tagpool_irql(), 7);
    level = DISPATCH_LEVEL;
    same(tagpool_irql(), DISPATCH_LEVEL);
    same(KfRaiseIrql(PASSIVE_LEVEL), DISPATCH_LEVEL);
    KeRaiseIrql(highest, &old);
    same(old, DISPATCH_LEVEL);
    KeLowerIrql(200);
    tagpool_irql_set(9);
    same(KeGetCurrentIrql(), DISPATCH_LEVEL);
    tagpool_irql_hook_set(NULL, NULL);
    same(KeGetCurrentIrql(), APC_LEVEL);
    KeLowerIrql(PASSIVE_LEVEL);
}

/* "Sets it without any check, as a move to the processor's CR8 does". */
static void a_level_set_like_cr8(void **state)
{
    (void)state;
    tagpool_irql_set(DISPATCH_LEVEL);
    same(tagpool_irql(), DISPATCH_LEVEL);
    same(KeGetCurrentIrql(), DISPATCH_LEVEL);
    tagpool_irql_set(highest);
    same(tagpool_irql(), highest);
    tagpool_irql_set(APC_LEVEL);
    same(tagpool_irql(), APC_LEVEL);
    tagpool_irql_set(PASSIVE_LEVEL);
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

/* Levels do nothing to the pools while option force_irql is off: no trims. */
static void without_the_option_nothing_is_trimmed(void **state)
{
    (void)state;
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, 100, fresh_tag());
    KfRaiseIrql(DISPATCH_LEVEL);
    block[0] = 1;
    KfLowerIrql(PASSIVE_LEVEL);
    same(tagpool_irql_trims(), 0);
    tagpool_free((void *)block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_thread_starts_at_passive_level), test(raising_and_lowering),
        test(raising_to_named_levels),          test(routines_have_addresses),
        test(raising_to_a_lower_level),         test(raising_above_high_level),
        test(lowering_to_a_higher_level),       test(the_handler_jumps_out),
        test(threads_have_levels_of_their_own), test(a_simulator_has_its_own_level),
        test(a_level_set_like_cr8),             test(without_the_option_nothing_is_trimmed),
    };
    return cmocka_run_group_tests_name("IRQL", tests, NULL, NULL);
}
