/* SPDX-License-Identifier: MIT
 *
 * note.c: memory/note: 32 bits that hold all there is to know about a slot, packed and unpacked.
 */
#include "unit.h"

#include "base/tag.h"
#include "memory/note.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* "live: 1 | 17 bits tag index | 12 bits slack | protected | patterned": what went in comes out, for the extremes of every
 * field beside the extremes of all others. */
static void live_notes(void **state)
{
    static const uint32_t indices[] = {0, 1, 0x8000, 0xFFFF, 0x10000, 0x1FFFE, 0x1FFFF};
    static const size_t slacks[] = {0, 1, 15, 2048, 4094, 4095};
    static const uint32_t flags[] = {0, NOTE_PROTECTED, NOTE_PATTERNED, NOTE_PROTECTED | NOTE_PATTERNED};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(indices); i++)
        for (size_t j = 0; j < COUNT_OF(slacks); j++)
            for (size_t k = 0; k < COUNT_OF(flags); k++) {
                uint32_t note = note_live(indices[i], slacks[j], flags[k]);
                assert_true(note_is_live(note));
                assert_int_equal(note_tag_index(note), indices[i]);
                assert_int_equal(note_slack(note), slacks[j]);
                assert_int_equal(note & (NOTE_PROTECTED | NOTE_PATTERNED), flags[k]);
                assert_int_equal(note_add_slack(note_live(indices[i], 0, flags[k]), slacks[j]), note);
            }
    assert_int_equal(NOTE_SLACK_MOST, 4095);
    assert_true(note_tag_index(note_live(TAGPOOL_TAGS, 0, 0)) == TAGPOOL_TAGS);
}

/* "free: 0 | 16 bits tag index | freed | remote | filled | 12 bits granule": a link keeps, of any address, the offset in the
 * span; the states and the tag lie beside it, and it is not live. */
static void links(void **state)
{
    static const uint32_t places[] = {0, 1, 2, 255, 256, 2047, 2048, 4094};
    static const uint32_t tags[] = {0, 1, 4095, 65534, 65535};
    static const uint32_t states[] = {0, NOTE_REMOTE, NOTE_FILLED, NOTE_REMOTE | NOTE_FILLED};
    const uintptr_t span = (uintptr_t)0xABCD0000u;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        for (size_t j = 0; j < COUNT_OF(places); j++)
            for (size_t k = 0; k < COUNT_OF(states); k++) {
                uint32_t link = note_link(span + places[j] * 16);
                uint32_t freed = note_freed(note_live(tags[i], 4095, NOTE_PROTECTED | NOTE_PATTERNED));
                uint32_t note = link | freed | states[k];
                assert_int_equal(link, note_link(places[j] * 16));
                assert_false(note_is_live(note));
                assert_false(note_is_end(note));
                assert_true(note_is_end(note | NOTE_END));
                assert_int_equal(note & NOTE_LINK_MASK, link);
                assert_int_equal(freed & NOTE_LINK_MASK, 0);
                assert_int_equal(note & (NOTE_FREED | NOTE_REMOTE | NOTE_FILLED), NOTE_FREED | states[k]);
                assert_int_equal(note_freed_tag_index(note), tags[i]);
                assert_int_equal(note_link_offset(note), places[j] * 16);
            }
}

/* "An all-zero note is a free slot that was never allocated." The states do not overlap. */
static void states_of_notes(void **state)
{
    (void)state;
    assert_false(note_is_live(0));
    assert_int_equal(0u & NOTE_FREED, 0);
    assert_int_equal(NOTE_FREED ^ NOTE_REMOTE ^ NOTE_FILLED, NOTE_FREED | NOTE_REMOTE | NOTE_FILLED);
    assert_int_equal((NOTE_FREED | NOTE_REMOTE | NOTE_FILLED) & NOTE_LINK_MASK, 0);
    assert_int_equal(note_live(0x1FFFF, 4095, NOTE_PROTECTED | NOTE_PATTERNED), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_notes),
        cmocka_unit_test(links),
        cmocka_unit_test(states_of_notes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
