/* SPDX-License-Identifier: MIT
 *
 * arena.c: runs of units: first fit by length in segregated lists, joined with their neighbours when freed.
 */
#include "memory/heap.h"

INTERNAL const struct span span_of_nobody;

/* The table has that one entry while there is none. */
INTERNAL struct arena arena = {
    .nobody_top = no_blocks, .nobody_bound = no_blocks, .table = (const char *)&span_of_nobody, .lock = PORT_LOCK_INITIAL};

/* Fresh memory is committed in steps of this many units, so that the system is asked once per 4 MiB. */
#define COMMIT_STEP_UNITS 64

_Static_assert((uint64_t)(TAGPOOL_THREADS + 1) << HEAP_KEY_SHIFT <= UINTPTR_MAX, "there are too many threads for keys");

/* The units for which the table has entries: those of a window, see span_near() and HEAP_KEY(). On 32 bit, all there are: a
 * window of about the arena's size would be hard to find. */
static size_t table_units(size_t arena_bytes)
{
    size_t units = arena_bytes >> UNIT_SHIFT;
    size_t window = (size_t)HEAP_KEY(TAGPOOL_THREADS) >> UNIT_SHIFT;
    if (TAGPOOL_BARE)
        return units;
    if (UINTPTR_MAX <= UINT32_MAX)
        return (UINTPTR_MAX >> UNIT_SHIFT) + 1;
    window = window > units ? window : units + 1;
    while (!is_power_of_two(window))
        window += window & -window;
    return window;
}

static size_t table_bytes(size_t arena_bytes)
{
    return round_up(PORT_COLOUR_SPANS + table_units(arena_bytes) * sizeof(struct span), UNIT_BYTES);
}

static void *reserve(size_t bytes)
{
#if TAGPOOL_BARE || UINTPTR_MAX <= UINT32_MAX
    return port_reserve(bytes);
#else
    return port_reserve_within(bytes, table_units(bytes) << UNIT_SHIFT);
#endif
}

/* Words that follow from where the arena and the table lie. */
static void set_words(uintptr_t base, char *table, size_t bytes)
{
    arena.table = table + PORT_COLOUR_SPANS;
    arena.mask = (table_units(bytes) - 1) << SPAN_SHIFT;
    arena.base = base;
    arena.bytes = bytes;
    arena.spans = (struct span *)(void *)(table + PORT_COLOUR_SPANS);
    if (!TAGPOOL_BARE)
        arena.spans += (base >> UNIT_SHIFT) % table_units(bytes);
    arena.origin = (uintptr_t)arena.spans - (base >> UNIT_SHIFT << SPAN_SHIFT);
    arena.slope = base - ((uintptr_t)arena.spans << (UNIT_SHIFT - SPAN_SHIFT));
    arena.half_units = (bytes >> UNIT_SHIFT) / POOLS;
    arena.paged = arena.spans + arena.half_units;
}

bool arena_start(uint64_t pool_bytes)
{
    if (pool_bytes > SIZE_MAX / 4)
        return false;
    size_t bytes = (size_t)pool_bytes * POOLS;
    void *base = reserve(bytes);
    char *table = base != NULL ? port_reserve(table_bytes(bytes)) : NULL;
    if (table == NULL || !port_commit_lazily(table, table_bytes(bytes))) {
        if (table != NULL)
            port_release(table, table_bytes(bytes));
        if (base != NULL)
            port_release(base, bytes);
        return false;
    }
    set_words((uintptr_t)base, table, bytes);
    return true;
}

void arena_stop(void)
{
    void *table = (char *)(uintptr_t)arena.table - PORT_COLOUR_SPANS;
    arena.table = (const char *)&span_of_nobody;
    port_release(table, table_bytes(arena.bytes));
    port_release((void *)arena.base, arena.bytes);
    arena.bytes = 0;
}

/* ---- lists of free runs ---- */

static unsigned run_bin(size_t units)
{
    return units < RUN_BINS ? (unsigned)units - 1 : RUN_BINS - 1;
}

static void run_insert(struct half *half, struct span *run, size_t units, size_t dirty)
{
    struct span *last = run + units - 1;
    unsigned bin = run_bin(units);
    STORE(&last->units, (uint32_t)units);
    STORE(&last->first, (uint32_t)span_index(run));
    STORE(&last->kind, SPAN_FREE);
    STORE(&run->units, (uint32_t)units);
    STORE(&run->first, (uint32_t)span_index(run));
    run->dirty = (uint32_t)dirty;
    STORE(&run->kind, SPAN_FREE);
    run->prev = 0;
    run->next = half->runs[bin];
    if (run->next != 0)
        span_from_link(run->next)->prev = span_to_link(run);
    half->runs[bin] = span_to_link(run);
    half->runs_present |= UINT64_C(1) << bin;
    ADD(&half->dirty_units, dirty);
}

