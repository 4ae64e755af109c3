/* SPDX-License-Identifier: MIT
 *
 * lookaside.c: lookaside lists (contracts in lookaside.h and tagpool/wdk/lookaside.h): their life, and their entries.
 *
 * A list's state is the caller's structure, which inline code of DDK headers changes as well; that it lives is known here
 * only, in a table apart.
 */
#include "service/lookaside.h"

#include "base/atomic.h"
#include "pool/pool.h"
#include "report/option.h"
#include "service/irql.h"
#include "service/lookaside_table.h"
#include "service/slist.h"

#define LOOKASIDE_VIOLATION 0xC4u
#define LOOKASIDE_BYTES_LEAST sizeof(void *)
#define LOOKASIDE_BYTES_MOST UINT32_MAX

static void lookaside_count(ULONG *counter)
{
    STORE(counter, LOAD(counter) + 1);
}

static void lookaside_report(const lookaside_list *list, unsigned what, uintptr_t third, uintptr_t fourth)
{
    bugcheck_report(LOOKASIDE_VIOLATION, (uintptr_t[4]){what, (uintptr_t)list, third, fourth}, NULL, true);
}

static void lookaside_find_level(unsigned most)
{
    unsigned level = irql_now();
    if (level > most)
        bugcheck_report(LOOKASIDE_VIOLATION, (uintptr_t[4]){0xE5, level}, NULL, false);
}

static void lookaside_find_level_of_list(const lookaside_list *list)
{
    lookaside_find_level(irql_most(list->Type & 1));
}

/* Of what the list does itself: what the pool does is the pool's business. */
static void lookaside_find_level_of_entry(const lookaside_list *list, unsigned what_nonpaged, uintptr_t fourth)
{
    unsigned pool = list->Type & 1;
    unsigned level = irql_now();
    if (UNLIKELY(level > irql_most(pool)))
        bugcheck_report(LOOKASIDE_VIOLATION, (uintptr_t[4]){what_nonpaged - pool, level, (uintptr_t)list->Type, fourth}, NULL,
                        false);
}

/* ---- lists that are not: what is done to one that was deleted leads here, by its functions ---- */

static void lookaside_report_dead(uintptr_t list, uintptr_t what, bool allocates)
{
    const struct tagpool_bugcheck bugcheck = {
        .code = LOOKASIDE_VIOLATION,
        .name = "DRIVER_VERIFIER_DETECTED_VIOLATION",
        .parameter = {0xCB, list, what},
        .sentence = allocates ? "an entry was allocated from a lookaside list that was deleted or never initialised"
                              : "an entry was freed to a lookaside list that was deleted or never initialised",
        .stops = true,
    };
    bugcheck_raise(&bugcheck);
}

static void lookaside_report_lost(const lookaside_list *list)
{
    const struct tagpool_bugcheck bugcheck = {
        .code = LOOKASIDE_VIOLATION,
        .name = "DRIVER_VERIFIER_DETECTED_VIOLATION",
        .parameter = {0xCB, (uintptr_t)list},
        .sentence = "a lookaside list was overwritten before it was deleted or flushed: what it kept is lost",
        .stops = true,
    };
    bugcheck_raise(&bugcheck);
}

static PVOID TAGPOOL_WDK_CALL lookaside_dead_allocate(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
    (void)type, (void)bytes;
    lookaside_report_dead(0, tag, true);
    return NULL;
}

static PVOID TAGPOOL_WDK_CALL lookaside_dead_allocate_ex(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX list)
{
    (void)type, (void)bytes;
    lookaside_report_dead((uintptr_t)list, tag, true);
    return NULL;
}

static VOID TAGPOOL_WDK_CALL lookaside_dead_free(PVOID entry)
{
    lookaside_report_dead(0, (uintptr_t)entry, false);
}

static VOID TAGPOOL_WDK_CALL lookaside_dead_free_ex(PVOID entry, PLOOKASIDE_LIST_EX list)
{
    lookaside_report_dead((uintptr_t)list, (uintptr_t)entry, false);
}

/* A deleted list keeps nothing, so that inline code too calls these. */
static void lookaside_bury(lookaside_list *list, bool is_ex)
{
    STORE(&list->Depth, 0);
    if (is_ex) {
        list->AllocateEx = lookaside_dead_allocate_ex;
        list->FreeEx = lookaside_dead_free_ex;
    } else {
        list->Allocate = lookaside_dead_allocate;
        list->Free = lookaside_dead_free;
    }
}

/* ---- initialise ---- */

static bool lookaside_is_right_size(const lookaside_list *list, size_t bytes)
{
    if (bytes < LOOKASIDE_BYTES_LEAST) {
        lookaside_report(list, 0xCD, bytes, LOOKASIDE_BYTES_LEAST);
    } else if (bytes > LOOKASIDE_BYTES_MOST) {
        const struct tagpool_bugcheck bugcheck = {
            .code = LOOKASIDE_VIOLATION,
            .name = "DRIVER_VERIFIER_DETECTED_VIOLATION",
            .parameter = {0xCD, (uintptr_t)list, bytes, LOOKASIDE_BYTES_MOST},
            .sentence = "a lookaside list was created with a block size that does not fit into 32 bits",
            .stops = true,
        };
        bugcheck_raise(&bugcheck);
    } else {
        return true;
    }
    return false;
}

