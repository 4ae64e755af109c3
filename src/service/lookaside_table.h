/* SPDX-License-Identifier: MIT
 *
 * lookaside_table.h: which lookaside lists live, and what is done to all of them: depths, option lookaside=bypass, the watch over
 * blocks that hold a list, and the report of what lists keep.
 */
#ifndef SERVICE_LOOKASIDE_TABLE_H
#define SERVICE_LOOKASIDE_TABLE_H

#include "service/lookaside.h"

#define LOOKASIDE_DEPTH_LEAST 4u
#define LOOKASIDE_DEPTH_MOST 256u
#define LOOKASIDE_MISSES 32u /* so many, and a list grows by itself */

/* A list that lives, and how its entries are given back. */
struct lookaside_item {
    lookaside_list *list;
    bool is_ex;
    bool is_lost; /* its structure was overwritten, or its memory is gone: only `list` and `tag` mean something */
    uint32_t tag;
    ULONG misses_answered; /* its AllocateMisses when it last grew by itself */
    union {
        PFREE_FUNCTION plain;
        PFREE_FUNCTION_EX with_list;
    } free;
};

enum lookaside_added { LOOKASIDE_ADDED, LOOKASIDE_THERE, LOOKASIDE_NO_ROOM };

/* Makes `list` a copy of `fresh` and adds it. Without effect if it lives already or there is no memory. */
INTERNAL enum lookaside_added lookaside_table_add(lookaside_list *list, const lookaside_list *fresh, bool is_ex);

/* False iff the list does not live. */
INTERNAL bool lookaside_table_find(const lookaside_list *list, struct lookaside_item *item);
INTERNAL bool lookaside_table_remove(const lookaside_list *list, struct lookaside_item *item);

/* Releases the first `left` entries of a chain: a damaged one ends as well. */
INTERNAL void lookaside_release(const struct lookaside_item *item, void *chain, unsigned left);

#endif
