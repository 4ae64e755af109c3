/* SPDX-License-Identifier: MIT
 *
 * snapshot.c: all rows at one moment, kept; and the difference of two.
 */
#include "view/snapshot.h"

#include "base/tag.h"
#include "port/port.h"
#include "view/rows.h"

struct tagpool_snapshot {
    size_t bytes; /* of the mapping */
    size_t count;
    struct tagpool_row rows[];
};

struct tagpool_snapshot *snapshot_take(bool started)
{
    /* Room for tags that other threads add between counting and reading; what comes later still is left out. */
    size_t capacity = started ? rows_sorted(NULL, 0, TAGPOOL_BY_TAG) + 64 : 0;
    size_t bytes = round_up(sizeof(struct tagpool_snapshot) + capacity * sizeof(struct tagpool_row), PORT_UNIT_BYTES);
    struct tagpool_snapshot *snapshot = port_reserve(bytes);
    if (snapshot == NULL)
        return NULL;
    if (!port_commit(snapshot, bytes)) {
        port_release(snapshot, bytes);
        return NULL;
    }
    size_t count = started ? rows_sorted(snapshot->rows, capacity, TAGPOOL_BY_TAG) : 0;
    snapshot->bytes = bytes;
    snapshot->count = count < capacity ? count : capacity;
    return snapshot;
}

void snapshot_release(struct tagpool_snapshot *snapshot)
{
    if (snapshot != NULL)
        port_release(snapshot, snapshot->bytes);
}

const struct tagpool_row *snapshot_rows(const struct tagpool_snapshot *snapshot, size_t *count)
{
    *count = snapshot->count;
    return snapshot->rows;
}

static int64_t change(uint64_t later, uint64_t earlier)
{
    return (int64_t)(later - earlier);
}

/* The change from `earlier` to `later`, either of which may be NULL; false iff there is none. */
static bool compare(const struct tagpool_row *earlier, const struct tagpool_row *later, struct tagpool_change *result)
{
    static const struct tagpool_stats nothing;
    const struct tagpool_row *row = later != NULL ? later : earlier;
    const struct tagpool_stats *e = earlier != NULL ? &earlier->stats : &nothing;
    const struct tagpool_stats *l = later != NULL ? &later->stats : &nothing;
    *result = (struct tagpool_change){.tag = row->tag,
                                      .pool = row->pool,
                                      .allocs = change(l->allocs, e->allocs),
                                      .frees = change(l->frees, e->frees),
                                      .blocks = change(l->blocks, e->blocks),
                                      .bytes = change(l->bytes, e->bytes),
                                      .charged = change(l->charged, e->charged),
                                      .failures = change(l->failures, e->failures)};
    return (result->allocs | result->frees | result->blocks | result->bytes | result->charged | result->failures) != 0;
}

static int order(const struct tagpool_row *a, const struct tagpool_row *b)
{
    int difference = tag_compare(a->tag, b->tag);
    return difference != 0 ? difference : (int)a->pool - (int)b->pool;
}

size_t snapshot_diff(const struct tagpool_snapshot *earlier, const struct tagpool_snapshot *later,
                     struct tagpool_change *changes, size_t capacity)
{
    size_t count = 0;
    size_t e = 0;
    size_t l = 0;
    while (e < earlier->count || l < later->count) {
        const struct tagpool_row *first = e < earlier->count ? &earlier->rows[e] : NULL;
        const struct tagpool_row *second = l < later->count ? &later->rows[l] : NULL;
        int difference = first == NULL ? 1 : second == NULL ? -1 : order(first, second);
        struct tagpool_change result;
        e += difference <= 0;
        l += difference >= 0;
        if (!compare(difference <= 0 ? first : NULL, difference >= 0 ? second : NULL, &result))
            continue;
        if (count < capacity)
            changes[count] = result;
        count++;
    }
    return count;
}
