/* SPDX-License-Identifier: MIT
 *
 * class.c: the table of size classes.
 */
#include "memory/class.h"

#include "memory/note.h"
#include "port/port.h"

INTERNAL struct class_table classes;

/* For each number of slots in a page the largest multiple of 16 that fits, where that is less than an eighth larger than
 * the class before; all multiples of 16 up to 304, where a page holds 13. */
static const uint16_t small_sizes[CLASS_SMALL_COUNT] = {
    16,  32,  48,  64,  80,  96,  112, 128, 144, 160, 176, 192, 208, 224,  240,
    256, 272, 288, 304, 336, 368, 400, 448, 512, 576, 672, 816, 1024, 1360, 2048,
};

#define FRACTION (1u << CLASS_FRACTION_BITS)

static void fill(struct class_info *info, uint32_t slot_bytes)
{
    info->slot_bytes = slot_bytes;
    info->slot_shift = (uint8_t)(31 - __builtin_clz(slot_bytes));
    info->numbers = (uint16_t)(PORT_UNIT_BYTES >> info->slot_shift);
}

static void fill_small(struct class_info *info, uint32_t slot_bytes)
{
    uint32_t granules = slot_bytes / 16;
    fill(info, slot_bytes);
    info->page_factor = 0;
    info->granule_factor = (FRACTION + granules - 1) / granules;
    info->page_slots = (uint16_t)(PAGE_BYTES / slot_bytes);
    /* The last 16 bytes of a span are no slot: links have no value left for them (note.h). */
    info->span_slots = (uint16_t)(info->page_slots * (PORT_UNIT_BYTES >> PAGE_SHIFT) - (granules == 1));
}

static void fill_pages(struct class_info *info, uint32_t pages)
{
    fill(info, pages << PAGE_SHIFT);
    info->page_factor = (FRACTION + pages - 1) / pages;
    info->granule_factor = 0x200; /* see span.h */
    info->page_slots = 0;
    info->span_slots = (uint16_t)((PORT_UNIT_BYTES >> PAGE_SHIFT) / pages);
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
