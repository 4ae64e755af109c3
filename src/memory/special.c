/* SPDX-License-Identifier: MIT
 *
 * special.c: takes and gives runs of special pool: the budget, the quarantine, what is accessible.
 *
 * Accessibility changes without the lock, while a run is busy and so in nobody else's hands.
 */
#include "memory/special_runs.h"
#include "tagpool/verifier.h"

void special_lock(void)
{
    port_lock(&specials.lock);
}

void special_unlock(void)
{
    port_unlock(&specials.lock);
}

bool special_start(void)
{
    if (LOAD_ACQUIRE(&special_range.bytes) != 0)
        return true;
    special_lock();
    bool done = LOAD(&special_range.bytes) != 0 || special_reserve();
    special_unlock();
    return done;
}

size_t special_page_bytes(void)
{
    return specials.page_bytes;
}

unsigned special_pool_at(uintptr_t address)
{
    return address >= specials.region[2 * (POOLS - 1)].base;
}

uintptr_t special_data(const struct special_block *block)
{
    return specials.region[block->region].base + block->first * specials.page_bytes;
}

size_t special_charged(const struct special_block *block)
{
    return block->pages * specials.page_bytes;
}

size_t special_between(const struct special_block *block)
{
    return (block->length - block->pages) * specials.page_bytes;
}

bool special_is_patterned(const struct special_block *block)
{
    return block->region % 2 == 1;
}

/* ---- quarantine: pre: the lock is held ---- */

static void count_live(const struct special_block *block, int sign)
{
    uint64_t blocks = (uint64_t)(int64_t)sign;
    STORE(&specials.live, specials.live + blocks * block->pages);
    specials.live_blocks += blocks;
    if (block->region % 2 == 0)
        specials.guarded_blocks += blocks;
}

static void let_go_oldest(void)
{
    struct special_block *block = &specials.blocks[specials.oldest];
    special_remove(&specials.oldest, &specials.newest, block);
    specials.quarantined -= block->pages;
    specials.quarantined_blocks--;
    special_join(block);
}

static void let_go(uint64_t most_pages)
{
    while (specials.oldest != 0 && specials.live + specials.quarantined > most_pages)
        let_go_oldest();
}

void special_limits(uint64_t pages, enum special_guard guard)
{
    special_lock();
    specials.limit = pages;
    STORE(&specials.guard, guard);
    let_go(pages);
    special_unlock();
}

void special_use(struct tagpool_special_use *use)
{
    special_lock();
    *use = (struct tagpool_special_use){.blocks = specials.live_blocks,
                                        .pages = specials.live,
                                        .freed_blocks = specials.quarantined_blocks,
                                        .freed_pages = specials.quarantined,
                                        .is_marked = specials.is_marked};
    special_unlock();
}

uint64_t special_live_pages(void)
{
    return LOAD(&specials.live);
}

uint64_t special_changes(void)
{
    return LOAD(&specials.changes);
}

/* ---- take ---- */

/* Tries on the first pages whether the system has markers; not under LeakSanitizer, which reads what the system calls readable,
 * marked or not. If there are none, regions with patterns begin now: when mappings have run out,
 * one can only grow. */
static void decide_guards(void)
{
    struct special_region *region = &specials.region[0];
    size_t bytes = PORT_UNIT_BYTES;
    specials.is_decided = true;
    bool may_mark = specials.guard == SPECIAL_MARK && (port_checkers_told() & PORT_LSAN) == 0;
    if (may_mark && port_commit((void *)region->base, bytes)) {
        specials.is_marked = port_guard((void *)region->base, bytes, PORT_GUARD_MARK);
        if (specials.is_marked)
            region->committed = bytes / specials.page_bytes;
        else
            (void)port_protect((void *)region->base, bytes, false);
    }
    for (unsigned i = 1; i < SPECIAL_REGIONS && !specials.is_marked; i += 2)
        (void)special_ready(i, 1);
}

static enum port_guard guard_way(void)
{
    return specials.is_marked ? PORT_GUARD_MARK : PORT_GUARD_PROTECT;
}

