/* SPDX-License-Identifier: MIT
 *
 * checker.h: what a checker of memory accesses (port.h) is told of blocks: valgrind's memcheck, AddressSanitizer, LeakSanitizer.
 *
 * FEATURE_CHECKER is on for good, from before the first allocation, if one is present and option checker says auto. Then the
 * memory of pools is hidden: nobody may access it, but for the requested bytes of live blocks. So the fast paths are closed, and
 * each block is told when it is handed out and taken back. The library itself touches hidden bytes in pattern.c only. Blocks of
 * special pool are told to memcheck, for leaks; their pages do the rest, and better.
 */
#ifndef POOL_CHECKER_H
#define POOL_CHECKER_H

#include "pool/pool.h"

/* Puts the feature on. pre: port_checkers_find() has found one; the pools have address space, and nobody has any of it. */
INTERNAL void checker_start(void);

static inline bool checker_is_on(void)
{
    return (LOAD(&pool_state.features) & FEATURE_CHECKER) != 0;
}

/* The next four: pre: checker_is_on(). */

/* A block is about to be handed out. `is_zeroed`: its contents are the caller's business, for they read zero as he asked. */
INTERNAL void checker_alloc(const void *block, size_t bytes, bool is_zeroed, bool is_special);

/* A live block is about to be taken back. */
INTERNAL void checker_free(const struct place *place);

/* Frees a slot of one's own such that it is not handed out again at once: a checker sees a use after free until then. False iff
 * another thread was faster. */
INTERNAL bool checker_put(struct heap *heap, const struct place *place, uint32_t state);

/* The pages of a block of special pool are the library's: it writes patterns around the block. */
INTERNAL void checker_open(const struct special_block *special);

/* What the library has written to a block for want of better is not what the caller may read. */
static inline void checker_undefine(const void *block, size_t bytes)
{
    if (checker_is_on())
        port_checkers_undefine(block, bytes);
}

#endif
