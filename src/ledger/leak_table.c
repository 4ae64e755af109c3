/* SPDX-License-Identifier: MIT
 *
 * leak_table.c: blocks that are left in a table, a row for each tag, pool and call site.
 */
#include "base/tag.h"
#include "ledger/depot.h"
#include "ledger/leak.h"
#include "report/output.h"

static bool is_row_before(const struct leak *a, const struct leak *b)
{
    if (a->tag != b->tag)
        return tag_compare(a->tag, b->tag) < 0;
    if (a->pool != b->pool)
        return a->pool < b->pool;
    if (a->record.stack != b->record.stack)
        return a->record.stack < b->record.stack;
    return a->record.sequence < b->record.sequence;
}

static bool is_in_row(const struct leak *a, const struct leak *b)
{
    return a->pool == b->pool && leak_is_same_site(a, b);
}

/* File and line, or module and offset. */
static void add_site(const struct record *record, struct text *line)
{
    const uintptr_t *frames;
    if (record->file != NULL) {
        text_string(line, record->file);
        text_char(line, ':');
        text_decimal(line, record->line, 0);
    } else if (depot_frames(record->stack, &frames) != 0) {
        leak_add_frame(frames[0], line);
    }
}

static void print_leak_row(const struct leak *leaks, size_t count, struct text *line)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += leaks[i].bytes;
    text_string(line, "tagpool:   ");
    text_tag(line, leaks[0].tag);
    text_string(line, leaks[0].pool == 0 ? " Nonp " : " Paged");
    text_decimal(line, count, 7);
    text_decimal(line, bytes, 11);
    text_string(line, "  ");
    add_site(&leaks[0].record, line);
    if (leaks[0].record.site_nth != 0) {
        text_string(line, "  ");
        leak_add_ordinals(leaks, count, line);
        text_string(line, " made here");
    }
    output_line(line);
    leak_print_stop(&leaks[0], line);
}

void leak_print_table(struct leak_list *list, uint64_t most_rows)
{
    struct text line;
    size_t count = list->count < list->room ? list->count : list->room;
    uint64_t rows = 0;
    if (count == 0)
        return;
    leak_sort(list->leaks, count, is_row_before);
    text_clear(&line);
    text_string(&line, "tagpool:   Tag  Type   Blocks      Bytes  Allocated at");
    output_line(&line);
    for (size_t i = 0, of_row; i < count; i += of_row) {
        for (of_row = 1; i + of_row < count && is_in_row(&list->leaks[i], &list->leaks[i + of_row]); of_row++)
            ;
        if (rows++ < most_rows)
            print_leak_row(&list->leaks[i], of_row, &line);
    }
    if (rows <= most_rows)
        return;
    text_string(&line, "tagpool:   ");
    text_plural(&line, rows - most_rows, "more row");
    output_line(&line);
}
