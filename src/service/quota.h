/* SPDX-License-Identifier: MIT
 *
 * quota.h: what is charged to which process.
 */
#ifndef SERVICE_QUOTA_H
#define SERVICE_QUOTA_H

#include "base/internal.h"

enum quota_answer { QUOTA_CHARGED, QUOTA_EXCEEDED, QUOTA_NO_MEMORY };

/* The current process, by the user's hook; NULL for the Idle process. */
INTERNAL void *quota_process(void);

/* Charges all of `bytes` or nothing. `blocks` 1 if they are a block's, 0 otherwise. pre: process != NULL. */
INTERNAL enum quota_answer quota_charge(void *process, unsigned pool, uint64_t bytes, unsigned blocks);

/* Gives back, and returns 0; if less than `bytes` is charged, gives nothing back and returns by how much less. */
INTERNAL uint64_t quota_return(void *process, unsigned pool, uint64_t bytes, unsigned blocks);

/* Ties what was charged to a new block, so that it is given back when the block is freed. False iff there is no memory. */
INTERNAL bool quota_tie(const void *block, void *process, size_t bytes);

#endif
