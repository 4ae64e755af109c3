/* SPDX-License-Identifier: MIT
 *
 * rules.c: tests of the rules that hold for the whole header, and of what may happen early and late in a process: allocation
 * before main, fork, threads that end, exit handlers. */
#include "test.h"

#include <pthread.h>

#define TAG TAGPOOL_TAG('R', 'u', 'l', 'e')

static void *early; /* allocated before main */

/* Tags that are none: 0, and 0 with the bit of a protected tag. */
static const uint32_t no_tags[] = {0, 0x80000000u};
static unsigned refusals, refused_early;

static void count_refusal(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    refusals += bugcheck->code == 0xC2;
}

/* How many of the tags that are none were refused with a report, in both pools. */
static unsigned count_refused(void)
{
    unsigned refused = 0;
    tagpool_bugcheck_handler_set(count_refusal, NULL);
    for (unsigned i = 0; i < 4; i++) {
        refusals = 0;
        refused += tagpool_alloc((enum tagpool_pool)(i % 2), 64, no_tags[i / 2]) == NULL && refusals == 1;
    }
    tagpool_bugcheck_handler_set(NULL, NULL);
    return refused;
}

__attribute__((constructor)) static void allocate_early(void)
{
    refused_early = count_refused();
    early = tagpool_zalloc(TAGPOOL_PAGED, 500, TAGPOOL_TAG('E', 'a', 'r', 'l'));
}

/* "Nothing needs to be called first. The first allocation starts the library", even in a constructor. */
static void a_constructor_allocates(void **state)
{
    (void)state;
    begin(NULL);
    check(early != NULL);
    same(tagpool_size(early), 500);
    tagpool_free(early);
    end(NULL);
}

/* A tag that is none is refused, whether the library has started or not, whether the thread is known or not. */
static void *refuse_in_thread(void *refused)
{
    *(unsigned *)refused = count_refused();
    return NULL;
}

static void no_tag_is_refused(void **state)
{
    unsigned refused_in_thread = 0;
    pthread_t thread;
    (void)state;
    same(refused_early, 4);
    same(count_refused(), 4);
    check(pthread_create(&thread, NULL, refuse_in_thread, &refused_in_thread) == 0);
    pthread_join(thread, NULL);
    same(refused_in_thread, 4);
    begin(NULL);
    end(NULL);
}

/* "The child has a working pool with its own copy of every block and count." */
static unsigned char *inherited[3];

static void use_in_child(void)
{
    begin(NULL);
    struct tagpool_stats before = stats_of(TAG, TAGPOOL_PAGED);
    same(before.blocks, 3);
    for (unsigned i = 0; i < 3; i++) {
        check(filled(inherited[i], 100 << 5 * i, i));
        fill(inherited[i], 100 << 5 * i, 77);
    }
    for (unsigned i = 0; i < 10000; i++)
        tagpool_free(tagpool_alloc(TAGPOOL_PAGED, i, TAG));
    for (unsigned i = 0; i < 3; i++)
        tagpool_free(inherited[i]);
    same(stats_of(TAG, TAGPOOL_PAGED).blocks, 0);
    same(stats_of(TAG, TAGPOOL_PAGED).frees, before.frees + 10003);
    end(NULL);
}

static void a_child_has_its_own_copy(void **state)
{
    static struct child child;
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        inherited[i] = tagpool_alloc(TAGPOOL_PAGED, 100 << 5 * i, TAG);
        fill(inherited[i], 100 << 5 * i, i);
    }
    struct tagpool_stats before = stats_of(TAG, TAGPOOL_PAGED), after;
    child_run(&child, use_in_child);
    check(child_exited(&child, 0));
    after = stats_of(TAG, TAGPOOL_PAGED);
    check(memcmp(&before, &after, sizeof before) == 0);
    for (unsigned i = 0; i < 3; i++) {
        check(filled(inherited[i], 100 << 5 * i, i));
        tagpool_free(inherited[i]);
    }
}

static pthread_key_t key;

static void allocate_in_destructor(void *block)
{
    for (unsigned i = 0; i < 100; i++)
        tagpool_free(tagpool_alloc(TAGPOOL_NONPAGED, i * 50, TAG));
    tagpool_free(block);
    if (pthread_getspecific(key) == NULL && early == NULL)
        pthread_setspecific(key, early = tagpool_alloc(TAGPOOL_NONPAGED, 10, TAG));
}

static void *set_key(void *unused)
{
    pthread_setspecific(key, tagpool_alloc(TAGPOOL_NONPAGED, 20, TAG));
    return unused;
}

/* Thread exit handlers allocate and free like any other code, and all of it is counted. */
static void thread_exit_handlers_allocate(void **state)
{
    (void)state;
    same(pthread_key_create(&key, allocate_in_destructor), 0);
    for (unsigned round = 1; round <= 20; round++) {
        pthread_t thread;
        early = NULL;
        same(pthread_create(&thread, NULL, set_key, NULL), 0);
        same(pthread_join(thread, NULL), 0);
        struct tagpool_stats stats = stats_of(TAG, TAGPOOL_NONPAGED);
        check(stats.allocs == round * 202 && stats.frees == round * 202);
        same(tagpool_validate(), 0);
    }
    pthread_key_delete(key);
}

enum { LEFT = 50 };

static void *leave_blocks(void *blocks)
{
    for (unsigned i = 0; i < LEFT; i++) {
        ((void **)blocks)[i] = tagpool_alloc(TAGPOOL_PAGED, i * 100, TAG);
        fill(((void **)blocks)[i], i * 100, i);
    }
    return NULL;
}

/* "a block may be freed by any thread", after the thread that allocated it has ended too. */
static void blocks_outlive_their_thread(void **state)
{
    void *blocks[LEFT];
    (void)state;
    for (unsigned round = 0; round < 10; round++) {
        pthread_t thread;
        same(pthread_create(&thread, NULL, leave_blocks, blocks), 0);
        same(pthread_join(thread, NULL), 0);
        for (unsigned i = 0; i < LEFT; i++) {
            check(query(blocks[i]).bytes == i * 100 && filled(blocks[i], i * 100, i));
            tagpool_free(blocks[i]);
        }
        tagpool_free(blocks[0]);
        check(mistake(0xC2, 0x07));
    }
}

static void *late;

static void free_late(void)
{
    same(tagpool_query(late, &(struct tagpool_block){0}), 0);
    tagpool_free(late);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 5000, TAG);
    check(block != NULL);
    tagpool_free(block);
    fputs("late calls worked\n", stderr);
}

static void leave_work_for_exit(void)
{
    atexit(free_late);
    late = tagpool_alloc(TAGPOOL_PAGED, 100, TAG);
}

/* Exit handlers allocate and free. */
static void exit_handlers_allocate(void **state)
{
    static struct child child;
    (void)state;
    child_run(&child, leave_work_for_exit);
    check(child_exited(&child, 0));
    assert_string_equal(child.text, "late calls worked\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constructor_allocates),
        cmocka_unit_test(no_tag_is_refused), test(a_child_has_its_own_copy), test(thread_exit_handlers_allocate),
        test(blocks_outlive_their_thread),         test(exit_handlers_allocate),
    };
    return cmocka_run_group_tests_name("rules of the header", tests, NULL, NULL);
}
