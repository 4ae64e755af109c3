/* SPDX-License-Identifier: MIT
 *
 * print.c: prints rows and blocks.
 */
#include "view/print.h"

#include "base/tag.h"
#include "ledger/depot.h"
#include "ledger/leak.h"
#include "ledger/ledger.h"
#include "memory/note.h"
#include "memory/owner.h"
#include "port/port.h"
#include "report/output.h"
#include "view/kept.h"
#include "view/rows.h"

#define ROWS_ON_STACK 32

static const char *pool_name(enum tagpool_pool pool)
{
    return pool == TAGPOOL_PAGED ? "Paged" : "Nonp";
}

/* Calls `print` with every row in the order `sort`: a few rows fit on the stack, more get memory from the system. */
static void each_row(enum tagpool_sort sort, void (*print)(const struct tagpool_row *row, struct text *line, const void *context),
                     const void *context)
{
    size_t bytes = 0;
    size_t count = rows_sorted(NULL, 0, sort);
    struct tagpool_row few[ROWS_ON_STACK];
    struct tagpool_row *rows = few;
    struct text line;
    text_clear(&line);
    if (count > ROWS_ON_STACK) {
        bytes = round_up(count * sizeof *rows, PORT_UNIT_BYTES);
        rows = port_reserve(bytes);
        if (rows == NULL || !port_commit(rows, bytes)) {
            if (rows != NULL)
                port_release(rows, bytes);
            text_string(&line, "tagpool: no memory to sort all rows; only the first follow");
            output_line(&line);
            bytes = 0;
            rows = few;
            count = ROWS_ON_STACK;
        }
    }
    size_t found = rows_sorted(rows, count, sort);
    if (found < count)
        count = found;
    for (size_t i = 0; i < count; i++)
        print(&rows[i], &line, context);
    if (bytes != 0)
        port_release(rows, bytes);
}

/* ---- statistics: PoolMon's columns, without the changes since the last look ---- */

static void print_counts(struct text *line, const char *tag, const char *pool, const struct tagpool_stats *stats)
{
    uint64_t charged = stats->charged;
    uint64_t per_alloc = 0;
    text_char(line, ' ');
    text_string(line, tag);
    text_pad(line, 5);
    text_char(line, ' ');
    text_string(line, pool);
    text_pad(line, 11);
    text_decimal(line, stats->allocs, 11);
    text_decimal(line, stats->frees, 12);
    text_decimal(line, stats->blocks, 10);
    text_decimal(line, charged, 13);
    if (stats->blocks != 0)
        per_alloc = divide(charged, stats->blocks);
    text_decimal(line, per_alloc, 11);
    output_line(line);
}

static void print_row(const struct tagpool_row *row, struct text *line, const void *context)
{
    char tag[5];
    (void)context;
    print_counts(line, tag_text(row->tag, tag), pool_name(row->pool), &row->stats);
}

void print_statistics(enum tagpool_sort sort)
{
    struct text line;
    struct tagpool_stats totals[2];
    struct tagpool_stats stats;
    memset(totals, 0, sizeof totals);
    text_clear(&line);
    text_string(&line, " Tag  Type      Allocs       Frees      Diff        Bytes  Per Alloc");
    output_line(&line);
    each_row(sort, print_row, NULL);
    uint32_t indices = rows_indices();
    for (uint32_t i = 0; i < indices; i++)
        for (unsigned pool = 0; pool < 2; pool++)
            if (rows_stats(rows_index(i), (enum tagpool_pool)pool, &stats))
                rows_add(&totals[pool], &stats);
    print_counts(&line, "all", "Nonp", &totals[0]);
    print_counts(&line, "all", "Paged", &totals[1]);
}

/* ---- the verdict ---- */

/* What is outstanding, but for what lookaside lists keep. */
struct outstanding {
    uint64_t blocks, bytes, charged;
    uint64_t tags;
};

/* Lists change while we look: what they keep may by now be more than what is outstanding. */
static uint64_t above(uint64_t all, uint64_t kept)
{
    return all > kept ? all - kept : 0;
}

