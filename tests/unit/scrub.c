/* SPDX-License-Identifier: MIT
 *
 * scrub.c: pool/scrub: contradictions between note, record and owner map that no program can make are planted and found; what
 * is being changed is no finding.
 */
#include "unit.h"

#include "pool/pool.h"
#include "pool/scrub.h"
#include "tagpool.h"
#include "tagpool/verifier.h"

#define SCRUB_TAG TAGPOOL_TAG('S', 'c', 'r', 'b')

static struct tagpool_bugcheck seen;
static unsigned seen_count;

static void see(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    seen = *bugcheck;
    seen_count++;
}

static size_t findings_now(void)
{
    size_t findings;
    (void)tagpool_scrub(SIZE_MAX, &findings);
    assert_int_equal(findings, seen_count);
    seen_count = 0;
    return findings;
}

static void expect_contradiction(const void *block)
{
    assert_int_equal(findings_now(), 1);
    assert_int_equal(seen.code, 0x13A);
    assert_int_equal(seen.parameter[0], 3);
    assert_int_equal(seen.parameter[1], 1);
    assert_ptr_equal(seen.parameter[2], (uintptr_t)block);
    assert_ptr_equal(seen.block.address, block);
    assert_false(seen.stops);
}

static void *new_block(size_t bytes, struct place *place)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, bytes, SCRUB_TAG);
    owner_find((uintptr_t)block, place);
    assert_int_equal(place->kind, PLACE_LIVE);
    assert_int_equal(findings_now(), 0);
    return block;
}

/* A note speaks of a record that is not there. */
static void lost_record(void **state)
{
    struct place place;
    struct record record;
    (void)state;
    void *block = new_block(100, &place);
    assert_true(pool_record(block, &(struct record){.flags = RECORD_PATTERNED}));
    assert_true(record_take((uintptr_t)block, &record));
    expect_contradiction(block);
    STORE(place.slot_note, place.note);
    assert_int_equal(findings_now(), 0);
    tagpool_free(block);
}

/* A record speaks of a block whose note knows of none. */
static void left_record(void **state)
{
    struct place place;
    struct record record = {.flags = RECORD_PROTECTED};
    (void)state;
    void *block = new_block(100, &place);
    record.address = (uintptr_t)block;
    assert_true(record_put(&record));
    expect_contradiction(block);
    assert_true(record_take((uintptr_t)block, &record));
    assert_int_equal(findings_now(), 0);
    tagpool_free(block);
}

/* A note names a tag that there is not. */
static void no_such_tag(void **state)
{
    struct place place;
    (void)state;
    void *block = new_block(100, &place);
    STORE(place.slot_note, note_live(ledger_tag_count(), note_slack(place.note), 0));
    expect_contradiction(block);
    STORE(place.slot_note, place.note);
    assert_int_equal(findings_now(), 0);
    tagpool_free(block);
}

/* The map has another block where a big one ends. */
static void other_owner(void **state)
{
    struct place place;
    (void)state;
    void *block = new_block(5 * UNIT_BYTES, &place);
    struct span *last = place.span + 4;
    uint32_t first = last->first;
    STORE(&last->first, first + 1);
    expect_contradiction(block);
    STORE(&last->first, first);
    assert_int_equal(findings_now(), 0);
    tagpool_free(block);
}

/* While somebody says that a block is being changed, what is seen there proves nothing. */
static void under_change(void **state)
{
    struct place place;
    struct record record;
    (void)state;
    void *block = new_block(100, &place);
    assert_true(pool_record(block, &(struct record){.flags = RECORD_PATTERNED}));
    scrub_begin((uintptr_t)block);
    assert_true(record_take((uintptr_t)block, &record));
    assert_int_equal(findings_now(), 0);
    scrub_end((uintptr_t)block);
    expect_contradiction(block);
    scrub_begin((uintptr_t)block);
    scrub_forked(); /* in a child that does not have the thread it is known that nobody goes on */
    expect_contradiction(block);
    STORE(place.slot_note, place.note);
    tagpool_free(block);
}

static int begin_unit_scrub(void **state)
{
    (void)state;
    assert_int_equal(tagpool_start("reserve=64M"), 0);
    tagpool_bugcheck_handler_set(see, NULL);
    seen_count = 0;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_record), cmocka_unit_test(left_record),  cmocka_unit_test(no_such_tag),
        cmocka_unit_test(other_owner), cmocka_unit_test(under_change),
    };
    return cmocka_run_group_tests(tests, begin_unit_scrub, NULL);
}
