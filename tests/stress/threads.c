/* SPDX-License-Identifier: MIT
 *
 * threads.c: 10,000 threads over time, in waves. Each allocates, frees some of its blocks and some that dead threads left, and
 * leaves some behind; destructors of thread-specific data allocate and free while it dies, before and after the library's own.
 * Nothing is lost: counts are exact after every wave, and neither rows nor memory grow with the number of threads. */
#include "stress.h"

#include <stdatomic.h>

#if defined(__linux__)
#include <malloc.h>
#endif

enum { WAVE_MAX = 32, KEYS = 6, BLOCKS = 24, LEFT_MAX = 512, TAGS = 4 };

/* Blocks of the dead. Whoever comes later frees them. */
static struct {
    pthread_mutex_t lock;
    void *blocks[LEFT_MAX];
    size_t count;
} left = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Atomic uint64_t expected_allocs[TAGS], expected_frees[TAGS];
static pthread_key_t keys[KEYS]; /* the first half is made before the library's first use, the rest after it */

/* Destructors for objects with thread storage duration, as C++ programs have; they run before those of the keys. */
extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *) __attribute__((weak));
extern void *__dso_handle __attribute__((weak, visibility("hidden")));

static enum tagpool_pool pool_of(size_t tag)
{
    return tag % 2 == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED;
}

static void *allocate(struct rng *rng)
{
    size_t tag = rng_below(rng, TAGS), bytes = rng_below(rng, 64) == 0 ? rng_below(rng, 100000) : rng_below(rng, 600);
    void *block = tagpool_alloc(pool_of(tag), bytes, tag_of('t', tag));
    require(block != NULL);
    pattern_write(block, bytes, (uintptr_t)block);
    atomic_fetch_add(&expected_allocs[tag], 1);
    return block;
}

static void release(void *block)
{
    size_t tag = tag_index(tagpool_tag(block)), bytes = tagpool_size(block);
    require(tag < TAGS && pattern_holds(block, bytes, bytes, (uintptr_t)block));
    tagpool_free(block);
    atomic_fetch_add(&expected_frees[tag], 1);
}

/* Leaves a block to others, or frees it if they have enough. */
static void leave(void *block)
{
    pthread_mutex_lock(&left.lock);
    bool has_room = left.count < LEFT_MAX;
    if (has_room) {
        left.blocks[left.count++] = block;
    }
    pthread_mutex_unlock(&left.lock);
    if (!has_room) {
        release(block);
    }
}

static void *inherit(void)
{
    pthread_mutex_lock(&left.lock);
    void *block = left.count > 0 ? left.blocks[--left.count] : NULL;
    pthread_mutex_unlock(&left.lock);
    return block;
}

/* ---- While a thread dies --------------------------------------------------------------------------------------- */

/* What a thread works on and what its destructors find. It belongs to the wave, not to the thread. */
struct life {
    struct rng rng;
    pthread_barrier_t *all; /* not NULL: the thread's heap is not gone before all threads of the wave have one */
    unsigned rounds[KEYS]; /* how many rounds of destructors each key still takes part in */
    void *blocks[KEYS];
};

static void settle(struct life *life, unsigned k)
{
    release(life->blocks[k]);
    life->blocks[k] = allocate(&life->rng);
    if (--life->rounds[k] > 0) {
        require(pthread_setspecific(keys[k], life) == 0);
    } else {
        leave(life->blocks[k]);
    }
}

/* A destructor does not learn its key, so each key has its own. */
#define SETTLE(k)                                                                                                      \
    static void settle_##k(void *life)                                                                                 \
    {                                                                                                                  \
        settle(life, k);                                                                                               \
    }
SETTLE(0)
SETTLE(1)
SETTLE(2)
SETTLE(3)
SETTLE(4)
SETTLE(5)

static void (*const destructors[KEYS])(void *) = {settle_0, settle_1, settle_2, settle_3, settle_4, settle_5};

static void make_keys(unsigned from, unsigned to)
{
    for (unsigned k = from; k < to; k++) {
        require(pthread_key_create(&keys[k], destructors[k]) == 0);
    }
}

/* Frees its block and leaves a new one. */
static void on_thread_exit(void *block)
{
    struct rng rng = rng_of((uintptr_t)block, 5);
    release(block);
    leave(allocate(&rng));
}

/* Arms a random choice of destructors, in random order; each lives for one to three rounds. */
static void arm_destructors(struct life *life)
{
    struct rng *rng = &life->rng;
    for (unsigned i = 0; i < KEYS; i++) {
        unsigned k = (unsigned)rng_below(rng, KEYS);
        if (life->rounds[k] == 0) {
            life->rounds[k] = 1 + (unsigned)rng_below(rng, 3);
            life->blocks[k] = allocate(rng);
            require(pthread_setspecific(keys[k], life) == 0);
        }
    }
    if (__cxa_thread_atexit_impl != NULL && rng_below(rng, 2) == 0) {
        require(__cxa_thread_atexit_impl(on_thread_exit, allocate(rng), &__dso_handle) == 0);
    }
}

/* ---- Waves ----------------------------------------------------------------------------------------------------- */

