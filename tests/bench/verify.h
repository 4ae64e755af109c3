/* SPDX-License-Identifier: MIT
 *
 * verify.h: the allocator's own counts against what was done.
 */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include <stdint.h>

/* Exits with a message if the allocator counts and has counted anything else. No other thread may allocate meanwhile. */
void verify_counts(uint64_t allocs, uint64_t frees);

#endif
