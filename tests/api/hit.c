/* SPDX-License-Identifier: MIT
 *
 * hit.c: tests of the hit tag: PoolHitTag and option hit, what the handler is told, what is told without one. */
#include "test.h"

#include "tagpool/verifier.h"

#include <pthread.h>

static struct tagpool_operation seen; /* the last hit */
static uint64_t seen_count;           /* as the handler was told */
static unsigned hits;

static void remember(const struct tagpool_operation *operation, uint64_t count, void *context)
{
    check(context == &hits);
    seen = *operation;
    seen_count = count;
    hits++;
}

static int begin_hit(void **state)
{
    (void)begin(state);
    hits = 0;
    seen_count = 0;
    tagpool_hit_handler_set(remember, &hits);
    return 0;
}

static int end_hit(void **state)
{
    tagpool_hit_tag_set(0);
    same(tagpool_start("hit=none,hit_nth=0"), 0);
    tagpool_hit_handler_set(NULL, NULL);
    return end(state);
}

#define hit_test(name) cmocka_unit_test_setup_teardown(name, begin_hit, end_hit)

static void pair(uint32_t tag)
{
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 100, tag));
}

/* "While a tag is set, each allocation and free of that very tag is a hit." */
static void each_operation_of_the_tag(void **state)
{
    uint32_t tag = fresh_tag(), other = fresh_tag();
    (void)state;
    pair(tag); /* the thread knows the tag: from now on the fast paths would do */
    pair(other);
    tagpool_hit_tag_set(tag);
    same(tagpool_hit_tag(), tag);
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, 100, tag);
    same(hits, 1);
    check(!seen.is_free && seen.block == block && seen.bytes == 100 && seen.tag == tag && seen.pool == TAGPOOL_NONPAGED);
    pair(other);
    same(hits, 1);
    tagpool_free_tag(block, tag);
    same(hits, 2);
    check(seen.is_free && seen.block == block && seen.bytes == 100 && seen.tag == tag);
    block = tagpool_alloc(TAGPOOL_PAGED, 3000000, tag);
    same(hits, 3);
    check(seen.block == block && seen.pool == TAGPOOL_PAGED && seen.bytes == 3000000);
    tagpool_free(block);
    same(hits, 4);
}

/* "0, and the kernel's own default 0xFFFFFF0F, mean none." */
static void off(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_hit_tag_set(0xFFFFFF0F);
    pair(tag);
    tagpool_hit_tag_set(0);
    pair(tag);
    same(hits, 0);
}

/* A tag that was given with TAGPOOL_PROTECTED is that tag. */
static void protected_blocks(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_hit_tag_set(tag);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 8, tag | TAGPOOL_PROTECTED);
    tagpool_free_tag(block, tag | TAGPOOL_PROTECTED);
    same(hits, 2);
}

/* "hit=TAG: each allocation and free of a matching block"; "may be given up to 16 times, to add one each; none empties its
 * list." */
static void masks(void **state)
{
    (void)state;
    same(tagpool_start("hit=Ab?d hit=X*"), 0);
    pair(TAGPOOL_TAG('A', 'b', 'c', 'd'));
    pair(TAGPOOL_TAG('X', 'y', 'z', '1'));
    pair(TAGPOOL_TAG('X', ' ', ' ', ' '));
    same(hits, 6);
    pair(TAGPOOL_TAG('a', 'b', 'c', 'd')); /* case counts */
    pair(TAGPOOL_TAG('A', 'b', 'c', 'e'));
    same(hits, 6);
    same(tagpool_start("hit=Io"), 0); /* "without `*` it is padded with blanks" */
    pair(TAGPOOL_TAG('I', 'o', ' ', ' '));
    pair(TAGPOOL_TAG('I', 'o', 'x', 'x'));
    same(hits, 8);
    same(tagpool_start("hit=none"), 0);
    pair(TAGPOOL_TAG('X', 'y', 'z', '1'));
    same(hits, 8);
}

/* The seventeenth mask, and what is no mask, are not understood. */
static void bad_masks(void **state)
{
    static const char *const bad[] = {"hit=", "hit=abcde", "hit=?????", "hit=*a*b*c*d*", "hit=a\x01"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        output_clear();
        same(tagpool_start(bad[i]), TAGPOOL_EINVAL);
        check(printed("; expected hit=TAG"));
    }
    for (int i = 0; i < 16; i++)
        same(tagpool_start("hit=Q*"), 0);
    same(tagpool_start("hit=Q*"), TAGPOOL_EINVAL);
}

