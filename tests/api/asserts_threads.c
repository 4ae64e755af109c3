/* SPDX-License-Identifier: MIT
 *
 * asserts_threads.c: tests of tagpool/test.h in several threads and processes. */
#include "asserts.h"

#include <pthread.h>

static void run_thread(void *(*body)(void *), void *context)
{
    pthread_t thread;
    check(pthread_create(&thread, NULL, body, context) == 0 && pthread_join(thread, NULL) == 0);
}

struct piece {
    uint32_t tag;
    size_t bytes;
    struct tagpool_test *test; /* to be joined, or NULL */
    void *block;
};

static void *take_piece(void *context)
{
    struct piece *piece = context;
    if (piece->test != NULL)
        tagpool_test_join(piece->test);
    piece->block = take(piece->tag, piece->bytes);
    return NULL;
}

/* "A thread of no test works for the only one that is open": the leak of another thread, which cmocka does not see. */
static void leak_in_another_thread(void **state)
{
    struct piece piece = {.tag = TAG1, .bytes = 40};
    (void)state;
    begin_test("threads");
    run_thread(take_piece, &piece);
    TAGPOOL_ASSERT_NO_LEAKS();
    check(failed("leak: 1 block, 40 bytes not freed in test threads"));
    tagpool_free(piece.block);
    check(tagpool_test_end(false) == NULL);
}

static void *assert_here(void *context)
{
    (void)context;
    check(tagpool_test_current() != NULL);
    TAGPOOL_ASSERT_NO_LEAKS();
    return NULL;
}

/* "All that is below may be used in any thread." */
static void assertion_in_another_thread(void **state)
{
    (void)state;
    begin_test("threads");
    void *block = take(TAG1, 10);
    run_thread(assert_here, NULL);
    check(failed("leak: 1 block, 10 bytes not freed in test threads"));
    tagpool_free(block);
    check(tagpool_test_end(false) == NULL);
}

/* ---- side by side ---- */

static pthread_barrier_t both;

struct side {
    const char *name;
    bool leaks, hands_over;
    char answer[400];
    uint64_t allocs;
    void *block;
};

static void *run_side(void *context)
{
    struct side *side = context;
    begin_test(side->name);
    (void)pthread_barrier_wait(&both);
    struct piece piece = {.tag = TAG2, .bytes = 50, .test = tagpool_test_current()};
    if (side->hands_over)
        run_thread(take_piece, &piece);
    else if (side->leaks)
        (void)take_piece(&piece);
    side->block = piece.block;
    for (int i = 0; i < 100; i++)
        tagpool_free(take(TAG2, 10));
    (void)pthread_barrier_wait(&both);
    uint64_t most = side->leaks ? 101 : 100;
    check(tagpool_test_allocs(TAG2, most) == NULL && tagpool_test_allocs(TAG2, most - 1) != NULL);
    check(tagpool_test_peak(TAG2, side->leaks ? 60 : 10) == NULL && tagpool_test_peak(TAG2, side->leaks ? 59 : 9) != NULL);
    const char *answer = tagpool_test_end(false);
    snprintf(side->answer, sizeof side->answer, "%s", answer != NULL ? answer : "");
    return NULL;
}

/* "So tests that run side by side have verdicts of their own": each has the blocks of its threads, and counts of its own. */
static void side_by_side(void **state)
{
    (void)state;
    for (int hands_over = 0; hands_over < 2; hands_over++) {
        struct side sides[2] = {{.name = "leaking", .leaks = true, .hands_over = hands_over == 1}, {.name = "clean"}};
        pthread_t threads[2];
        check(pthread_barrier_init(&both, NULL, 2) == 0);
        for (int i = 0; i < 2; i++)
            check(pthread_create(&threads[i], NULL, run_side, &sides[i]) == 0);
        for (int i = 0; i < 2; i++)
            check(pthread_join(threads[i], NULL) == 0);
        check(begins(sides[0].answer, "leak: 1 block, 50 bytes not freed in test leaking\n"));
        assert_string_equal(sides[1].answer, "");
        tagpool_free(sides[0].block);
        check(pthread_barrier_destroy(&both) == 0);
    }
}

