/* SPDX-License-Identifier: MIT
 *
 * lookaside.h: lookaside lists of all kinds. They share one layout; those of kind Ex tell their functions the list.
 */
#ifndef SERVICE_LOOKASIDE_H
#define SERVICE_LOOKASIDE_H

#include "base/internal.h"
#include "tagpool/wdk/types.h"

typedef GENERAL_LOOKASIDE_POOL lookaside_list;

enum lookaside_result { LOOKASIDE_DONE, LOOKASIDE_REPORTED, LOOKASIDE_NO_MEMORY };

/* Makes `list` an empty list that is like `model` in Type, Tag and functions, with entries of `bytes` bytes. `irql_most`: the
 * highest level for this call. */
INTERNAL enum lookaside_result lookaside_initialize(lookaside_list *list, const lookaside_list *model, bool is_ex, size_t bytes,
                                                    unsigned irql_most);

INTERNAL void *lookaside_allocate(lookaside_list *list, bool is_ex);
INTERNAL void lookaside_free(lookaside_list *list, bool is_ex, void *entry);
INTERNAL void lookaside_delete(lookaside_list *list);
INTERNAL void lookaside_flush(lookaside_list *list);

/* Adjusts the depth of every list to its use since the last call. */
INTERNAL void lookaside_adjust_all(void);

/* Visits every list, in no order, none of which is deleted meanwhile, but those whose structure was overwritten; the visitor
 * takes no lock. */
typedef void lookaside_visitor(lookaside_list *list, void *context);
INTERNAL void lookaside_each(lookaside_visitor *visitor, void *context);

#endif
