/* SPDX-License-Identifier: MIT
 *
 * fork.c: fork with blocks outstanding, on one thread and while other threads allocate and free. The child has a working pool
 * with its own copy of every block: it allocates, changes and frees the parent's blocks, walks, validates, shuts down and
 * opens again. The parent and its other threads see nothing of it. */
#include "naive.h"

#include <stdatomic.h>

enum {
    TAGS = 20,
    BLOCKS = 400, /* of the thread that forks */
    BUSY_THREADS = 3,
    HELD = 40,   /* by each busy thread */
    SHARED = 64, /* by all of them */
    BUSY_MOST = BUSY_THREADS * (HELD + 1) + SHARED /* one more each may be on its way to or from its owner */
};

static const uint32_t busy_tag = TAGPOOL_TAG('B', 'u', 's', 'y');

static void fill_up(struct naive_pool *naive)
{
    while (naive->count < BLOCKS) {
        size_t tag = rng_below(&naive->rng, TAGS), bytes = rng_size(&naive->rng) % 40000;
        require(naive_alloc(naive, (enum tagpool_pool)(tag % 2), bytes, tag_of('f', tag)));
    }
}

static void require_tag_counts(struct naive_pool *naive)
{
    for (size_t i = 0; i < TAGS; i++) {
        struct tagpool_stats seen = stats_of(tag_of('f', i), (enum tagpool_pool)(i % 2));
        require_same_counts(&seen, &naive->tags[i][i % 2], "tag of the forking thread");
    }
}

struct census {
    const struct naive_pool *naive;
    size_t own;              /* blocks seen that the forking thread allocated */
    void *others[BUSY_MOST]; /* blocks seen that busy threads allocated */
    size_t other_count;
};

static bool on_block(const struct tagpool_block *block, void *context)
{
    struct census *census = context;
    if (block->tag == busy_tag) {
        require(census->other_count < BUSY_MOST);
        census->others[census->other_count++] = block->address;
    } else {
        require(census->own < census->naive->count);
        const struct tagpool_block *expected = &census->naive->blocks[census->own++].is;
        require(block->address == expected->address && block->bytes == expected->bytes && block->tag == expected->tag);
    }
    return true;
}

/* The child: all of the parent's blocks are here; they and those of the threads that are not can be freed. */
static void run_child(struct naive_pool *naive, bool is_alone)
{
    struct tagpool_stats total;
    struct census census = {.naive = naive};
    require(tagpool_validate() == TAGPOOL_OK);
    require_tag_counts(naive);
    naive_require_disjoint(naive);
    tagpool_walk(on_block, &census);
    require(census.own == naive->count && (!is_alone || census.other_count == 0));
    for (unsigned i = 0; i < 300; i++) {
        if (rng_below(&naive->rng, 2) == 0 && naive->count > 0) {
            naive_free(naive, rng_below(&naive->rng, naive->count));
        } else if (naive->count < BLOCKS) {
            require(naive_alloc(naive, TAGPOOL_PAGED, rng_size(&naive->rng) % 40000, tag_of('f', 1)));
        }
    }
    for (size_t i = 0; i < census.other_count; i++) {
        memset(census.others[i], 0xEE, tagpool_size(census.others[i]));
        tagpool_free(census.others[i]);
    }
    require_tag_counts(naive);
    require(tagpool_validate() == TAGPOOL_OK);
    require(tagpool_shutdown() == (naive->count > 0 ? TAGPOOL_LEAK : TAGPOOL_CLEAN));
    require(tagpool_alloc(TAGPOOL_PAGED, 1, busy_tag) == NULL && tagpool_start("") == TAGPOOL_OK);
    while (naive->count > 0) {
        naive_free(naive, naive->count - 1);
    }
    tagpool_total_stats(&total);
    /* what a thread of the parent was counting when fork() stopped it may be off by that one block */
    require(total.blocks + BUSY_THREADS <= (uint64_t)2 * BUSY_THREADS && (!is_alone || total.blocks == 0));
    require(tagpool_walk(on_block, &census) == 0 && tagpool_validate() == TAGPOOL_OK);
}

