/* SPDX-License-Identifier: MIT
 *
 * record.c: ledger/record against a naive model, also by several threads; and blocks that need a record: protected ones with a
 * pattern behind them, charged and watched ones.
 */
#include "unit.h"

#include "ledger/record.h"
#include "pool/pool.h"
#include "random.h"
#include "tagpool.h"

#include <pthread.h>
#include <string.h>

/* ---- The table ----------------------------------------------------------------------------------------------------- */

enum { ADDRESSES = 6000, OPERATIONS = 300000 };

static struct record model[ADDRESSES]; /* flags 0: there is no such record */
static size_t model_count;

/* Addresses of which many want neighbouring places, some at the table's end: the table mixes by this product. */
static void draw_addresses(uint64_t *seed)
{
    uintptr_t address = 0x10000;
    for (unsigned i = 0; i < ADDRESSES; i++) {
        uint32_t place;
        do {
            address += 16 * (1 + random_below(seed, 3));
            place = (uint32_t)((uint64_t)address * UINT64_C(0x9E3779B97F4A7C15) >> 32) & 1023;
        } while (i % 2 == 0 && place < 1000 && place > 8);
        model[i].address = address;
    }
}

static void expect_record(unsigned i, bool found, const struct record *record)
{
    assert_int_equal(found, model[i].flags != 0);
    if (!found) {
        assert_true(record->address == 0 && record->flags == 0 && record->quota == 0 && record->process == NULL);
        return;
    }
    assert_true(record->address == model[i].address && record->flags == model[i].flags);
    assert_true(record->quota == model[i].quota && record->process == model[i].process);
}

static void put(unsigned i, uint64_t *seed)
{
    model_count += model[i].flags == 0;
    model[i].flags = 1 + random_below(seed, 1000);
    model[i].quota = random_below(seed, 5000);
    model[i].process = &model[random_below(seed, ADDRESSES)];
    assert_true(record_put(&model[i]));
}

static void take(unsigned i)
{
    struct record record;
    bool found = record_take(model[i].address, &record);
    expect_record(i, found, &record);
    model_count -= found;
    model[i].flags = 0;
}

/* "Adds a record, or replaces that of the same address"; "the record of the block at address; all zero, and false, if it has
 * none. record_take() removes it": growing, shrinking, growing, with addresses that collide. */
static void against_a_model(void **state)
{
    uint64_t seed = 1;
    size_t before = record_count();
    (void)state;
    draw_addresses(&seed);
    for (int n = 0; n < OPERATIONS; n++) {
        unsigned i = random_below(&seed, ADDRESSES);
        uint32_t growing = n / 50000 % 2 == 0 ? 55 : 35;
        struct record record;
        if (random_below(&seed, 100) < growing)
            put(i, &seed);
        else
            take(i);
        unsigned j = random_below(&seed, ADDRESSES);
        bool found = record_get(model[j].address, &record);
        expect_record(j, found, &record);
        assert_int_equal(record_count(), before + model_count);
        if (n % 20000 == 0)
            for (j = 0; j < ADDRESSES; j++) {
                found = record_get(model[j].address, &record);
                expect_record(j, found, &record);
            }
    }
    for (unsigned i = 0; i < ADDRESSES; i++)
        take(i);
    assert_int_equal(record_count(), before);
}

enum { THREADS = 4, OWN = 500, ROUNDS = 40 };

/* 0 if all went well. */
static void *put_and_take(void *context)
{
    uintptr_t base = (uintptr_t)context * 16;
    uintptr_t wrong = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct record record;
        for (uintptr_t i = 0; i < OWN; i++)
            wrong += !record_put(&(struct record){.address = 0x100000 + base + i * 16 * THREADS, .flags = 1, .quota = i});
        for (uintptr_t i = 0; i < OWN; i++)
            wrong += !record_take(0x100000 + base + i * 16 * THREADS, &record) || record.quota != i;
    }
    return (void *)wrong;
}

static void by_threads(void **state)
{
    pthread_t threads[THREADS];
    size_t before = record_count();
    (void)state;
    for (uintptr_t t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, put_and_take, (void *)t), 0);
    for (int t = 0; t < THREADS; t++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[t], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(record_count(), before);
}

