/* SPDX-License-Identifier: MIT
 *
 * depot.c: stacks and sites: two tables that only grow.
 *
 * Both are looked up without a lock and added to under one: what is published is complete. A stack's number is its place in
 * the storage, in 8 bytes. Both tables are reserved when the first stack comes, and committed as they fill.
 */
#include "ledger/depot.h"

#include "ledger/fault_log.h"
#include "port/port.h"

#define DEPOT_BUCKETS (UINTPTR_MAX > 0xFFFFFFFFu ? (size_t)1 << 17 : (size_t)1 << 13)
#define DEPOT_SITES (UINTPTR_MAX > 0xFFFFFFFFu ? (size_t)1 << 18 : (size_t)1 << 13) /* places; three quarters are used at most */

#define DEPOT_STRIPES (TAGPOOL_BARE ? 1u : 4u)

#define OWN_FRAMES 4u

struct stack {
    uint64_t hash; /* of the frames */
    uint32_t next; /* in the bucket; 0 for none */
    uint32_t count;
    aligned_u64 lasting; /* depot_hash(); 0 until it was asked for */
    uintptr_t frames[];
};

static struct {
    char *storage;
    uint32_t *buckets;        /* numbers of stacks; 0 for none */
    struct depot_site *sites; /* open hash; a place whose stack is 0 is free */
    struct depot_sum *allocs; /* by the same places, as what follows: sites are read by all threads, and seldom written */
    struct depot_sum *frees[DEPOT_STRIPES]; /* threads are spread over them, so that they seldom meet */
    size_t used, committed;   /* of the storage */
    uint32_t stacks;
    uint32_t site_count;
    aligned_u64 dropped;
    struct port_lock lock;
} depot = {.lock = PORT_LOCK_INITIAL};

void depot_lock(void)
{
    port_lock(&depot.lock);
}

void depot_unlock(void)
{
    port_unlock(&depot.lock);
}

static struct stack *stack_at(uint32_t number)
{
    return (struct stack *)(void *)(depot.storage + (size_t)number * 8);
}

/* ---- start: pre: the lock is held ---- */

static bool depot_is_there(void)
{
    if (depot.storage != NULL)
        return true;
    if (depot.buckets == NULL)
        depot.buckets = port_obtain(round_up(DEPOT_BUCKETS * sizeof *depot.buckets, PORT_UNIT_BYTES));
    if (depot.sites == NULL)
        depot.sites = port_obtain(round_up(DEPOT_SITES * sizeof *depot.sites, PORT_UNIT_BYTES));
    bool is_whole = depot.buckets != NULL && depot.sites != NULL;
    for (unsigned i = 0; i <= DEPOT_STRIPES; i++) {
        struct depot_sum **counts = i < DEPOT_STRIPES ? &depot.frees[i] : &depot.allocs;
        if (*counts == NULL)
            *counts = port_obtain(round_up(DEPOT_SITES * sizeof **counts, PORT_UNIT_BYTES));
        is_whole = is_whole && *counts != NULL;
    }
    if (!is_whole)
        return false;
    depot.used = 8; /* so that no stack has the number 0 */
    STORE_RELEASE(&depot.storage, port_reserve(DEPOT_BYTES));
    return depot.storage != NULL;
}

/* ---- stacks ---- */

#define HASH_FACTOR UINT64_C(0x9E3779B97F4A7C15)

/* Every second frame has a sum of its own, so that no multiplication waits for more than half of the others. */
static uint64_t hash_of(const uintptr_t *frames, unsigned count)
{
    uint64_t even = count, odd = 0;
    unsigned i = 0;
    for (; i + 1 < count; i += 2) {
        even = even * HASH_FACTOR + frames[i];
        odd = odd * HASH_FACTOR + frames[i + 1];
    }
    if (i < count)
        even = even * HASH_FACTOR + frames[i];
    uint64_t hash = (even ^ (odd << 32 | odd >> 32)) * HASH_FACTOR;
    return hash ^ hash >> 32;
}

