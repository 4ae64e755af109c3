/* SPDX-License-Identifier: MIT
 *
 * fault_stack.h: systematic faults: which call stacks have asked for memory before, in this run or, by a log, in earlier ones.
 *
 * A stack is new once. It is known by its frames relative to their modules, so by the text of its line in the log
 * (fault_log.h): two stacks with one 64-bit hash are taken for one.
 */
#ifndef LEDGER_FAULT_STACK_H
#define LEDGER_FAULT_STACK_H

#include "ledger/event.h"
#include "ledger/fault_log.h"
#include "report/option.h"

enum fault_stack { FAULT_STACK_KNOWN, FAULT_STACK_NEW, FAULT_STACK_EXCLUDED };

/* When stacks begin to be told apart, or another log is named: forgets all stacks, and reads the log if there is one. False iff
 * there is no memory for that. pre: one thread at a time. */
INTERNAL bool fault_stack_options(const struct verifier_options *options);

/* What the event's stack is. A new one is known from now on; it goes into the log with `action`. No lock is held. */
INTERNAL enum fault_stack fault_stack_meet(struct event *event, enum fault_action action);

/* Around a fork: see record.h. */
INTERNAL void fault_stack_lock(void);
INTERNAL void fault_stack_unlock(void);

#endif
