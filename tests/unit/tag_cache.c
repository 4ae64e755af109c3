/* SPDX-License-Identifier: MIT
 *
 * tag_cache.c: pool/tag_cache: what was put in is found, under its index, as long as its line has room.
 */
#include "unit.h"

#include "pool/tag_cache.h"
#include "random.h"

enum { MOST = 20000 };

static struct tag_cache cache;

/* What was put in, in that order. */
static struct {
    uint32_t tag, index;
} put[MOST];
static unsigned count;

static int empty_cache(void **state)
{
    (void)state;
    memset(&cache, 0, sizeof cache);
    tag_cache_start(&cache);
    count = 0;
    return 0;
}

static bool find(uint32_t tag, uint32_t *tag_part)
{
    return tag_cache_find_anywhere(&cache, tag, tag_part);
}

static void enter(uint32_t tag, uint32_t index)
{
    tag_cache_enter(&cache, tag, index);
    put[count].tag = tag;
    put[count++].index = index;
}

static void expect(uint32_t tag, uint32_t index)
{
    uint32_t part;
    assert_true(find(tag, &part));
    assert_int_equal(part, note_of_tag(index));
}

static void expect_whole(void)
{
    const char *wrong = tag_cache_check(&cache);
    if (wrong != NULL)
        fail_msg("%s", wrong);
}

/* Another tag that is not in, with its place in the same line as that of `tag`, or in its very place. */
static uint32_t another(uint32_t tag, bool same_place, uint64_t *seed)
{
    size_t place = tag_cache_place(tag);
    for (;;) {
        uint32_t part, other = random_below(seed, INT32_MAX) + 1;
        size_t at = tag_cache_place(other);
        if (other != tag && (same_place ? at == place : at / TAG_LINE == place / TAG_LINE) && !find(other, &part))
            return other;
    }
}

/* "Makes a cache whose bytes are all 0 an empty one": no tag is found in it, not even 0 or what empty entries hold. */
static void nothing_in_an_empty_one(void **state)
{
    uint64_t seed = 1;
    uint32_t part;
    (void)state;
    assert_false(find(0, &part));
    assert_false(find(UINT32_MAX, &part));
    for (int i = 0; i < 100000; i++)
        assert_false(find(random_below(&seed, UINT32_MAX), &part));
    expect_whole();
}

/* "If two have the same place, the newer one takes it, and the other moves aside, within the cache line." */
static void newest_in_its_place(void **state)
{
    uint64_t seed = 2;
    uint32_t part, first = 0x20676154;
    (void)state;
    enter(first, 7);
    for (uint32_t i = 1; i < TAG_LINE; i++) {
        uint32_t tag = another(first, true, &seed);
        enter(tag, i * 100);
        assert_true(tag_cache_find(&cache, tag, &part));
        assert_false(tag_cache_find_aside(&cache, tag, &part));
        for (unsigned k = 0; k < count; k++)
            expect(put[k].tag, put[k].index);
        assert_false(tag_cache_find(&cache, first, &part));
        assert_true(tag_cache_find_aside(&cache, first, &part));
        expect_whole();
    }
    /* The line is full: one has to go, and it is not the newest. */
    uint32_t tag = another(first, true, &seed);
    enter(tag, 9999);
    assert_true(tag_cache_find(&cache, tag, &part));
    unsigned found = 0;
    for (unsigned k = 0; k < count; k++)
        found += find(put[k].tag, &part);
    assert_int_equal(found, TAG_LINE);
    expect_whole();
}

/* Tags of one line, put in over and over as they are pushed out: each that is found has its own index. */
static void any_order_in_one_line(void **state)
{
    enum { TAGS = 3 * TAG_LINE };
    uint64_t seed = 3;
    uint32_t tags[TAGS] = {0x656C6946}, part;
    (void)state;
    for (uint32_t i = 1; i < TAGS; i++) {
        tags[i] = another(tags[0], i % 3 == 0, &seed);
        tag_cache_enter(&cache, tags[i], i);
    }
    (void)empty_cache(NULL);
    for (int step = 0; step < 100000; step++) {
        uint32_t i = random_below(&seed, TAGS);
        if (find(tags[i], &part))
            assert_int_equal(part, note_of_tag(i));
        else
            tag_cache_enter(&cache, tags[i], i);
        expect(tags[i], i);
        if (step % 997 == 0)
            expect_whole();
    }
}

/* "With 4,096 tags every eighth is aside, and one in some thousands finds no room in its line." */
static void many_tags(void **state)
{
    uint64_t seed = 4;
    uint32_t part;
    unsigned aside = 0, lost = 0;
    (void)state;
    while (count < TAGPOOL_TAG_CACHE / 4) {
        uint32_t tag = random_below(&seed, INT32_MAX) + 1;
        if (!find(tag, &part))
            enter(tag, count);
    }
    for (unsigned k = 0; k < count; k++)
        if (find(put[k].tag, &part)) {
            expect(put[k].tag, put[k].index);
            aside += tag_cache_find_aside(&cache, put[k].tag, &part);
        } else {
            lost++;
        }
    assert_in_range(aside, count / 10, count / 7);
    assert_in_range(lost, 0, count / 500);
    expect_whole();
}

/* "Checks the invariants": damage of each kind is seen. */
static void damage_is_seen(void **state)
{
    size_t place = tag_cache_place(0x656C6946);
    (void)state;
    enter(0x656C6946, 1);
    cache.entry[place ^ TAG_LINE] = cache.entry[place];
    assert_string_equal(tag_cache_check(&cache), "a tag is in another line than its place");
    cache.entry[place ^ TAG_LINE].tag = 0;
    cache.entry[place ^ 3] = cache.entry[place];
    assert_string_equal(tag_cache_check(&cache), "a tag is in its line twice");
    cache.entry[place].tag = 0;
    assert_string_equal(tag_cache_check(&cache), "a tag is aside, and its place is empty");
    cache.entry[place ^ 3].tag = 0;
    expect_whole();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_in_an_empty_one, empty_cache),
        cmocka_unit_test_setup(newest_in_its_place, empty_cache),
        cmocka_unit_test_setup(any_order_in_one_line, empty_cache),
        cmocka_unit_test_setup(many_tags, empty_cache),
        cmocka_unit_test_setup(damage_is_seen, empty_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