static void lookaside_find_place(const lookaside_list *list)
{
    struct place place = {.kind = PLACE_FOREIGN};
    if (!owner_is_ours((uintptr_t)list))
        return;
    owner_find((uintptr_t)list, &place);
    if (place.pool != 0) {
        const struct tagpool_bugcheck finding = {
            .code = 0x0A,
            .name = "IRQL_NOT_LESS_OR_EQUAL",
            .parameter = {(uintptr_t)list, IRQL_DISPATCH, 1},
            .sentence = "a lookaside list lies in paged pool: expected nonpaged memory, whatever its entries are",
        };
        bugcheck_raise(&finding);
    }
    (void)pool_watch(list);
}

enum lookaside_result lookaside_initialize(lookaside_list *list, const lookaside_list *model, bool is_ex, size_t bytes,
                                           unsigned irql_most)
{
    lookaside_find_level(irql_most);
    if (!lookaside_is_right_size(list, bytes) || !slist_may_be_at((const void *)list))
        return LOOKASIDE_REPORTED;
    lookaside_find_place(list);
    lookaside_list fresh = *model;
    slist_initialize(&fresh.ListHead);
    fresh.Size = (ULONG)bytes;
    fresh.Depth = LOAD(&wdk_policy.lookaside_bypass) != 0 ? 0 : LOOKASIDE_DEPTH_LEAST;
    fresh.MaximumDepth = LOOKASIDE_DEPTH_MOST;
    fresh.ListEntry.Flink = fresh.ListEntry.Blink = &list->ListEntry;
    enum lookaside_added added = lookaside_table_add(list, &fresh, is_ex);
    if (added == LOOKASIDE_THERE)
        lookaside_report(list, 0xCA, 0, 0);
    return added == LOOKASIDE_ADDED ? LOOKASIDE_DONE : added == LOOKASIDE_THERE ? LOOKASIDE_REPORTED : LOOKASIDE_NO_MEMORY;
}

/* ---- entries ---- */

void *lookaside_allocate(lookaside_list *list, bool is_ex)
{
    lookaside_count(&list->TotalAllocates);
    void *entry = slist_pop(&list->ListHead);
    if (entry != NULL) {
        lookaside_find_level_of_entry(list, 0x02, list->Size);
        return entry;
    }
    lookaside_count(&list->AllocateMisses);
    if (UNLIKELY(list->Allocate == NULL)) {
        lookaside_report_dead((uintptr_t)list, list->Tag, true);
        return NULL;
    }
    return is_ex ? list->AllocateEx(list->Type, list->Size, list->Tag, (PLOOKASIDE_LIST_EX)list)
                 : list->Allocate(list->Type, list->Size, list->Tag);
}

struct lookaside_search {
    const void *wanted;
    bool is_found;
};

static bool lookaside_find_entry(const void *entry, void *context)
{
    struct lookaside_search *search = context;
    search->is_found = entry == search->wanted;
    return !search->is_found;
}

/* Whether the list has the entry already, which takes a walk: looked for with option free_check, and then reported. */
static bool lookaside_is_freed_twice(lookaside_list *list, void *entry)
{
    struct lookaside_search search = {.wanted = entry};
    if (LIKELY((LOAD(&pool_state.features) & FEATURE_FREE_CHECK) == 0))
        return false;
    slist_walk(&list->ListHead, lookaside_find_entry, &search);
    if (search.is_found)
        slist_report_pushed_twice(entry);
    return search.is_found;
}

void lookaside_free(lookaside_list *list, bool is_ex, void *entry)
{
    lookaside_count(&list->TotalFrees);
    if (lookaside_is_freed_twice(list, entry))
        return;
    if (LIKELY(slist_depth(&list->ListHead) < LOAD(&list->Depth))) {
        lookaside_find_level_of_entry(list, 0x12, (uintptr_t)entry);
        (void)slist_push(&list->ListHead, entry);
        return;
    }
    lookaside_count(&list->FreeMisses);
    if (UNLIKELY(list->Free == NULL))
        lookaside_report_dead((uintptr_t)list, (uintptr_t)entry, false);
    else if (is_ex)
        list->FreeEx(entry, (PLOOKASIDE_LIST_EX)list);
    else
        list->Free(entry);
}

/* ---- giving back ---- */

void lookaside_delete(lookaside_list *list)
{
    struct lookaside_item item;
    unsigned entries;
    if (!lookaside_table_remove(list, &item)) {
        lookaside_report(list, 0xCB, 0, 0);
        return;
    }
    if (item.is_lost) {
        lookaside_report_lost(list);
        return;
    }
    lookaside_find_level_of_list(list);
    lookaside_bury(list, item.is_ex);
    void *chain = slist_flush(&list->ListHead, &entries);
    lookaside_release(&item, chain, entries);
}

void lookaside_flush(lookaside_list *list)
{
    struct lookaside_item item;
    unsigned entries;
    if (!lookaside_table_find(list, &item)) {
        lookaside_report(list, 0xCB, 0, 0);
        return;
    }
    if (item.is_lost) {
        lookaside_report_lost(list);
        return;
    }
    lookaside_find_level_of_list(list);
    void *chain = slist_flush(&list->ListHead, &entries);
    lookaside_release(&item, chain, entries);
}
