/* SPDX-License-Identifier: MIT
 *
 * special_runs.c: cuts special pool's regions into runs and joins them again.
 *
 * Of free runs the shortest that will do is taken, of these the one that has been free longest. Runs are looked up without the
 * lock: an entry of a page is set before the run's note makes a block of it, and tables stay readable for ever.
 */
#include "memory/special_runs.h"

/* Address space of the first region of each pool, in pages; the second has an eighth. */
#define REGION_PAGES (UINTPTR_MAX > 0xFFFFFFFFu ? (size_t)1 << 22 : (size_t)1 << 14)
#define REGION_PAGES_LEAST 256u

/* The first region's pages are committed so many at a time. */
#define GROWTH_BYTES ((size_t)1 << 20)

INTERNAL struct special_range special_range;
INTERNAL struct special_state_of specials = {.lock = PORT_LOCK_INITIAL};

uint32_t special_number(const struct special_block *block)
{
    return (uint32_t)(block - specials.blocks);
}

/* ---- start ---- */

static size_t region_pages(unsigned region, size_t pages)
{
    return region % 2 == 0 ? pages : pages / 8;
}

static size_t entries_bytes(size_t pages)
{
    return round_up(pages * sizeof(uint32_t), PORT_UNIT_BYTES);
}

static bool commit_more(void *base, size_t *committed, size_t wanted)
{
    while (*committed < wanted) {
        if (!port_commit((char *)base + *committed, PORT_UNIT_BYTES))
            return false;
        *committed += PORT_UNIT_BYTES;
    }
    return true;
}

/* Reserves one range for all regions and one for all tables. */
static bool reserve_regions(size_t pages)
{
    size_t range_bytes = 0, table_bytes = 0, most = 1;
    for (unsigned i = 0; i < SPECIAL_REGIONS; i++) {
        range_bytes += region_pages(i, pages) * specials.page_bytes;
        table_bytes += entries_bytes(region_pages(i, pages));
        most += region_pages(i, pages) / 2;
    }
    size_t blocks_bytes = round_up(most * sizeof(struct special_block), PORT_UNIT_BYTES);
    range_bytes = round_up(range_bytes, PORT_UNIT_BYTES);
    char *base = port_reserve(range_bytes);
    char *tables = base != NULL ? port_reserve(table_bytes + blocks_bytes) : NULL;
    if (tables == NULL) {
        if (base != NULL)
            port_release(base, range_bytes);
        return false;
    }
    specials.blocks = (struct special_block *)(void *)(tables + table_bytes);
    specials.blocks_most = most;
    specials.blocks_used = 1;
    special_range.base = (uintptr_t)base;
    for (unsigned i = 0; i < SPECIAL_REGIONS; i++) {
        struct special_region *region = &specials.region[i];
        region->base = (uintptr_t)base;
        region->pages = region_pages(i, pages);
        region->frontier = 1;
        region->entries = (uint32_t *)(void *)tables;
        base += region->pages * specials.page_bytes;
        tables += entries_bytes(region->pages);
    }
    /* What special_find() may look at before there is any run. */
    bool done = commit_more(specials.blocks, &specials.blocks_committed, 1);
    for (unsigned i = 0; i < SPECIAL_REGIONS; i++)
        done = done && commit_more(specials.region[i].entries, &specials.region[i].entries_committed, 1);
    if (done) {
        port_checkers_root((const void *)special_range.base, range_bytes);
        STORE_RELEASE(&special_range.bytes, range_bytes);
    } else {
        memset(&specials.region, 0, sizeof specials.region);
    }
    return done;
}

bool special_reserve(void)
{
    size_t pages = REGION_PAGES;
    if (TAGPOOL_BARE)
        return false;
    specials.page_bytes = port_page_bytes();
    if (PORT_UNIT_BYTES % specials.page_bytes != 0)
        return false;
    while (pages >= REGION_PAGES_LEAST && !reserve_regions(pages))
        pages /= 2;
    return pages >= REGION_PAGES_LEAST;
}

/* ---- lists ---- */

void special_append(uint32_t *oldest, uint32_t *newest, struct special_block *block)
{
    block->next = 0;
    block->previous = *newest;
    if (*newest != 0)
        specials.blocks[*newest].next = special_number(block);
    else
        *oldest = special_number(block);
    *newest = special_number(block);
}