static void run_remove(struct half *half, struct span *run)
{
    unsigned bin = run_bin(run->units);
    if (run->next != 0)
        span_from_link(run->next)->prev = run->prev;
    if (run->prev != 0)
        span_from_link(run->prev)->next = run->next;
    else
        half->runs[bin] = run->next;
    if (half->runs[bin] == 0)
        half->runs_present &= ~(UINT64_C(1) << bin);
    ADD(&half->dirty_units, -(size_t)run->dirty);
    STORE(&run[run->units - 1].kind, SPAN_NONE);
    STORE(&run->kind, SPAN_PARKED);
}

/* The first free run of at least `units`, or NULL: the lists of equal length need one look, the last list a search. */
static struct span *run_find(const struct half *half, size_t units)
{
    uint64_t present = half->runs_present >> run_bin(units);
    if (present == 0)
        return NULL;
    unsigned bin = run_bin(units) + lowest_bit(present);
    for (uint32_t link = half->runs[bin]; link != 0; link = span_from_link(link)->next)
        if (span_from_link(link)->units >= units)
            return span_from_link(link);
    return NULL;
}

static struct span *half_start(unsigned pool)
{
    return arena.spans + pool * arena.half_units;
}

/* Joins the run with free neighbours:   [free][run][free]  =>  [      free      ]
 * Memory above the frontier is nobody's, so the last unit's upper neighbour is looked at only below it. */
static void give(struct span *run, size_t units, size_t dirty)
{
    unsigned pool = span_pool(run);
    struct half *half = &arena.half[pool];
    struct span *start = half_start(pool);
    struct span *end = start + half->frontier;
    half->units_in_use -= units;
    if (run + units < end && LOAD(&run[units].kind) == SPAN_FREE) {
        struct span *upper = run + units;
        dirty += upper->dirty;
        run_remove(half, upper);
        STORE(&upper->kind, SPAN_NONE);
        units += upper->units;
    }
    if (run > start && LOAD(&run[-1].kind) == SPAN_FREE) {
        struct span *lower = &arena.spans[run[-1].first];
        dirty += lower->dirty;
        STORE(&run->kind, SPAN_NONE);
        run_remove(half, lower);
        units += lower->units;
        run = lower;
    }
    run_insert(half, run, units, dirty);
}

/* ---- the frontier ---- */

static bool commit(unsigned pool, struct span *first, size_t units)
{
    char *address = (char *)span_address(first);
    size_t bytes = units << UNIT_SHIFT;
    if (!port_expect(first, units * sizeof(struct span)) || !port_commit(address, bytes))
        return false;
    if (pool == 0 && LOAD(&arena.pin) && !port_pin(address, bytes))
        return false;
    if (pool == 0 && LOAD(&arena.prefault))
        for (size_t i = 0; i < bytes; i += PAGE_BYTES)
            STORE(address + i, 0);
    port_checkers_hide(address, bytes);
    return true;
}

/* Commits a run of `units` at the frontier, and what the step leaves over as a clean free run. pre: there are so many. */
static struct span *grow(unsigned pool, size_t units)
{
    struct half *half = &arena.half[pool];
    size_t left = arena.half_units - half->frontier;
    size_t step = LOAD(&arena.prefault) || LOAD(&arena.pin) ? units : round_up(units, COMMIT_STEP_UNITS);
    if (step > left)
        step = left;
    struct span *run = half_start(pool) + half->frontier;
    if (!commit(pool, run, step)) {
        if (step == units || !commit(pool, run, units))
            return NULL;
        step = units;
    }
    STORE_RELEASE(&half->frontier, half->frontier + step);
    if (step > units) {
        half->units_in_use += step - units;
        give(run + units, step - units, 0); /* never touched */
    }
    return run;
}

/* The last resort near the end of a half: the free run that ends at the frontier, and what is still missing above it. */
static struct span *grow_last_run(unsigned pool, size_t units)
{
    struct half *half = &arena.half[pool];
    const struct span *last = half_start(pool) + half->frontier - 1;
    if (half->frontier == 0 || LOAD(&last->kind) != SPAN_FREE)
        return NULL;
    size_t missing = units - arena.spans[last->first].units;
    if (missing > arena.half_units - half->frontier)
        return NULL;
    struct span *rest = grow(pool, missing);
    if (rest == NULL)
        return NULL;
    half->units_in_use += missing;
    give(rest, missing, 0);
    return run_find(half, units);
}

bool arena_skip_start(void)
{
    bool done = true;
    for (unsigned pool = 0; pool < POOLS && done; pool++) {
        struct span *first = half_start(pool);
        done = commit(pool, first, 1);
        if (!done)
            break;
        STORE(&first->units, 1);
        STORE(&first->kind, SPAN_PARKED);
        arena.half[pool].units_in_use = 1;
        STORE_RELEASE(&arena.half[pool].frontier, 1);
    }
    return done;
}

