/* SPDX-License-Identifier: MIT
 *
 * scope.h: which of the blocks allocated since a mark are left: of some tags, a driver, a thread, a test.
 */
#ifndef VIEW_SCOPE_H
#define VIEW_SCOPE_H

#include "base/mask.h"
#include "base/text.h"
#include "tagpool.h"

struct driver;

/* What can be said in words. */
struct scope_filter {
    struct tag_masks tags;       /* any of these; without one all */
    const struct driver *driver; /* NULL: whoever's */
    uint64_t thread;             /* the number of the thread that allocated; 0: any */
};

struct scope {
    struct scope_filter filter;
    const struct scope_filter *except; /* what matches one of these is not in the scope */
    size_t except_count;
    uint64_t mark;
    uint64_t told_from, told_to; /* blocks allocated after the one and not after the other are left out */
    uint32_t trial;     /* blocks of this test, and those from before it; TRIAL_NONE: everybody's */
    uint64_t trial_mark; /* where it began */
};

struct scope_sum {
    uint64_t blocks, bytes; /* requested */
    uint64_t strays;        /* blocks that would be in the scope if anybody knew whose they are */
    bool is_complete;       /* false: there was no memory to leave out what lookaside lists keep */
};

/* Reads a scope in words separated by blanks: masks of tags, driver=NAME, thread=self, thread=NUMBER. False, after adding to
 * `why` what is wrong, iff it is none. */
INTERNAL bool scope_read(const char *words, struct scope_filter *filter, struct text *why);

/* Counts the blocks that are left. What a lookaside list keeps is not. */
INTERNAL void scope_sum(const struct scope *scope, struct scope_sum *sum);

/* Prints them: a table by tag, pool and call site, then at most `most_blocks` as leak reports do, and how many are cut. */
INTERNAL void scope_print(const struct scope *scope, uint64_t most_blocks);

#endif
