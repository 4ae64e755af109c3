/* SPDX-License-Identifier: MIT
 *
 * class.h: size classes: how a request becomes a slot size, and where slots lie in a span.
 *
 * Up to half a page, classes are multiples of 16 bytes that waste little of a page; a page is cut into as many slots as fit, but
 * at most 255, and what is left over lies between them (span.h).
 * Above, a class is a whole number of pages, up to eight. Larger requests are big blocks. So a slot is at most 4,095 bytes
 * larger than its request, and what the contract charges for a page allocation is exactly the slot.
 */
#ifndef MEMORY_CLASS_H
#define MEMORY_CLASS_H

#include "memory/span.h"

#define CLASS_COUNT 38
#define CLASS_SMALL_COUNT 30
#define SLAB_MOST_BYTES (8 * PAGE_BYTES)

struct class_info {
    uint32_t slot_bytes;
    uint64_t factor;         /* see span.h */
    uint16_t page_slots;     /* slots that a page holds; 0 if slots are whole pages */
    uint16_t slots;          /* slots that a span holds */
    uint16_t magazine_first; /* how many blocks a bin's magazine holds at first, and how many at most: see heap.h */
    uint16_t magazine_most;
};

struct class_table {
    struct class_info info[CLASS_COUNT];
    uint8_t of_granules[SLAB_MOST_BYTES / 16 + 1]; /* class of a request of up to n * 16 bytes */
};

INTERNAL_OBJECT struct class_table classes;

INTERNAL void class_start(void);

/* pre: bytes <= SLAB_MOST_BYTES. */
static inline unsigned class_of(size_t bytes)
{
    return classes.of_granules[(bytes + 15) / 16];
}

/* The smallest class for `bytes` whose slots are all aligned to `alignment`, or CLASS_COUNT if there is none. */
INTERNAL unsigned class_aligned(size_t bytes, size_t alignment);

/* The offset in its span of slot number `slot`. */
INTERNAL uint32_t class_slot_offset(const struct class_info *info, uint32_t slot);

#endif