static bool may_take(unsigned region, size_t pages)
{
    bool is_patterned = region % 2 == 1;
    return specials.live + pages <= specials.limit && pages < specials.region[region].pages &&
           (is_patterned || specials.is_marked || specials.guarded_blocks < PORT_PROTECTED_MOST);
}

/* Whoever has the run behind may be looking: what is right already stays. A freed block may have been there. */
static void fill_special_pages(uintptr_t start, size_t bytes)
{
    port_checkers_show((const void *)start, bytes);
    const unsigned char *first = (const unsigned char *)start;
    if (*first != SPECIAL_BETWEEN_BYTE || memcmp(first, first + 1, bytes - 1) != 0)
        memset((void *)start, SPECIAL_BETWEEN_BYTE, bytes);
}

/* In a region with patterns: before anybody can take, and check, the run behind. */
static void fill_between(const struct special_block *block)
{
    fill_special_pages(special_data(block) + special_charged(block), special_between(block));
    if (block->first == 1)
        fill_special_pages(specials.region[block->region].base, specials.page_bytes);
}

/* A run within the budget: lets go of as many freed blocks as it takes. */
static struct special_block *take_run(unsigned region, size_t pages)
{
    struct special_block *block = NULL;
    special_lock();
    if (!specials.is_decided)
        decide_guards();
    if (may_take(region, pages)) {
        let_go(specials.limit - pages);
        block = special_cut(region, pages);
        while (block == NULL && specials.oldest != 0) {
            let_go_oldest();
            block = special_cut(region, pages);
        }
    }
    if (block != NULL) {
        count_live(block, 1);
        if (region % 2 == 1)
            fill_between(block);
    }
    special_unlock();
    return block;
}

static void put_back(struct special_block *block)
{
    special_lock();
    count_live(block, -1);
    special_join(block);
    special_unlock();
}

/* Makes everything inaccessible that is to be, when a page was opened to let an access through. */
static bool close_run(struct special_block *block)
{
    size_t page = block->first == 1 ? 0 : block->first;
    size_t pages = block->first + block->length - page;
    void *base = (void *)(specials.region[block->region].base + page * specials.page_bytes);
    (void)add_fetch_u64(&specials.changes, 1);
    if (!port_guard(base, pages * specials.page_bytes, guard_way()))
        return false;
    STORE(&block->is_open, 0);
    return true;
}

static bool make_accessible(struct special_block *block)
{
    if (LOAD(&block->is_open) != 0 && !close_run(block))
        return false;
    return port_unguard((void *)special_data(block), special_charged(block), guard_way());
}

struct special_block *special_take(unsigned pool, size_t bytes, size_t alignment, enum special_edge edge, bool *zeroed)
{
    size_t page_bytes = specials.page_bytes;
    if (LOAD_ACQUIRE(&special_range.bytes) == 0 || bytes > specials.region[2 * pool].pages * page_bytes)
        return NULL;
    size_t pages = bytes == 0 ? 1 : (bytes + page_bytes - 1) / page_bytes;
    if (alignment > page_bytes && edge != SPECIAL_EXACT)
        pages += alignment / page_bytes - 1;
    *zeroed = true;
    struct special_block *block = LOAD(&specials.guard) == SPECIAL_PATTERN ? NULL : take_run(2 * pool, pages);
    if (block != NULL && make_accessible(block)) {
        special_gate_open(block);
        return block;
    }
    if (block != NULL)
        put_back(block);
    else if (LOAD(&specials.guard) != SPECIAL_PATTERN && LOAD(&specials.is_marked))
        return NULL;
    *zeroed = false;
    block = take_run(2 * pool + 1, pages);
    if (block != NULL)
        special_gate_open(block);
    return block;
}

