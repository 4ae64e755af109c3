/* SPDX-License-Identifier: MIT
 *
 * faults.c: tests of fault injection: which allocations fail, that the rest does not, what is remembered of them, counters. */
#include "test.h"

#include "tagpool/verifier.h"

#include <sys/mman.h>
#include <time.h>

#define OFF "fault=0,fault_nth=0,fault_every=0,fault_tags=none,fault_delay=0,fault_least=0,fault_most=1024G,fault_seed=0"

static int end_faults(void **state)
{
    same(tagpool_start(OFF), 0);
    return end(state);
}

#define fault_test(name) cmocka_unit_test_setup_teardown(name, begin, end_faults)

/* Allocates and frees `count` times; bit i of *failed says that the i-th failed. Returns how many did. */
static unsigned try_bytes(uint32_t tag, size_t bytes, unsigned count, uint64_t *failed)
{
    unsigned failures = 0;
    *failed = 0;
    for (unsigned i = 0; i < count; i++) {
        void *block = tagpool_alloc(TAGPOOL_PAGED, bytes, tag);
        if (block != NULL) {
            tagpool_free_tag(block, tag);
            continue;
        }
        failures++;
        if (i < 64)
            *failed |= UINT64_C(1) << i;
    }
    return failures;
}

static unsigned try(uint32_t tag, unsigned count)
{
    uint64_t failed;
    return try_bytes(tag, 100, count, &failed);
}

/* "fails an allocation with a probability of N in 10,000; default 0" */
static void probability(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    same(tagpool_start(""), 0);
    same(try(tag, 1000), 0);
    same(tagpool_start("fault=10000 fault_seed=1"), 0);
    same(try(tag, 100), 100);
    same(tagpool_start("fault=600"), 0);
    unsigned failed = try(tag, 100000); /* 6,000 expected; 75 is the standard deviation */
    check(failed > 5500 && failed < 6500);
    same(tagpool_start("fault=0"), 0);
    same(try(tag, 1000), 0);
}

/* "Whether an allocation fails hangs on the seed, its tag, and how many of that tag came before": seen from outside, two
 * tags that take turns fail as each alone does in a run of its own. */
static uint64_t run_alone(uint32_t tag, const char *options)
{
    uint64_t failed;
    same(tagpool_start(options), 0);
    (void)try_bytes(tag, 10, 64, &failed);
    return failed;
}

static uint64_t *shared; /* with the children */

static void first_alone(void)
{
    shared[0] = run_alone(TAGPOOL_TAG('o', 'n', 'e', '1'), "fault=3000 fault_seed=42");
}

static void second_alone(void)
{
    shared[1] = run_alone(TAGPOOL_TAG('t', 'w', 'o', '2'), "fault=3000 fault_seed=42");
}

static void other_seed(void)
{
    shared[4] = run_alone(TAGPOOL_TAG('o', 'n', 'e', '1'), "fault=3000 fault_seed=43");
}

static void both_in_turn(void)
{
    uint64_t failed;
    same(tagpool_start("fault=3000 fault_seed=42"), 0);
    for (unsigned i = 0; i < 64; i++) {
        (void)try_bytes(TAGPOOL_TAG('t', 'w', 'o', '2'), 20, 1, &failed);
        shared[3] |= failed << i;
        (void)try_bytes(TAGPOOL_TAG('o', 'n', 'e', '1'), 30, 1, &failed);
        shared[2] |= failed << i;
    }
}

/* ---- which ones ---- */

/* "only matching allocations fail; default all" */
static void by_tag(void **state)
{
    (void)state;
    same(tagpool_start("fault=10000 fault_tags=Fa* fault_tags=Gb?1"), 0);
    same(try(TAGPOOL_TAG('F', 'a', 'x', 'x'), 10), 10);
    same(try(TAGPOOL_TAG('G', 'b', 'x', '1'), 10), 10);
    same(try(TAGPOOL_TAG('G', 'b', 'x', '2'), 10), 0);
    same(tagpool_start("fault_tags=none"), 0);
    same(try(TAGPOOL_TAG('G', 'b', 'x', '2'), 10), 10);
}

/* "only allocations of at least, at most so many bytes fail; default all" */
static void by_size(void **state)
{
    uint32_t tag = fresh_tag();
    uint64_t failed;
    (void)state;
    same(tagpool_start("fault=10000 fault_least=100 fault_most=200"), 0);
    same(try_bytes(tag, 99, 5, &failed), 0);
    same(try_bytes(tag, 100, 5, &failed), 5);
    same(try_bytes(tag, 200, 5, &failed), 5);
    same(try_bytes(tag, 201, 5, &failed), 0);
}

/* "fails the K-th matching allocation, and no other" */
static void the_nth(void **state)
{
    uint32_t tag = fresh_tag(), other = fresh_tag();
    char options[80], text[5];
    uint64_t failed;
    (void)state;
    snprintf(options, sizeof options, "fault_nth=3 fault_tags=%s", tagpool_tag_text(tag, text));
    same(tagpool_start(options), 0);
    same(try(other, 10), 0);
    same(try_bytes(tag, 10, 20, &failed), 1);
    same(failed, 1 << 2);
}

