/* SPDX-License-Identifier: MIT
 *
 * scrub.c: tests of the scrubber: what it finds, where it goes on, that it finds nothing where nothing is. */
#include "test.h"

#include "tagpool/verifier.h"

#include <pthread.h>
#include <stdatomic.h>

static int begin_scrub(void **state)
{
    begin(state);
    same(tagpool_start("checker=off tail_check=on free_check=on"), 0); /* tests damage memory on purpose */
    while (tagpool_scrub(1000, NULL) == 1000)
        continue;
    return 0;
}

static int end_scrub(void **state)
{
    same(tagpool_start("tail_check=off free_check=off"), 0);
    return end(state);
}

#define scrub_test(name) cmocka_unit_test_setup_teardown(name, begin_scrub, end_scrub)

/* One round over all blocks, `step` at a time; how many were looked at. */
static size_t round_of(size_t step, size_t *findings)
{
    size_t all = 0, looked, found;
    *findings = 0;
    do {
        looked = tagpool_scrub(step, &found);
        check(looked <= step);
        all += looked;
        *findings += found;
    } while (looked == step);
    return all;
}

/* "0x19/0x21 if bytes behind an outstanding block were changed": small blocks, big ones, protected ones, tracked ones. */
static void behind_a_block(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 2000, 5000, 100000, 3000000};
    uint32_t tag = fresh_tag();
    (void)state;
    for (int round = 0; round < 8; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            uint32_t full = tag | (round & 1 ? TAGPOOL_PROTECTED : 0);
            enum tagpool_pool pool = round & 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED;
            size_t findings;
            same(tagpool_start(round & 4 ? "track=none track=t*" : "track=none"), 0);
            unsigned char *block = tagpool_alloc(pool, sizes[i], full);
            same((round_of(10, &findings), findings), 0);
            block[sizes[i]] ^= 0x40;
            same((round_of(10, &findings), findings), 1);
            check(finding(0x19, 0x21));
            check(caught.parameter[1] == (uintptr_t)block && caught.has_block && caught.block.address == block);
            check(caught.parameter[2] == sizes[i] && caught.block.tag == tag && caught.block.pool == pool);
            same((round_of(10, &findings), findings), 1); /* "in each round anew" */
            check(finding(0x19, 0x21));
            block[sizes[i]] ^= 0x40;
            same((round_of(10, &findings), findings), 0);
            tagpool_free_tag(block, full);
        }
    same(tagpool_start("track=none"), 0);
}

/* "0xC6 if a freed block was" */
static void in_a_freed_block(void **state)
{
    static const size_t sizes[] = {1, 100, 2000, 5000};
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t findings;
        unsigned char *block = tagpool_alloc(TAGPOOL_PAGED, sizes[i], tag);
        tagpool_free(block);
        same((round_of(7, &findings), findings), 0);
        block[sizes[i] / 2] ^= 1;
        same((round_of(7, &findings), findings), 1);
        check(finding(0xC6, (uintptr_t)block + sizes[i] / 2));
        check(caught.has_block && caught.block.address == block);
        block[sizes[i] / 2] ^= 1;
        same((round_of(7, &findings), findings), 0);
    }
}

/* "in the order of their addresses, and goes on where the last call stopped"; "fewer than asked iff it came to the end of both
 * pools, and the next call starts anew": every damage is found once in each round, whatever the steps. */
static void rounds(void **state)
{
    enum { COUNT = 300 };
    unsigned char *blocks[COUNT];
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = tagpool_alloc(i % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, 1 + i * 37 % 5000, tag);
        check(blocks[i] != NULL);
    }
    size_t findings, all = round_of(1000000, &findings), damaged = 0;
    check(all >= COUNT && findings == 0);
    for (size_t i = 0; i < COUNT; i += 10)
        if (query(blocks[i]).charged > query(blocks[i]).bytes) {
            blocks[i][query(blocks[i]).bytes] ^= 1;
            damaged++;
        }
    static const size_t steps[] = {1, 2, 3, 17, 100, 1000000};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        same(round_of(steps[i], &findings), all);
        same(findings, damaged);
        same(caught_count, damaged);
        caught_count = 0;
    }
    same(tagpool_scrub(0, &findings), 0);
    same(findings, 0);
    /* A step that ends at the last block is full; the next one says that there was no other. */
    same(tagpool_scrub(all, NULL), all);
    same(tagpool_scrub(all, NULL), 0);
    caught_count = 0;
    for (size_t i = 0; i < COUNT; i++) {
        if (i % 10 == 0 && query(blocks[i]).charged > query(blocks[i]).bytes)
            blocks[i][query(blocks[i]).bytes] ^= 1;
        tagpool_free(blocks[i]);
    }
}

