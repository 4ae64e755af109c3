/* SPDX-License-Identifier: MIT
 *
 * class.c: memory/class and the arithmetic of memory/span: every size, every class, every byte of a span.
 */
#include "unit.h"

#include "memory/class.h"
#include "memory/slab.h"

#include <string.h>

#define SPAN_PAGES (UNIT_BYTES / PAGE_BYTES)

static int start_classes(void **state)
{
    (void)state;
    class_start();
    return 0;
}

/* The classes ascend. "Up to half a page, classes are multiples of 16 bytes; above, a class is a whole number of pages, up to
 * eight." */
static void sizes_of_classes(void **state)
{
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        uint32_t bytes = classes.info[class].slot_bytes;
        assert_true(class == 0 ? bytes == 16 : bytes > classes.info[class - 1].slot_bytes);
        if (class < CLASS_SMALL_COUNT)
            assert_true(bytes % 16 == 0 && bytes <= PAGE_BYTES / 2);
        else
            assert_int_equal(bytes, (class - CLASS_SMALL_COUNT + 1) * PAGE_BYTES);
    }
    assert_int_equal(classes.info[CLASS_COUNT - 1].slot_bytes, SLAB_MOST_BYTES);
}

/* "How a request becomes a slot size": the class is the smallest that fits; "a slot is at most 4,095 bytes larger than its
 * request", which is what a note can hold. Above half a page it is charged exactly its whole pages. */
static void class_of_every_size(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes <= SLAB_MOST_BYTES; bytes++) {
        unsigned expected = 0;
        while (classes.info[expected].slot_bytes < bytes)
            expected++;
        size_t slot = classes.info[expected].slot_bytes;
        assert_int_equal(class_of(bytes), expected);
        assert_true(slot - bytes <= NOTE_SLACK_MOST);
        if (bytes > PAGE_BYTES / 2)
            assert_int_equal(slot, (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
    }
}

/* Where slot number `i` of a class starts, of the slots that are handed out. */
static uint32_t slot_start(const struct class_info *info, uint32_t i)
{
    if (info->page_slots == 0)
        return i * info->slot_bytes;
    return i / info->page_slots * (uint32_t)PAGE_BYTES + i % info->page_slots * info->slot_bytes;
}

/* "A page is cut into as many slots as fit"; "a slot of up to a page never crosses a page"; larger ones fill the span as far
 * as whole slots go. Each has a number of its own below `numbers`, and lies inside the span. */
static void slots_of_a_span(void **state)
{
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        const struct class_info *info = &classes.info[class];
        uint32_t bytes = info->slot_bytes;
        assert_int_equal(info->page_slots, bytes < PAGE_BYTES ? PAGE_BYTES / bytes : 0);
        assert_int_equal(info->span_slots, bytes < PAGE_BYTES ? PAGE_BYTES / bytes * SPAN_PAGES : UNIT_BYTES / bytes);
        assert_true(info->numbers >= info->span_slots && info->numbers <= 4096);
        for (uint32_t i = 0; i < info->span_slots; i++) {
            uint32_t start = slot_start(info, i);
            assert_true(start + bytes <= UNIT_BYTES);
            assert_int_equal(start & info->align_mask, 0);
            if (bytes <= PAGE_BYTES)
                assert_int_equal(start / PAGE_BYTES, (start + bytes - 1) / PAGE_BYTES);
        }
    }
}

/* "An address maps to a number by multiplication alone", and is exact where a slot starts: for every byte of a span of every
 * class the same as by division. */
static void slot_of_every_byte(void **state)
{
    const uintptr_t span_start = (uintptr_t)5 * UNIT_BYTES;
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        const struct class_info *info = &classes.info[class];
        uint32_t bytes = info->slot_bytes;
        uint32_t page_numbers = (uint32_t)(PAGE_BYTES + bytes - 1) / bytes;
        struct span span;
        memset(&span, 0, sizeof span);
        span.page_factor = info->page_factor;
        span.granule_factor = info->granule_factor;
        span.align_mask = info->align_mask;
        for (uint32_t offset = 0; offset < UNIT_BYTES; offset++) {
            bool is_small = bytes < PAGE_BYTES;
            uint32_t in_page = offset % (uint32_t)PAGE_BYTES;
            uint32_t slot = is_small ? offset / (uint32_t)PAGE_BYTES * page_numbers + in_page / bytes : offset / bytes;
            bool is_start = is_small ? in_page % bytes == 0 : offset % bytes == 0;
            bool exact = !is_start;
            uint32_t found = slab_slot(&span, span_start + offset, &exact);
            if (found != slot || exact != is_start || found >= info->numbers)
                fail_msg("class %u (%u bytes), offset %u: slot %u, exact %d; expected %u, %d", class, bytes, offset, found, exact,
                         slot, is_start);
        }
    }
}

/* "The smallest class for `bytes` whose slots are all aligned to `alignment`, or CLASS_COUNT if there is none" (nor one whose
 * slack a note can hold). */
static void aligned_classes(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= UNIT_BYTES; alignment *= 2) {
        bool all_aligned[CLASS_COUNT];
        for (unsigned class = 0; class < CLASS_COUNT; class++) {
            all_aligned[class] = true;
            for (uint32_t i = 0; i < classes.info[class].span_slots; i++)
                all_aligned[class] = all_aligned[class] && slot_start(&classes.info[class], i) % alignment == 0;
        }
        for (size_t bytes = 0; bytes <= SLAB_MOST_BYTES + 100; bytes++) {
            unsigned expected = 0;
            while (expected < CLASS_COUNT && (classes.info[expected].slot_bytes < bytes || !all_aligned[expected]))
                expected++;
            if (expected < CLASS_COUNT && classes.info[expected].slot_bytes - bytes > NOTE_SLACK_MOST)
                expected = CLASS_COUNT;
            assert_int_equal(class_aligned(bytes, alignment), expected);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_of_classes), cmocka_unit_test(class_of_every_size), cmocka_unit_test(slots_of_a_span),
        cmocka_unit_test(slot_of_every_byte), cmocka_unit_test(aligned_classes),
    };
    return cmocka_run_group_tests(tests, start_classes, NULL);
}
