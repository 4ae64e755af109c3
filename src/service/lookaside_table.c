/* SPDX-License-Identifier: MIT
 *
 * lookaside_table.c: all lookaside lists (contracts in lookaside_table.h and lookaside.h).
 */
#include "service/lookaside_table.h"

#include "base/atomic.h"
#include "pool/pool.h"
#include "report/option.h"
#include "service/lock.h"
#include "service/slist.h"
#include "view/kept.h"

/* The services' lock guards it. In no order: there are few lists, and they come and go rarely. */
static struct {
    struct lookaside_item *items;
    size_t count;
    size_t bytes; /* of memory for items */
    bool is_hooked;
} lookaside_table;

/* ---- the table: with the lock held ---- */

static struct lookaside_item *lookaside_table_at(const lookaside_list *list)
{
    for (size_t i = 0; i < lookaside_table.count; i++)
        if (lookaside_table.items[i].list == list)
            return &lookaside_table.items[i];
    return NULL;
}

static bool lookaside_make_room(void)
{
    if ((lookaside_table.count + 1) * sizeof(struct lookaside_item) <= lookaside_table.bytes)
        return true;
    size_t more = lookaside_table.bytes != 0 ? 2 * lookaside_table.bytes : PORT_UNIT_BYTES;
    struct lookaside_item *items = port_reserve(more);
    if (items == NULL)
        return false;
    if (!port_commit(items, more)) {
        port_release(items, more);
        return false;
    }
    if (lookaside_table.bytes != 0) {
        memcpy(items, lookaside_table.items, lookaside_table.count * sizeof *items);
        port_release(lookaside_table.items, lookaside_table.bytes);
    }
    lookaside_table.items = items;
    lookaside_table.bytes = more;
    return true;
}

/* Whether the structure is still what it was: its memory may be gone with a driver that forgot to delete the list. Nobody else
 * changes these links, which in a kernel chain all lists. */
static bool lookaside_is_whole(const lookaside_list *list)
{
    return port_is_mapped(list, sizeof *list) && list->ListEntry.Flink == &list->ListEntry &&
           list->ListEntry.Blink == &list->ListEntry;
}

/* The list's functions may have been exchanged since it was initialised. */
static void lookaside_describe(const struct lookaside_item *found, struct lookaside_item *item)
{
    *item = *found;
    item->is_lost = !lookaside_is_whole(found->list);
    if (item->is_lost)
        return;
    if (found->is_ex)
        item->free.with_list = found->list->FreeEx;
    else
        item->free.plain = found->list->Free;
}

bool lookaside_table_find(const lookaside_list *list, struct lookaside_item *item)
{
    service_lock();
    struct lookaside_item *found = lookaside_table_at(list);
    if (found != NULL)
        lookaside_describe(found, item);
    service_unlock();
    return found != NULL;
}

bool lookaside_table_remove(const lookaside_list *list, struct lookaside_item *item)
{
    service_lock();
    struct lookaside_item *found = lookaside_table_at(list);
    if (found != NULL) {
        lookaside_describe(found, item);
        *found = lookaside_table.items[--lookaside_table.count];
    }
    service_unlock();
    return found != NULL;
}

void lookaside_each(lookaside_visitor *visitor, void *context)
{
    service_lock();
    for (size_t i = 0; i < lookaside_table.count; i++)
        if (lookaside_is_whole(lookaside_table.items[i].list))
            visitor(lookaside_table.items[i].list, context);
    service_unlock();
}

/* ---- depth ---- */

static unsigned lookaside_depth_most(const lookaside_list *list)
{
    unsigned most = LOAD(&list->MaximumDepth);
    return most < LOOKASIDE_DEPTH_MOST ? most : LOOKASIDE_DEPTH_MOST;
}

/* A depth of 0 is that of a list which keeps nothing. */
static void lookaside_deepen(lookaside_list *list)
{
    unsigned depth = 2u * LOAD(&list->Depth);
    unsigned most = lookaside_depth_most(list);
    if (depth != 0)
        STORE(&list->Depth, (USHORT)(depth < most ? depth : most));
}

static void lookaside_adjust(lookaside_list *list, void *context)
{
    unsigned depth = LOAD(&list->Depth);
    ULONG total = LOAD(&list->TotalAllocates);
    ULONG total_misses = LOAD(&list->AllocateMisses);
    ULONG allocates = total - list->LastTotalAllocates;
    ULONG misses = total_misses - list->LastAllocateMisses;
    (void)context;
    list->LastTotalAllocates = total;
    list->LastAllocateMisses = total_misses;
    if (allocates < depth) {
        if (depth > LOOKASIDE_DEPTH_LEAST)
            STORE(&list->Depth, (USHORT)(LOOKASIDE_DEPTH_LEAST + (depth - LOOKASIDE_DEPTH_LEAST) / 2));
    } else if (misses > allocates / 64) {
        lookaside_deepen(list);
    }
}

void lookaside_adjust_all(void)
{
    lookaside_each(lookaside_adjust, NULL);
}

