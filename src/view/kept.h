/* SPDX-License-Identifier: MIT
 *
 * kept.h: the blocks that lookaside lists keep for reuse: outstanding, but no leaks, for deleting the list frees them.
 */
#ifndef VIEW_KEPT_H
#define VIEW_KEPT_H

#include "base/internal.h"

struct kept_seen {
    const void *list;
    uint32_t tag;
    const void *entry; /* or NULL */
    bool is_lost;      /* the list's structure was overwritten, or its memory is gone: nobody knows what it kept */
};

/* Called once for each list that was not deleted, with no entry, and then for each entry it keeps; returns false to go on with
 * the next list. Locks are held: looks at memory only. */
typedef bool kept_visitor(const struct kept_seen *seen, void *context);

/* Visits all lists and their entries. Set by the lookaside lists; NULL while there never was one. */
INTERNAL_OBJECT void (*kept_source)(kept_visitor *visitor, void *context);

/* Called, without a lock, after option lookaside may have changed. Set by the lookaside lists. */
INTERNAL_OBJECT void (*kept_policy_hook)(void);

struct kept_list {
    const void *list;
    uint32_t tag;
    bool is_lost;
    uint64_t blocks, bytes;
};

/* What all lists keep of one tag in one pool. */
struct kept_sum {
    uint32_t tag;
    unsigned pool;
    uint64_t blocks, bytes, charged;
};

/* What the lists keep at one moment. */
struct kept {
    void *memory;
    size_t memory_bytes;
    struct kept_list *lists;
    size_t list_count;
    struct kept_sum *sums;
    size_t sum_count;
    uintptr_t *starts;   /* open hash of where the blocks start */
    unsigned start_bits; /* logarithm of its places */
    size_t blocks, blocks_most, lists_most;
};

/* Looks into all lists. False iff there is no memory for the answer: it is then empty. */
INTERNAL bool kept_take(struct kept *kept);
INTERNAL void kept_release(struct kept *kept);

/* Whether the block that starts there is kept. */
INTERNAL bool kept_has(const struct kept *kept, uintptr_t start);

/* The sum of a tag in a pool; all zero if there is none. */
INTERNAL const struct kept_sum *kept_of(const struct kept *kept, uint32_t tag, unsigned pool);

#endif
