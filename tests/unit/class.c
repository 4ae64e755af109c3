/* SPDX-License-Identifier: MIT
 *
 * class.c: memory/class: every size, every class, every slot of a span.
 */
#include "unit.h"

#include "memory/class.h"
#include "memory/heap.h"
#include "memory/note.h"
#include "port/port.h"

#define SPAN_BYTES PORT_UNIT_BYTES
#define SPAN_PAGES (SPAN_BYTES / PAGE_BYTES)

static int start_classes(void **state)
{
    (void)state;
    class_start();
    return 0;
}

/* The classes ascend. "Up to half a page, classes are multiples of 16 bytes that waste little of a page": all of them up to 304,
 * then the largest of which so many fit into a page. "Above, a class is a whole number of pages, up to eight." */
static void sizes_of_classes(void **state)
{
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        uint32_t bytes = classes.info[class].slot_bytes;
        assert_true(class == 0 ? bytes == 16 : bytes > classes.info[class - 1].slot_bytes);
        if (bytes <= 304)
            assert_int_equal(bytes, (class + 1) * 16);
        else if (class < CLASS_SMALL_COUNT)
            assert_int_equal(bytes, PAGE_BYTES / (PAGE_BYTES / bytes) / 16 * 16);
        else
            assert_int_equal(bytes, (class - CLASS_SMALL_COUNT + 1) * PAGE_BYTES);
    }
    assert_int_equal(classes.info[CLASS_SMALL_COUNT - 1].slot_bytes, PAGE_BYTES / 2);
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

static uint32_t slots_of_a_page(uint32_t bytes)
{
    return bytes == 16 ? 255 : (uint32_t)PAGE_BYTES / bytes;
}

/* Where slot number `i` of a class starts, of the slots that are handed out: spread evenly over the page, where a granule of 16
 * bytes begins. */
static uint32_t slot_start(const struct class_info *info, uint32_t i)
{
    uint32_t bytes = info->slot_bytes;
    uint32_t n = slots_of_a_page(bytes);
    if (bytes >= PAGE_BYTES)
        return i * bytes;
    return i / n * (uint32_t)PAGE_BYTES + (i % n * (uint32_t)PAGE_BYTES + 16 * n - 1) / (16 * n) * 16;
}

/* "A page is cut into as many slots as fit, but at most 255"; "a slot of up to a page never crosses a page"; larger ones
 * fill the span as far as whole slots go. Each lies inside the span, and none is where no link leads. */
static void slots_of_a_span(void **state)
{
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        const struct class_info *info = &classes.info[class];
        uint32_t bytes = info->slot_bytes;
        assert_int_equal(info->page_slots, bytes < PAGE_BYTES ? slots_of_a_page(bytes) : 0);
        uint32_t slots = bytes < PAGE_BYTES ? (uint32_t)(slots_of_a_page(bytes) * SPAN_PAGES) : (uint32_t)SPAN_BYTES / bytes;
        assert_int_equal(info->slots, bytes == 16 ? slots - 1 : slots); /* no link leads to the last 16 bytes */
        for (uint32_t i = 0; i < info->slots; i++) {
            uint32_t start = class_slot_offset(info, i);
            assert_int_equal(start, slot_start(info, i));
            assert_true(start + bytes <= (i + 1 < info->slots ? class_slot_offset(info, i + 1) : SPAN_BYTES));
            assert_int_equal(start % (bytes < PAGE_BYTES ? 16 : PAGE_BYTES), 0);
            assert_false(note_is_end(note_link(start)));
            assert_int_equal(note_link_offset(note_link(start)), start);
            if (bytes <= PAGE_BYTES)
                assert_int_equal(start / PAGE_BYTES, (start + bytes - 1) / PAGE_BYTES);
        }
    }
    assert_true(note_is_end(note_link(SPAN_BYTES - 16)));
}

/* "How many blocks a bin's magazine holds at first, and how many at most": some at first, never fewer of smaller blocks; "up to
 * so many bytes", but for a few of the largest; "what programs free in one wave": more than 1,000 small blocks. */
static void magazines_of_classes(void **state)
{
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        const struct class_info *info = &classes.info[class];
        size_t bytes = info->slot_bytes;
        assert_true(info->magazine_first >= MAGAZINE_LEAST && info->magazine_first <= info->magazine_most);
        assert_true(info->magazine_most * bytes <= 262144 || info->magazine_most <= 4);
        assert_true(info->magazine_first * bytes <= 32768 || info->magazine_first <= 4);
        if (UINTPTR_MAX > UINT32_MAX && bytes <= 256)
            assert_true(info->magazine_most >= 1000);
        if (class > 0) {
            assert_true(info->magazine_first <= classes.info[class - 1].magazine_first);
            assert_true(info->magazine_most <= classes.info[class - 1].magazine_most);
        }
    }
}

/* "The smallest class for `bytes` whose slots are all aligned to `alignment`, or CLASS_COUNT if there is none" (nor one whose
 * slack a note can hold). */
static void aligned_classes(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= SPAN_BYTES; alignment *= 2) {
        bool all_aligned[CLASS_COUNT];
        for (unsigned class = 0; class < CLASS_COUNT; class++) {
            all_aligned[class] = true;
            for (uint32_t i = 0; i < classes.info[class].slots; i++)
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
        cmocka_unit_test(magazines_of_classes), cmocka_unit_test(aligned_classes),
    };
    return cmocka_run_group_tests(tests, start_classes, NULL);
}
