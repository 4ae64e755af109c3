/* SPDX-License-Identifier: MIT
 *
 * print.h: tables for people: statistics in PoolMon's columns, and what is outstanding.
 */
#ifndef VIEW_PRINT_H
#define VIEW_PRINT_H

#include "base/internal.h"
#include "tagpool.h"

INTERNAL void print_statistics(enum tagpool_sort sort);

/* Prints the verdict line and, for a leak, tags and up to `most_blocks` blocks. */
INTERNAL enum tagpool_verdict print_verdict(uint64_t most_blocks);

/* Prints that nothing was checked. */
INTERNAL enum tagpool_verdict print_not_checked(void);

#endif
