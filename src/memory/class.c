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

/* A magazine holds up to so many bytes of blocks, and so many blocks: what programs free in one wave, where address space is no
 * matter. */
#define MAGAZINE_BYTES (TAGPOOL_BARE ? 4096u : 262144u)
#define MAGAZINE_BLOCKS (TAGPOOL_BARE ? 16u : UINTPTR_MAX > 0xFFFFFFFFu ? 8192u : 256u)
#define MAGAZINE_FIRST_BYTES (TAGPOOL_BARE ? 1024u : 32768u)
#define MAGAZINE_FIRST_BLOCKS (TAGPOOL_BARE ? 8u : 32u)

static uint16_t within(uint32_t value, uint32_t least, uint32_t most)
{
    return (uint16_t)(value < least ? least : value > most ? most : value);
}

/* Sets what follows from the slot's size, and from how many slots a span has room for. */
static void fill(struct class_info *info, uint32_t slot_bytes, uint32_t slots)
{
    info->slot_bytes = slot_bytes;
    /* The last 16 bytes of a span are no slot: links have no value left for them (note.h). */
    info->slots = (uint16_t)(slots - (slot_bytes == 16));
    info->magazine_first = within(MAGAZINE_FIRST_BYTES / slot_bytes, 4, MAGAZINE_FIRST_BLOCKS);
    info->magazine_most = within(MAGAZINE_BYTES / slot_bytes, 4, MAGAZINE_BLOCKS);
}

static void fill_small(struct class_info *info, uint32_t slot_bytes)
{
    uint32_t page_slots = within((uint32_t)PAGE_BYTES / slot_bytes, 1, PAGE_GRANULES - 1);
    info->page_slots = (uint16_t)page_slots;
    info->factor = ((uint64_t)page_slots << 32) / PAGE_GRANULES;
    fill(info, slot_bytes, page_slots * (uint32_t)(UNIT_BYTES >> PAGE_SHIFT));
}

static void fill_pages(struct class_info *info, uint32_t pages)
{
    uint32_t slots = (uint32_t)(UNIT_BYTES >> PAGE_SHIFT) / pages;
    uint32_t granules = pages * PAGE_GRANULES;
    info->page_slots = 0;
    info->factor = UINT32_MAX / granules + 2;
    fill(info, pages << PAGE_SHIFT, slots);
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

/* Slots that fill their page, or of whole pages, lie at multiples of their size; others only where granules begin. */
static bool is_aligned(const struct class_info *info, size_t alignment)
{
    bool fills = info->page_slots == 0 || info->slot_bytes * info->page_slots == PAGE_BYTES;
    return alignment <= (1u << GRANULE_SHIFT) || (fills && info->slot_bytes % alignment == 0);
}

unsigned class_aligned(size_t bytes, size_t alignment)
{
    if (bytes > SLAB_MOST_BYTES)
        return CLASS_COUNT;
    for (unsigned class = class_of(bytes); class < CLASS_COUNT; class ++) {
        if (is_aligned(&classes.info[class], alignment) && classes.info[class].slot_bytes - bytes <= NOTE_SLACK_MOST)
            return class;
    }
    return CLASS_COUNT;
}

uint32_t class_slot_offset(const struct class_info *info, uint32_t slot)
{
    if (info->page_slots == 0)
        return slot * info->slot_bytes;
    return (slot * PAGE_GRANULES + info->page_slots - 1) / info->page_slots << GRANULE_SHIFT;
}
