/* SPDX-License-Identifier: MIT
 *
 * note.c: memory/note: 32 bits that hold all there is to know about a slot, packed and unpacked.
 */
#include "unit.h"

#include "memory/note.h"
#include "memory/span.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static const uint32_t tags[] = {0, 1, 2, 15, 16, 4095, 4096, 0x8000, 0xFFF0, 0xFFFE, 0xFFFF};
static const size_t slacks[] = {0, 1, 15, 2048, 4094, 4095};
static const uint32_t flags[] = {0, NOTE_PROTECTED, NOTE_PATTERNED, NOTE_PROTECTED | NOTE_PATTERNED};
static const uint32_t freed_states[] = {0, NOTE_REMOTE, NOTE_FILLED, NOTE_REMOTE | NOTE_FILLED};
static const uint32_t places[] = {0, 1, 2, 255, 256, 2047, 2048, 4094}; /* in 16 bytes; 4095 is the end */

/* "live: plain | protected | patterned | both; index of the tag; slack": what went in comes out, for the extremes of every
 * field beside the extremes of all others. */
static void live_notes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        for (size_t j = 0; j < COUNT_OF(slacks); j++)
            for (size_t k = 0; k < COUNT_OF(flags); k++) {
                uint32_t note = note_live(tags[i], slacks[j], flags[k]);
                assert_true(note_is_live(note) && !note_is_remote(note) && !note_is_filled(note));
                assert_int_equal(note_is_plain(note), flags[k] == 0);
                assert_int_equal(note_tag_index(note), tags[i]);
                assert_int_equal(note_slack(note), slacks[j]);
                assert_int_equal(note & (NOTE_PROTECTED | NOTE_PATTERNED), flags[k]);
                assert_int_equal(note_add_slack(note_live(tags[i], 0, flags[k]), slacks[j]), note);
                for (size_t bytes = 16; bytes <= 1024; bytes *= 2)
                    assert_true(note_tag_offset(note_tag_part(note), bytes) == tags[i] * bytes);
                assert_true(note_tag_part(note) == note_of_tag(tags[i]));
            }
    assert_int_equal(NOTE_SLACK_MOST, 4095);
    assert_true(note_tag_index(note_live(TAGPOOL_TAGS, 0, 0)) == TAGPOOL_TAGS);
    assert_int_equal(NOTE_TAGS, 65536);
}

/* "What the note of a block becomes when it is freed, but for the link"; "the same for a plain live note, with its slack where a
 * link would be": the tag stays, no longer live, neither remote nor filled until it is said to be. */
static void freed_notes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        for (size_t j = 0; j < COUNT_OF(slacks); j++) {
            for (size_t k = 0; k < COUNT_OF(flags); k++) {
                uint32_t freed = note_freed(note_live(tags[i], slacks[j], flags[k]));
                assert_int_equal(freed & NOTE_LINK_MASK, 0);
                assert_int_equal(freed & NOTE_STATE_MASK, NOTE_FREED);
                assert_int_equal(note_tag_index(freed), tags[i]);
                assert_true(note_freed(freed | NOTE_REMOTE | NOTE_FILLED) == freed);
            }
            uint32_t plain = note_freed_plain(note_live(tags[i], slacks[j], 0));
            assert_false(note_is_live(plain) || note_is_plain(plain) || note_is_remote(plain) || note_is_filled(plain));
            assert_int_equal(note_freed(plain), note_freed(note_live(tags[i], slacks[j], 0)));
        }
}

/* "link, where the next free slot begins in its span, in 16 bytes; all ones for none": a link keeps, of any address, the offset
 * in the span; the states and the tag lie beside it and stay. */
static void links(void **state)
{
    const uintptr_t span = (uintptr_t)0xABCD0000u;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        for (size_t j = 0; j < COUNT_OF(places); j++)
            for (size_t k = 0; k < COUNT_OF(freed_states); k++) {
                uint32_t link = note_link(span + places[j] * 16);
                uint32_t freed = note_freed(note_live(tags[i], 4095, NOTE_PROTECTED | NOTE_PATTERNED)) | freed_states[k];
                uint32_t note = note_linked(freed | 0xABC00000u, link);
                assert_int_equal(link, note_link(places[j] * 16));
                assert_int_equal(link & ~NOTE_LINK_MASK, 0);
                assert_false(note_is_live(note) || note_is_end(note) || note_is_end(link));
                assert_int_equal(note & ~NOTE_LINK_MASK, freed);
                assert_int_equal(note_link_offset(note), places[j] * 16);
                assert_int_equal(note_link_offset(link), places[j] * 16);
                assert_int_equal(note_tag_index(note), tags[i]);
                assert_int_equal(note_is_remote(note), (freed_states[k] & NOTE_REMOTE) != 0);
                assert_int_equal(note_is_filled(note), (freed_states[k] & NOTE_FILLED) != 0);
                assert_true(note_linked(freed, note) == note); /* "a link or a note" */
                assert_true(note_is_end(note_linked(note, NOTE_END)) && note_is_end(NOTE_END));
            }
}

/* Each of the sixteen states is what the table in note.h says: live, of which one is plain; free and never allocated; freed. No
 * more than one of them, whatever the bits above. */
static void states_of_notes(void **state)
{
    static const uint32_t above[] = {0, 0x10, 0xFFFF0, 0xFFF00000u, 0xFFFFFFF0u};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(above); i++)
        for (uint32_t bits = 0; bits <= NOTE_STATE_MASK; bits++) {
            uint32_t note = above[i] | bits;
            assert_int_equal(note_is_live(note), bits != 0 && bits < 8);
            assert_int_equal(note_is_remote(note), bits >= 8 && (bits & 2) != 0);
            assert_int_equal(note_is_filled(note), bits >= 8 && (bits & 4) != 0);
            if (bits < 8 && bits != 1)
                assert_int_equal(note_is_plain(note), bits % 2); /* 3, 5 and 7 are no states */
        }
    assert_true(note_is_plain(note_live(0, 0, 0)) && !note_is_plain(NOTE_FREED) && !note_is_plain(0));
    assert_int_equal(note_live(0xFFFF, 4095, NOTE_PROTECTED | NOTE_PATTERNED), 0xFFFFFFF6u);
}

/* "No state that a note can have." */
static void mark_of_a_slab_that_was(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT_OF(flags); k++) {
        assert_int_not_equal(note_live(0, 0, flags[k]), BIG_NOTE_WAS_SLAB);
        assert_int_not_equal(note_freed(note_live(0, 0, flags[k])) | freed_states[k], BIG_NOTE_WAS_SLAB);
    }
    assert_false(note_is_live(BIG_NOTE_WAS_SLAB));
}

/* "The plain note of a block with that tally", and "what a plain note adds to the tally of what its block is charged". */
static void tallies_of_notes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        for (size_t j = 0; j < COUNT_OF(slacks); j++) {
            uint32_t note = note_live(tags[i], slacks[j], 0);
            uint64_t tally = tally_of(1 << 20, slacks[j]);
            assert_int_equal(note_of_tally(note_of_tag(tags[i]), tally), note);
            assert_true(tally_of_charge(1 << 20) + note_tally(note) == tally);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(live_notes),
        cmocka_unit_test(tallies_of_notes),      cmocka_unit_test(freed_notes),             cmocka_unit_test(links),
        cmocka_unit_test(states_of_notes), cmocka_unit_test(mark_of_a_slab_that_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
