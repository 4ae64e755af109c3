/* SPDX-License-Identifier: MIT
 *
 * rows.h: the ledger as rows of statistics.
 */
#ifndef VIEW_ROWS_H
#define VIEW_ROWS_H

#include "base/internal.h"
#include "tagpool.h"

/* Statistics of one tag index in one pool. False iff nothing was ever asked for there: there is then no row. */
INTERNAL bool rows_stats(uint32_t tag_index, enum tagpool_pool pool, struct tagpool_stats *stats);

INTERNAL void rows_add(struct tagpool_stats *sum, const struct tagpool_stats *stats);

/* Tag indices in the order of registration: 0 to rows_indices() - 1 through rows_index(). The overflow row is the last. */
INTERNAL uint32_t rows_indices(void);
INTERNAL uint32_t rows_index(uint32_t position);

/* As tagpool_rows(). */
INTERNAL size_t rows_sorted(struct tagpool_row *rows, size_t capacity, enum tagpool_sort sort);

#endif
