/* SPDX-License-Identifier: MIT
 *
 * leak.h: lists of blocks that are left, with what is known of each: by call site, and how to stop at one in the next run.
 */
#ifndef LEDGER_LEAK_H
#define LEDGER_LEAK_H

#include "base/text.h"
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

/* Sorts the list by tag, pool and call site and prints a table of these, up to `most_rows`: blocks, bytes, where they were
 * allocated, which of the allocations made there they are, and how to stop at the first. Then the rest of what leak_print()
 * prints. So what a reader needs comes first, should the message be cut. */
INTERNAL void leak_print_table(struct leak_list *list, uint64_t most_rows);
INTERNAL uint64_t leak_print_after_table(struct leak_list *list, uint64_t most_blocks);

/* What leak.c and leak_table.c share. Two blocks of one call site of a tag; sorting; "2nd and 5th of 5 allocations"; the options
 * with which the next run stops at an allocation. */
INTERNAL bool leak_is_same_site(const struct leak *a, const struct leak *b);
INTERNAL void leak_sort(struct leak *leaks, size_t count, bool (*is_before)(const struct leak *a, const struct leak *b));
INTERNAL void leak_print_stop(const struct leak *leak, struct text *line);
INTERNAL void leak_add_ordinals(const struct leak *leaks, size_t count, struct text *line);

/* Where a stack's innermost frame lies: module and offset. */
INTERNAL void leak_add_frame(uintptr_t frame, struct text *line);

#endif