static void *steady_side(void *context)
{
    void *kept = NULL;
    begin_test("steady");
    (void)pthread_barrier_wait(&both);
    struct tagpool_test_block block = tagpool_test_of(TAGPOOL_TEST_STEADY, "*", 1, 3, "f", 1);
    while (tagpool_test_next(&block)) {
        (void)pthread_barrier_wait(&both); /* the other side allocates, and keeps it */
        (void)pthread_barrier_wait(&both);
        if (kept != NULL)
            tagpool_free(kept);
        kept = take(TAG1, 10);
    }
    *(bool *)context = block.message == NULL;
    tagpool_free(kept);
    check(tagpool_test_end(false) == NULL);
    return NULL;
}

/* Steadiness, no allocation and failures are this side's own too. */
static void steady_beside_another(void **state)
{
    pthread_t thread;
    bool is_steady = false;
    void *blocks[4];
    (void)state;
    check(pthread_barrier_init(&both, NULL, 2) == 0);
    begin_test("growing");
    check(pthread_create(&thread, NULL, steady_side, &is_steady) == 0);
    (void)pthread_barrier_wait(&both);
    for (int i = 0; i < 4; i++) {
        (void)pthread_barrier_wait(&both);
        blocks[i] = take(TAG1, 10);
        (void)pthread_barrier_wait(&both);
    }
    check(pthread_join(thread, NULL) == 0 && is_steady);
    for (int i = 0; i < 4; i++)
        tagpool_free(blocks[i]);
    check(tagpool_test_end(false) == NULL && pthread_barrier_destroy(&both) == 0);
}

static void *hold_a_test(void *context)
{
    (void)context;
    begin_test("held");
    (void)pthread_barrier_wait(&both);
    (void)pthread_barrier_wait(&both);
    return (void *)(uintptr_t)(tagpool_test_end(false) != NULL);
}

static void *assert_as_a_stray(void *context)
{
    struct piece *piece = context;
    (void)take_piece(piece);
    check(tagpool_test_current() == NULL);
    check(begins(tagpool_test_leaks("*", 0), "not checked: several tests are open, and this thread has joined none"));
    return NULL;
}

/* "While several are, in threads, its blocks are nobody's, and a note says how many are left." */
static void strays(void **state)
{
    pthread_t thread;
    void *has_failed;
    struct piece piece = {.tag = TAG1, .bytes = 10};
    (void)state;
    check(pthread_barrier_init(&both, NULL, 2) == 0);
    begin_test("mine");
    check(pthread_create(&thread, NULL, hold_a_test, NULL) == 0);
    (void)pthread_barrier_wait(&both);
    run_thread(assert_as_a_stray, &piece);
    output_clear();
    check(tagpool_test_end(false) == NULL);
    check(printed("note: 1 block of threads that have joined no test, while several were open, left at the end of test mine\n"));
    (void)pthread_barrier_wait(&both);
    check(pthread_join(thread, &has_failed) == 0 && has_failed == NULL && pthread_barrier_destroy(&both) == 0);
    tagpool_free(piece.block);
}

static void *leave_a_test(void *context)
{
    begin_test("thread");
    *(void **)context = take(TAG1, 10);
    return NULL;
}

/* "... when this thread's next test begins, or it ... exits": and then the test is not open any more. */
static void thread_exits_in_a_test(void **state)
{
    void *block;
    (void)state;
    for (int i = 0; i < 70; i++) {
        output_clear();
        run_thread(leave_a_test, &block);
        check(printed("note: test thread, left before its end, leaves 1 block, 10 bytes\n"));
        tagpool_free(block);
    }
    check(tagpool_test_current() == NULL);
}

/* ---- processes ---- */

static void just_exit(void)
{
    tagpool_sink_set(NULL, NULL);
    exit(0);
}

/* "It need not end the test": what the parent holds is no leak of a child that just exits. */
static void child_that_exits(void **state)
{
    static struct child child;
    (void)state;
    begin_test("parent");
    void *block = take(TAG1, 30);
    child_run(&child, just_exit);
    check(child_exited(&child, 0));
    assert_string_equal(child.text, "");
    tagpool_free(block);
    check(tagpool_test_end(false) == NULL);
}

