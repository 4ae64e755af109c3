/* SPDX-License-Identifier: MIT
 *
 * observe.c: looking does not disturb. One thread allocates and frees, never more than a known number of blocks at once, while
 * others read statistics without a pause: the peak stays exact, totals never run backwards. The peak of a tag that several
 * threads use is within its bound. Many threads register new tags while others look for tags that are not there: no count
 * ever appears under another tag. */
#include "stress.h"

#include "tagpool/config.h"

#include <stdatomic.h>

enum { READERS = 3, HELD = 3, REGISTRARS = 3, NEW_TAGS = TAGPOOL_TAGS > 20000 ? 20000 : 4000 };

static atomic_bool is_over;
static const uint32_t never_tag = TAGPOOL_TAG('N', 'e', 'v', 'r');

/* What is allocated and freed: small blocks, and large ones, whose charge is counted in another way. */
static const struct work {
    uint32_t tag;
    size_t bytes, charged;
} works[] = {{TAGPOOL_TAG('W', 'o', 'r', 'k'), 50, 64}, {TAGPOOL_TAG('M', 'o', 'v', 'e'), 70000, 73728}};

static const struct work *worked;

static void *read_peaks(void *unused)
{
    uint64_t allocs = 0, frees = 0;
    (void)unused;
    while (!atomic_load(&is_over)) {
        struct tagpool_stats stats = stats_of(worked->tag, TAGPOOL_PAGED);
        require(stats.peak_blocks <= HELD && stats.peak_charged <= HELD * worked->charged);
        require(stats.allocs >= allocs && stats.frees >= frees);
        allocs = stats.allocs;
        frees = stats.frees;
    }
    return NULL;
}

static void start_threads(pthread_t *threads, size_t count, void *(*run)(void *), size_t *numbers)
{
    for (size_t i = 0; i < count; i++) {
        numbers[i] = i;
        require(pthread_create(&threads[i], NULL, run, &numbers[i]) == 0);
    }
}

static void join_threads(pthread_t *threads, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        require(pthread_join(threads[i], NULL) == 0);
    }
}

static void expect_exact_peaks(void)
{
    pthread_t readers[READERS];
    size_t numbers[READERS], rounds = scaled(1000000, 10000);
    struct tagpool_block block;
    void *held[HELD] = {tagpool_alloc(TAGPOOL_PAGED, worked->bytes, worked->tag)};
    require(held[0] != NULL && tagpool_query(held[0], &block) == TAGPOOL_OK && block.charged == worked->charged);
    tagpool_free(held[0]);
    atomic_store(&is_over, false);
    start_threads(readers, READERS, read_peaks, numbers);
    for (size_t i = 0; i < rounds; i++) {
        for (unsigned k = 0; k < HELD; k++) {
            held[k] = tagpool_alloc(TAGPOOL_PAGED, worked->bytes, worked->tag);
            require(held[k] != NULL);
        }
        for (unsigned k = 0; k < HELD; k++) {
            tagpool_free(held[k]);
        }
    }
    atomic_store(&is_over, true);
    join_threads(readers, READERS);
    struct tagpool_stats stats = stats_of(worked->tag, TAGPOOL_PAGED);
    require(stats.peak_blocks == HELD && stats.peak_charged == HELD * worked->charged);
    require(stats.allocs == rounds * HELD + 1 && stats.frees == stats.allocs);
    require(stats.blocks == 0 && stats.charged == 0 && stats.bytes == 0);
}

static void reading_leaves_peaks_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof works / sizeof works[0]; i++) {
        worked = &works[i];
        expect_exact_peaks();
    }
}

/* ---- Peaks of a tag that several threads use -------------------------------------------------------------------- */

/* Blocks that each climber holds at last: half of them tiny, where the number of blocks sets the bound, half of them larger,
 * where their bytes do. */
enum { CLIMBERS = 4, CLIMB = 2400, LARGER_BYTES = 32768 };

static const uint32_t tiny_tag = TAGPOOL_TAG('T', 'i', 'n', 'y'), larger_tag = TAGPOOL_TAG('L', 'a', 'r', 'g');

static pthread_barrier_t summit;

