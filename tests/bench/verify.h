/* SPDX-License-Identifier: MIT
 *
 * verify.h: the allocator's own counts against what was done, a first block that is no row's included.
 */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include <stdint.h>

/* Allocates and frees a first block, before resident memory is looked at: so the allocator's code and first structures are there.
 * Allocators that replace malloc had such a block when the program started; this makes them equal. */
void verify_first_block(uint32_t tag);

/* Exits with a message if the allocator counts and has counted anything else, besides such a block. No other thread may allocate
 * meanwhile. */
void verify_counts(uint64_t allocs, uint64_t frees);

#endif
