/* SPDX-License-Identifier: MIT
 *
 * unload.c: the unload verdict.
 *
 * The blocks are collected first, in memory of the system's, and then looked at one by one: while records are visited
 * nothing else may happen to them.
 */
#include "pool/unload.h"

#include "base/tag.h"
#include "ledger/leak.h"
#include "report/output.h"

#define DRIVER_VERIFIER_DETECTED_VIOLATION 0xC4u

static uint32_t unload_policy; /* enum unload_policy */

void unload_policy_set(enum unload_policy policy)
{
    STORE(&unload_policy, (uint32_t)policy);
}

struct leftovers {
    const struct driver *driver;
    struct leak_list list;
};

static void collect_leftover(struct record *record, void *context)
{
    struct leftovers *left = context;
    struct place place;
    if ((record->flags & RECORD_TRACKED) == 0 || record->driver != left->driver)
        return;
    owner_find(record->address, &place);
    leak_add(&left->list, record, ledger_tag_of(place.tag_index), place.pool, place.bytes);
}

static uint64_t blocks_of(const struct driver *driver, unsigned pool)
{
    return LOAD(&driver->side[pool].allocs) - LOAD(&driver->side[pool].frees);
}

static uint64_t bytes_of(const struct driver *driver, unsigned pool)
{
    return LOAD(&driver->side[pool].bytes_in) - LOAD(&driver->side[pool].bytes_out);
}

static void print_leftovers(struct leftovers *left, uint64_t most_blocks)
{
    struct text line;
    text_clear(&line);
    text_string(&line, "tagpool: driver ");
    text_string(&line, left->driver->name);
    text_string(&line, " is unloaded with ");
    text_plural(&line, left->list.count, "block");
    text_string(&line, " outstanding: ");
    text_plural(&line, bytes_of(left->driver, 1), "paged byte");
    text_string(&line, ", ");
    text_plural(&line, bytes_of(left->driver, 0), "nonpaged byte");
    output_line(&line);
    uint64_t cut = leak_print(&left->list, most_blocks);
    if (cut == 0)
        return;
    text_string(&line, "tagpool:   ");
    text_plural(&line, cut, cut < left->list.count ? "more block" : "block");
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
    for (size_t i = 0; i < left->list.count && i < left->list.room; i++) {
        struct place place;
        uintptr_t address = left->list.leaks[i].record.address;
        owner_find(address, &place);
        uint32_t tag = ledger_tag_of(place.tag_index);
        bool is_protected = (pool_flags(&place) & RECORD_PROTECTED) != 0;
        pool_free_slow((void *)address, is_protected ? tag | TAG_PROTECTED : 0, !is_protected);
    }
}

enum tagpool_verdict unload_verdict(struct driver *driver, uint64_t most_blocks)
{
    struct leftovers left = {.driver = driver};
    enum unload_policy policy = (enum unload_policy)LOAD(&unload_policy);
    uint64_t blocks = blocks_of(driver, 0) + blocks_of(driver, 1);
    if (blocks == 0)
        return TAGPOOL_CLEAN;
    leak_open(&left.list, (size_t)blocks);
    record_walk(collect_leftover, &left);
    print_leftovers(&left, most_blocks);
    if (policy == UNLOAD_ADOPT)
        record_walk(adopt_leftover, &left);
    else if (policy == UNLOAD_FREE)
        free_leftovers(&left);
    uintptr_t count = (uintptr_t)left.list.count;
    leak_close(&left.list);
    /* One mistake is one report. 0x60 is the same mistake as kernels told it before they had 0x62: with paged and nonpaged bytes
     * in place of the name. The bytes are in the first line of the list; so 0x60 has a sentence (codes_verifier.c), for whoever
     * meets it elsewhere, and is never raised here. */
    bugcheck_report(DRIVER_VERIFIER_DETECTED_VIOLATION, (uintptr_t[4]){0x62, (uintptr_t)driver->name, 0, count}, NULL,
                    policy == UNLOAD_STOP);
    return TAGPOOL_LEAK;
}

void unload_report_late(const struct driver *driver)
{
    uintptr_t parameter[4] = {0x61, (uintptr_t)bytes_of(driver, 1), (uintptr_t)bytes_of(driver, 0),
                              (uintptr_t)(blocks_of(driver, 0) + blocks_of(driver, 1))};
    bugcheck_report(DRIVER_VERIFIER_DETECTED_VIOLATION, parameter, NULL, true);
}