/* Where the block lies in its run. What contracts say of alignment (tagpool.h) holds, but for an exact end. */
void special_place(struct special_block *block, size_t bytes, size_t alignment, enum special_edge edge)
{
    uintptr_t data = special_data(block);
    size_t room = special_charged(block);
    size_t natural = bytes > PAGE_BYTES - 4 * sizeof(void *) ? PAGE_BYTES : 2 * sizeof(void *);
    size_t step = alignment > natural ? alignment : natural;
    uintptr_t start = data + room - bytes;
    if (edge == SPECIAL_START)
        start = (data + step - 1) & ~(uintptr_t)(step - 1);
    else if (edge == SPECIAL_END)
        start = (data + room - (bytes == 0 ? 1 : bytes)) & ~(uintptr_t)(step - 1);
    else if (bytes == 0)
        start--;
    STORE(&block->start, start);
    STORE(&block->bytes, bytes);
    block->edge = (uint8_t)edge;
    block->is_filled = 0;
}

/* ---- give ---- */

void special_give(struct special_block *block)
{
    bool is_closed = special_is_patterned(block);
    special_gate_shut(block);
    (void)add_fetch_u64(&specials.changes, 1);
    if (!is_closed)
        is_closed = LOAD(&block->is_open) != 0 ? close_run(block)
                                               : port_guard((void *)special_data(block), special_charged(block), guard_way());
    if (!is_closed)
        STORE(&block->is_open, 1);
    special_lock();
    count_live(block, -1);
    specials.quarantined += block->pages;
    specials.quarantined_blocks++;
    STORE(&block->state, SPECIAL_QUARANTINED);
    special_append(&specials.oldest, &specials.newest, block);
    let_go(specials.limit);
    special_unlock();
}

bool special_open(uintptr_t address)
{
    uintptr_t page = address & ~(uintptr_t)(specials.page_bytes - 1);
    struct special_block *block = special_find(page);
    if (block == NULL)
        block = special_find(page + specials.page_bytes);
    if (block != NULL)
        STORE(&block->is_open, 1);
    return port_unguard((void *)page, specials.page_bytes, guard_way());
}

/* ---- check ---- */

/* What the check finds, by its own count. */
struct special_count {
    uint64_t live, quarantined, blocks, free;
};

static const char *check_region(unsigned number, struct special_count *count)
{
    const struct special_region *region = &specials.region[number];
    bool was_free = false;
    size_t page = 1;
    while (page < region->frontier) {
        struct special_block *block = special_find(region->base + page * specials.page_bytes);
        if (block == NULL || block->first != page)
            return "a run of special pool cannot be found";
        if (block->state != SPECIAL_FREE && block->length <= block->pages)
            return "a block of special pool has no inaccessible page behind it";
        bool is_free = block->state == SPECIAL_FREE && !block->is_filled;
        if (is_free && was_free)
            return "two free runs of special pool touch";
        was_free = is_free;
        count->free += block->state == SPECIAL_FREE;
        count->live += block->state == SPECIAL_BUSY ? block->pages : 0;
        count->quarantined += block->state == SPECIAL_QUARANTINED ? block->pages : 0;
        count->blocks += block->state == SPECIAL_QUARANTINED;
        if (note_is_live(block->note) && block->state != SPECIAL_BUSY)
            return "a run of special pool has a live block and is not in use";
        page += block->length;
    }
    return page == region->frontier ? NULL : "runs of special pool pass its frontier";
}

static uint64_t count_listed(uint32_t number, uint64_t *pages)
{
    uint64_t count = 0;
    for (; number != 0; number = specials.blocks[number].next) {
        *pages += specials.blocks[number].pages;
        count++;
    }
    return count;
}

const char *special_check(void)
{
    struct special_count count = {0};
    uint64_t listed = 0, pages = 0, ignored = 0;
    if (special_range.bytes == 0)
        return NULL;
    for (unsigned i = 0; i < SPECIAL_REGIONS; i++) {
        const char *wrong = check_region(i, &count);
        if (wrong != NULL)
            return wrong;
        for (unsigned bin = 0; bin < SPECIAL_BINS; bin++)
            listed += count_listed(specials.region[i].oldest[bin], &ignored);
    }
    if (listed != count.free)
        return "free runs of special pool are not all in their lists";
    if (count_listed(specials.oldest, &pages) != count.blocks || count.blocks != specials.quarantined_blocks)
        return "special pool's quarantine has lost a block";
    if (count.live != specials.live || count.quarantined != specials.quarantined || pages != count.quarantined)
        return "special pool's counts of pages are wrong";
    return NULL;
}