void special_remove(uint32_t *oldest, uint32_t *newest, struct special_block *block)
{
    *(block->previous != 0 ? &specials.blocks[block->previous].next : oldest) = block->next;
    *(block->next != 0 ? &specials.blocks[block->next].previous : newest) = block->previous;
    block->next = block->previous = 0;
}

static unsigned free_bin(size_t length)
{
    return length < SPECIAL_BINS ? (unsigned)length - 1 : SPECIAL_BINS - 1;
}

static void list_free(struct special_block *block)
{
    struct special_region *region = &specials.region[block->region];
    unsigned bin = free_bin(block->length);
    STORE(&block->state, SPECIAL_FREE);
    special_append(&region->oldest[bin], &region->newest[bin], block);
    region->present |= UINT64_C(1) << bin;
}

static void unlist_free(struct special_block *block)
{
    struct special_region *region = &specials.region[block->region];
    unsigned bin = free_bin(block->length);
    special_remove(&region->oldest[bin], &region->newest[bin], block);
    if (region->oldest[bin] == 0)
        region->present &= ~(UINT64_C(1) << bin);
    STORE(&block->state, SPECIAL_BUSY);
}

/* ---- entries ---- */

static struct special_block *new_entry(void)
{
    struct special_block *block = &specials.blocks[specials.unused];
    if (specials.unused != 0) {
        specials.unused = block->next;
    } else {
        size_t wanted = (specials.blocks_used + 1) * sizeof *block;
        if (specials.blocks_used == specials.blocks_most || !commit_more(specials.blocks, &specials.blocks_committed, wanted))
            return NULL;
        block = &specials.blocks[specials.blocks_used++];
    }
    memset(block, 0, sizeof *block);
    return block;
}

static void drop_entry(struct special_block *block)
{
    STORE(&block->note, 0);
    STORE(&block->state, SPECIAL_NONE);
    block->next = specials.unused;
    specials.unused = special_number(block);
}

/* A free run that nothing can be said of needs only its ends to be found, by its neighbours. */
static void enter_ends(const struct special_block *block)
{
    struct special_region *region = &specials.region[block->region];
    STORE_RELEASE(&region->entries[block->first], special_number(block));
    STORE_RELEASE(&region->entries[block->first + block->length - 1], special_number(block));
}

static void enter_pages(const struct special_block *block)
{
    struct special_region *region = &specials.region[block->region];
    for (size_t page = block->first; page < (size_t)block->first + block->length; page++)
        STORE_RELEASE(&region->entries[page], special_number(block));
}

/* It holds no block any more that anything could be said of. */
static void forget_block(struct special_block *block)
{
    STORE(&block->note, 0);
    block->is_filled = 0;
}

/* ---- cut and join ---- */

bool special_ready(unsigned number, size_t frontier)
{
    struct special_region *region = &specials.region[number];
    bool is_patterned = number % 2 == 1;
    size_t growth = (is_patterned ? PORT_UNIT_BYTES : GROWTH_BYTES) / specials.page_bytes;
    while (region->committed < frontier) {
        size_t left = region->pages - region->committed;
        size_t pages = left < growth ? left : growth;
        void *base = (void *)(region->base + region->committed * specials.page_bytes);
        if ((is_patterned || specials.is_marked) && !port_commit(base, pages * specials.page_bytes))
            return false;
        if (!is_patterned && specials.is_marked && !port_guard(base, pages * specials.page_bytes, PORT_GUARD_MARK))
            return false;
        region->committed += pages;
    }
    return true;
}

static struct special_block *cut_frontier(unsigned number, size_t length)
{
    struct special_region *region = &specials.region[number];
    size_t frontier = region->frontier + length;
    if (length > region->pages - region->frontier || !special_ready(number, frontier) ||
        !commit_more(region->entries, &region->entries_committed, frontier * sizeof *region->entries))
        return NULL;
    struct special_block *block = new_entry();
    if (block == NULL)
        return NULL;
    block->region = (uint8_t)number;
    block->first = (uint32_t)region->frontier;
    block->length = (uint32_t)length;
    block->state = SPECIAL_BUSY;
    STORE_RELEASE(&region->frontier, frontier);
    return block;
}

