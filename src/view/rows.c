/* SPDX-License-Identifier: MIT
 *
 * rows.c: reads rows from the ledger and sorts them.
 */
#include "view/rows.h"

#include "base/tag.h"
#include "ledger/ledger.h"

bool rows_stats(uint32_t tag_index, enum tagpool_pool pool, struct tagpool_stats *stats)
{
    struct ledger_sum sum;
    ledger_sum(tag_index, (unsigned)pool, &sum);
    *stats = (struct tagpool_stats){.allocs = sum.allocs,
                                    .frees = sum.frees,
                                    .blocks = sum.blocks,
                                    .bytes = sum.bytes,
                                    .charged = sum.charged,
                                    .peak_blocks = sum.peak_blocks,
                                    .peak_charged = sum.peak_charged,
                                    .failures = sum.failures};
    return (sum.allocs | sum.failures) != 0;
}

void rows_add(struct tagpool_stats *sum, const struct tagpool_stats *stats)
{
    sum->allocs += stats->allocs;
    sum->frees += stats->frees;
    sum->blocks += stats->blocks;
    sum->bytes += stats->bytes;
    sum->charged += stats->charged;
    sum->peak_blocks += stats->peak_blocks;
    sum->peak_charged += stats->peak_charged;
    sum->failures += stats->failures;
}

uint32_t rows_indices(void)
{
    return ledger_tag_count() + ledger_overflowed();
}

uint32_t rows_index(uint32_t position)
{
    return position < ledger_tag_count() ? position : LEDGER_OVERFLOW;
}

/* ---- order ---- */

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* charged / blocks as a fraction: by the whole part, then by the rest. Rests are below the blocks, so that products fit as
 * long as there are no more than 4 G blocks. */
static int compare_per_alloc(const struct tagpool_stats *a, const struct tagpool_stats *b)
{
    if (a->blocks == 0 || b->blocks == 0)
        return (a->blocks != 0) - (b->blocks != 0);
    uint64_t whole_a = divide(a->charged, a->blocks);
    uint64_t whole_b = divide(b->charged, b->blocks);
    uint64_t rest_a = a->charged - whole_a * a->blocks;
    uint64_t rest_b = b->charged - whole_b * b->blocks;
    return whole_a != whole_b ? compare_u64(whole_a, whole_b) : compare_u64(rest_a * b->blocks, rest_b * a->blocks);
}

static int compare_rows(const struct tagpool_row *a, const struct tagpool_row *b, enum tagpool_sort sort)
{
    int order = 0;
    switch (sort) {
    case TAGPOOL_BY_TAG:
        break;
    case TAGPOOL_BY_ALLOCS:
        order = compare_u64(b->stats.allocs, a->stats.allocs);
        break;
    case TAGPOOL_BY_FREES:
        order = compare_u64(b->stats.frees, a->stats.frees);
        break;
    case TAGPOOL_BY_BLOCKS:
        order = compare_u64(b->stats.blocks, a->stats.blocks);
        break;
    case TAGPOOL_BY_BYTES:
        order = compare_u64(b->stats.charged, a->stats.charged);
        break;
    case TAGPOOL_BY_PER_ALLOC:
        order = compare_per_alloc(&b->stats, &a->stats);
        break;
    }
    if (order == 0)
        order = tag_compare(a->tag, b->tag);
    if (order == 0)
        order = (int)a->pool - (int)b->pool;
    return order;
}

static void swap_rows(struct tagpool_row *a, struct tagpool_row *b)
{
    struct tagpool_row row = *a;
    *a = *b;
    *b = row;
}

/* Moves rows[at] down to its place in a heap: `count` rows of which none sorts after its parent. */
static void sift_down(struct tagpool_row *rows, size_t at, size_t count, enum tagpool_sort sort)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && compare_rows(&rows[child + 1], &rows[child], sort) > 0)
            child++;
        if (compare_rows(&rows[child], &rows[at], sort) <= 0)
            return;
        swap_rows(&rows[child], &rows[at]);
    }
}

static void heapify(struct tagpool_row *rows, size_t count, enum tagpool_sort sort)
{
    for (size_t at = count / 2; at-- > 0;)
        sift_down(rows, at, count, sort);
}

/* Keeps the first `capacity` rows of the order while all are read: a heap with the last of those kept on top, which a row
 * that sorts before it replaces; then sorts in place. Needs no memory and no recursion, so it runs on firmware too. */
size_t rows_sorted(struct tagpool_row *rows, size_t capacity, enum tagpool_sort sort)
{
    size_t count = 0;
    uint32_t indices = rows_indices();
    for (uint32_t i = 0; i < indices; i++)
        for (unsigned pool = 0; pool < 2; pool++) {
            struct tagpool_row row = {.tag = ledger_tag_of(rows_index(i)), .pool = (enum tagpool_pool)pool};
            if (!rows_stats(rows_index(i), row.pool, &row.stats))
                continue;
            if (count < capacity) {
                rows[count] = row;
                if (count + 1 == capacity)
                    heapify(rows, capacity, sort);
            } else if (capacity > 0 && compare_rows(&row, &rows[0], sort) < 0) {
                rows[0] = row;
                sift_down(rows, 0, capacity, sort);
            }
            count++;
        }
    size_t kept = count < capacity ? count : capacity;
    if (kept < capacity)
        heapify(rows, kept, sort);
    for (size_t end = kept; end > 1;) {
        swap_rows(&rows[0], &rows[--end]);
        sift_down(rows, 0, end, sort);
    }
    return count;
}
