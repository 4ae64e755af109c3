/* SPDX-License-Identifier: MIT
 *
 * trial.h: open tests, as the verifier sees them: whose an operation is, and what each tag did in it.
 *
 * An operation is the test's that its thread runs or has joined; a thread of no test works for the only one that is open. While
 * several are, nobody can say whose it is: its blocks are strays.
 */
#ifndef LEDGER_TRIAL_H
#define LEDGER_TRIAL_H

#include "ledger/event.h"
#include "port/port.h"

#define TRIALS_MOST (TAGPOOL_BARE ? 1u : 64u)
#define TRIAL_NONE 0u           /* no test was open */
#define TRIAL_STRAY 0xFFFFFFFFu /* several were */

/* What one tag did in a test. Operations: by the test's threads, whoever's the blocks. Blocks: the test's own, whoever freed
 * them. */
struct trial_counts {
    uint64_t allocs, frees;
    uint64_t bytes_in, bytes_out;
    uint64_t left, peak; /* bytes of its own blocks */
};

/* The number of the test that this thread runs or has joined; one that is closed counts as none. */
INTERNAL_OBJECT PORT_THREAD_LOCAL uint32_t trial_mine;

enum trial_refusal { TRIAL_OPENED, TRIAL_TOO_MANY, TRIAL_NO_MEMORY };

/* Opens a test; *number, which no test had before, says which of the TRIALS_MOST places is its: the remainder. */
INTERNAL enum trial_refusal trial_open(uint32_t *number);
INTERNAL void trial_close(uint32_t number);

/* The test whose what this thread does is, TRIAL_NONE or TRIAL_STRAY. */
INTERNAL uint32_t trial_current(void);

/* Counts an allocation, which succeeded, and returns whose it is, to be kept with the block. */
INTERNAL uint32_t trial_alloc(uint32_t tag_index, size_t bytes);

/* Counts a free; and that a block is gone which trial_alloc() said to be of test `owner`. */
INTERNAL void trial_free(uint32_t tag_index, size_t bytes);
INTERNAL void trial_forget(uint32_t owner, uint32_t tag_index, size_t bytes);

/* The counts of a tag in a test; all zero if it was not used there, or the test is not open. */
INTERNAL void trial_read(uint32_t number, uint32_t tag_index, struct trial_counts *counts);

/* Around a fork; in the child, the tests of threads that it does not have are closed. */
INTERNAL void trial_lock(void);
INTERNAL void trial_unlock(void);
INTERNAL void trial_forked(void);

#endif
