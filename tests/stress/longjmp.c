/* SPDX-License-Identifier: MIT
 *
 * longjmp.c: threads that make every mistake there is, over and over, and leave each report by longjmp, while other threads
 * allocate and free. No mistake has an effect: blocks, counts and invariants are those of a program without mistakes. */
#include "stress.h"

#include <stdatomic.h>

enum { SINNERS = 2, SAINTS = 2, NEIGHBOURS = 64 };

static const uint32_t tag = TAGPOOL_TAG('J', 'u', 'm', 'p');

struct sinner {
    struct rng rng;
    uint64_t allocs[2]; /* by pool */
    size_t bytes;       /* a size of its own, from 1000 to 2000 */
    unsigned char foreign[64];
};

static _Thread_local struct {
    jmp_buf way_out;
    struct tagpool_bugcheck bugcheck;
    bool is_expected;
} trap;

static void on_bugcheck(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    if (!trap.is_expected) {
        tagpool_bugcheck_print(bugcheck);
    }
    require(trap.is_expected);
    trap.is_expected = false;
    trap.bugcheck = *bugcheck;
    longjmp(trap.way_out, 1);
}

/* Requires that `call` is reported with this code and first parameter. */
#define require_mistake(call, code_, parameter_)                                                                       \
    do {                                                                                                               \
        trap.is_expected = true;                                                                                       \
        if (setjmp(trap.way_out) == 0) {                                                                               \
            (void)(call);                                                                                              \
            require_failed("the mistake was reported: " #call, __FILE__, __LINE__);                                    \
        }                                                                                                              \
        require(trap.bugcheck.code == (code_) && trap.bugcheck.parameter[0] == (parameter_));                          \
        require(trap.bugcheck.stops && trap.bugcheck.sentence != NULL && trap.bugcheck.name != NULL);                  \
    } while (0)

static void *counted_alloc(struct sinner *sinner, enum tagpool_pool pool, size_t bytes, uint32_t with_tag)
{
    void *block = tagpool_alloc(pool, bytes, with_tag);
    require(block != NULL);
    sinner->allocs[pool]++;
    return block;
}

static void sin_by_allocating(enum tagpool_pool pool)
{
    require_mistake(tagpool_alloc(pool, 10, 0), 0xC2, 0x9B);
    require_mistake(tagpool_zalloc(pool, 10, TAGPOOL_TAG_OVERFLOW), 0xC2, 0x9C);
    require_mistake(tagpool_aligned_alloc(pool, 64, 10, TAGPOOL_TAG('.', ' ', '-', '+')), 0xC2, 0x9D);
    require_mistake(tagpool_alloc((enum tagpool_pool)(pool + 2), 10, tag), 0xC2, 0x9A);
}

static void sin_by_freeing_what_is_no_block(struct sinner *sinner, enum tagpool_pool pool)
{
    unsigned char *block = counted_alloc(sinner, pool, 200, tag);
    require_mistake(tagpool_free(NULL), 0xC2, 0x46);
    require_mistake(tagpool_free_tag(sinner->foreign + 16, tag), 0xC2, 0x42);
    require_mistake(tagpool_realloc(sinner->foreign + 16, 5), 0xC2, 0x42);
    require_mistake(tagpool_size(sinner->foreign), 0xC2, 0x42);
    require_mistake(tagpool_free(block + 16), 0xC2, pool == TAGPOOL_PAGED ? 0x41286 : 0x99);
    require_mistake(tagpool_free(block + 1), 0xC2, pool == TAGPOOL_PAGED ? 0x41286 : 0x99);
    require_mistake(tagpool_realloc(block + 8, 10), 0xC2, pool == TAGPOOL_PAGED ? 0x41286 : 0x99);
    tagpool_free(block);
}

/* Frees a block twice. Nobody else may get its memory in between: its neighbours live on, and no other thread uses its size
 * class. */
static void sin_by_freeing_twice(struct sinner *sinner, enum tagpool_pool pool)
{
    void *neighbours[NEIGHBOURS];
    for (unsigned i = 0; i < NEIGHBOURS; i++) {
        neighbours[i] = counted_alloc(sinner, pool, sinner->bytes, tag);
    }
    void *block = neighbours[NEIGHBOURS / 2];
    tagpool_free(block);
    require_mistake(tagpool_free(block), 0xC2, 0x07);
    require_mistake(tagpool_tag(block), 0xC2, 0x07);
    for (unsigned i = 0; i < NEIGHBOURS; i++) {
        if (i != NEIGHBOURS / 2) {
            tagpool_free(neighbours[i]);
        }
    }
}

static void sin_by_freeing_the_protected(struct sinner *sinner, enum tagpool_pool pool)
{
    void *block = counted_alloc(sinner, pool, 500, tag | TAGPOOL_PROTECTED);
    require_mistake(tagpool_free(block), 0xC2, 0x0A);
    require_mistake(tagpool_free_tag(block, tag), 0xC2, 0x0A);
    require_mistake(tagpool_free_tag(block, 0), 0xC2, 0x0A);
    require_mistake(tagpool_free_tag(block, TAGPOOL_TAG('O', 't', 'h', 'r') | TAGPOOL_PROTECTED), 0xC2, 0x0A);
    tagpool_free_tag(block, tag | TAGPOOL_PROTECTED);
}

/* With wrong_tag=stop and tail_check=on. The block stays, and can be freed once it is whole again. */
static void sin_by_overwriting(struct sinner *sinner, enum tagpool_pool pool)
{
    struct tagpool_block seen;
    unsigned char *block = counted_alloc(sinner, pool, 33, tag);
    require_mistake(tagpool_free_tag(block, TAGPOOL_TAG('O', 't', 'h', 'r')), 0xC2, 0x0A);
    require(tagpool_query(block, &seen) == TAGPOOL_OK && seen.charged > 33);
    unsigned char saved = block[33];
    block[33] ^= 0x5A;
    require_mistake(tagpool_free(block), 0x19, 0x21);
    require(tagpool_query(block, &seen) == TAGPOOL_OK && seen.bytes == 33);
    block[33] = saved;
    tagpool_free(block);
}

static void *sinner_run(void *context)
{
    struct sinner *sinner = context;
    for (size_t i = scaled(20000, 100); i > 0; i--) {
        enum tagpool_pool pool = (enum tagpool_pool)(i % 2);
        switch (rng_below(&sinner->rng, 5)) {
        case 0:
            sin_by_allocating(pool);
            break;
        case 1:
            sin_by_freeing_what_is_no_block(sinner, pool);
            break;
        case 2:
            sin_by_freeing_twice(sinner, pool);
            break;
        case 3:
            sin_by_freeing_the_protected(sinner, pool);
            break;
        default:
            sin_by_overwriting(sinner, pool);
        }
    }
    return NULL;
}

static atomic_bool is_over;

/* Does everything right until the others have done enough wrong. Returns how often. */
static void *saint_run(void *context)
{
    struct rng rng = *(struct rng *)context;
    unsigned char *blocks[200] = {NULL};
    size_t sizes[200] = {0}, rounds = 0;
    for (; !atomic_load(&is_over); rounds++) {
        size_t i = rng_below(&rng, 200);
        if (blocks[i] != NULL) {
            require(pattern_holds(blocks[i], sizes[i], sizes[i], i));
            tagpool_free_tag(blocks[i], tag);
        }
        sizes[i] = rng_size(&rng) % 900 + (i % 4 == 0 ? 2500 : 0);
        blocks[i] = tagpool_alloc((enum tagpool_pool)(i % 2), sizes[i], tag);
        require(blocks[i] != NULL);
        pattern_write(blocks[i], sizes[i], i);
    }
    for (size_t i = 0; i < 200; i++) {
        if (blocks[i] != NULL) {
            tagpool_free(blocks[i]);
        }
    }
    *(struct rng *)context = (struct rng){rounds};
    return NULL;
}

static void mistakes_left_by_longjmp_have_no_effect(void **state)
{
    (void)state;
    uint64_t seed = seed_of_run(), allocs[2] = {0, 0}, by_saints = 0;
    pthread_t threads[SINNERS + SAINTS];
    static struct sinner sinners[SINNERS];
    struct rng saints[SAINTS];
    require(tagpool_start("tail_check=on free_check=on wrong_tag=stop") == TAGPOOL_OK);
    for (unsigned i = 0; i < SINNERS; i++) {
        sinners[i] = (struct sinner){.rng = rng_of(seed, i), .bytes = 1000 + i * 400};
        require(pthread_create(&threads[i], NULL, sinner_run, &sinners[i]) == 0);
    }
    for (unsigned i = 0; i < SAINTS; i++) {
        saints[i] = rng_of(seed, SINNERS + i);
        require(pthread_create(&threads[SINNERS + i], NULL, saint_run, &saints[i]) == 0);
    }
    for (unsigned i = 0; i < SINNERS; i++) {
        require(pthread_join(threads[i], NULL) == 0);
        allocs[0] += sinners[i].allocs[0];
        allocs[1] += sinners[i].allocs[1];
    }
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < SAINTS; i++) {
        require(pthread_join(threads[SINNERS + i], NULL) == 0);
        by_saints += saints[i].state;
    }
    struct tagpool_stats nonpaged = stats_of(tag, TAGPOOL_NONPAGED), paged = stats_of(tag, TAGPOOL_PAGED);
    require(nonpaged.allocs + paged.allocs == allocs[0] + allocs[1] + by_saints);
    require(nonpaged.allocs >= allocs[0] && paged.allocs >= allocs[1] && allocs[0] > 0 && allocs[1] > 0);
    require(nonpaged.blocks == 0 && paged.blocks == 0 && nonpaged.failures == 0 && paged.failures == 0);
    require(require_sums() == 2); /* no row for tags that were refused */
    require(tagpool_validate() == TAGPOOL_OK && tagpool_shutdown() == TAGPOOL_CLEAN);
}

int main(void)
{
    (void)tagpool_start("checker=off"); /* tests write behind blocks and to freed ones on purpose */
    const struct CMUnitTest tests[] = {cmocka_unit_test(mistakes_left_by_longjmp_have_no_effect)};
    tagpool_bugcheck_handler_set(on_bugcheck, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
