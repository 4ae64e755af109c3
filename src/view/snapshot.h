/* SPDX-License-Identifier: MIT
 *
 * snapshot.h: snapshots and their difference; contracts in tagpool.h.
 */
#ifndef VIEW_SNAPSHOT_H
#define VIEW_SNAPSHOT_H

#include "base/internal.h"
#include "tagpool.h"

/* An empty snapshot if the library has not started. */
INTERNAL struct tagpool_snapshot *snapshot_take(bool started);
INTERNAL void snapshot_release(struct tagpool_snapshot *snapshot);
INTERNAL const struct tagpool_row *snapshot_rows(const struct tagpool_snapshot *snapshot, size_t *count);
INTERNAL size_t snapshot_diff(const struct tagpool_snapshot *earlier, const struct tagpool_snapshot *later,
                              struct tagpool_change *changes, size_t capacity);

#endif