struct span *arena_take_locked(unsigned pool, size_t units, bool *zeroed)
{
    struct half *half = &arena.half[pool];
    struct span *run = run_find(half, units);
    *zeroed = false;
    if (run == NULL && units <= arena.half_units - half->frontier) {
        run = grow(pool, units);
        if (run == NULL)
            return NULL;
        *zeroed = true;
    } else if (run == NULL) {
        run = grow_last_run(pool, units);
    }
    if (run == NULL)
        return NULL;
    if (!*zeroed) {
        size_t length = run->units;
        run_remove(half, run);
        /* Which of its units have memory is not known: the rest may have as many as the whole. */
        if (length > units)
            run_insert(half, run + units, length - units, run->dirty < length - units ? run->dirty : length - units);
        *zeroed = run->dirty == 0;
    }
    half->units_in_use += units;
    STORE(&run->units, (uint32_t)units);
    run->flags = 0;
    STORE(&run->kind, SPAN_PARKED);
    return run;
}

void arena_give_locked(struct span *run, size_t units)
{
    give(run, units, units);
}

struct span *arena_take(unsigned pool, size_t units, bool *zeroed)
{
    port_lock(&arena.lock);
    struct span *run = arena_take_locked(pool, units, zeroed);
    port_unlock(&arena.lock);
    return run;
}

void arena_give(struct span *run, size_t units)
{
    unsigned pool = span_pool(run);
    port_lock(&arena.lock);
    arena_give_locked(run, units);
    port_unlock(&arena.lock);
    arena_trim_if_due(pool);
}

/* ---- giving memory back ---- */

/* Takes the longest dirty run off its list, in use meanwhile so that nobody joins it; NULL when none is left. */
static struct span *take_dirty(unsigned pool, size_t keep_units)
{
    struct half *half = &arena.half[pool];
    struct span *found = NULL;
    port_lock(&arena.lock);
    for (int bin = RUN_BINS - 1; bin >= 0 && found == NULL && half->dirty_units > keep_units; bin--)
        for (uint32_t link = half->runs[bin]; link != 0 && found == NULL; link = span_from_link(link)->next)
            if (span_from_link(link)->dirty != 0)
                found = span_from_link(link);
    if (found != NULL) {
        run_remove(half, found);
        half->units_in_use += found->units;
    }
    port_unlock(&arena.lock);
    return found;
}

size_t arena_trim(unsigned pool, size_t keep_units)
{
    size_t given = 0;
    struct span *run;
    if (LOAD(&arena.pin) && pool == 0)
        return 0;
    while ((run = take_dirty(pool, keep_units)) != NULL) {
        size_t units = run->units;
        size_t dirty = run->dirty;
        bool done = port_decommit((void *)span_address(run), units << UNIT_SHIFT);
        port_lock(&arena.lock);
        give(run, units, done ? 0 : dirty);
        ADD(&arena.units_given, done ? dirty : 0);
        port_unlock(&arena.lock);
        if (!done)
            break;
        given += dirty;
    }
    return given;
}

void arena_trim_if_due(unsigned pool)
{
    /* Down to half of what it may keep, so that the next free does not trim again. */
    if (LOAD(&arena.half[pool].dirty_units) > LOAD(&arena.cache_units))
        (void)arena_trim(pool, LOAD(&arena.cache_units) / 2);
}

/* ---- invariants ---- */

const char *arena_check(unsigned pool)
{
    const struct half *half = &arena.half[pool];
    const struct span *start = half_start(pool);
    size_t used = 0;
    size_t dirty = 0;
    size_t free_runs = 0;
    bool was_free = false;
    for (size_t i = 0; i < half->frontier;) {
        const struct span *span = start + i;
        size_t units = span->units;
        bool is_free = span->kind == SPAN_FREE;
        if (units == 0 || units > half->frontier - i)
            return "a run of units has an impossible length";
        if (span->kind == SPAN_NONE || span->kind == SPAN_INSIDE)
            return "a unit belongs to no run";
        if (is_free && span->dirty > units)
            return "a free run has more dirty units than units";
        if (is_free && was_free)
            return "two free runs touch";
        if (is_free && (span[units - 1].kind != SPAN_FREE || span[units - 1].first != span_index(span)))
            return "the last unit of a free run does not lead to the first";
        used += is_free ? 0 : units;
        dirty += is_free ? span->dirty : 0;
        free_runs += is_free;
        was_free = is_free;
        i += units;
    }
    for (unsigned bin = 0; bin < RUN_BINS; bin++) {
        if ((half->runs[bin] != 0) != (half->runs_present >> bin & 1))
            return "the map of run lists disagrees with a list";
        for (uint32_t link = half->runs[bin]; link != 0; link = span_from_link(link)->next, free_runs--)
            if (span_from_link(link)->kind != SPAN_FREE || run_bin(span_from_link(link)->units) != bin)
                return "a list of free runs holds a stranger";
    }
    if (used != half->units_in_use || dirty != half->dirty_units || free_runs != 0)
        return "the arena's counts disagree with its runs";
    return NULL;
}
