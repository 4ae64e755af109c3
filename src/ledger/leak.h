/* SPDX-License-Identifier: MIT
 *
 * leak.h: lists of blocks that are left, with what is known of each: by call site, and how to stop at one in the next run.
 */
#ifndef LEDGER_LEAK_H
#define LEDGER_LEAK_H

#include "ledger/record.h"
#include "report/option.h"

/* A block that is left. `record` has its address; its flags say whether it is tracked. */
struct leak {
    struct record record;
    size_t bytes; /* requested */
    uint32_t tag;
    unsigned pool;
};

/* Blocks [0, count), as far as there is room. */
struct leak_list {
    struct leak *leaks;
    size_t count, room;
    size_t memory_bytes;
};

/* How the run at hand was told to keep stacks: the next run must do the same. */
INTERNAL void leak_options(const struct verifier_options *options);

/* An empty list with room for `most` blocks, or for none if there is no memory. */
INTERNAL void leak_open(struct leak_list *list, size_t most);
INTERNAL void leak_close(struct leak_list *list);

INTERNAL void leak_add(struct leak_list *list, const struct record *record, uint32_t tag, unsigned pool, size_t bytes);

/* Sorts the list by call sites and prints up to `most_blocks` blocks of it; returns how many it did not print. */
INTERNAL uint64_t leak_print(struct leak_list *list, uint64_t most_blocks);

#endif
