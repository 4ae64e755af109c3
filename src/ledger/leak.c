/* SPDX-License-Identifier: MIT
 *
 * leak.c: sorts and prints blocks that are left.
 *
 * For each call site: which of its allocations are left, its stack, its blocks, and the options with which the next run stops at
 * the first of them. Blocks of which nothing is known come last.
 */
#include "ledger/leak.h"

#include "base/tag.h"
#include "ledger/depot.h"
#include "ledger/driver.h"
#include "report/output.h"

#define LEAK_ORDINALS_MOST 8
#define LEAK_FRAMES_USUAL 16u /* the default of option stack_frames */
#define LEAK_MODULE_BYTES 64

static uint64_t leak_frames = LEAK_FRAMES_USUAL;

void leak_options(const struct verifier_options *options)
{
    STORE(&leak_frames, options->stack_frames);
}

/* ---- the list ---- */

void leak_open(struct leak_list *list, size_t most)
{
    *list = (struct leak_list){.memory_bytes = round_up(most * sizeof *list->leaks, PORT_UNIT_BYTES)};
    if (most == 0 || most > SIZE_MAX / 2 / sizeof *list->leaks)
        return;
    list->leaks = port_reserve(list->memory_bytes);
    if (list->leaks != NULL && port_commit(list->leaks, list->memory_bytes))
        list->room = most;
}

void leak_close(struct leak_list *list)
{
    if (list->leaks != NULL)
        port_release(list->leaks, list->memory_bytes);
    *list = (struct leak_list){.leaks = NULL};
}

void leak_add(struct leak_list *list, const struct record *record, uint32_t tag, unsigned pool, size_t bytes)
{
    if (list->count < list->room)
        list->leaks[list->count] = (struct leak){.record = *record, .bytes = bytes, .tag = tag, .pool = pool};
    list->count++;
}

static bool is_tracked_leak(const struct leak *leak)
{
    return (leak->record.flags & RECORD_TRACKED) != 0;
}

bool leak_is_same_site(const struct leak *a, const struct leak *b)
{
    return is_tracked_leak(a) && is_tracked_leak(b) && a->tag == b->tag && a->record.stack == b->record.stack;
}

/* Call sites in the order in which their stacks were first seen, blocks in that of their allocation. */
static bool is_leak_before(const struct leak *a, const struct leak *b)
{
    if (is_tracked_leak(a) != is_tracked_leak(b))
        return is_tracked_leak(a);
    if (!is_tracked_leak(a))
        return a->record.address < b->record.address;
    if (a->record.stack != b->record.stack)
        return a->record.stack < b->record.stack;
    if (a->tag != b->tag)
        return tag_compare(a->tag, b->tag) < 0;
    return a->record.sequence < b->record.sequence;
}

