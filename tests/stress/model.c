/* SPDX-License-Identifier: MIT
 *
 * model.c: random operations on all threads against naive pools. Each thread has a naive pool of its own and hands blocks to
 * the others through a locked exchange, so that many frees are on another thread than the allocation. While they run, an
 * observer reads statistics, rows, snapshots and walks. After each round the whole heap is compared with the models.
 * TAGPOOL_SEED repeats a run's choices; TAGPOOL_OPS sets operations per thread, TAGPOOL_LONG=1 makes it 100 million in all. */
#include "naive.h"

#include <stdatomic.h>

enum {
    THREADS = 4,
    OWN_TAGS = 8,     /* tags 0..31: eight for each thread, never exchanged: their peaks are exact */
    SHARED_TAGS = 24, /* tags 32..55: exchanged, watched from both sides, so that their peaks have bounds */
    MANY_TAGS = 944,  /* tags 56..999: exchanged */
    FIRST_SHARED = THREADS * OWN_TAGS,
    FIRST_MANY = FIRST_SHARED + SHARED_TAGS,
    TAGS = FIRST_MANY + MANY_TAGS,
    CAPACITY = 4000,
    SLOTS = 128
};

/* A count that several threads move, and the highest value it had. */
struct tide {
    _Atomic int64_t level, highest;
};

/* Bounds of a shared tag's true peak. `outer` counts a block from before its allocation until after its free, `inner` from
 * after its allocation until before its free: what is really outstanding lies between the two at any moment. */
struct watch {
    struct tide outer_blocks, inner_blocks, inner_charged;
};

static struct watch watches[SHARED_TAGS][2];

static struct {
    pthread_mutex_t lock;
    struct naive_block slots[SLOTS];
    bool is_full[SLOTS];
} exchange = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct worker {
    struct naive_pool naive;
    unsigned number;
    size_t operations, rounds; /* operations in each round */
    uint64_t bytes_max;
};

static void tide_move(struct tide *tide, int64_t by)
{
    int64_t level = atomic_fetch_add_explicit(&tide->level, by, memory_order_seq_cst) + by;
    int64_t highest = atomic_load_explicit(&tide->highest, memory_order_relaxed);
    while (level > highest && !atomic_compare_exchange_weak(&tide->highest, &highest, level)) {
    }
}

static struct watch *watch_of(uint32_t tag, enum tagpool_pool pool)
{
    size_t index = tag_index(tag);
    return index >= FIRST_SHARED && index < FIRST_MANY ? &watches[index - FIRST_SHARED][pool] : NULL;
}

static void watch_enter(struct watch *watch, const struct tagpool_block *block)
{
    if (watch != NULL) {
        tide_move(&watch->inner_blocks, 1);
        tide_move(&watch->inner_charged, (int64_t)block->charged);
    }
}

static void watch_leave(struct watch *watch, const struct tagpool_block *block)
{
    if (watch != NULL) {
        tide_move(&watch->inner_blocks, -1);
        tide_move(&watch->inner_charged, -(int64_t)block->charged);
    }
}

static void watch_outer(struct watch *watch, int64_t by)
{
    if (watch != NULL) {
        tide_move(&watch->outer_blocks, by);
    }
}

/* ---- Operations of a worker ------------------------------------------------------------------------------------ */

static uint32_t any_tag(struct worker *worker)
{
    struct rng *rng = &worker->naive.rng;
    size_t kind = rng_below(rng, 4), index;
    if (kind == 0) {
        index = worker->number * OWN_TAGS + rng_below(rng, OWN_TAGS);
    } else if (kind == 1) {
        index = FIRST_SHARED + rng_below(rng, SHARED_TAGS);
    } else {
        index = FIRST_MANY + rng_below(rng, MANY_TAGS);
    }
    return tag_of('m', index);
}

static size_t any_size(struct worker *worker)
{
    size_t size = rng_size(&worker->naive.rng);
    return worker->naive.bytes + size > worker->bytes_max ? size % 1024 : size;
}

static void do_alloc(struct worker *worker)
{
    struct naive_pool *naive = &worker->naive;
    enum tagpool_pool pool = rng_below(&naive->rng, 2) == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED;
    uint32_t tag = any_tag(worker);
    struct watch *watch = watch_of(tag, pool);
    watch_outer(watch, 1);
    require(naive_alloc(naive, pool, any_size(worker), tag | (rng_below(&naive->rng, 16) == 0 ? TAGPOOL_PROTECTED : 0)));
    watch_enter(watch, &naive->blocks[naive->count - 1].is);
}

static void do_free(struct worker *worker)
{
    struct naive_pool *naive = &worker->naive;
    size_t position = rng_below(&naive->rng, naive->count);
    const struct tagpool_block block = naive->blocks[position].is;
    struct watch *watch = watch_of(block.tag, block.pool);
    watch_leave(watch, &block);
    naive_free(naive, position);
    watch_outer(watch, -1);
}