/* A handler that jumps out loses no block: the next call goes on behind the damaged one. */
static void a_handler_that_jumps(void **state)
{
    uint32_t tag = fresh_tag();
    jmp_buf back;
    (void)state;
    unsigned char *first = tagpool_alloc(TAGPOOL_PAGED, 100, tag), *second = tagpool_alloc(TAGPOOL_PAGED, 100, tag);
    first[100] ^= 1;
    second[100] ^= 1;
    volatile int jumps = 0;
    caught_jump = &back;
    if (setjmp(back) != 0)
        jumps++;
    size_t findings = 0;
    while (tagpool_scrub(1000000, &findings) == 1000000)
        continue;
    caught_jump = NULL;
    check(jumps == 2 && findings == 0 && caught_count == 2);
    caught_count = 0;
    first[100] ^= 1;
    second[100] ^= 1;
    tagpool_free(first);
    tagpool_free(second);
}

/* Without the options there is nothing to compare. */
static void without_patterns(void **state)
{
    uint32_t tag = fresh_tag();
    size_t findings;
    (void)state;
    same(tagpool_start("tail_check=off free_check=off"), 0);
    unsigned char *block = tagpool_alloc(TAGPOOL_PAGED, 100, tag);
    block[100] ^= 1;
    (void)round_of(100, &findings);
    same(findings, 0);
    tagpool_free(block);
    block[50] ^= 1;
    (void)round_of(100, &findings);
    same(findings, 0);
}

/* ---- threads ---- */

enum { SHARED = 64 };
static _Atomic(void *) shared[SHARED]; /* blocks that any thread may free */
static atomic_bool stop;

/* Allocates, writes whole blocks, frees own blocks and those of others, reallocates; tags and sizes differ. */
static void *use(void *seed_of_thread)
{
    unsigned seed = (unsigned)(uintptr_t)seed_of_thread;
    for (int i = 0; i < 20000 && !atomic_load(&stop); i++) {
        seed = seed * 1103515245 + 12345;
        size_t bytes = (seed >> 8) % (i % 64 == 0 ? 100000 : 700);
        uint32_t tag = TAGPOOL_TAG('s', 'c', 'r', '0' + seed % 8);
        void *block = tagpool_alloc(seed & 1 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, bytes, tag);
        memset(block, (int)seed, bytes);
        if (i % 5 == 0)
            block = tagpool_realloc(block, bytes / 2);
        void *old = atomic_exchange(&shared[seed >> 16 & (SHARED - 1)], block);
        if (old != NULL)
            tagpool_free(old);
    }
    return NULL;
}

static void *scrub_on(void *looked)
{
    while (!atomic_load(&stop)) {
        size_t findings;
        *(size_t *)looked += tagpool_scrub(100, &findings);
        same(findings, 0);
    }
    return NULL;
}

/* "Safe while other threads use pool: a block that is freed or allocated meanwhile is no finding." And damage is found. */
static void among_threads(void **state)
{
    pthread_t users[3], scrubbers[2];
    size_t looked[2] = {0, 0}, findings;
    uint32_t tag = fresh_tag();
    (void)state;
    atomic_store(&stop, false);
    same(tagpool_start("track=scr1 track=scr2"), 0); /* blocks with records, too */
    for (uintptr_t i = 0; i < 3; i++)
        same(pthread_create(&users[i], NULL, use, (void *)(i + 1)), 0);
    for (int i = 0; i < 2; i++)
        same(pthread_create(&scrubbers[i], NULL, scrub_on, &looked[i]), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(users[i], NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(scrubbers[i], NULL);
    check(looked[0] + looked[1] > 0);
    same(caught_count, 0);
    (void)tagpool_scrub(SIZE_MAX, NULL);
    (void)round_of(1000, &findings); /* what was left half way */
    same(findings, 0);
    atomic_store(&stop, false);
    same(pthread_create(&users[0], NULL, use, (void *)(uintptr_t)9), 0);
    unsigned char *block = tagpool_alloc(TAGPOOL_PAGED, 100, tag);
    block[100] ^= 1;
    (void)tagpool_scrub(SIZE_MAX, NULL);
    atomic_store(&stop, true);
    pthread_join(users[0], NULL);
    check(finding(0x19, 0x21) && caught.block.address == block);
    block[100] ^= 1;
    tagpool_free(block);
    for (int i = 0; i < SHARED; i++)
        if (atomic_load(&shared[i]) != NULL)
            tagpool_free(atomic_exchange(&shared[i], NULL));
    same(tagpool_start("track=none"), 0);
}

static void before_start(void)
{
    size_t findings = 7;
    same(tagpool_scrub(100, &findings), 0);
    same(findings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(before_start),         scrub_test(behind_a_block),   scrub_test(in_a_freed_block), scrub_test(rounds),
        scrub_test(a_handler_that_jumps), scrub_test(without_patterns), scrub_test(among_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
