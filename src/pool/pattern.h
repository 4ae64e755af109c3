/* SPDX-License-Identifier: MIT
 *
 * pattern.h: known bytes where nobody should write: behind a block, and in a freed one.
 */
#ifndef POOL_PATTERN_H
#define POOL_PATTERN_H

#include "base/internal.h"

INTERNAL void pattern_fill_tail(void *block, size_t bytes, size_t charged);
INTERNAL bool pattern_is_tail(const void *block, size_t bytes, size_t charged);

/* The first wrong byte behind the block, or the pattern's own if none is. */
INTERNAL unsigned pattern_tail_damage(const void *block, size_t bytes, size_t charged);

INTERNAL void pattern_fill_freed(void *block, size_t charged);
INTERNAL bool pattern_is_freed(const void *block, size_t charged);

/* The offset of the first wrong byte of a freed block. */
INTERNAL size_t pattern_freed_damage(const void *block, size_t charged);

#endif
