/* SPDX-License-Identifier: MIT
 *
 * check.c: walks everything and proves the invariants of memory and ledger, and that the two agree.
 */
#include "pool/pool.h"

/* What a walk found under one tag in one pool. */
struct tally {
    uint64_t blocks, bytes, charged;
};

static bool add_to_tally(const struct place *place, void *context)
{
    struct tally *tally = (struct tally *)context + note_tag_index(place->note) * POOLS + place->pool;
    tally->blocks++;
    tally->bytes += place->bytes;
    tally->charged += place->charged;
    return true;
}

static const char *check_thread(const struct thread *thread, void *cached)
{
    const char *wrong = tag_cache_check(&thread->tags);
    return wrong != NULL ? wrong : heap_check(&thread->heap, cached);
}

/* `cached`: for each unit of the arena, how many of its slots are in magazines. */
static const char *check_spans(unsigned pool, const uint16_t *cached)
{
    const struct span *start = arena.spans + pool * arena.half_units;
    for (size_t i = 0; i < arena.half[pool].frontier; i++) {
        bool is_whole = start[i].kind == SPAN_SLAB && !thread_is_lost(start[i].owner);
        const char *wrong = is_whole ? slab_check(&start[i], cached[span_index(&start[i])]) : NULL;
        const struct heap *owner = start[i].owner;
        if (wrong != NULL)
            return wrong;
        if (start[i].key != (owner != NULL ? owner->key + span_address(&start[i]) : 0))
            return "a unit's key is not its owner's";
    }
    return NULL;
}

/* How far two numbers are apart, either of which may have gone below 0. */
static uint64_t distance(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0 ? b - a : a - b;
}

static const char *compare_tallies(const struct tally *tallies)
{
    uint32_t lost = threads_lost();
    for (uint32_t tag_index = 0; tag_index < LEDGER_ROWS; tag_index++) {
        if (tag_index >= ledger_tag_count() && tag_index != LEDGER_OVERFLOW)
            continue;
        for (unsigned pool = 0; pool < POOLS; pool++) {
            const struct tally *found = &tallies[tag_index * POOLS + pool];
            struct ledger_sum sum;
            ledger_sum(tag_index, pool, &sum);
            /* A thread that fork() left behind may have been between a block and its count. */
            if (distance(sum.allocs - sum.frees, found->blocks) > lost)
                return "a tag's count of blocks disagrees with a walk over all blocks";
            if (lost == 0 && (sum.bytes != found->bytes || sum.charged != found->charged))
                return "a tag's bytes disagree with a walk over all blocks";
            if (sum.peak_charged > 0 && sum.peak_blocks == 0)
                return "a tag has a peak of bytes but none of blocks";
        }
    }
    return NULL;
}

INTERNAL const char *const pool_check_no_memory = "there is no memory for the check";

static const char *check_memory(void)
{
    size_t bytes = round_up((arena.bytes >> UNIT_SHIFT) * sizeof(uint16_t), PORT_UNIT_BYTES);
    uint16_t *cached = port_reserve(bytes);
    if (cached == NULL)
        return pool_check_no_memory;
    const char *wrong = port_commit(cached, bytes) ? threads_visit(check_thread, cached) : pool_check_no_memory;
    for (unsigned pool = 0; pool < POOLS && wrong == NULL; pool++) {
        wrong = arena_check(pool);
        if (wrong == NULL)
            wrong = check_spans(pool, cached);
    }
    if (wrong == NULL)
        wrong = special_check();
    port_release(cached, bytes);
    return wrong;
}

static const char *check_ledger(void)
{
    size_t bytes = round_up(LEDGER_ROWS * POOLS * sizeof(struct tally), PORT_UNIT_BYTES);
    struct tally *tallies = port_reserve(bytes);
    const char *wrong = pool_check_no_memory;
    if (tallies == NULL)
        return wrong;
    if (port_commit(tallies, bytes)) {
        (void)owner_walk(add_to_tally, tallies);
        wrong = compare_tallies(tallies);
    }
    port_release(tallies, bytes);
    return wrong;
}

const char *pool_check(void)
{
    const char *wrong = check_memory();
    return wrong != NULL ? wrong : check_ledger();
}