/* "only the K-th allocation of the tag since the program started" */
static void the_nth(void **state)
{
    uint32_t tag = TAGPOOL_TAG('N', 't', 'h', '1'), other = TAGPOOL_TAG('N', 't', 'h', '2');
    (void)state;
    same(tagpool_start("hit=Nth? hit_nth=3"), 0);
    for (int i = 0; i < 5; i++) {
        pair(tag);
        same(hits, i >= 2 ? 1 : 0);
    }
    check(seen.nth == 3 && !seen.is_free);
    for (int i = 0; i < 3; i++)
        pair(other); /* each tag is counted by itself */
    same(hits, 2);
}

/* "`count` says how many hits there were", and operations are numbered. */
static void counts(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_hit_tag_set(tag);
    pair(tag);
    uint64_t count = seen_count, sequence = seen.sequence;
    pair(tag);
    same(seen_count, count + 2);
    same(seen.sequence, sequence + 2);
}

/* "Not for allocations that failed." */
static void failures(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_hit_tag_set(tag);
    check(tagpool_alloc(TAGPOOL_PAGED, SIZE_MAX / 2, tag) == NULL);
    same(hits, 0);
}

static void use_pool(const struct tagpool_operation *operation, uint64_t count, void *context)
{
    (void)count;
    remember(operation, seen_count, context);
    pair(operation->tag);
}

/* "it may use pool: what it does itself is no hit" */
static void a_handler_may_use_pool(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_hit_handler_set(use_pool, &hits);
    tagpool_hit_tag_set(tag);
    pair(tag);
    same(hits, 2);
    same(stats_of(tag, TAGPOOL_PAGED).allocs, 3);
}

static jmp_buf out;

static void jump(const struct tagpool_operation *operation, uint64_t count, void *context)
{
    (void)count;
    remember(operation, seen_count, context);
    longjmp(out, 1);
}

/* A handler that leaves by longjmp is called again at the next hit. */
static void a_handler_may_jump(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_hit_handler_set(jump, &hits);
    tagpool_hit_tag_set(tag);
    for (volatile unsigned i = 1; i <= 2; i++) {
        if (setjmp(out) == 0)
            (void)tagpool_alloc(TAGPOOL_PAGED, 5, tag);
        same(hits, i);
        tagpool_hit_handler_set(remember, &hits);
        tagpool_free(seen.block);
        hits = i;
        tagpool_hit_handler_set(jump, &hits);
    }
}

/* "otherwise prints the operation with its stack" */
static void without_a_handler(void **state)
{
    uint32_t tag = fresh_tag();
    char text[5];
    (void)state;
    tagpool_hit_handler_set(NULL, NULL);
    tagpool_hit_tag_set(tag);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 77, tag);
    check(printed(": allocation of ") && has_hex(output, (uintptr_t)block) && printed(", paged, 77 bytes"));
    check(printed(tagpool_tag_text(tag, text)));
    output_clear();
    tagpool_free(block);
    check(printed(": free of ") && has_hex(output, (uintptr_t)block));
}

static void *pairs(void *tag)
{
    for (int i = 0; i < 1000; i++)
        pair(*(uint32_t *)tag);
    return NULL;
}

static void count_atomically(const struct tagpool_operation *operation, uint64_t count, void *context)
{
    (void)operation;
    (void)count;
    __atomic_add_fetch((unsigned *)context, 1, __ATOMIC_RELAXED);
}

/* No hit is lost among threads. */
static void threads(void **state)
{
    uint32_t tag = fresh_tag();
    pthread_t thread[3];
    (void)state;
    tagpool_hit_handler_set(count_atomically, &hits);
    tagpool_hit_tag_set(tag);
    for (int i = 0; i < 3; i++)
        same(pthread_create(&thread[i], NULL, pairs, &tag), 0);
    for (int i = 0; i < 3; i++)
        same(pthread_join(thread[i], NULL), 0);
    same(hits, 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        hit_test(each_operation_of_the_tag), hit_test(off),      hit_test(protected_blocks), hit_test(masks),
        hit_test(bad_masks),                 hit_test(the_nth),  hit_test(counts),           hit_test(failures),
        hit_test(a_handler_may_use_pool),    hit_test(a_handler_may_jump), hit_test(without_a_handler), hit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