static void take_kept(struct tagpool_stats *stats, const struct kept *kept, uint32_t tag, unsigned pool)
{
    const struct kept_sum *sum = kept_of(kept, tag, pool);
    stats->blocks = above(stats->blocks, sum->blocks);
    stats->bytes = above(stats->bytes, sum->bytes);
    stats->charged = above(stats->charged, sum->charged);
}

static void count_outstanding(struct outstanding *sum, const struct kept *kept)
{
    memset(sum, 0, sizeof *sum);
    uint32_t indices = rows_indices();
    for (uint32_t i = 0; i < indices; i++) {
        uint64_t blocks = 0;
        for (unsigned pool = 0; pool < 2; pool++) {
            struct tagpool_stats stats;
            (void)rows_stats(rows_index(i), (enum tagpool_pool)pool, &stats);
            take_kept(&stats, kept, ledger_tag_of(rows_index(i)), pool);
            blocks += stats.blocks;
            sum->bytes += stats.bytes;
            sum->charged += stats.charged;
        }
        sum->blocks += blocks;
        sum->tags += blocks != 0;
    }
}

static void print_outstanding_row(const struct tagpool_row *row, struct text *line, const void *kept)
{
    struct tagpool_stats stats = row->stats;
    take_kept(&stats, kept, row->tag, (unsigned)row->pool);
    if (stats.blocks == 0)
        return;
    text_string(line, "tagpool:   ");
    text_tag(line, row->tag);
    text_char(line, ' ');
    text_string(line, pool_name(row->pool));
    text_pad(line, 21);
    text_decimal(line, stats.blocks, 10);
    text_decimal(line, stats.bytes, 14);
    text_decimal(line, stats.charged, 14);
    output_line(line);
}

struct listing {
    struct text line;
    const struct kept *kept;
    uint64_t left; /* blocks that may still be listed */
    uint64_t cut;
};

static bool print_block(const struct place *place, void *context)
{
    struct listing *listing = context;
    struct text *line = &listing->line;
    if (kept_has(listing->kept, place->start))
        return true;
    if (listing->left == 0) {
        listing->cut++;
        return true;
    }
    listing->left--;
    text_string(line, "tagpool:   ");
    text_hex(line, place->start);
    text_string(line, "  ");
    text_tag(line, ledger_tag_of(note_tag_index(place->note)));
    text_char(line, ' ');
    text_string(line, pool_name(place->pool == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED));
    text_string(line, "  ");
    text_plural(line, place->bytes, "byte");
    output_line(line);
    return true;
}

/* ---- blocks, if any were tracked: by call site ---- */

struct gathering {
    struct leak_list list;
    const struct kept *kept;
};

static bool gather_block(const struct place *place, void *context)
{
    struct gathering *gathering = context;
    struct record record = {.flags = 0};
    if (kept_has(gathering->kept, place->start))
        return true;
    if (note_is_recorded(place->note))
        (void)record_get(place->start, &record);
    record.address = place->start;
    leak_add(&gathering->list, &record, ledger_tag_of(place->tag_index), place->pool, place->bytes);
    return true;
}

/* False, and prints nothing, if nothing was ever tracked, or there is no memory to sort the blocks by call site. */
static bool print_tracked(uint64_t most_blocks, struct listing *listing)
{
    struct gathering gathering = {.kept = listing->kept};
    struct outstanding sum;
    if (most_blocks == 0 || !depot_has_sites())
        return false;
    count_outstanding(&sum, listing->kept);
    leak_open(&gathering.list, (size_t)sum.blocks);
    bool has_room = gathering.list.room != 0;
    if (has_room) {
        (void)owner_walk(gather_block, &gathering);
        listing->cut = leak_print(&gathering.list, most_blocks);
    }
    leak_close(&gathering.list);
    return has_room;
}

static void print_blocks(uint64_t most_blocks, const struct kept *kept)
{
    struct listing listing = {.kept = kept, .left = most_blocks};
    struct text *line = &listing.line;
    text_clear(line);
    if (most_blocks != 0) {
        text_string(line, "tagpool: blocks:");
        output_line(line);
    }
    if (!print_tracked(most_blocks, &listing))
        (void)owner_walk(print_block, &listing);
    if (listing.cut == 0)
        return;
    text_string(line, "tagpool:   ");
    text_plural(line, listing.cut, most_blocks == 0 ? "block" : "more block");
    text_string(line, " not listed (option leak_blocks)");
    output_line(line);
}