static uint32_t find_stack(uint64_t hash, const uintptr_t *frames, unsigned count)
{
    if (LOAD_ACQUIRE(&depot.storage) == NULL)
        return 0;
    uint32_t number = LOAD_ACQUIRE(&depot.buckets[hash % DEPOT_BUCKETS]);
    while (number != 0) {
        const struct stack *stack = stack_at(number);
        if (stack->hash == hash && stack->count == count && memcmp(stack->frames, frames, count * sizeof *frames) == 0)
            return number;
        number = stack->next;
    }
    return 0;
}

static uint32_t add_stack(uint64_t hash, const uintptr_t *frames, unsigned count)
{
    size_t bytes = round_up(sizeof(struct stack) + count * sizeof *frames, 8);
    port_lock(&depot.lock);
    uint32_t number = depot_is_there() ? find_stack(hash, frames, count) : 0;
    if (number == 0 && depot.storage != NULL && depot.used + bytes <= DEPOT_BYTES) {
        bool fits = depot.used + bytes <= depot.committed;
        if (!fits && port_commit(depot.storage + depot.committed, PORT_UNIT_BYTES)) {
            depot.committed += PORT_UNIT_BYTES;
            fits = true;
        }
        if (fits) {
            number = (uint32_t)(depot.used / 8);
            struct stack *stack = stack_at(number);
            *stack = (struct stack){.hash = hash, .next = depot.buckets[hash % DEPOT_BUCKETS], .count = count};
            memcpy(stack->frames, frames, count * sizeof *frames);
            depot.used += bytes;
            depot.stacks++;
            STORE_RELEASE(&depot.buckets[hash % DEPOT_BUCKETS], number);
        }
    }
    port_unlock(&depot.lock);
    if (number == 0)
        (void)add_fetch_u64(&depot.dropped, 1);
    return number;
}

/* Walks from the event's caller outwards. Where the compiler made a call of our jump to the slow path, the walk begins with
 * frames of our own: they are cut. */
static unsigned capture(const struct event *event, uintptr_t found[DEPOT_FRAMES_MOST + OWN_FRAMES], unsigned most)
{
    unsigned own = 0;
    unsigned count = (unsigned)port_stack(event->frame, found, most);
    if (count == 0 || found[0] == (uintptr_t)event->caller)
        return count;
    count = (unsigned)port_stack(event->frame, found, most + OWN_FRAMES);
    while (own < count && own <= OWN_FRAMES && found[own] != (uintptr_t)event->caller)
        own++;
    if (own == count || own > OWN_FRAMES)
        own = 0;
    memmove(found, found + own, (count - own) * sizeof *found);
    return count - own < most ? count - own : most;
}

uint32_t event_stack(struct event *event, unsigned frames)
{
    uintptr_t found[DEPOT_FRAMES_MOST + OWN_FRAMES];
    unsigned most = frames < 1 ? 1 : frames < DEPOT_FRAMES_MOST ? frames : DEPOT_FRAMES_MOST;
    unsigned count = 0;
    if (event->stack != 0)
        return event->stack;
    if (frames > 1 && event->frame != NULL)
        count = capture(event, found, most);
    if (count == 0)
        count = 1;
    found[0] = (uintptr_t)event->caller;
    uint64_t hash = hash_of(found, count);
    event->stack = find_stack(hash, found, count);
    if (event->stack == 0)
        event->stack = add_stack(hash, found, count);
    return event->stack;
}

unsigned depot_frames(uint32_t stack, const uintptr_t **frames)
{
    *frames = stack != 0 ? stack_at(stack)->frames : NULL;
    return stack != 0 ? stack_at(stack)->count : 0;
}

