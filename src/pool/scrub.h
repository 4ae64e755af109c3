/* SPDX-License-Identifier: MIT
 *
 * scrub.h: the scrubber: looks at blocks, some at each call, for damage that would else be seen when they are freed or
 * handed out.
 *
 * It takes no lock that allocations and frees take but that of records, and they wait for nothing. Whoever changes what the
 * scrubber compares (patterns, records, notes that speak of either) says so before and after; a damage that was seen meanwhile
 * is looked at again. None of this is on a fast path: what has a pattern or a record is never allocated or freed there, and what
 * is taken from there has by then another note.
 */
#ifndef POOL_SCRUB_H
#define POOL_SCRUB_H

#include "base/internal.h"

/* Around a change at a block's start. Both may be nested, and left by longjmp: then the block is never again found damaged. */
INTERNAL void scrub_begin(uintptr_t start);
INTERNAL void scrub_end(uintptr_t start);

/* As tagpool_scrub(). pre: the pools have started. */
INTERNAL size_t scrub_blocks(size_t blocks, size_t *findings);

/* Around a fork: nobody scrubs between the two. Taken before all other locks of the core. */
INTERNAL void scrub_lock(void);
INTERNAL void scrub_unlock(void);

/* In the child: the changes of threads that it does not have will never end. */
INTERNAL void scrub_forked(void);

#endif