static void do_realloc(struct worker *worker)
{
    struct naive_pool *naive = &worker->naive;
    size_t position = rng_below(&naive->rng, naive->count);
    const struct tagpool_block block = naive->blocks[position].is;
    struct watch *watch = watch_of(block.tag, block.pool);
    watch_outer(watch, 1);
    watch_leave(watch, &block);
    require(naive_realloc(naive, position, any_size(worker)));
    watch_enter(watch, &naive->blocks[naive->count - 1].is);
    watch_outer(watch, -1);
}

/* Puts a block into the exchange and takes what was there. Tags of one thread stay with it. */
static void do_exchange(struct worker *worker)
{
    struct naive_pool *naive = &worker->naive;
    size_t position = rng_below(&naive->rng, naive->count), slot = rng_below(&naive->rng, SLOTS);
    if (tag_index(naive->blocks[position].is.tag) < FIRST_SHARED) {
        return;
    }
    struct naive_block given = naive_take(naive, position), taken;
    pthread_mutex_lock(&exchange.lock);
    bool has_taken = exchange.is_full[slot];
    taken = exchange.slots[slot];
    exchange.slots[slot] = given;
    exchange.is_full[slot] = true;
    pthread_mutex_unlock(&exchange.lock);
    if (has_taken) {
        require_intact(&taken);
        require_query(taken.is.address, &taken.is);
        naive_put(naive, &taken);
    }
}

static void work(struct worker *worker)
{
    struct naive_pool *naive = &worker->naive;
    for (size_t i = 0; i < worker->operations; i++) {
        /* spells of growing and of shrinking, so that whole spans fill and empty */
        size_t allocs = (i >> 12 & 1) == 0 ? 46 : 26, choice = rng_below(&naive->rng, 100);
        if (naive->count == 0 || (choice < allocs && naive->count < CAPACITY / 2)) {
            do_alloc(worker);
        } else if (choice < 72) {
            do_free(worker);
        } else if (choice < 80) {
            do_realloc(worker);
        } else if (choice < 88) {
            naive_query(naive);
        } else if (choice < 99) {
            do_exchange(worker);
        } else if (rng_below(&naive->rng, 16) == 0) {
            naive_require_disjoint(naive);
        } else {
            naive_impossible(naive, TAGPOOL_PAGED, tag_of('m', worker->number * OWN_TAGS));
        }
    }
}

/* All workers and the main thread: before a round, and after it. No worker exits while the heap is compared. */
static pthread_barrier_t starting, finished;

static void *worker_run(void *context)
{
    struct worker *worker = context;
    for (size_t i = 0; i < worker->rounds; i++) {
        pthread_barrier_wait(&starting);
        work(worker);
        pthread_barrier_wait(&finished);
    }
    pthread_barrier_wait(&starting);
    return NULL;
}

/* ---- The observer ---------------------------------------------------------------------------------------------- */

static atomic_bool is_over;

struct sighting {
    const void *wanted;
    bool has_seen;
};

static bool on_sighted(const struct tagpool_block *block, void *context)
{
    struct sighting *sighting = context;
    sighting->has_seen |= block->address == sighting->wanted;
    require(block->address != NULL && block->charged >= block->bytes);
    return true;
}

/* Reads everything there is to read, over and over, while the workers run. Its own block is always there. */
static void *observer_run(void *context)
{
    uint32_t tag = *(const uint32_t *)context;
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, 100, tag);
    struct tagpool_stats total, before = {0};
    struct tagpool_row rows[64];
    require(block != NULL);
    while (!atomic_load(&is_over)) {
        struct sighting sighting = {block, false};
        require(tagpool_walk(on_sighted, &sighting) > 0 && sighting.has_seen);
        tagpool_total_stats(&total);
        require(total.allocs >= before.allocs && total.frees >= before.frees && total.failures >= before.failures);
        before = total;
        require(tagpool_rows(rows, 64, TAGPOOL_BY_BYTES) > 0);
        struct tagpool_snapshot *snapshot = tagpool_snapshot_take();
        require(snapshot != NULL);
        tagpool_snapshot_release(snapshot);
        require(stats_of(tag, TAGPOOL_NONPAGED).blocks == 1);
        usleep(2000);
    }
    tagpool_free(block);
    return NULL;
}

/* ---- Rounds ---------------------------------------------------------------------------------------------------- */