uint64_t depot_hash(uint32_t stack)
{
    if (stack == 0)
        return 0;
    struct stack *at = stack_at(stack);
    uint64_t hash = LOAD(&at->lasting);
    if (hash == 0) {
        char bytes[FAULT_LINE_BYTES];
        (void)fault_line_write(bytes, FAULT_RECORDED, 0, at->frames, at->count, &hash);
        STORE(&at->lasting, hash);
    }
    return hash;
}

uint32_t depot_count(void)
{
    return LOAD(&depot.stacks);
}

uint64_t depot_dropped(void)
{
    return LOAD(&depot.dropped);
}

/* ---- sites ---- */

static struct depot_site *site_place(uint32_t stack, uint32_t tag)
{
    size_t i = (size_t)(((uint64_t)stack << 32 | tag) * UINT64_C(0x9E3779B97F4A7C15) >> 32) % DEPOT_SITES;
    for (;; i = (i + 1) % DEPOT_SITES) {
        struct depot_site *site = &depot.sites[i];
        uint32_t found = LOAD_ACQUIRE(&site->stack);
        if (found == 0 || (found == stack && site->tag == tag))
            return site;
    }
}

/* NULL iff the table is full, or there is no stack. */
static struct depot_site *site_of(uint32_t stack, uint32_t tag)
{
    if (stack == 0)
        return NULL;
    struct depot_site *site = site_place(stack, tag);
    if (LOAD(&site->stack) != 0)
        return site;
    port_lock(&depot.lock);
    site = site_place(stack, tag);
    if (site->stack == 0) {
        if (depot.site_count >= DEPOT_SITES / 4 * 3) {
            site = NULL;
        } else {
            depot.site_count++;
            site->tag = tag;
            STORE_RELEASE(&site->stack, stack);
        }
    }
    port_unlock(&depot.lock);
    return site;
}

uint64_t depot_charge(uint32_t stack, uint32_t tag, size_t bytes)
{
    struct depot_site *site = site_of(stack, tag);
    if (site == NULL)
        return 0;
    struct depot_sum *allocs = &depot.allocs[site - depot.sites];
    (void)add_fetch_u64(&allocs->bytes, bytes);
    return add_fetch_u64(&allocs->count, 1);
}

void depot_discharge(uint32_t stack, uint32_t tag, size_t bytes)
{
    struct depot_site *site = site_of(stack, tag);
    if (site == NULL)
        return;
    struct depot_sum *frees = &depot.frees[thread_stripe(port_thread_number(), DEPOT_STRIPES)][site - depot.sites];
    (void)add_fetch_u64(&frees->bytes, bytes);
    (void)add_fetch_u64(&frees->count, 1);
}

struct depot_sum depot_allocated(const struct depot_site *site)
{
    const struct depot_sum *allocs = &depot.allocs[site - depot.sites];
    return (struct depot_sum){LOAD(&allocs->count), LOAD(&allocs->bytes)};
}

struct depot_sum depot_freed(const struct depot_site *site)
{
    struct depot_sum sum = {0, 0};
    for (unsigned i = 0; i < DEPOT_STRIPES; i++) {
        const struct depot_sum *frees = &depot.frees[i][site - depot.sites];
        sum.count += LOAD(&frees->count);
        sum.bytes += LOAD(&frees->bytes);
    }
    return sum;
}

uint64_t depot_allocs(uint32_t stack, uint32_t tag)
{
    return stack != 0 && LOAD_ACQUIRE(&depot.storage) != NULL ? depot_allocated(site_place(stack, tag)).count : 0;
}

bool depot_has_sites(void)
{
    return LOAD(&depot.site_count) != 0;
}

void depot_walk(bool (*visit)(const struct depot_site *site, void *context), void *context)
{
    for (size_t i = 0; depot.sites != NULL && i < DEPOT_SITES; i++)
        if (LOAD_ACQUIRE(&depot.sites[i].stack) != 0 && !visit(&depot.sites[i], context))
            return;
}
