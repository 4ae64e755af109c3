/* SPDX-License-Identifier: MIT
 *
 * kept.c: finds out what lookaside lists keep: once to count, once to write down. Lists change meanwhile: what does not fit into
 * the room left for that is not seen.
 */
#include "view/kept.h"

#include "base/atomic.h"
#include "ledger/ledger.h"
#include "memory/owner.h"
#include "port/port.h"

#define KEPT_MORE 256u /* lists, and blocks, that may be new since they were counted */

INTERNAL void (*kept_source)(kept_visitor *visitor, void *context);
INTERNAL void (*kept_policy_hook)(void);

/* The outstanding block that holds an entry: custom functions may put the entry behind a header of theirs. False for memory that
 * is not ours, and for blocks that somebody freed: what such an entry says is next cannot be trusted. */
static bool kept_block(const void *entry, struct place *place)
{
    place->kind = PLACE_FOREIGN;
    if (owner_is_ours((uintptr_t)entry))
        owner_find((uintptr_t)entry, place);
    return place->kind == PLACE_LIVE;
}

static bool kept_count(const struct kept_seen *seen, void *context)
{
    struct kept *kept = context;
    struct place place;
    if (seen->entry == NULL) {
        kept->lists_most++;
        return true;
    }
    kept->blocks_most++;
    return kept_block(seen->entry, &place);
}

/* ---- places of the hash ---- */

static uintptr_t *kept_place(const struct kept *kept, uintptr_t start)
{
    size_t mask = ((size_t)1 << kept->start_bits) - 1;
    size_t at = (uint32_t)(start >> 4) * 0x9E3779B1u >> (32 - kept->start_bits);
    while (kept->starts[at] != 0 && kept->starts[at] != start)
        at = (at + 1) & mask;
    return &kept->starts[at];
}

static struct kept_sum *kept_sum(struct kept *kept, uint32_t tag, unsigned pool)
{
    for (size_t i = kept->sum_count; i != 0; i--) /* the last is the likeliest */
        if (kept->sums[i - 1].tag == tag && kept->sums[i - 1].pool == pool)
            return &kept->sums[i - 1];
    kept->sums[kept->sum_count] = (struct kept_sum){.tag = tag, .pool = pool};
    return &kept->sums[kept->sum_count++];
}

static bool kept_note(const struct kept_seen *seen, void *context)
{
    struct kept *kept = context;
    struct place place;
    if (seen->entry == NULL) {
        if (kept->list_count == kept->lists_most)
            return false;
        kept->lists[kept->list_count++] = (struct kept_list){.list = seen->list, .tag = seen->tag, .is_lost = seen->is_lost};
        return true;
    }
    if (kept->blocks == kept->blocks_most || !kept_block(seen->entry, &place))
        return false;
    uintptr_t *start = kept_place(kept, place.start);
    if (*start != 0) /* in two lists, or twice in one */
        return false;
    *start = place.start;
    struct kept_sum *sum = kept_sum(kept, ledger_tag_of(place.tag_index), place.pool);
    sum->blocks++;
    sum->bytes += place.bytes;
    sum->charged += place.charged;
    kept->lists[kept->list_count - 1].blocks++;
    kept->lists[kept->list_count - 1].bytes += place.bytes;
    kept->blocks++;
    return true;
}

bool kept_take(struct kept *kept)
{
    void (*source)(kept_visitor * visitor, void *context) = LOAD_ACQUIRE(&kept_source);
    memset(kept, 0, sizeof *kept);
    if (source == NULL)
        return true;
    source(kept_count, kept);
    size_t list_room = kept->lists_most + KEPT_MORE;
    size_t block_room = kept->blocks_most + KEPT_MORE;
    kept->lists_most = kept->blocks_most = 0;
    for (kept->start_bits = 1; (size_t)1 << kept->start_bits < 2 * block_room; kept->start_bits++)
        ;
    size_t start_bytes = sizeof *kept->starts << kept->start_bits;
    size_t bytes = round_up(start_bytes + list_room * sizeof *kept->lists + block_room * sizeof *kept->sums, PORT_UNIT_BYTES);
    char *memory = port_reserve(bytes);
    if (memory == NULL)
        return false;
    if (!port_commit(memory, bytes)) {
        port_release(memory, bytes);
        return false;
    }
    kept->memory = memory;
    kept->memory_bytes = bytes;
    kept->lists = (void *)memory;
    kept->sums = (void *)(kept->lists + list_room);
    kept->starts = (void *)(kept->sums + block_room);
    kept->lists_most = list_room;
    kept->blocks_most = block_room;
    source(kept_note, kept);
    return true;
}

void kept_release(struct kept *kept)
{
    if (kept->memory != NULL)
        port_release(kept->memory, kept->memory_bytes);
}

bool kept_has(const struct kept *kept, uintptr_t start)
{
    return kept->blocks != 0 && *kept_place(kept, start) == start;
}

const struct kept_sum *kept_of(const struct kept *kept, uint32_t tag, unsigned pool)
{
    static const struct kept_sum nothing;
    for (size_t i = 0; i < kept->sum_count; i++)
        if (kept->sums[i].tag == tag && kept->sums[i].pool == pool)
            return &kept->sums[i];
    return &nothing;
}