/* "fails every K-th matching allocation" */
static void every_nth(void **state)
{
    uint64_t failed;
    (void)state;
    same(tagpool_start("fault_every=4"), 0);
    same(try_bytes(fresh_tag(), 10, 12, &failed), 3);
    same(failed, 1 << 3 | 1 << 7 | 1 << 11);
}

/* "nothing fails in so many milliseconds after the start" */
static void after_a_delay(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    same(tagpool_start("fault=10000 fault_delay=1000000000"), 0);
    same(try(tag, 1000), 0);
    same(tagpool_start("fault_delay=30"), 0);
    for (int i = 0; i < 1000 && try(tag, 1) == 0; i++)
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    same(try(tag, 5), 5);
}

/* Every way to allocate can fail, and leaves its block as it was. */
static void every_function(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    char *block = tagpool_alloc(TAGPOOL_PAGED, 100, tag);
    fill(block, 100, 3);
    same(tagpool_start("fault=10000"), 0);
    check(tagpool_zalloc(TAGPOOL_PAGED, 10, tag) == NULL);
    check(tagpool_zalloc(TAGPOOL_PAGED, 100000, tag) == NULL);
    check(tagpool_aligned_alloc(TAGPOOL_NONPAGED, 64, 10, tag) == NULL);
    check(tagpool_realloc(block, 100000) == NULL);
    check(filled(block, 100, 3) && tagpool_size(block) == 100);
    same(tagpool_start("fault=0"), 0);
    tagpool_free(block);
    same(stats_of(tag, TAGPOOL_PAGED).failures, 3);
    same(stats_of(tag, TAGPOOL_NONPAGED).failures, 1);
}

/* ---- what is remembered ---- */

/* "attempted = succeeded + failed + failed_deliberately": injected failures are counted apart from real ones. */
static void counters(void **state)
{
    struct tagpool_verifier_counters before, now;
    uint32_t none = TAGPOOL_TAG('N', 'o', 'n', 'e');
    (void)state;
    same(tagpool_start("fault_every=10"), 0);
    tagpool_verifier_read(&before);
    unsigned failed = try(fresh_tag(), 1000);
    check(tagpool_alloc(TAGPOOL_PAGED, SIZE_MAX / 2, fresh_tag()) == NULL);
    (void)try(none, 7);
    tagpool_verifier_read(&now);
    same(failed, 100);
    same(now.failed_deliberately - before.failed_deliberately, failed);
    same(now.failed - before.failed, 1);
    same(now.with_no_tag - before.with_no_tag, 7);
    same(now.attempted - before.attempted, 1008);
    same(now.attempted, now.succeeded + now.failed + now.failed_deliberately);
}

/* "Copies the newest injected failures, newest first, at most 128" */
static void the_last_failures(void **state)
{
    static struct tagpool_operation faults[200];
    uint32_t tag = fresh_tag();
    (void)state;
    same(tagpool_start("fault=10000"), 0);
    for (size_t i = 0; i < 150; i++)
        check(tagpool_alloc(TAGPOOL_NONPAGED, i, tag) == NULL);
    same(tagpool_faults(faults, 200), 128);
    for (size_t i = 0; i < 128; i++) {
        check(faults[i].bytes == 149 - i && faults[i].tag == tag && faults[i].block == NULL && !faults[i].is_free);
        check(faults[i].frame_count >= 1 && faults[i].frames[0] != 0 && faults[i].pool == TAGPOOL_NONPAGED);
        check(i == 0 || faults[i].sequence < faults[i - 1].sequence);
    }
    same(tagpool_faults(faults, 3), 3);
    check(faults[0].bytes == 149 && faults[2].bytes == 147);
    same(tagpool_faults(NULL, 0), 0);
}

/* "0, the default: from the clock, and printed": what is printed repeats the failures. */
static void seed_from_the_clock(void)
{
    uint64_t failed;
    begin(NULL);
    same(tagpool_start("fault=5000"), 0);
    const char *said = strstr(output, "fault_seed=");
    check(said != NULL && printed_times("fault_seed=") == 1);
    shared[6] = strtoull(said + strlen("fault_seed="), NULL, 10);
    (void)try_bytes(TAGPOOL_TAG('o', 'n', 'e', '1'), 10, 64, &failed);
    shared[5] = failed;
}

static void seed_repeated(void)
{
    char options[80];
    snprintf(options, sizeof options, "fault=5000 fault_seed=%ju", (uintmax_t)shared[6]);
    shared[7] = run_alone(TAGPOOL_TAG('o', 'n', 'e', '1'), options);
}

static void reproducible(void **state)
{
    static struct child child;
    (void)state;
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    child_run(&child, first_alone);
    child_run(&child, second_alone);
    child_run(&child, both_in_turn);
    child_run(&child, other_seed);
    child_run(&child, seed_from_the_clock);
    child_run(&child, seed_repeated);
    check(shared[5] != 0 && shared[5] == shared[7]);
    check(shared[0] != 0 && shared[0] == shared[2]);
    check(shared[1] != 0 && shared[1] == shared[3]);
    check(shared[0] != shared[1] && shared[0] != shared[4]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reproducible), /* first, while the library has not started */
        fault_test(probability), fault_test(by_tag),        fault_test(by_size),        fault_test(the_nth),
        fault_test(every_nth),   fault_test(after_a_delay), fault_test(every_function), fault_test(counters),
        fault_test(the_last_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