/* Takes a free run out of its list; what is too much of it becomes a free run of its own, if that is at least two pages. */
static struct special_block *cut_free(struct special_block *block, size_t length)
{
    struct special_block *rest = block->length >= length + 2 ? new_entry() : NULL;
    unlist_free(block);
    if (rest == NULL)
        return block;
    rest->region = block->region;
    rest->first = block->first + (uint32_t)length;
    rest->length = block->length - (uint32_t)length;
    rest->is_open = block->is_open;
    block->length = (uint32_t)length;
    rest->state = SPECIAL_BUSY;
    forget_block(block);
    special_join(rest);
    return block;
}

static struct special_block *find_free(const struct special_region *region, size_t length)
{
    uint64_t bins = region->present & (~UINT64_C(0) << free_bin(length));
    while (bins != 0) {
        unsigned bin = lowest_bit(bins);
        uint32_t number = region->oldest[bin];
        while (number != 0 && specials.blocks[number].length < length)
            number = specials.blocks[number].next;
        if (number != 0)
            return &specials.blocks[number];
        bins &= bins - 1;
    }
    return NULL;
}

struct special_block *special_cut(unsigned region, size_t pages)
{
    size_t length = pages + 1;
    if (length >= specials.region[region].pages)
        return NULL;
    struct special_block *block = find_free(&specials.region[region], length);
    block = block != NULL ? cut_free(block, length) : cut_frontier(region, length);
    if (block == NULL)
        return NULL;
    if (block->pages != pages)
        forget_block(block);
    block->pages = (uint32_t)pages;
    enter_pages(block);
    return block;
}

/* Adds the run behind to a run, both in no list. */
static void swallow(struct special_block *block, struct special_block *behind)
{
    block->length += behind->length;
    block->is_open |= behind->is_open;
    drop_entry(behind);
    forget_block(block);
}

void special_join(struct special_block *block)
{
    struct special_block *before = special_before(block);
    struct special_block *behind = special_behind(block);
    /* What was filled is still to be looked at. */
    bool joins = !block->is_filled;
    if (joins && behind != NULL && behind->state == SPECIAL_FREE && !behind->is_filled) {
        unlist_free(behind);
        swallow(block, behind);
    }
    if (joins && before != NULL && before->state == SPECIAL_FREE && !before->is_filled) {
        unlist_free(before);
        swallow(before, block);
        block = before;
    }
    if (block->note == 0)
        enter_ends(block);
    list_free(block);
}

/* ---- look ---- */

static struct special_block *entry_at(unsigned number, size_t page)
{
    const struct special_region *region = &specials.region[number];
    if (page >= LOAD_ACQUIRE(&region->frontier))
        return NULL;
    struct special_block *block = &specials.blocks[LOAD_ACQUIRE(&region->entries[page])];
    bool is_its = LOAD(&block->state) != SPECIAL_NONE && LOAD(&block->region) == number &&
                  page - LOAD(&block->first) < LOAD(&block->length);
    return is_its ? block : NULL;
}

struct special_block *special_find(uintptr_t address)
{
    if (!special_is_ours(address))
        return NULL;
    for (unsigned i = 0; i < SPECIAL_REGIONS; i++) {
        size_t page = (address - specials.region[i].base) / specials.page_bytes;
        if (page < specials.region[i].pages)
            return entry_at(i, page);
    }
    return NULL;
}

bool special_was_used(uintptr_t address)
{
    for (unsigned i = 0; i < SPECIAL_REGIONS && special_is_ours(address); i++)
        if ((address - specials.region[i].base) / specials.page_bytes < LOAD_ACQUIRE(&specials.region[i].frontier))
            return true;
    return false;
}

struct special_block *special_behind(const struct special_block *block)
{
    return entry_at(LOAD(&block->region), (size_t)LOAD(&block->first) + LOAD(&block->length));
}

struct special_block *special_before(const struct special_block *block)
{
    return entry_at(LOAD(&block->region), (size_t)LOAD(&block->first) - 1);
}

bool special_walk(unsigned pool, bool (*visit)(struct special_block *block, void *context), void *context)
{
    for (unsigned i = 2 * pool; i < 2 * pool + 2; i++) {
        size_t page = 1;
        while (page < LOAD_ACQUIRE(&specials.region[i].frontier)) {
            struct special_block *block = entry_at(i, page);
            if (block != NULL && note_is_live(LOAD_ACQUIRE(&block->note)) && !visit(block, context))
                return false;
            page = block != NULL ? (size_t)LOAD(&block->first) + LOAD(&block->length) : page + 1;
        }
    }
    return true;
}