/* ---- Blocks with a record ------------------------------------------------------------------------------------------ */

#define TAG TAGPOOL_TAG('R', 'e', 'c', 'd')
#define PROTECTED (TAG | TAGPOOL_PROTECTED)

static struct tagpool_bugcheck caught;
static unsigned caught_count;

static void catch_bugcheck(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    caught = *bugcheck;
    caught_count++;
}

static void expect_mistake(uint32_t code, uintptr_t first)
{
    assert_int_equal(caught_count, 1);
    assert_int_equal(caught.code, code);
    assert_int_equal(caught.parameter[0], first);
    caught_count = 0;
}

static void expect_outstanding(uint64_t blocks)
{
    struct tagpool_stats stats;
    assert_int_equal(tagpool_tag_stats(TAG, TAGPOOL_PAGED, &stats), 0);
    assert_int_equal(stats.blocks, blocks);
    assert_int_equal(caught_count, 0);
}

static int with_tail_check(void **state)
{
    (void)state;
    caught_count = 0;
    tagpool_bugcheck_handler_set(catch_bugcheck, NULL);
    return tagpool_start("tail_check=on");
}

static int without_tail_check(void **state)
{
    (void)state;
    tagpool_bugcheck_handler_set(NULL, NULL);
    pool_lookaside_hook = NULL;
    if (tagpool_start("tail_check=off") != 0 || tagpool_validate() != 0)
        return -1;
    return record_count() == 0 ? 0 : -1;
}

/* What a protected, patterned block must do: each refused, the block as it was. */
static void expect_guarded(char *block, size_t bytes)
{
    char byte = block[bytes];
    tagpool_free(block);
    expect_mistake(0xC2, 0x0A);
    tagpool_free_tag(block, TAG);
    expect_mistake(0xC2, 0x0A);
    block[bytes] = (char)(byte ^ 1);
    tagpool_free_tag(block, PROTECTED);
    expect_mistake(0x19, 0x21);
    assert_true(caught.has_block && caught.block.is_protected && caught.block.tag == TAG);
    assert_null(tagpool_realloc(block, bytes + 1));
    expect_mistake(0x19, 0x21);
    block[bytes] = byte;
    assert_int_equal(tagpool_size(block), bytes);
    assert_int_equal(record_count(), 1);
    expect_outstanding(1);
}

/* A protected block with a pattern behind it is both: damage is found, the tag demanded, through reallocations too; its record
 * goes with it. */
static void protected_and_patterned(void **state)
{
    static const size_t sizes[] = {1, 100, 101, 1000, 2000, 2500, 5000, 70000, 90};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *block = tagpool_alloc(TAGPOOL_PAGED, sizes[i], PROTECTED);
        memset(block, 7, sizes[i]);
        expect_guarded(block, sizes[i]);
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            block = tagpool_realloc(block, sizes[j]);
            assert_non_null(block);
            assert_int_equal(block[0], 7);
            expect_guarded(block, sizes[j]);
        }
        tagpool_free_tag(block, PROTECTED);
        expect_outstanding(0);
        tagpool_free_tag(block, PROTECTED);
        expect_mistake(0xC2, 0x07);
        assert_int_equal(record_count(), 0);
    }
}

/* A block keeps what it was when the option changes meanwhile. */
static void option_changes(void **state)
{
    (void)state;
    char *guarded = tagpool_alloc(TAGPOOL_PAGED, 100, PROTECTED);
    assert_int_equal(tagpool_start("tail_check=off"), 0);
    expect_guarded(guarded, 100);
    guarded = tagpool_realloc(guarded, 200);
    assert_int_equal(record_count(), 0);
    tagpool_free(guarded);
    expect_mistake(0xC2, 0x0A);
    tagpool_free_tag(guarded, PROTECTED);
    expect_outstanding(0);
}

static bool answer;
static unsigned asked;
static struct tagpool_block asked_about;

static bool ask(const struct tagpool_block *block)
{
    asked++;
    asked_about = *block;
    return answer;
}

/* pool_watch(): "from now on a free of the outstanding block that contains `address` first asks"; "false iff no outstanding block
 * does". What it was besides, it stays. */