static void *climb(void *number)
{
    static void *blocks[CLIMBERS][CLIMB];
    void **mine = blocks[*(const size_t *)number];
    for (size_t height = CLIMB / 3; height <= CLIMB; height += CLIMB / 3) {
        for (size_t i = 0; i < height; i++) {
            mine[i] = tagpool_alloc(TAGPOOL_NONPAGED, i % 2 == 0 ? 1 : LARGER_BYTES, i % 2 == 0 ? tiny_tag : larger_tag);
            require(mine[i] != NULL);
        }
        pthread_barrier_wait(&summit); /* everybody holds everything: the true peak */
        for (size_t i = 0; i < height; i++) {
            tagpool_free(mine[i]);
        }
        pthread_barrier_wait(&summit);
    }
    return NULL;
}

/* Nobody reads before all is over, so what is reported is what the allocations themselves have noted. */
static void peaks_of_several_threads_are_within_their_bound(void **state)
{
    (void)state;
    pthread_t climbers[CLIMBERS];
    size_t numbers[CLIMBERS];
    require(pthread_barrier_init(&summit, NULL, CLIMBERS) == 0);
    start_threads(climbers, CLIMBERS, climb, numbers);
    join_threads(climbers, CLIMBERS);
    const uint64_t blocks = (uint64_t)CLIMBERS * CLIMB / 2, bytes = blocks * LARGER_BYTES;
    struct tagpool_stats tiny = stats_of(tiny_tag, TAGPOOL_NONPAGED), larger = stats_of(larger_tag, TAGPOOL_NONPAGED);
    require(tiny.blocks == 0 && tiny.allocs == 2 * blocks && larger.blocks == 0 && larger.allocs == 2 * blocks);
    require(tiny.peak_blocks <= blocks && tiny.peak_blocks + 64 * CLIMBERS >= blocks);
    require(larger.peak_blocks <= blocks && larger.peak_blocks + 64 * CLIMBERS >= blocks);
    require(larger.peak_charged <= bytes && larger.peak_charged + 65536 * CLIMBERS >= bytes);
}

/* ---- New tags ---------------------------------------------------------------------------------------------------- */

/* All registrars meet the same new tags, each in an order of its own. */
static void *register_tags(void *number)
{
    static const size_t strides[REGISTRARS] = {1, 7919, 13}; /* none divides NEW_TAGS */
    for (size_t i = 0; i < NEW_TAGS; i++) {
        uint32_t tag = tag_of('O', i * strides[*(const size_t *)number] % NEW_TAGS);
        void *block = tagpool_alloc(TAGPOOL_PAGED, 8, tag);
        require(block != NULL && tagpool_tag(block) == tag);
        tagpool_free(block);
    }
    return NULL;
}

/* Looks for tags that nobody uses, wherever the others are putting theirs. */
static void *look_for_others(void *number)
{
    struct tagpool_stats stats;
    struct rng rng = rng_of(*(const size_t *)number, 3);
    while (!atomic_load(&is_over)) {
        require(tagpool_tag_stats(never_tag, TAGPOOL_PAGED, &stats) == TAGPOOL_ENOTFOUND && stats.allocs == 0);
        uint32_t tag = tag_of('N', rng_below(&rng, 262144));
        require(tagpool_tag_stats(tag, TAGPOOL_PAGED, &stats) == TAGPOOL_ENOTFOUND && stats.allocs == 0);
    }
    return NULL;
}

static void new_tags_are_never_mistaken(void **state)
{
    (void)state;
    pthread_t registrars[REGISTRARS], readers[READERS];
    size_t numbers[REGISTRARS], others[READERS];
    atomic_store(&is_over, false);
    start_threads(readers, READERS, look_for_others, others);
    start_threads(registrars, REGISTRARS, register_tags, numbers);
    join_threads(registrars, REGISTRARS);
    atomic_store(&is_over, true);
    join_threads(readers, READERS);
    for (size_t i = 0; i < NEW_TAGS; i++) {
        struct tagpool_stats stats = stats_of(tag_of('O', i), TAGPOOL_PAGED);
        require(stats.allocs == REGISTRARS && stats.frees == REGISTRARS && stats.bytes == 0);
    }
    require(require_sums() == NEW_TAGS + 4 && tagpool_validate() == TAGPOOL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_leaves_peaks_exact),
        cmocka_unit_test(peaks_of_several_threads_are_within_their_bound),
        cmocka_unit_test(new_tags_are_never_mistaken),
    };
    tagpool_bugcheck_handler_set(on_unexpected_bugcheck, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
