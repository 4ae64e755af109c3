/* SPDX-License-Identifier: MIT
 *
 * returns.c: memory goes back to the system. What was freed and trimmed is not resident any more, over many cycles; what was
 * freed and not trimmed is bounded by the cache; what one thread allocates and another frees does not pile up. Residency is
 * counted page by page where the blocks were (mincore), so that it is the library's alone, and once more for the process. */
#include "stress.h"

#include <sys/mman.h>

#define MIB ((size_t)1 << 20)

/* The addresses that blocks of one pool had. */
struct extent {
    uintptr_t low, high;
};

static struct extent extents[2] = {{UINTPTR_MAX, 0}, {UINTPTR_MAX, 0}};
static const uint32_t tag = TAGPOOL_TAG('R', 'e', 't', 'n');

static void *allocate(enum tagpool_pool pool, size_t bytes)
{
    char *block = tagpool_alloc(pool, bytes, tag);
    require(block != NULL);
    for (size_t i = 0; i < bytes; i += TAGPOOL_PAGE_SIZE) {
        block[i] = 1;
    }
    block[bytes - 1] = 1;
    uintptr_t low = (uintptr_t)block, high = low + bytes;
    extents[pool].low = low < extents[pool].low ? low : extents[pool].low;
    extents[pool].high = high > extents[pool].high ? high : extents[pool].high;
    return block;
}

/* Bytes in RAM where blocks of either pool have been. A part that is not mapped any more counts as none. */
static size_t resident_of_pools(void)
{
    static unsigned char present[MIB / 1024];
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t resident = 0;
    for (unsigned pool = 0; pool < 2; pool++) {
        for (uintptr_t at = extents[pool].low / MIB * MIB; at < extents[pool].high; at += MIB) {
            if (mincore((void *)at, MIB, present) == 0) {
                for (size_t i = 0; i < MIB / page; i++) {
                    resident += (present[i] & 1) * page;
                }
            }
        }
    }
    return resident;
}

/* How much a cycle allocates. */
static size_t cycle_bytes(void)
{
    return scaled((sizeof(void *) > 4 ? 256 : 96) * MIB, 32 * MIB);
}

struct blocks {
    void **all;
    size_t count, capacity;
};

static struct blocks blocks_create(void)
{
    struct blocks blocks = {.capacity = cycle_bytes() / 64};
    blocks.all = calloc(blocks.capacity, sizeof *blocks.all);
    require(blocks.all != NULL);
    memset(blocks.all, 0xFF, blocks.capacity * sizeof *blocks.all); /* resident from the start */
    return blocks;
}

/* A quarter in small blocks, a quarter in page-sized ones, the rest in big ones. */
static void fill_up(struct blocks *blocks, struct rng *rng)
{
    size_t small = cycle_bytes() / 4, paged = cycle_bytes() / 2, total = cycle_bytes(), bytes, sum = 0;
    for (blocks->count = 0; sum < total; sum += bytes) {
        if (sum < small) {
            bytes = 1 + rng_below(rng, 2048);
        } else if (sum < paged) {
            bytes = 2049 + rng_below(rng, 30000);
        } else {
            bytes = 32769 + rng_below(rng, rng_below(rng, 2) == 0 ? 100000 : 4 * MIB);
        }
        require(blocks->count < blocks->capacity);
        blocks->all[blocks->count++] = allocate((enum tagpool_pool)rng_below(rng, 2), bytes);
    }
}

static void free_in_random_order(struct blocks *blocks, struct rng *rng)
{
    while (blocks->count > 0) {
        size_t i = rng_below(rng, blocks->count);
        tagpool_free(blocks->all[i]);
        blocks->all[i] = blocks->all[--blocks->count];
    }
}

static void trimmed_memory_is_gone(void **state)
{
    (void)state;
    enum { CYCLES = 20 };
    struct rng rng = rng_of(seed_of_run(), 0);
    struct blocks blocks = blocks_create();
    size_t after_second = 0, full, left, process;
    require(tagpool_start("cache=64M") == TAGPOOL_OK);
    size_t process_before = memory_of_process(1);
    for (unsigned cycle = 1; cycle <= CYCLES; cycle++) {
        fill_up(&blocks, &rng);
        full = resident_of_pools();
        require(full >= cycle_bytes() * 3 / 4);
        free_in_random_order(&blocks, &rng);
        left = resident_of_pools();
        size_t trimmed = tagpool_trim();
        require(left - resident_of_pools() <= trimmed);
        left = resident_of_pools();
        process = memory_of_process(1);
        require(left <= cycle_bytes() / 16);
        if (cycle == 2) {
            after_second = process;
        }
    }
    printf("full %zu KiB, trimmed %zu KiB; process before %zu, after 2 cycles %zu, after %d %zu KiB\n", full >> 10, left >> 10,
           process_before >> 10, after_second >> 10, CYCLES, process >> 10);
    if (is_memory_measurable()) {
        require(process <= process_before + cycle_bytes() / 8 + 8 * MIB && process <= after_second + 6 * MIB);
    }
    free(blocks.all);
    require(tagpool_verdict() == TAGPOOL_CLEAN && tagpool_validate() == TAGPOOL_OK);
}

