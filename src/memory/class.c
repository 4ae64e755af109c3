/* SPDX-License-Identifier: MIT
 *
 * class.c: the table of size classes.
 */
#include "memory/class.h"

#include "memory/note.h"
#include "memory/span.h"

INTERNAL struct class_table classes;

/* For each number of slots in a page the largest multiple of 16 that fits, where that is less than an eighth larger than
 * the class before; all multiples of 16 up to 304, where a page holds 13. */
static const uint16_t small_sizes[CLASS_SMALL_COUNT] = {
    16,  32,  48,  64,  80,  96,  112, 128, 144, 160, 176, 192, 208, 224,  240,
    256, 272, 288, 304, 336, 368, 400, 448, 512, 576, 672, 816, 1024, 1360, 2048,
};

/* A magazine holds up to so many bytes of blocks, and so many blocks. The most holds a batch of 1,000 small blocks. */
#define MAGAZINE_BYTES (TAGPOOL_BARE ? 4096u : 262144u)
#define MAGAZINE_BLOCKS (TAGPOOL_BARE ? 16u : UINTPTR_MAX > 0xFFFFFFFFu ? 4096u : 256u)
#define MAGAZINE_FIRST_BYTES (TAGPOOL_BARE ? 1024u : 32768u)
#define MAGAZINE_FIRST_BLOCKS (TAGPOOL_BARE ? 8u : 32u)

static uint16_t within(uint32_t value, uint32_t least, uint32_t most)
{
    return (uint16_t)(value < least ? least : value > most ? most : value);
}

/* Sets what follows from the slot's size. `run_bytes`: of a run of adjacent slots, which repeats in the span. */
static void fill(struct class_info *info, uint32_t slot_bytes, uint32_t run_bytes)
{
    uint32_t run_slots = run_bytes / slot_bytes;
    uint32_t factor = UINT32_MAX / slot_bytes + 1;
    uint32_t over = factor * slot_bytes; /* modulo 2^32: what is more than 1 */
    if (over == 0) {
        factor++;
        over = slot_bytes;
    }
    info->slot_bytes = slot_bytes;
    info->cut.mask = run_bytes - 1;
    info->cut.factor = factor;
    info->cut.below = run_slots * over;
    info->cut.number = run_slots * (uint32_t)(PORT_UNIT_BYTES / run_bytes);
    info->magazine_first = within(MAGAZINE_FIRST_BYTES / slot_bytes, 4, MAGAZINE_FIRST_BLOCKS);
    info->magazine_most = within(MAGAZINE_BYTES / slot_bytes, 4, MAGAZINE_BLOCKS);
}

static void fill_small(struct class_info *info, uint32_t slot_bytes)
{
    fill(info, slot_bytes, PAGE_BYTES);
    info->page_slots = (uint16_t)(PAGE_BYTES / slot_bytes);
    /* The last 16 bytes of a span are no slot: links have no value left for them (note.h). */
    info->slots = (uint16_t)(info->page_slots * (PORT_UNIT_BYTES >> PAGE_SHIFT) - (slot_bytes == 16));
}

static void fill_pages(struct class_info *info, uint32_t pages)
{
    fill(info, pages << PAGE_SHIFT, PORT_UNIT_BYTES);
    info->page_slots = 0;
    info->slots = (uint16_t)((PORT_UNIT_BYTES >> PAGE_SHIFT) / pages);
}

void class_start(void)
{
    unsigned class = 0;
    for (; class < CLASS_SMALL_COUNT; class ++)
        fill_small(&classes.info[class], small_sizes[class]);
    for (uint32_t pages = 1; class < CLASS_COUNT; pages++)
        fill_pages(&classes.info[class ++], pages);
    class = 0;
    for (size_t granules = 0; granules <= SLAB_MOST_BYTES / 16; granules++) {
        if (granules * 16 > classes.info[class].slot_bytes)
            class ++;
        classes.of_granules[granules] = (uint8_t)class;
    }
}

unsigned class_aligned(size_t bytes, size_t alignment)
{
    if (bytes > SLAB_MOST_BYTES)
        return CLASS_COUNT;
    for (unsigned class = class_of(bytes); class < CLASS_COUNT; class ++) {
        size_t slot_bytes = classes.info[class].slot_bytes;
        if (slot_bytes % alignment == 0 && slot_bytes - bytes <= NOTE_SLACK_MOST)
            return class;
    }
    return CLASS_COUNT;
}

uint32_t class_slot_offset(const struct class_info *info, uint32_t slot)
{
    if (info->page_slots == 0)
        return slot * info->slot_bytes;
    return (slot / info->page_slots << PAGE_SHIFT) + slot % info->page_slots * info->slot_bytes;
}