/* Lists that keep nothing are of interest only when they should have been deleted. */
static void print_lists(const struct kept *kept, uint64_t most_lists, bool is_end)
{
    struct text line;
    uint64_t cut = 0;
    text_clear(&line);
    for (size_t i = 0; i < kept->list_count; i++) {
        const struct kept_list *list = &kept->lists[i];
        if (list->blocks == 0 && !list->is_lost && !is_end)
            continue;
        if (most_lists == 0) {
            cut++;
            continue;
        }
        most_lists--;
        text_string(&line, "tagpool:   ");
        text_plural(&line, list->blocks, "block");
        text_string(&line, ", ");
        text_plural(&line, list->bytes, "byte");
        text_string(&line, " cached in lookaside list ");
        text_hex(&line, (uintptr_t)list->list);
        text_string(&line, " (");
        text_tag(&line, list->tag);
        text_string(&line, list->is_lost ? ", not deleted, but overwritten)" : ", not deleted)");
        output_line(&line);
    }
    if (cut == 0)
        return;
    text_string(&line, "tagpool:   ");
    text_plural(&line, cut, "lookaside list");
    text_string(&line, " not listed (option leak_blocks)");
    output_line(&line);
}

static void print_leak(const struct outstanding *sum, uint64_t most_blocks, const struct kept *kept)
{
    struct text line;
    text_clear(&line);
    text_string(&line, "tagpool: verdict: leak: ");
    text_plural(&line, sum->blocks, "block");
    text_string(&line, ", ");
    text_plural(&line, sum->bytes, "byte");
    text_string(&line, " outstanding under ");
    text_plural(&line, sum->tags, "tag");
    output_line(&line);
    text_string(&line, "tagpool:   Tag  Type      Blocks         Bytes       Charged");
    output_line(&line);
    each_row(TAGPOOL_BY_BYTES, print_outstanding_row, kept);
    print_blocks(most_blocks, kept);
}

static enum tagpool_verdict print_judged(uint64_t most_blocks, bool is_end, const struct kept *kept)
{
    struct text line;
    struct outstanding sum;
    enum tagpool_verdict verdict = TAGPOOL_LEAK;
    text_clear(&line);
    count_outstanding(&sum, kept);
    if (sum.blocks != 0) {
        print_leak(&sum, most_blocks, kept);
    } else if (is_end && kept->list_count != 0) {
        text_string(&line, "tagpool: verdict: leak: ");
        text_plural(&line, kept->list_count, "lookaside list");
        text_string(&line, " not deleted");
        output_line(&line);
    } else {
        text_string(&line, "tagpool: verdict: clean: no block is outstanding");
        if (kept->blocks != 0)
            text_string(&line, ", but for those cached in lookaside lists");
        output_line(&line);
        verdict = TAGPOOL_CLEAN;
    }
    print_lists(kept, most_blocks, is_end);
    return verdict;
}

static enum tagpool_verdict judge(uint64_t most_blocks, bool is_end)
{
    struct kept kept;
    if (!kept_take(&kept)) {
        struct text line;
        text_clear(&line);
        text_string(&line, "tagpool: no memory to tell blocks cached in lookaside lists from others");
        output_line(&line);
    }
    enum tagpool_verdict verdict = print_judged(most_blocks, is_end, &kept);
    kept_release(&kept);
    return verdict;
}

enum tagpool_verdict print_verdict(uint64_t most_blocks)
{
    return judge(most_blocks, false);
}

enum tagpool_verdict print_last_verdict(uint64_t most_blocks)
{
    return judge(most_blocks, true);
}

enum tagpool_verdict print_not_checked(void)
{
    struct text line;
    text_clear(&line);
    text_string(&line, "tagpool: verdict: not checked: the pools are not open");
    output_line(&line);
    return TAGPOOL_NOT_CHECKED;
}
