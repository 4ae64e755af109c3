/* SPDX-License-Identifier: MIT
 *
 * scope.h: which of the blocks allocated since a mark are left: of some tags, one driver, some threads.
 */
#ifndef VIEW_SCOPE_H
#define VIEW_SCOPE_H

#include "base/mask.h"
#include "tagpool.h"

#define SCOPE_THREADS_MOST 64u

struct driver;

struct scope {
    uint64_t mark;
    struct tag_mask tags;
    const struct driver *driver; /* NULL: whoever's */
    const uint64_t *threads;     /* numbers of those whose allocations count */
    size_t thread_count;         /* 0: all threads' do */
};

struct scope_sum {
    uint64_t blocks, bytes; /* requested */
};

/* Counts the blocks that are left. What a lookaside list keeps is not. */
INTERNAL void scope_sum(const struct scope *scope, struct scope_sum *sum);

/* Prints them by call site, at most `most_blocks`, as leak reports do, and how many are cut. */
INTERNAL void scope_print(const struct scope *scope, uint64_t most_blocks);

#endif