static void leak_in_child(void)
{
    (void)take(TAG1, 70);
    TAGPOOL_ASSERT_NO_LEAKS();
    bool is_right = failed("leak: 1 block, 70 bytes not freed in test parent");
    check(begins(tagpool_test_end(false), "leak: 1 block, 70 bytes"));
    _exit(is_right ? 0 : 1);
}

/* "The child has the test of the thread that forked, and what it does counts for the child's verdict only." */
static void forked_child(void **state)
{
    static struct child child;
    (void)state;
    begin_test("parent");
    child_run(&child, leak_in_child);
    check(child_exited(&child, 0));
    void *block = take(TAG1, 30);
    TAGPOOL_ASSERT_NO_LEAKS();
    check(failed("leak: 1 block, 30 bytes not freed in test parent"));
    tagpool_free(block);
    check(tagpool_test_end(false) == NULL);
}

/* In the child the tests of threads that it has not are not open: without its own, there is none. */
static void be_alone(void)
{
    (void)take(TAG1, 5);
    check(begins(tagpool_test_end(false), "leak: 1 block, 5 bytes not freed in test forking"));
    check(tagpool_test_current() == NULL);
    _exit(0);
}

static void fork_beside_another_test(void **state)
{
    static struct child child;
    pthread_t thread;
    void *has_failed;
    (void)state;
    check(pthread_barrier_init(&both, NULL, 2) == 0);
    check(pthread_create(&thread, NULL, hold_a_test, NULL) == 0);
    (void)pthread_barrier_wait(&both);
    begin_test("forking");
    child_run(&child, be_alone);
    check(child_exited(&child, 0));
    check(tagpool_test_end(false) == NULL);
    (void)pthread_barrier_wait(&both);
    check(pthread_join(thread, &has_failed) == 0 && has_failed == NULL && pthread_barrier_destroy(&both) == 0);
}

/* ---- settling ---- */

static void *free_later(void *block)
{
    usleep(30000);
    tagpool_free(block);
    return NULL;
}

/* "Checks of this test wait up to so long until none is." */
static void settle(void **state)
{
    pthread_t thread;
    (void)state;
    begin_test("settle");
    void *block = take(TAG1, 10);
    TAGPOOL_SETTLE(60000);
    check(pthread_create(&thread, NULL, free_later, block) == 0);
    TAGPOOL_ASSERT_NO_LEAKS();
    check(held() && pthread_join(thread, NULL) == 0);
    block = take(TAG1, 10);
    check(pthread_create(&thread, NULL, free_later, block) == 0);
    check(tagpool_test_end(false) == NULL && pthread_join(thread, NULL) == 0);
}

/* "... or none but those expected": and exact numbers. */
static void settle_to_what_is_expected(void **state)
{
    pthread_t thread;
    (void)state;
    begin_test("settle");
    TAGPOOL_SETTLE(60000);
    TAGPOOL_EXPECT_LEAKS("Buf1", 1);
    void *stays = take(TAG1, 10), *block = take(TAG1, 20);
    check(pthread_create(&thread, NULL, free_later, block) == 0);
    TAGPOOL_ASSERT_LEFT("Buf1", 1, 10);
    check(held() && pthread_join(thread, NULL) == 0);
    block = take(TAG1, 20);
    check(pthread_create(&thread, NULL, free_later, block) == 0);
    check(tagpool_test_end(false) == NULL && pthread_join(thread, NULL) == 0);
    tagpool_free(stays);
}

/* The time is over at last, and it is the test's own. */
static void settle_in_vain(void **state)
{
    (void)state;
    begin_test("settle");
    TAGPOOL_SETTLE(20);
    void *block = take(TAG1, 10);
    check(begins(tagpool_test_end(false), "leak: 1 block, 10 bytes"));
    tagpool_free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        assert_test(leak_in_another_thread),
        assert_test(assertion_in_another_thread),
        assert_test(side_by_side),
        assert_test(steady_beside_another),
        assert_test(strays),
        assert_test(thread_exits_in_a_test),
        assert_test(child_that_exits),
        assert_test(forked_child),
        assert_test(fork_beside_another_test),
        assert_test(settle),
        assert_test(settle_to_what_is_expected),
        assert_test(settle_in_vain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
