/* SPDX-License-Identifier: MIT
 *
 * free_way.c: a bin becomes hot, and cool again.
 */
#include "memory/free_way.h"

INTERNAL PORT_THREAD_LOCAL struct free_way free_way = {.first = FREE_KEY_NONE, .key = FREE_KEY_NONE};

static bool is_all_of_charge(const struct bin *bin, uint64_t charge)
{
    bool is = true;
    for (const struct slot_ref *ref = bin->base + 1; ref <= magazine_end(bin) && is; ref++)
        is = ref->block == NULL || LOAD(&span_at(ref->block)->tally) == charge;
    return is;
}

static struct slot_ref *first_empty(const struct bin *bin)
{
    struct slot_ref *above = bin->top + 1;
    while (above->block != NULL)
        above++;
    return above;
}

/* Until a row is settled, which is when a bin becomes hot and stays so, about one in a thousand frees may miss. */
static uint32_t patience_of(uint64_t charge)
{
    return TALLY_ROOM / 1024 / (uint32_t)tally_granules(charge) + 1;
}

void free_way_missed(const void *block)
{
    bool is_of_hot_bin = (uintptr_t)span_bin_near(&arena, span_near(&arena, block)) == free_way.first;
    if (--free_way.patience == 0 || is_of_hot_bin)
        free_way_cool();
}

/* Blocks of one class are all charged the same; runs of one length need not be. */
static bool may_be_hot(const struct bin *bin, const struct span *span)
{
    return bin_looks(bin) && (span->kind != SPAN_BIG || is_all_of_charge(bin, LOAD(&span->tally)));
}

void free_way_heat(struct bin *bin, const void *block)
{
    const struct span *span = span_at(block);
    bool is_hot = free_way_is_hot(free_way.first);
    if (is_hot ? free_way.first != (uintptr_t)bin : !may_be_hot(bin, span))
        return;
    uint64_t charge = LOAD(&span->tally);
    first_empty(bin)->note = &no_note;
    free_way = (struct free_way){(uintptr_t)bin, charge, free_way.key, patience_of(charge)};
}

const char *free_way_check(const struct heap *heap)
{
    if (free_way.key != heap->key || !free_way_is_hot(free_way.first))
        return NULL;
    const struct bin *bin = (const struct bin *)free_way.first;
    if (bin < heap->bin[0] || bin >= heap->bin[POOLS - 1] + BINS)
        return "the hot bin is another heap's";
    if (!is_all_of_charge(bin, free_way.charge))
        return "a block of the hot bin is charged otherwise than others";
    return first_empty(bin)->note == &no_note ? NULL : "who frees NULL may take it for a block of the hot bin's";
}