static void freed_memory_is_bounded_by_the_cache(void **state)
{
    (void)state;
    struct rng rng = rng_of(seed_of_run(), 1);
    struct blocks blocks = blocks_create();
    static const char *const options[] = {"cache=16M", "cache=4M", "cache=0"};
    static const size_t cache[] = {16, 4, 0};
    for (unsigned i = 0; i < 3; i++) {
        require(tagpool_start(options[i]) == TAGPOOL_OK);
        fill_up(&blocks, &rng);
        free_in_random_order(&blocks, &rng);
        size_t left = resident_of_pools();
        printf("%s: %zu KiB resident after all was freed\n", options[i], left >> 10);
        /* what each pool keeps, and what the thread has at hand: some big blocks, and a span of each class */
        require(left <= 2 * cache[i] * MIB + 16 * MIB);
    }
    free(blocks.all);
    require(tagpool_start("cache=64M") == TAGPOOL_OK && tagpool_validate() == TAGPOOL_OK);
}

/* ---- Producer and consumer ------------------------------------------------------------------------------------- */

enum { BATCH = 64, BATCHES_MAX = 16 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void *batches[BATCHES_MAX][BATCH];
    size_t count; /* of batches waiting */
    bool is_over;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *consumer_run(void *unused)
{
    void *batch[BATCH];
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&queue.lock);
        while (queue.count == 0 && !queue.is_over) {
            pthread_cond_wait(&queue.changed, &queue.lock);
        }
        if (queue.count == 0) {
            pthread_mutex_unlock(&queue.lock);
            return NULL;
        }
        memcpy(batch, queue.batches[--queue.count], sizeof batch);
        pthread_cond_broadcast(&queue.changed);
        pthread_mutex_unlock(&queue.lock);
        for (unsigned i = 0; i < BATCH; i++) {
            tagpool_free(batch[i]);
        }
    }
}

static void hand_over(void *const batch[BATCH], bool is_last)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.count == BATCHES_MAX) {
        pthread_cond_wait(&queue.changed, &queue.lock);
    }
    if (!is_last) {
        memcpy(queue.batches[queue.count++], batch, BATCH * sizeof batch[0]);
    }
    queue.is_over = is_last;
    pthread_cond_broadcast(&queue.changed);
    pthread_mutex_unlock(&queue.lock);
}

/* At most 18 batches of 64 blocks of 4 KiB at most are outstanding: about 5 MiB. */
static void frees_by_another_thread_do_not_pile_up(void **state)
{
    (void)state;
    struct rng rng = rng_of(seed_of_run(), 2);
    pthread_t consumer;
    void *batch[BATCH];
    size_t batches = scaled(40000, 1500), highest = 0;
    require(tagpool_start("cache=4M") == TAGPOOL_OK);
    tagpool_trim();
    require(pthread_create(&consumer, NULL, consumer_run, NULL) == 0);
    for (size_t n = 0; n < batches; n++) {
        for (unsigned i = 0; i < BATCH; i++) {
            size_t bytes = 1 + rng_below(&rng, rng_below(&rng, 8) == 0 ? 4096 : 300);
            batch[i] = allocate((enum tagpool_pool)(i % 2), bytes);
        }
        hand_over(batch, false);
        if (n % (batches / 20 + 1) == 0) {
            size_t resident = resident_of_pools();
            highest = resident > highest ? resident : highest;
        }
    }
    hand_over(NULL, true);
    require(pthread_join(consumer, NULL) == 0);
    size_t left = resident_of_pools();
    printf("%zu blocks: at most %zu KiB resident, %zu KiB at the end\n", batches * BATCH, highest >> 10, left >> 10);
    require(highest <= 32 * MIB && left <= 24 * MIB);
    require(tagpool_verdict() == TAGPOOL_CLEAN && tagpool_validate() == TAGPOOL_OK);
}

int main(void)
{
    (void)tagpool_start("checker=off"); /* what a checker notes of each block is resident, too, and stays so */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trimmed_memory_is_gone),
        cmocka_unit_test(freed_memory_is_bounded_by_the_cache),
        cmocka_unit_test(frees_by_another_thread_do_not_pile_up),
    };
    tagpool_bugcheck_handler_set(on_unexpected_bugcheck, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
