/* SPDX-License-Identifier: MIT
 *
 * verifier.c: the public names of the verifier (contracts in tagpool/verifier.h).
 */
#include "tagpool/verifier.h"

#include "face/face.h"
#include "ledger/depot.h"
#include "ledger/driver.h"
#include "ledger/fault.h"
#include "ledger/hit.h"
#include "ledger/log.h"
#include "pool/scrub.h"
#include "pool/unload.h"
#include "pool/verify.h"

/* ---- hit tag, counters, faults ---- */

void tagpool_hit_tag_set(uint32_t tag)
{
    STORE(&hit_tag, tag);
}

uint32_t tagpool_hit_tag(void)
{
    return LOAD(&hit_tag);
}

void tagpool_hit_handler_set(tagpool_hit_handler *handler, void *context)
{
    hit_handler_set(handler, context);
}

void tagpool_verifier_read(struct tagpool_verifier_counters *counters)
{
    verify_counters(counters);
}

void tagpool_special_read(struct tagpool_special_use *use)
{
    special_use(use);
}

size_t tagpool_faults(struct tagpool_operation *operations, size_t capacity)
{
    struct event events[FAULTS_KEPT];
    size_t count = fault_recent(events, capacity < FAULTS_KEPT ? capacity : FAULTS_KEPT);
    for (size_t i = 0; i < count; i++)
        event_describe(&events[i], &operations[i]);
    return count;
}

/* ---- tracking ---- */

HOT void *tagpool_alloc_at(enum tagpool_pool pool, size_t bytes, uint32_t tag, const char *file, unsigned line)
{
    void *block = pool_alloc_fast((unsigned)pool, bytes, tag);
    if (LIKELY(block != NULL))
        return block;
    return pool_alloc_slow(&(struct request){.pool = (unsigned)pool, .bytes = bytes, .tag = tag, .alignment = 1, .file = file,
                                             .line = line, .caller = CALLER, .frame = FRAME});
}

int tagpool_origin(const void *address, struct tagpool_operation *allocation, uint64_t *site_nth)
{
    struct place place = {.kind = PLACE_FOREIGN};
    struct record record = {.flags = 0};
    memset(allocation, 0, sizeof *allocation);
    if (LOAD_ACQUIRE(&pool_state.started) != 0)
        owner_find((uintptr_t)address, &place);
    if (place.kind != PLACE_LIVE || !record_get(place.start, &record) || (record.flags & RECORD_TRACKED) == 0)
        return TAGPOOL_ENOTFOUND;
    struct event event;
    verify_origin(&event, &place, &record);
    event_describe(&event, allocation);
    if (site_nth != NULL)
        *site_nth = record.site_nth;
    return TAGPOOL_OK;
}

struct operation_walk {
    tagpool_operation_visitor *visitor;
    void *context;
};

static bool visit_operation(const struct event *event, void *context)
{
    const struct operation_walk *walk = context;
    struct tagpool_operation operation;
    event_describe(event, &operation);
    return walk->visitor(&operation, walk->context);
}

void tagpool_log_walk(tagpool_operation_visitor *visitor, void *context)
{
    log_walk(visit_operation, &(struct operation_walk){visitor, context});
}

/* ---- sites: kept sorted while they are collected; a heap would do for more than these few ---- */

struct site_list {
    struct tagpool_site *sites;
    size_t capacity, count;
};

static bool collect_site(const struct depot_site *from, void *context)
{
    struct site_list *list = context;
    struct tagpool_site site = {.tag = from->tag};
    site.frame_count = depot_frames(from->stack, &site.frames);
    struct depot_sum freed = depot_freed(from), allocated = depot_allocated(from);
    site.frees = freed.count;
    site.allocs = allocated.count;
    site.blocks = site.allocs - site.frees;
    site.bytes = allocated.bytes - freed.bytes;
    size_t at = list->count < list->capacity ? list->count : list->capacity;
    list->count++;
    /* The last one falls out if there is no room for it. */
    for (; at > 0 && list->sites[at - 1].bytes < site.bytes; at--)
        if (at < list->capacity)
            list->sites[at] = list->sites[at - 1];
    if (at < list->capacity)
        list->sites[at] = site;
    return true;
}

size_t tagpool_sites(struct tagpool_site *sites, size_t capacity)
{
    struct site_list list = {sites, capacity, 0};
    depot_walk(collect_site, &list);
    return list.count;
}

/* ---- the scrubber ---- */

size_t tagpool_scrub(size_t blocks, size_t *findings)
{
    size_t found = 0;
    size_t looked = LOAD_ACQUIRE(&pool_state.started) != 0 ? scrub_blocks(blocks, &found) : 0;
    if (findings != NULL)
        *findings = found;
    return looked;
}

/* ---- drivers ---- */

static void switch_verifier(void)
{
    face_lock();
    verify_switch();
    face_unlock();
}

struct tagpool_driver *tagpool_driver_load(const char *name)
{
    struct driver *driver = face_start() ? driver_load(name) : NULL;
    if (driver != NULL)
        switch_verifier();
    return (struct tagpool_driver *)driver;
}

struct tagpool_driver *tagpool_driver_enter(struct tagpool_driver *driver)
{
    struct driver *before = driver_current;
    driver_current = (struct driver *)driver;
    return (struct tagpool_driver *)before;
}

enum tagpool_verdict tagpool_driver_unload(struct tagpool_driver *handle)
{
    struct driver *driver = (struct driver *)handle;
    if (LOAD(&driver->is_loaded) == 0)
        return TAGPOOL_NOT_CHECKED;
    driver_unload(driver);
    switch_verifier();
    return unload_verdict(driver, face_leak_blocks());
}

void tagpool_driver_read(const struct tagpool_driver *handle, struct tagpool_driver_stats *stats)
{
    const struct driver *driver = (const struct driver *)handle;
    *stats = (struct tagpool_driver_stats){
        .name = driver->name, .is_loaded = LOAD(&driver->is_loaded) != 0, .loads = driver->loads, .unloads = driver->unloads};
    for (unsigned pool = 0; pool < POOLS; pool++) {
        const struct driver_side *side = &driver->side[pool];
        struct tagpool_driver_use *use = &stats->pool[pool];
        use->frees = LOAD(&side->frees);
        use->allocs = LOAD(&side->allocs);
        use->blocks = use->allocs - use->frees;
        uint64_t bytes_out = LOAD(&side->bytes_out);
        use->bytes = LOAD(&side->bytes_in) - bytes_out;
        use->peak_blocks = LOAD(&side->peak_blocks);
        use->peak_bytes = LOAD(&side->peak_bytes);
    }
}

struct tagpool_driver *tagpool_driver_at(size_t index)
{
    return (struct tagpool_driver *)driver_at(index);
}