/* Shell sort, for there is no other (Ciura's gaps, then times 2.25). */
void leak_sort(struct leak *leaks, size_t count, bool (*is_before)(const struct leak *a, const struct leak *b))
{
    static const size_t gaps[] = {2331005, 1036002, 460445, 204643, 90927, 40412, 17961, 7983, 3548,
                                  1577,    701,     301,    132,    57,    23,    10,    4,    1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (size_t i = gaps[g]; i < count; i++) {
            struct leak moved = leaks[i];
            size_t at = i;
            for (; at >= gaps[g] && is_before(&moved, &leaks[at - gaps[g]]); at -= gaps[g])
                leaks[at] = leaks[at - gaps[g]];
            leaks[at] = moved;
        }
}

/* ---- call sites ---- */

/* "1st", "2nd", "11th". */
static void add_ordinal(struct text *line, uint64_t number)
{
    unsigned last = (unsigned)(number - divide(number, 100) * 100);
    const char *ending = "th";
    text_decimal(line, number, 0);
    if (last < 11 || last > 13) {
        last %= 10;
        ending = last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
    }
    text_string(line, ending);
}

void leak_add_ordinals(const struct leak *leaks, size_t count, struct text *line)
{
    size_t listed = count <= LEAK_ORDINALS_MOST ? count : LEAK_ORDINALS_MOST;
    for (size_t i = 0; i < listed; i++) {
        text_string(line, i == 0 ? "" : i + 1 == count ? " and " : ", ");
        add_ordinal(line, leaks[i].record.site_nth);
    }
    if (listed < count) {
        text_string(line, " and ");
        text_decimal(line, count - listed, 0);
        text_string(line, " more");
    }
    text_string(line, " of ");
    text_plural(line, depot_allocs(leaks[0].record.stack, leaks[0].tag), "allocation");
}

static void print_site(const struct leak *leaks, size_t count, struct text *line)
{
    text_string(line, "tagpool:   ");
    leak_add_ordinals(leaks, count, line);
    text_string(line, " made here, tag ");
    text_tag(line, leaks[0].tag);
    text_char(line, ':');
    output_line(line);
}

void leak_add_frame(uintptr_t frame, struct text *line)
{
    char name[LEAK_MODULE_BYTES];
    uintptr_t offset = port_module(frame, name, sizeof name);
    text_string(line, name);
    text_string(line, name[0] != 0 ? "+" : "");
    text_hex(line, offset);
}

static void print_site_frames(uint32_t stack, struct text *line)
{
    const uintptr_t *frames;
    unsigned count = depot_frames(stack, &frames);
    for (unsigned i = 0; i < count; i++) {
        text_string(line, "tagpool:     ");
        leak_add_frame(frames[i], line);
        output_line(line);
    }
}

/* The mask that matches the tag. What cannot be written in an option is `?`, as is a tag's last letter if it spelled "none". */
static void add_mask(struct text *line, const char *option, uint32_t tag)
{
    char characters[5];
    (void)tag_text(tag, characters);
    size_t length = 4;
    while (length > 1 && characters[length - 1] == ' ')
        length--;
    if (memcmp(characters, "none", 4) == 0)
        characters[3] = '?';
    text_string(line, option);
    for (size_t i = 0; i < length; i++) {
        char c = characters[i];
        bool is_writable = c > 0x20 && c < 0x7F && c != ',' && c != ';' && c != '\'' && c != '*' && c != '=';
        text_char(line, is_writable ? c : '?');
    }
}

void leak_print_stop(const struct leak *leak, struct text *line)
{
    if (leak->record.nth == 0)
        return;
    text_string(line, "tagpool:   to stop there: TAGPOOL_OPTIONS='");
    add_mask(line, "track=", leak->tag);
    add_mask(line, " hit=", leak->tag);
    text_string(line, " hit_nth=");
    text_decimal(line, leak->record.nth, 0);
    text_char(line, '\'');
    output_line(line);
}

static void print_stop_at_site(const struct leak *leak, struct text *line)
{
    if (leak->record.nth == 0 || leak->record.site_nth == 0)
        return;
    text_string(line, "tagpool:   or, counted at the call site from the start: TAGPOOL_OPTIONS='");
    add_mask(line, "track=", leak->tag);
    if (LOAD(&leak_frames) != LEAK_FRAMES_USUAL) {
        text_string(line, " stack_frames=");
        text_decimal(line, LOAD(&leak_frames), 0);
    }
    text_string(line, " hit_site=");
    text_hex(line, depot_hash(leak->record.stack));
    text_char(line, ':');
    text_decimal(line, leak->record.site_nth, 0);
    text_char(line, '\'');
    output_line(line);
}

/* ---- blocks ---- */

static void add_origin(const struct record *record, struct text *line)
{
    text_string(line, ", number ");
    text_decimal(line, record->nth, 0);
    text_string(line, " of the tag, ");
    text_decimal(line, record->site_nth, 0);
    text_string(line, " of its call site, thread ");
    text_decimal(line, record->thread, 0);
    if (record->driver != NULL) {
        text_string(line, ", driver ");
        text_string(line, record->driver->name);
    }
    if (record->file != NULL) {
        text_string(line, ", ");
        text_string(line, record->file);
        text_char(line, ':');
        text_decimal(line, record->line, 0);
    }
}

static void print_leak_block(const struct leak *leak, struct text *line)
{
    text_string(line, "tagpool:   ");
    text_hex(line, leak->record.address);
    text_string(line, "  ");
    text_tag(line, leak->tag);
    text_string(line, leak->pool == 0 ? " Nonp  " : " Paged  ");
    text_plural(line, leak->bytes, "byte");
    if (is_tracked_leak(leak))
        add_origin(&leak->record, line);
    else
        text_string(line, "  (not tracked)");
    output_line(line);
}

static uint64_t print_leaks(struct leak_list *list, uint64_t most_blocks, bool has_table)
{
    struct text line;
    size_t count = list->count < list->room ? list->count : list->room;
    size_t listed = count < most_blocks ? count : (size_t)most_blocks;
    text_clear(&line);
    leak_sort(list->leaks, count, is_leak_before);
    for (size_t i = 0; i < listed;) {
        const struct leak *leak = &list->leaks[i];
        size_t of_site = 1;
        while (i + of_site < count && leak_is_same_site(leak, leak + of_site))
            of_site++;
        bool has_site = is_tracked_leak(leak) && leak->record.site_nth != 0;
        if (has_site) {
            print_site(leak, of_site, &line);
            print_site_frames(leak->record.stack, &line);
        }
        for (size_t end = i + of_site; i < end && i < listed; i++)
            print_leak_block(&list->leaks[i], &line);
        if (is_tracked_leak(leak) && !has_table)
            leak_print_stop(leak, &line);
        if (is_tracked_leak(leak))
            print_stop_at_site(leak, &line);
    }
    return list->count - listed;
}

uint64_t leak_print(struct leak_list *list, uint64_t most_blocks)
{
    return print_leaks(list, most_blocks, false);
}

uint64_t leak_print_after_table(struct leak_list *list, uint64_t most_blocks)
{
    return print_leaks(list, most_blocks, true);
}
