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

static const char *check_heap(const struct thread *thread)
{
    return heap_check(&thread->heap);
}

static const char *check_spans(unsigned pool)
{
    const struct span *start = arena.spans + pool * arena.half_units;
    for (size_t i = 0; i < arena.half[pool].frontier; i++) {
        const char *wrong = start[i].kind == SPAN_SLAB ? slab_check(&start[i]) : NULL;
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

static const char *compare_tallies(const struct tally *tallies)
{
    for (uint32_t tag_index = 0; tag_index < LEDGER_ROWS; tag_index++) {
        if (tag_index >= ledger_tag_count() && tag_index != LEDGER_OVERFLOW)
            continue;
        for (unsigned pool = 0; pool < POOLS; pool++) {
            const struct tally *found = &tallies[tag_index * POOLS + pool];
            struct ledger_sum sum;
            ledger_sum(tag_index, pool, &sum);
            if (sum.blocks != found->blocks || sum.allocs - sum.frees != found->blocks)
                return "a tag's count of blocks disagrees with a walk over all blocks";
            if (sum.bytes != found->bytes || sum.charged != found->charged)
                return "a tag's bytes disagree with a walk over all blocks";
            if (sum.peak_charged > 0 && sum.peak_blocks == 0)
                return "a tag has a peak of bytes but none of blocks";
        }
    }
    return NULL;
}

const char *pool_check(void)
{
    const char *wrong = threads_visit(check_heap);
    for (unsigned pool = 0; pool < POOLS && wrong == NULL; pool++) {
        wrong = arena_check(pool);
        if (wrong == NULL)
            wrong = check_spans(pool);
    }
    if (wrong != NULL)
        return wrong;
    size_t bytes = round_up(LEDGER_ROWS * POOLS * sizeof(struct tally), PORT_UNIT_BYTES);
    struct tally *tallies = port_reserve(bytes);
    if (tallies == NULL)
        return "no memory for the check";
    if (port_commit(tallies, bytes)) {
        (void)owner_walk(add_to_tally, tallies);
        wrong = compare_tallies(tallies);
    } else {
        wrong = "no memory for the check";
    }
    port_release(tallies, bytes);
    return wrong;
}
