/* SPDX-License-Identifier: MIT
 *
 * spin.c: spin locks (contracts in spin.h).
 *
 * A held lock's word is the address of the holder's irql_self, whose low bits are free, with a mark in them. A word without the
 * mark was never written here: memory that nobody initialized, or that something else has overwritten.
 */
#include "service/spin.h"

#include "report/bugcheck.h"
#include "service/irql.h"

#define SPIN_LOCK_ALREADY_OWNED 0x0Fu
#define SPIN_LOCK_NOT_OWNED 0x10u
#define DRIVER_VERIFIER_DETECTED_VIOLATION 0xC4u
#define LOCK_NEVER_INITIALIZED 0x1002u

#define SPIN_MARK 0x17u
#define SPIN_MARK_MASK (sizeof(struct irql_self) - 1)
_Static_assert(SPIN_MARK < 64 && sizeof(struct irql_self) == 64, "the mark needs the low bits of an address");

/* How often to look before the processor is left to others: the holder may be waiting for it. */
#define SPIN_LOOKS 100

static uintptr_t spin_word(void)
{
    return (uintptr_t)&irql_self | SPIN_MARK;
}

static bool spin_is_word(uintptr_t word)
{
    return (word & SPIN_MARK_MASK) == SPIN_MARK;
}

static bool spin_take(uintptr_t *lock, uintptr_t *found)
{
    return __atomic_compare_exchange_n(lock, found, spin_word(), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void spin_report(uint32_t code, const uintptr_t *lock, uintptr_t word)
{
    const uintptr_t parameter[4] = {(uintptr_t)lock, irql_now(), word, 0};
    bugcheck_report(code, parameter, NULL, true);
}

static void spin_report_garbage(const uintptr_t *lock, uintptr_t word)
{
    const uintptr_t parameter[4] = {LOCK_NEVER_INITIALIZED, (uintptr_t)lock, word, 0};
    bugcheck_report(DRIVER_VERIFIER_DETECTED_VIOLATION, parameter, NULL, true);
}

static void spin_wait(const uintptr_t *lock, uintptr_t word)
{
    for (unsigned i = 0; i < SPIN_LOOKS; i++)
        if (LOAD(lock) != word)
            return;
    port_yield();
}

void spin_acquire(uintptr_t *lock)
{
    uintptr_t word = 0;
    bool is_garbage = false;
    while (!spin_take(lock, &word)) {
        if (word == spin_word()) {
            spin_report(SPIN_LOCK_ALREADY_OWNED, lock, word);
            return;
        }
        if (word != 0 && !spin_is_word(word)) {
            if (!is_garbage)
                spin_report_garbage(lock, word);
            is_garbage = true; /* what it holds is nobody's, and is replaced in the next round */
        } else if (word != 0) {
            spin_wait(lock, word);
            word = 0;
        }
    }
}

bool spin_try(uintptr_t *lock)
{
    uintptr_t word = 0;
    return spin_take(lock, &word);
}

void spin_release(uintptr_t *lock, bool is_reported)
{
    uintptr_t word = LOAD(lock);
    if (LIKELY(word == spin_word()))
        STORE_RELEASE(lock, 0);
    else if (!is_reported)
        spin_report(SPIN_LOCK_NOT_OWNED, lock, word);
}

bool spin_is_free(const uintptr_t *lock)
{
    return LOAD_ACQUIRE(lock) == 0;
}
