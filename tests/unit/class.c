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
        uint32_t slots = bytes < PAGE_BYTES ? (uint32_t)PAGE_BYTES / bytes * SPAN_PAGES : (uint32_t)UNIT_BYTES / bytes;
        assert_int_equal(info->span_slots, bytes == 16 ? slots - 1 : slots); /* no link leads to the last 16 bytes */
        assert_true(info->numbers >= info->span_slots && info->numbers <= 4096);
        for (uint32_t i = 0; i < info->span_slots; i++) {
            uint32_t start = slot_start(info, i);
            assert_true(start + bytes <= UNIT_BYTES);
            assert_int_equal(start % (bytes < PAGE_BYTES ? 16 : PAGE_BYTES), 0);
            assert_false(note_is_end(note_link(start)));
            if (bytes <= PAGE_BYTES)
                assert_int_equal(start / PAGE_BYTES, (start + bytes - 1) / PAGE_BYTES);
        }
    }
}

/* "The number of a slot is its offset shifted right by slot_shift; no two slots have one number." "... is 0 iff a slot begins at
 * that page and granule": for every byte of a span of every class the same as by division. */
static void slot_of_every_byte(void **state)
{
    const uintptr_t span_start = (uintptr_t)5 * UNIT_BYTES;
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        const struct class_info *info = &classes.info[class];
        uint32_t bytes = info->slot_bytes;
        uint32_t before = UINT32_MAX;
        struct span span;
        memset(&span, 0, sizeof span);
        span.page_factor = info->page_factor;
        span.granule_factor = info->granule_factor;
        span.slot_shift = info->slot_shift;
        assert_true((uint32_t)1 << info->slot_shift <= bytes && bytes < (uint32_t)2 << info->slot_shift);
        for (uint32_t offset = 0; offset < UNIT_BYTES; offset++) {
            bool is_start = (bytes < PAGE_BYTES ? offset % (uint32_t)PAGE_BYTES : offset) % bytes == 0;
            bool exact = !is_start;
            uint32_t found = slab_slot(&span, span_start + offset, &exact);
            if (exact != is_start || found >= info->numbers || (is_start && found == before))
                fail_msg("class %u (%u bytes), offset %u: slot %u, exact %d, after %u", class, bytes, offset, found, exact,
                         before);
            if (is_start)
                before = found;
            if (is_start && offset / 16 < 4095)
                assert_int_equal(slab_link_slot(&span, note_link(span_start + offset)), found);
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
