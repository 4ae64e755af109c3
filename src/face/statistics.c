/* SPDX-License-Identifier: MIT
 *
 * statistics.c: the public names of statistics and snapshots (contracts in tagpool.h).
 */
#include "face/face.h"
#include "base/tag.h"
#include "pool/pool.h"
#include "view/print.h"
#include "view/rows.h"
#include "view/snapshot.h"

static bool pool_is_started(void)
{
    return LOAD_ACQUIRE(&pool_state.started) != 0;
}

int tagpool_tag_stats(uint32_t tag, enum tagpool_pool pool, struct tagpool_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    if ((unsigned)pool >= POOLS)
        return TAGPOOL_EINVAL;
    uint32_t tag_index = pool_is_started() ? ledger_find(tag & ~TAG_PROTECTED) : LEDGER_ROWS;
    if (tag_index == LEDGER_ROWS)
        return TAGPOOL_ENOTFOUND;
    (void)rows_stats(tag_index, pool, stats);
    return TAGPOOL_OK;
}

int tagpool_pool_stats(enum tagpool_pool pool, struct tagpool_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    if ((unsigned)pool >= POOLS)
        return TAGPOOL_EINVAL;
    uint32_t indices = pool_is_started() ? rows_indices() : 0;
    for (uint32_t i = 0; i < indices; i++) {
        struct tagpool_stats row;
        (void)rows_stats(rows_index(i), pool, &row);
        rows_add(stats, &row);
    }
    return TAGPOOL_OK;
}

void tagpool_total_stats(struct tagpool_stats *stats)
{
    struct tagpool_stats paged;
    (void)tagpool_pool_stats(TAGPOOL_NONPAGED, stats);
    (void)tagpool_pool_stats(TAGPOOL_PAGED, &paged);
    rows_add(stats, &paged);
}

size_t tagpool_rows(struct tagpool_row *rows, size_t capacity, enum tagpool_sort sort)
{
    return pool_is_started() ? rows_sorted(rows, capacity, sort) : 0;
}

void tagpool_print(enum tagpool_sort sort)
{
    if (face_start())
        print_statistics(sort);
}

struct tagpool_snapshot *tagpool_snapshot_take(void)
{
    return snapshot_take(pool_is_started());
}

void tagpool_snapshot_release(struct tagpool_snapshot *snapshot)
{
    snapshot_release(snapshot);
}

const struct tagpool_row *tagpool_snapshot_rows(const struct tagpool_snapshot *snapshot, size_t *count)
{
    return snapshot_rows(snapshot, count);
}

size_t tagpool_snapshot_diff(const struct tagpool_snapshot *earlier, const struct tagpool_snapshot *later,
                             struct tagpool_change *changes, size_t capacity)
{
    return snapshot_diff(earlier, later, changes, capacity);
}