static void watched(void **state)
{
    static const uint32_t tags[] = {TAG, PROTECTED};
    int local;
    (void)state;
    assert_false(pool_watch(NULL));
    assert_false(pool_watch(&local));
    pool_lookaside_hook = ask;
    for (int patterned = 0; patterned < 2; patterned++)
        for (int i = 0; i < 2; i++) {
            assert_int_equal(tagpool_start(patterned ? "tail_check=on" : "tail_check=off"), 0);
            char *block = tagpool_alloc(TAGPOOL_PAGED, 500, tags[i]), *other = tagpool_alloc(TAGPOOL_PAGED, 500, tags[i]);
            assert_true(pool_watch(block + 300));
            assert_true(pool_watch(block));
            asked = 0;
            tagpool_free_tag(other, tags[i]);
            assert_int_equal(asked, 0);
            assert_false(pool_watch(other));
            answer = false;
            tagpool_free_tag(block, tags[i]);
            assert_int_equal(asked, 1);
            assert_true(asked_about.address == block && asked_about.bytes == 500 && asked_about.tag == TAG);
            assert_int_equal(asked_about.is_protected, i == 1);
            if (i == 1) {
                tagpool_free(block);
                expect_mistake(0xC2, 0x0A);
            }
            if (patterned) {
                block[500] ^= 1;
                tagpool_free_tag(block, tags[i]);
                expect_mistake(0x19, 0x21);
                block[500] ^= 1;
            }
            expect_outstanding(1);
            answer = true;
            tagpool_free_tag(block, tags[i]);
            assert_int_equal(asked, 2);
            expect_outstanding(0);
            assert_int_equal(record_count(), 0);
        }
}

/* A reallocation that would free a watched block asks too: if it may not be freed, nothing happens. */
static void watched_and_reallocated(void **state)
{
    (void)state;
    pool_lookaside_hook = ask;
    answer = false;
    asked = 0;
    char *block = tagpool_alloc(TAGPOOL_PAGED, 500, TAG);
    assert_true(pool_watch(block));
    char *moved = tagpool_realloc(block, 9000);
    struct tagpool_stats stats;
    assert_int_equal(tagpool_tag_stats(TAG, TAGPOOL_PAGED, &stats), 0);
    answer = true;
    tagpool_free(block);
    if (moved != NULL)
        tagpool_free(moved);
    assert_int_not_equal(asked, 0);
    assert_null(moved);
    assert_int_equal(stats.blocks, 1);
}

static unsigned returned;

static void take_quota(const struct record *record, unsigned pool)
{
    assert_int_equal(pool, TAGPOOL_PAGED);
    assert_int_equal(record->quota, 77);
    assert_ptr_equal(record->process, &returned);
    returned++;
}

/* pool_record() "adds to it": a block can be charged, protected, patterned and watched at once; its quota returns once, when it
 * is freed, not when a free is refused. */
static void all_at_once(void **state)
{
    (void)state;
    void (*before)(const struct record *, unsigned) = pool_quota_hook;
    pool_quota_hook = take_quota;
    pool_lookaside_hook = ask;
    for (int order = 0; order < 2; order++) {
        char *block = tagpool_alloc(TAGPOOL_PAGED, 1001, PROTECTED);
        const struct record quota = {.flags = RECORD_QUOTA, .process = &returned, .quota = 77};
        returned = 0;
        answer = true;
        assert_true(order == 0 ? pool_record(block, &quota) : pool_watch(block));
        assert_true(order == 0 ? pool_watch(block) : pool_record(block, &quota));
        expect_guarded(block, 1001);
        answer = false;
        tagpool_free_tag(block, PROTECTED);
        assert_int_equal(returned, 0);
        expect_outstanding(1);
        answer = true;
        tagpool_free_tag(block, PROTECTED);
        assert_int_equal(returned, 1);
        expect_outstanding(0);
    }
    pool_quota_hook = before;
}

#define block_test(name) cmocka_unit_test_setup_teardown(name, with_tail_check, without_tail_check)

int main(void)
{
    (void)tagpool_start("checker=off"); /* tests write behind blocks and to freed ones on purpose */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_a_model), cmocka_unit_test(by_threads), block_test(protected_and_patterned),
        block_test(option_changes),        block_test(watched),          block_test(watched_and_reallocated),
        block_test(all_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