/* The way by which lists grow by themselves, whoever counts their misses: inline code, or we. */
static void lookaside_found_empty(PSLIST_HEADER header)
{
    lookaside_list *list = (void *)header;
    service_lock();
    struct lookaside_item *item = lookaside_table_at(list);
    if (item != NULL && LOAD(&list->AllocateMisses) - item->misses_answered >= LOOKASIDE_MISSES) {
        item->misses_answered = LOAD(&list->AllocateMisses);
        lookaside_deepen(list);
    }
    service_unlock();
}

/* ---- giving back ---- */

static void lookaside_release_entry(const struct lookaside_item *item, void *entry)
{
    if (item->is_ex)
        item->free.with_list(entry, (PLOOKASIDE_LIST_EX)item->list);
    else
        item->free.plain(entry);
}

/* Whether the first word of an entry may be read: always, but for one of ours that is not outstanding. Then the chain ends there,
 * after the pool has said what is wrong with it. */
static bool lookaside_has_next(const void *entry)
{
    struct place place = {.kind = PLACE_FOREIGN};
    if (!owner_is_ours((uintptr_t)entry))
        return true;
    owner_find((uintptr_t)entry, &place);
    return place.kind == PLACE_LIVE;
}

void lookaside_release(const struct lookaside_item *item, void *chain, unsigned left)
{
    for (void *entry = chain; left != 0 && entry != NULL; left--) {
        void *next = lookaside_has_next(entry) ? *(void **)entry : NULL;
        lookaside_release_entry(item, entry);
        entry = next;
    }
}

/* Option lookaside=bypass has perhaps changed: lists keep nothing from now on, or begin anew. The entries are given back without
 * the lock, for that calls the user. */
static void lookaside_policy_changed(void)
{
    bool is_bypassed = LOAD(&wdk_policy.lookaside_bypass) != 0;
    for (size_t i = 0;; i++) {
        struct lookaside_item item;
        void *chain = NULL;
        unsigned entries = 0;
        service_lock();
        bool is_last = i >= lookaside_table.count;
        if (!is_last)
            lookaside_describe(&lookaside_table.items[i], &item);
        if (!is_last && !item.is_lost) {
            lookaside_list *list = item.list;
            if (is_bypassed != (LOAD(&list->Depth) == 0))
                STORE(&list->Depth, is_bypassed ? 0 : LOOKASIDE_DEPTH_LEAST);
            if (is_bypassed)
                chain = slist_flush(&list->ListHead, &entries);
        }
        service_unlock();
        if (is_last)
            return;
        lookaside_release(&item, chain, entries);
    }
}

/* ---- what others ask ---- */

/* Reports a list that lies in a block about to be freed. */
static bool lookaside_may_be_freed(const struct tagpool_block *block)
{
    uintptr_t list = 0;
    service_lock();
    for (size_t i = 0; i < lookaside_table.count && list == 0; i++)
        if ((uintptr_t)lookaside_table.items[i].list - (uintptr_t)block->address < block->charged)
            list = (uintptr_t)lookaside_table.items[i].list;
    service_unlock();
    if (list != 0)
        bugcheck_report(0xC4, (uintptr_t[4]){0xCC, list, (uintptr_t)block->address, block->bytes}, block, true);
    return list == 0;
}

struct lookaside_show {
    kept_visitor *visitor;
    void *context;
    const struct lookaside_item *item;
};

static bool lookaside_show_entry(const void *entry, void *context)
{
    const struct lookaside_show *show = context;
    const struct kept_seen seen = {.list = show->item->list, .tag = show->item->tag, .entry = entry};
    return show->visitor(&seen, show->context);
}

static void lookaside_show_lists(kept_visitor *visitor, void *context)
{
    struct lookaside_show show = {visitor, context, NULL};
    service_lock();
    for (size_t i = 0; i < lookaside_table.count; i++) {
        show.item = &lookaside_table.items[i];
        bool is_lost = !lookaside_is_whole(show.item->list);
        const struct kept_seen seen = {.list = show.item->list, .tag = show.item->tag, .is_lost = is_lost};
        if (visitor(&seen, context) && !is_lost)
            slist_walk(&show.item->list->ListHead, lookaside_show_entry, &show);
    }
    service_unlock();
}

enum lookaside_added lookaside_table_add(lookaside_list *list, const lookaside_list *fresh, bool is_ex)
{
    enum lookaside_added added = LOOKASIDE_ADDED;
    service_lock();
    if (!lookaside_table.is_hooked) {
        STORE_RELEASE(&pool_lookaside_hook, lookaside_may_be_freed);
        STORE_RELEASE(&slist_empty_hook, lookaside_found_empty);
        STORE_RELEASE(&kept_policy_hook, lookaside_policy_changed);
        STORE_RELEASE(&kept_source, lookaside_show_lists);
        lookaside_table.is_hooked = true;
    }
    if (lookaside_table_at(list) != NULL) {
        added = LOOKASIDE_THERE;
    } else if (!lookaside_make_room()) {
        added = LOOKASIDE_NO_ROOM;
    } else {
        *list = *fresh;
        lookaside_table.items[lookaside_table.count++] = (struct lookaside_item){.list = list, .is_ex = is_ex, .tag = fresh->Tag};
    }
    service_unlock();
    return added;
}