static void *thread_run(void *context)
{
    struct life *life = context;
    struct rng *rng = &life->rng;
    void *blocks[BLOCKS];
    size_t arms = rng_below(rng, 3); /* destructors: none, armed before the thread's first use of the library, after it */
    if (arms == 1) {
        arm_destructors(life);
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = allocate(rng);
    }
    if (life->all != NULL) {
        pthread_barrier_wait(life->all);
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        void *old = rng_below(rng, 2) == 0 ? inherit() : NULL;
        if (old != NULL) {
            release(old);
        }
        if (rng_below(rng, 3) == 0) {
            leave(blocks[i]);
        } else {
            release(blocks[i]);
        }
    }
    if (arms == 2) {
        arm_destructors(life);
    }
    if (rng_below(rng, 2) == 0) {
        pthread_exit(NULL);
    }
    return NULL;
}

static void require_exact_counts(void)
{
    uint64_t outstanding = 0;
    for (size_t tag = 0; tag < TAGS; tag++) {
        struct tagpool_stats stats = stats_of(tag_of('t', tag), pool_of(tag));
        require(stats.allocs == atomic_load(&expected_allocs[tag]) && stats.frees == atomic_load(&expected_frees[tag]));
        require(stats.blocks == stats.allocs - stats.frees && stats.failures == 0);
        outstanding += stats.blocks;
    }
    require(outstanding == left.count);
}

static void run_wave(struct rng *rng, unsigned count, const pthread_attr_t *attributes, pthread_barrier_t *all)
{
    pthread_t threads[WAVE_MAX];
    struct life lives[WAVE_MAX];
    for (unsigned i = 0; i < count; i++) {
        lives[i] = (struct life){.rng = rng_of(rng_next(rng), i), .all = all};
        require(pthread_create(&threads[i], attributes, thread_run, &lives[i]) == 0);
    }
    for (unsigned i = 0; i < count; i++) {
        require(pthread_join(threads[i], NULL) == 0);
    }
    require_exact_counts();
}

/* As many threads at once as there will ever be: what grows from here on is a leak. */
static void warm_up(struct rng *rng, const pthread_attr_t *attributes)
{
    pthread_barrier_t all;
    require(pthread_barrier_init(&all, NULL, WAVE_MAX) == 0);
    run_wave(rng, WAVE_MAX, attributes, &all);
    pthread_barrier_destroy(&all);
    tagpool_trim();
}

static bool is_left(const struct tagpool_block *block, void *context)
{
    size_t *bytes = context;
    *bytes += block->bytes;
    require(pattern_holds(block->address, block->bytes, block->bytes, (uintptr_t)block->address));
    return true;
}

static void require_whole_heap(void)
{
    size_t bytes = 0;
    struct tagpool_stats total;
    require(tagpool_validate() == TAGPOOL_OK);
    require(tagpool_walk(is_left, &bytes) == left.count);
    tagpool_total_stats(&total);
    require(total.bytes == bytes && total.blocks == left.count);
    require(require_sums() == TAGS);
}

static void threads_come_and_go(void **state)
{
    (void)state;
    struct rng rng = rng_of(seed_of_run(), 0);
    size_t threads = scaled(10000, 300), started = 0, resident = 0, mapped = 0;
    pthread_attr_t attributes;
    require(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
#if defined(M_ARENA_MAX)
    mallopt(M_ARENA_MAX, 1); /* or malloc() maps a heap of its own for some threads */
#endif
    make_keys(0, KEYS / 2);
    require(tagpool_start(NULL) == TAGPOOL_OK);
    tagpool_free(tagpool_alloc(TAGPOOL_NONPAGED, 1, tag_of('t', 0)));
    atomic_fetch_add(&expected_allocs[0], 1);
    atomic_fetch_add(&expected_frees[0], 1);
    make_keys(KEYS / 2, KEYS);
    warm_up(&rng, &attributes);
    mapped = memory_of_process(0);
    resident = memory_of_process(1);
    for (unsigned wave = 0; started < threads; wave++) {
        unsigned count = 8 + (unsigned)rng_below(&rng, WAVE_MAX - 8 + 1);
        run_wave(&rng, count, &attributes, NULL);
        started += count;
        if (wave % 20 == 0) {
            require_whole_heap();
        }
    }
    require_whole_heap();
    tagpool_trim();
    require_whole_heap();
    size_t mapped_after = memory_of_process(0), resident_after = memory_of_process(1);
    printf("%zu threads: mapped %zu -> %zu KiB, resident %zu -> %zu KiB\n", started, mapped >> 10, mapped_after >> 10,
           resident >> 10, resident_after >> 10);
    if (is_memory_measurable()) { /* 10,000 threads that left 2 KiB each would show */
        require(mapped_after < mapped + (16 << 20) && resident_after < resident + (16 << 20));
    }
    for (void *block = inherit(); block != NULL; block = inherit()) {
        release(block);
    }
    require_exact_counts();
    require(tagpool_shutdown() == TAGPOOL_CLEAN && tagpool_validate() == TAGPOOL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_come_and_go)};
    tagpool_bugcheck_handler_set(on_unexpected_bugcheck, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
