/* SPDX-License-Identifier: MIT
 *
 * unload.c: the unload verdict.
 *
 * The blocks are collected first, in memory of the system's, and then looked at one by one: while records are visited nothing else
 * may happen to them.
 */
#include "pool/unload.h"

#include "ledger/depot.h"
#include "report/output.h"

#define DRIVER_VERIFIER_DETECTED_VIOLATION 0xC4u

static uint32_t unload_policy; /* enum unload_policy */

void unload_policy_set(enum unload_policy policy)
{
    STORE(&unload_policy, (uint32_t)policy);
}

struct leftovers {
    const struct driver *driver;
    struct record *records; /* [0, count), as far as there is room */
    size_t count, room;
};

static void collect_leftover(struct record *record, void *context)
{
    struct leftovers *left = context;
    if ((record->flags & RECORD_TRACKED) == 0 || record->driver != left->driver)
        return;
    if (left->count < left->room)
        left->records[left->count] = *record;
    left->count++;
}

static uint64_t blocks_of(const struct driver *driver, unsigned pool)
{
    return LOAD(&driver->side[pool].allocs) - LOAD(&driver->side[pool].frees);
}

static uint64_t bytes_of(const struct driver *driver, unsigned pool)
{
    return LOAD(&driver->side[pool].bytes_in) - LOAD(&driver->side[pool].bytes_out);
}

/* By sequence number: shell sort, for there is no other (Ciura's gaps, then times 2.25). */
static void sort_leftovers(struct record *records, size_t count)
{
    static const size_t gaps[] = {90927, 40412, 17961, 7983, 3548, 1577, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (size_t i = gaps[g]; i < count; i++) {
            struct record moved = records[i];
            size_t at = i;
            for (; at >= gaps[g] && records[at - gaps[g]].sequence > moved.sequence; at -= gaps[g])
                records[at] = records[at - gaps[g]];
            records[at] = moved;
        }
}

static void print_leftover(const struct record *record, struct text *line)
{
    struct place place;
    owner_find(record->address, &place);
    text_string(line, "tagpool:   ");
    text_hex(line, record->address);
    text_string(line, "  ");
    text_tag(line, ledger_tag_of(place.tag_index));
    text_string(line, place.pool == 0 ? " Nonp  " : " Paged  ");
    text_plural(line, place.bytes, "byte");
    text_string(line, ", number ");
    text_decimal(line, record->nth, 0);
    text_string(line, " of the tag, ");
    text_decimal(line, record->site_nth, 0);
    text_string(line, " of its call site");
    if (record->file != NULL) {
        text_string(line, ", ");
        text_string(line, record->file);
        text_char(line, ':');
        text_decimal(line, record->line, 0);
    }
    output_line(line);
    const uintptr_t *frames;
    unsigned count = depot_frames(record->stack, &frames);
    for (unsigned i = 0; i < count; i++) {
        text_string(line, "tagpool:     ");
        text_hex(line, frames[i]);
        output_line(line);
    }
}

static void print_leftovers(const struct leftovers *left, uint64_t most_blocks)
{
    struct text line;
    text_clear(&line);
    text_string(&line, "tagpool: driver ");
    text_string(&line, left->driver->name);
    text_string(&line, " is unloaded with ");
    text_plural(&line, left->count, "block");
    text_string(&line, " outstanding: ");
    text_plural(&line, bytes_of(left->driver, 1), "paged byte");
    text_string(&line, ", ");
    text_plural(&line, bytes_of(left->driver, 0), "nonpaged byte");
    output_line(&line);
    size_t listed = left->count < left->room ? left->count : left->room;
    if (listed > most_blocks)
        listed = (size_t)most_blocks;
    for (size_t i = 0; i < listed; i++)
        print_leftover(&left->records[i], &line);
    if (listed == left->count)
        return;
    text_string(&line, "tagpool:   ");
    text_plural(&line, left->count - listed, listed != 0 ? "more block" : "block");
    text_string(&line, " not listed (option leak_blocks)");
    output_line(&line);
}

static void adopt_leftover(struct record *record, void *context)
{
    struct leftovers *left = context;
    struct place place;
    if ((record->flags & RECORD_TRACKED) == 0 || record->driver != left->driver)
        return;
    owner_find(record->address, &place);
    driver_discharge(record->driver, place.pool, place.bytes);
    record->driver = NULL;
}

static void free_leftovers(const struct leftovers *left)
{
    for (size_t i = 0; i < left->count && i < left->room; i++) {
        struct place place;
        owner_find(left->records[i].address, &place);
        uint32_t tag = ledger_tag_of(place.tag_index);
        bool is_protected = (pool_flags(&place) & RECORD_PROTECTED) != 0;
        pool_free_slow((void *)left->records[i].address, is_protected ? tag | TAG_PROTECTED : 0, !is_protected);
    }
}

enum tagpool_verdict unload_verdict(struct driver *driver, uint64_t most_blocks)
{
    struct leftovers left = {.driver = driver};
    enum unload_policy policy = (enum unload_policy)LOAD(&unload_policy);
    uint64_t blocks = blocks_of(driver, 0) + blocks_of(driver, 1);
    if (blocks == 0)
        return TAGPOOL_CLEAN;
    size_t bytes = round_up((size_t)blocks * sizeof *left.records, PORT_UNIT_BYTES);
    left.records = port_reserve(bytes);
    if (left.records != NULL && port_commit(left.records, bytes))
        left.room = (size_t)blocks;
    record_walk(collect_leftover, &left);
    sort_leftovers(left.records, left.count < left.room ? left.count : left.room);
    print_leftovers(&left, most_blocks);
    if (policy == UNLOAD_ADOPT)
        record_walk(adopt_leftover, &left);
    else if (policy == UNLOAD_FREE)
        free_leftovers(&left);
    if (left.records != NULL)
        port_release(left.records, bytes);
    bugcheck_report(DRIVER_VERIFIER_DETECTED_VIOLATION, (uintptr_t[4]){0x62, (uintptr_t)driver->name, 0, (uintptr_t)left.count}, NULL,
                    policy == UNLOAD_STOP);
    return TAGPOOL_LEAK;
}

void unload_report_late(const struct driver *driver)
{
    uintptr_t parameter[4] = {0x61, (uintptr_t)bytes_of(driver, 1), (uintptr_t)bytes_of(driver, 0),
                              (uintptr_t)(blocks_of(driver, 0) + blocks_of(driver, 1))};
    bugcheck_report(DRIVER_VERIFIER_DETECTED_VIOLATION, parameter, NULL, true);
}