/* Forks `times` times; between two forks the parent works on as if nothing had been. */
static void fork_often(struct naive_pool *naive, size_t times, bool is_alone)
{
    for (size_t i = 0; i < times; i++) {
        fill_up(naive);
        fflush(stdout);
        pid_t child = fork();
        require(child >= 0);
        if (child == 0) {
            alarm(200); /* a child that waits for ever fails too */
            tagpool_sink_set(drop_output, NULL);
            run_child(naive, is_alone);
            _exit(0);
        }
        for (unsigned k = 0; k < 50; k++) {
            naive_free(naive, rng_below(&naive->rng, naive->count));
        }
        require_child_passed(child);
        require_tag_counts(naive);
    }
    naive_require_disjoint(naive);
    for (size_t i = 0; i < naive->count; i++) {
        require_intact(&naive->blocks[i]);
        require_query(naive->blocks[i].is.address, &naive->blocks[i].is);
    }
}

static void fork_of_one_thread(void **state)
{
    (void)state;
    struct naive_pool naive = naive_create('f', TAGS, BLOCKS, rng_of(seed_of_run(), 0));
    fork_often(&naive, scaled(50, 5), true);
    require(tagpool_validate() == TAGPOOL_OK);
    naive_require_walk(&naive);
    while (naive.count > 0) {
        naive_free(&naive, 0);
    }
    naive_require_counts(&naive);
    naive_destroy(&naive);
    require(tagpool_verdict() == TAGPOOL_CLEAN);
}

/* ---- While other threads allocate ------------------------------------------------------------------------------ */

static atomic_bool is_over;

static struct {
    pthread_mutex_t lock;
    void *slots[SHARED];
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Allocates and frees without a pause; some blocks are freed by the other busy threads. */
static void *busy_run(void *context)
{
    struct rng rng = rng_of((uint64_t)(uintptr_t)context, 77);
    void *blocks[HELD] = {NULL};
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        size_t i = rng_below(&rng, HELD), k = rng_below(&rng, SHARED);
        if (blocks[i] != NULL && rng_below(&rng, 4) == 0) {
            pthread_mutex_lock(&shared.lock);
            void *other = shared.slots[k];
            shared.slots[k] = blocks[i];
            pthread_mutex_unlock(&shared.lock);
            blocks[i] = other;
        }
        if (blocks[i] != NULL) {
            tagpool_free(blocks[i]);
        }
        size_t bytes = rng_size(&rng) % 10000;
        blocks[i] = tagpool_alloc((enum tagpool_pool)rng_below(&rng, 2), bytes, busy_tag);
        require(blocks[i] != NULL);
        memset(blocks[i], 0x55, bytes);
    }
    for (size_t i = 0; i < HELD; i++) {
        if (blocks[i] != NULL) {
            tagpool_free(blocks[i]);
        }
    }
    return NULL;
}

static void fork_while_others_allocate(void **state)
{
    (void)state;
    pthread_t threads[BUSY_THREADS];
    struct naive_pool naive = naive_create('f', TAGS, BLOCKS, rng_of(seed_of_run(), 1));
    for (size_t i = 0; i < TAGS; i++) { /* counts go on where the test before left them */
        naive.tags[i][i % 2] = stats_of(tag_of('f', i), (enum tagpool_pool)(i % 2));
    }
    for (uintptr_t i = 0; i < BUSY_THREADS; i++) {
        require(pthread_create(&threads[i], NULL, busy_run, (void *)i) == 0);
    }
    fork_often(&naive, scaled(200, 5), false);
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < BUSY_THREADS; i++) {
        require(pthread_join(threads[i], NULL) == 0);
    }
    for (size_t i = 0; i < SHARED; i++) {
        if (shared.slots[i] != NULL) {
            tagpool_free(shared.slots[i]);
        }
    }
    naive_require_walk(&naive);
    naive_require_counts(&naive);
    require(stats_of(busy_tag, TAGPOOL_PAGED).blocks == 0 && stats_of(busy_tag, TAGPOOL_NONPAGED).blocks == 0);
    require(tagpool_validate() == TAGPOOL_OK);
    naive_destroy(&naive);
}

int main(void)
{
    (void)tagpool_start("checker=off"); /* a thread that fork() stopped may not have told a checker of its block yet */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fork_of_one_thread),
        cmocka_unit_test(fork_while_others_allocate),
    };
    tagpool_bugcheck_handler_set(on_unexpected_bugcheck, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