/* Compares the whole heap with all models together. */
static void check_everything(struct worker workers[THREADS])
{
    struct naive_pool all = naive_create('m', TAGS, THREADS * CAPACITY + SLOTS, rng_of(0, 0));
    for (unsigned w = 0; w < THREADS; w++) {
        for (size_t i = 0; i < workers[w].naive.count; i++) {
            naive_put(&all, &workers[w].naive.blocks[i]);
        }
        for (size_t i = 0; i < TAGS * (size_t)2; i++) {
            stats_add(&all.tags[i / 2][i % 2], &workers[w].naive.tags[i / 2][i % 2]);
        }
    }
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        if (exchange.is_full[slot]) {
            naive_put(&all, &exchange.slots[slot]);
        }
    }
    require(tagpool_validate() == TAGPOOL_OK);
    naive_require_walk(&all);
    naive_require_counts(&all);
    naive_destroy(&all);
}

/* Peaks: exact for the tags of one thread, between bounds for the shared ones. */
static void check_peaks(struct worker workers[THREADS])
{
    for (size_t i = 0; i < FIRST_SHARED * (size_t)2; i++) {
        struct tagpool_stats seen = stats_of(tag_of('m', i / 2), (enum tagpool_pool)(i % 2));
        const struct tagpool_stats *expected = &workers[i / 2 / OWN_TAGS].naive.tags[i / 2][i % 2];
        require(seen.peak_blocks == expected->peak_blocks);
        require(seen.peak_charged == expected->peak_charged);
    }
    for (size_t i = 0; i < SHARED_TAGS * (size_t)2; i++) {
        struct tagpool_stats seen = stats_of(tag_of('m', FIRST_SHARED + i / 2), (enum tagpool_pool)(i % 2));
        struct watch *watch = &watches[i / 2][i % 2];
        require((int64_t)seen.peak_blocks <= atomic_load(&watch->outer_blocks.highest));
        require((int64_t)seen.peak_blocks + 64 * THREADS >= atomic_load(&watch->inner_blocks.highest));
        require((int64_t)seen.peak_charged + 65536 * THREADS >= atomic_load(&watch->inner_charged.highest));
    }
}

/* Everybody works, observed; then everybody but this thread waits while the whole heap is compared. */
static void run_round(struct worker workers[THREADS])
{
    pthread_t observer;
    uint32_t tag = TAGPOOL_TAG('S', 'e', 'e', 'r');
    atomic_store(&is_over, false);
    require(pthread_create(&observer, NULL, observer_run, &tag) == 0);
    pthread_barrier_wait(&starting);
    pthread_barrier_wait(&finished);
    atomic_store(&is_over, true);
    require(pthread_join(observer, NULL) == 0);
    require(stats_of(tag, TAGPOOL_NONPAGED).blocks == 0);
    check_everything(workers);
    check_peaks(workers);
}

/* Every worker is dead: what they left is freed here, and nothing remains. */
static void free_everything(struct worker workers[THREADS])
{
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        if (exchange.is_full[slot]) {
            naive_put(&workers[slot % THREADS].naive, &exchange.slots[slot]);
            exchange.is_full[slot] = false;
        }
    }
    for (unsigned w = 0; w < THREADS; w++) {
        while (workers[w].naive.count > 0) {
            do_free(&workers[w]);
        }
    }
    check_everything(workers);
    check_peaks(workers);
    require(tagpool_shutdown() == TAGPOOL_CLEAN && tagpool_validate() == TAGPOOL_OK);
}

static void random_operations_agree_with_the_model(void **state)
{
    (void)state;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    uint64_t seed = seed_of_run();
    size_t operations = scaled(number_from_environment("TAGPOOL_LONG", 0) == 1 ? 100000000 / THREADS : 300000, 3000);
    operations = (size_t)number_from_environment("TAGPOOL_OPS", operations);
    size_t rounds = operations / 1000000 + 3;
    require(pthread_barrier_init(&starting, NULL, THREADS + 1) == 0);
    require(pthread_barrier_init(&finished, NULL, THREADS + 1) == 0);
    for (unsigned w = 0; w < THREADS; w++) {
        workers[w] = (struct worker){.number = w, .operations = operations / rounds, .rounds = rounds};
        workers[w].bytes_max = sizeof(void *) > 4 ? 64 << 20 : 12 << 20;
        workers[w].naive = naive_create('m', TAGS, CAPACITY, rng_of(seed, w));
    }
    check_everything(workers);
    for (unsigned w = 0; w < THREADS; w++) {
        require(pthread_create(&threads[w], NULL, worker_run, &workers[w]) == 0);
    }
    for (size_t i = 0; i < rounds; i++) {
        run_round(workers);
    }
    pthread_barrier_wait(&starting);
    for (unsigned w = 0; w < THREADS; w++) {
        require(pthread_join(threads[w], NULL) == 0);
    }
    free_everything(workers);
    for (unsigned w = 0; w < THREADS; w++) {
        naive_destroy(&workers[w].naive);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_operations_agree_with_the_model)};
    tagpool_bugcheck_handler_set(on_unexpected_bugcheck, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
