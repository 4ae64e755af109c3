/* SPDX-License-Identifier: MIT
 *
 * print.h: tables for people: statistics in PoolMon's columns, and what is outstanding.
 */
#ifndef VIEW_PRINT_H
#define VIEW_PRINT_H

#include "base/internal.h"
#include "tagpool.h"

INTERNAL void print_statistics(enum tagpool_sort sort);

/* Prints the verdict line and, for a leak, tags and up to `most_blocks` blocks; then what lookaside lists keep, which is no
 * leak. */
INTERNAL enum tagpool_verdict print_verdict(uint64_t most_blocks);

/* The same at the end, when every lookaside list should have been deleted: one that was not is a leak. */
INTERNAL enum tagpool_verdict print_last_verdict(uint64_t most_blocks);

/* Prints that nothing was checked. */
INTERNAL enum tagpool_verdict print_not_checked(void);

#endif
