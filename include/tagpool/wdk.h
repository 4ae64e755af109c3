/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk.h: what surrounds driver code that runs outside its kernel, for whoever runs it: a loader, a simulator, a
 * test. Plain C types; the WDK's routines themselves are declared in tagpool/wdk/.
 *
 * The routines live in an object of their own: a program that names none of them, nor a function of this header, does not
 * link it.
 */
#ifndef TAGPOOL_WDK_H
#define TAGPOOL_WDK_H

#include "tagpool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- IRQL ------------------------------------------------------------------------------------------------------- */

/* Says what the calling thread's IRQL is, for simulators that have their own: 0 PASSIVE_LEVEL, 1 APC_LEVEL,
 * 2 DISPATCH_LEVEL, and device levels above. */
typedef unsigned tagpool_irql_hook(void *context);

/* Sets who is asked for the IRQL; NULL sets the default back: a level of each thread's own, which starts at PASSIVE_LEVEL and
 * changes by KeRaiseIrql() and its relatives. With a hook these change no level and report none: the simulator's own are to be
 * used. Call it while no other thread uses WDK routines. */
TAGPOOL_API void tagpool_irql_hook_set(tagpool_irql_hook *hook, void *context);

/* The calling thread's IRQL. */
TAGPOOL_API unsigned tagpool_irql(void);

/* Sets it without any check, as a move to the processor's CR8 does, which is what KeRaiseIrql() and KeLowerIrql() are in DDK
 * headers for x64. A simulator with a hook calls it after each change of a level, if option force_irql is to see the change. */
TAGPOOL_API void tagpool_irql_set(unsigned level);

/* How often option force_irql has trimmed paged pool: each time a thread came to DISPATCH_LEVEL or above. Then nobody can access
 * paged pool. A thread below DISPATCH_LEVEL that touches it gets it back without noticing; at DISPATCH_LEVEL and above a touch
 * is bug check 0xD1 DRIVER_IRQL_NOT_LESS_OR_EQUAL (address, IRQL, 0 read or 1 write or 8 execute, instruction), and if the
 * handler returns the access is let through. It may longjmp. When all threads are below DISPATCH_LEVEL the pool is as before.
 *
 * That holds for paged blocks of special pool (tagpool/verifier.h), too; what a touch of the pages around them is, or of a freed
 * one, stays as it is without this option.
 *
 * Works by SIGSEGV and SIGBUS, which go on to whoever had them before. A system call does not page in: given trimmed memory it
 * fails with EFAULT. What one thread got back others can touch until the next trim. A trim takes time in proportion to how much
 * of paged pool is in RAM. Under valgrind, add --vex-iropt-register-updates=allregs-at-mem-access. */
TAGPOOL_API uint64_t tagpool_irql_trims(void);

/* ---- Raising ----------------------------------------------------------------------------------------------------- */

/* Called when a routine raises an exception and no __try of the overlay's is there to take it: `status` is the NTSTATUS, as
 * 0xC000009A. It may longjmp or throw a C++ exception; if it returns, the routine returns NULL, or nothing. No lock is held. */
typedef void tagpool_raise_handler(uint32_t status, void *context);

/* Sets the handler; NULL sets the default back: bug check 0x1E KMODE_EXCEPTION_NOT_HANDLED with the status as first
 * parameter. Call it while no other thread raises. */
TAGPOOL_API void tagpool_raise_handler_set(tagpool_raise_handler *handler, void *context);

/* ---- Quota ------------------------------------------------------------------------------------------------------- */

/* Says which process the calling thread works for: any token but NULL, which means the Idle process. */
typedef void *tagpool_process_hook(void *context);

/* Sets who is asked for the current process; NULL sets the default back: one process for all threads. Call it while no other
 * thread uses WDK routines. */
TAGPOOL_API void tagpool_process_hook_set(tagpool_process_hook *hook, void *context);

/* What is charged to one process in one pool. */
struct tagpool_quota {
    uint64_t charged; /* bytes, by quota allocations and PsChargePoolQuota() */
    uint64_t peak;    /* highest `charged` */
    uint64_t limit;   /* 0 for none */
    uint64_t blocks;  /* outstanding blocks that were charged */
};

/* Sets the most that can be charged to `process` in `pool`; 0 for no limit, the default. Fails iff `pool` is neither pool or
 * `process` is NULL (TAGPOOL_EINVAL), or there is no memory (TAGPOOL_ENOMEM). */
TAGPOOL_API int tagpool_quota_limit_set(void *process, enum tagpool_pool pool, uint64_t bytes);

/* What is charged now; all zero for a process that was never charged nor limited. Fails iff `pool` is neither pool
 * (TAGPOOL_EINVAL). */
TAGPOOL_API int tagpool_quota_stats(void *process, enum tagpool_pool pool, struct tagpool_quota *quota);

/* ---- Low and high pool conditions --------------------------------------------------------------------------------- */

/* The system's notification events \KernelObjects\LowPagedPoolCondition and its three relatives. A pool is low while less
 * than an eighth of its limit is free, high while more than half is; a pool without limit is always high. */
enum tagpool_condition {
    TAGPOOL_LOW_NONPAGED,
    TAGPOOL_HIGH_NONPAGED,
    TAGPOOL_LOW_PAGED,
    TAGPOOL_HIGH_PAGED,
};

/* Whether the condition holds now. False for a `condition` that is none. */
TAGPOOL_API bool tagpool_condition(enum tagpool_condition condition);

/* Called when a condition begins or ends to hold, on the thread whose operation did it, with no lock held. May use
 * pool, and must return. What it changes itself, and what others change meanwhile, it is told next, after it has returned. */
typedef void tagpool_condition_handler(enum tagpool_condition condition, bool holds, void *context);

/* Sets who is told; NULL for nobody. Call it while no other thread uses pool. */
TAGPOOL_API void tagpool_condition_handler_set(tagpool_condition_handler *handler, void *context);

#ifdef __cplusplus
}
#endif

#endif
