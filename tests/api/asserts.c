/* SPDX-License-Identifier: MIT
 *
 * asserts.c: tests of tagpool/test.h: tests, their fixtures, marks, verdicts and messages. */
#include "asserts.h"

#include <pthread.h>

/* ---- tests ---- */

static void *left;

TAGPOOL_TEST(test_that_leaks)
{
    left = take(TAG1, 100);
}

TAGPOOL_TEST(test_that_is_clean)
{
    tagpool_free(take(TAG1, 100));
}

/* "It fails if it leaves a block"; what it leaves is not the next test's. The failure is at the test's line. */
static void test_functions(void **state)
{
    test_that_is_clean(state);
    check(held());
    test_that_leaks(state);
    check(strstr(failure_file, "asserts.c") != NULL && failure_line > 10 && failure_line < 20);
    check(failed("leak: 1 block, 100 bytes not freed in test test_that_leaks\n"));
    test_that_is_clean(state);
    check(held());
    tagpool_free(left);
}

/* "Opens a test in this thread; one that is open there still was left by its framework"; "what it leaves is told through the
 * sink, as a note, when this thread's next test begins ...; no later test is blamed." */
static void left_by_longjmp(void **state)
{
    static jmp_buf jump;
    static void *block;
    (void)state;
    if (setjmp(jump) == 0) {
        begin_test("left");
        block = take(TAG2, 30);
        longjmp(jump, 1);
    }
    output_clear();
    begin_test("next");
    check(printed("tagpool: note: test left, left before its end, leaves 1 block, 30 bytes\n"));
    check(printed("1st of 1 allocation made here"));
    TAGPOOL_ASSERT_NO_LEAKS();
    check(held() && tagpool_test_end(false) == NULL);
    tagpool_free(block);
}

/* ... "or the program exits". */
static void exit_in_a_test(void)
{
    begin_test("last");
    left = take(TAG2, 30);
    tagpool_sink_set(NULL, NULL);
    exit(0);
}

static void left_by_exit(void **state)
{
    static struct child child;
    (void)state;
    child_run(&child, exit_in_a_test);
    check(child_exited(&child, 0));
    check(strstr(child.text, "tagpool: note: test last, left before its end, leaves 1 block, 30 bytes\n") != NULL);
}

/* "`has_failed`: what it leaves is a note"; one that leaves nothing needs none. */
static void closed_after_a_failure(void **state)
{
    (void)state;
    begin_test("failed");
    void *block = take(TAG2, 30);
    output_clear();
    check(tagpool_test_end(true) == NULL);
    check(printed("note: test failed, which has failed, leaves 1 block, 30 bytes\n"));
    tagpool_free(block);
    begin_test("failed too");
    output_clear();
    check(tagpool_test_end(true) == NULL);
    assert_string_equal(output, "");
}

/* "What its message has told already is not told again", but what came later is. */
static void told_once(void **state)
{
    (void)state;
    begin_test("told");
    void *a = take(TAG1, 10);
    TAGPOOL_ASSERT_NO_LEAKS();
    check(failed("leak: 1 block, 10 bytes"));
    TAGPOOL_ASSERT_NO_LEAKS();
    check(failed("leak: 1 block, 10 bytes"));
    output_clear();
    check(tagpool_test_end(true) == NULL);
    assert_string_equal(output, "");
    begin_test("told");
    TAGPOOL_LEAK_SCOPE("*") {
        void *b = take(TAG1, 20);
        TAGPOOL_ASSERT_NO_LEAKS();
        check(failed("leak: 1 block, 20 bytes"));
        left = take(TAG1, 30);
        TAGPOOL_ASSERT_NO_LEAKS_OF("Buf2");
        check(held());
        output_clear();
        check(tagpool_test_end(true) == NULL);
        check(printed("note: test told, which has failed, leaves 1 block, 30 bytes\n"));
        tagpool_free(b);
        break;
    }
    tagpool_free(a);
    tagpool_free(left);
}

/* A test without a name: its framework says it. */
static void nameless(void **state)
{
    (void)state;
    tagpool_test_begin(NULL, "f", 1, NULL);
    void *a = take(TAG1, 10);
    TAGPOOL_ASSERT_NO_LEAKS_OF("Buf1");
    check(failed("leak: 1 block, 10 bytes of Buf1 not freed\n"));
    output_clear();
    check(tagpool_test_end(true) == NULL);
    check(printed("note: a test, which has failed, leaves 1 block, 10 bytes\n"));
    tagpool_free(a);
}

/* "Of `name` 63 characters are kept": and the caller's need not stay. */
static void names(void **state)
{
    char name[100];
    (void)state;
    memset(name, 'n', sizeof name);
    name[99] = 0;
    begin_test(name);
    memset(name, 0, sizeof name);
    void *block = take(TAG1, 1);
    const char *answer = tagpool_test_end(false);
    const char *found = strchr(answer, '\n');
    check(found != NULL && found[-1] == 'n' && found - strstr(answer, "in test ") == 8 + 63);
    tagpool_free(block);
}

/* "Closes it and judges": nothing is judged twice, and not what was never opened. */
static void end_without_begin(void **state)
{
    (void)state;
    check(begins(tagpool_test_end(false), "not checked: no test is open in this thread"));
    begin_test("once");
    check(tagpool_test_end(false) == NULL);
    check(begins(tagpool_test_end(false), "not checked: no test is open in this thread"));
}

/* "Fails iff ... 64 tests are open: then each of its checks says so"; and that is a failure. */
static void *hold_a_test(void *barrier)
{
    begin_test("held");
    (void)pthread_barrier_wait(barrier);
    (void)pthread_barrier_wait(barrier);
    return (void *)(uintptr_t)(tagpool_test_end(false) != NULL);
}

static void too_many_tests(void **state)
{
    pthread_barrier_t barrier;
    pthread_t threads[64];
    (void)state;
    check(pthread_barrier_init(&barrier, NULL, 65) == 0);
    for (int i = 0; i < 64; i++)
        check(pthread_create(&threads[i], NULL, hold_a_test, &barrier) == 0);
    (void)pthread_barrier_wait(&barrier);
    begin_test("one too many");
    void *block = take(TAG1, 1);
    TAGPOOL_ASSERT_NO_LEAKS();
    check(failed("not checked: too many tests are open"));
    TAGPOOL_ASSERT_ALLOCS_AT_MOST(TAG1, 9);
    check(failed("not checked: too many tests are open"));
    TAGPOOL_EXPECT_LEAKS("*", 1);
    check(failed("not checked: too many tests are open"));
    check(begins(tagpool_test_end(false), "not checked: too many tests are open"));
    tagpool_free(block);
    (void)pthread_barrier_wait(&barrier);
    for (int i = 0; i < 64; i++) {
        void *has_failed;
        check(pthread_join(threads[i], &has_failed) == 0 && has_failed == NULL);
    }
    check(pthread_barrier_destroy(&barrier) == 0);
}

/* ---- fixtures ---- */

static void *of_fixture;

static int set_up(void **state)
{
    (void)state;
    of_fixture = take(TAG1, 50);
    return of_fixture != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tagpool_free(of_fixture);
    of_fixture = NULL;
    return 0;
}

static int forget(void **state)
{
    (void)state;
    return 0;
}

static int fail_to(void **state)
{
    (void)state;
    return -1;
}

static bool has_run;

TAGPOOL_TEST_F(with_fixture, set_up, tear_down)
{
    has_run = of_fixture != NULL;
}

TAGPOOL_TEST_F(with_forgetful_fixture, set_up, forget)
{
    has_run = of_fixture != NULL;
}

TAGPOOL_TEST_F(with_half_a_fixture, set_up, NULL)
{
    tagpool_free(of_fixture);
}

TAGPOOL_TEST_F(with_bad_set_up, fail_to, tear_down)
{
    has_run = true;
}

TAGPOOL_TEST_F(with_bad_tear_down, NULL, fail_to)
{
    has_run = true;
}

/* "TAGPOOL_TEST_F calls both (NULL for none) within the test": a leak of the fixture's is the test's. */
static void fixtures_of_cmocka(void **state)
{
    with_fixture(state);
    check(held() && has_run && of_fixture == NULL);
    check(with_fixture_teardown(state) == 0); /* cmocka calls it; it has been done */
    has_run = false;
    with_forgetful_fixture(state);
    check(failed("leak: 1 block, 50 bytes not freed in test with_forgetful_fixture") && has_run);
    tagpool_free(of_fixture);
    with_half_a_fixture(state);
    check(held());
    has_run = false;
    with_bad_set_up(state);
    check(failed("the set-up function failed") && !has_run);
    with_bad_tear_down(state);
    check(failed("the tear-down function failed") && has_run);
}

static jmp_buf out_of_the_test;

TAGPOOL_TEST_F(test_that_jumps, set_up, tear_down)
{
    left = take(TAG2, 7);
    longjmp(out_of_the_test, 1);
}

/* "... the second also if the test fails in between": what then is left is a note. */
static void fixture_of_a_test_that_fails(void **state)
{
    if (setjmp(out_of_the_test) == 0)
        test_that_jumps(state);
    check(of_fixture != NULL);
    output_clear();
    check(test_that_jumps_teardown(state) == 0);
    check(of_fixture == NULL && printed("note: test test_that_jumps, which has failed, leaves 1 block, 7 bytes\n"));
    check(tagpool_test_current() == NULL && held());
    tagpool_free(left);
}

/* "Let the set-up begin with TAGPOOL_SETUP() and the tear-down end with TAGPOOL_TEARDOWN(): then each of its tests is checked, in
 * the framework's own form too"; with TAGPOOL_TEST the message has its name. */
static void fixtures_of_other_frameworks(void **state)
{
    for (int forgets = 0; forgets < 2; forgets++) {
        TAGPOOL_SETUP();
        void *block = take(TAG1, 10);
        if (!forgets)
            tagpool_free(block);
        TAGPOOL_TEARDOWN();
        check(forgets ? failed("leak: 1 block, 10 bytes not freed in test fixtures_of_other_frameworks") : held());
        if (forgets)
            tagpool_free(block);
    }
    TAGPOOL_SETUP();
    void *block = take(TAG1, 10);
    test_that_leaks(state);
    check(held());
    TAGPOOL_TEARDOWN();
    check(failed("leak: 2 blocks, 110 bytes not freed in test test_that_leaks\n"));
    tagpool_free(block);
    tagpool_free(left);
}

/* A TAGPOOL_TEST that was left before the tear-down has failed already. */
static void fixture_around_a_test_that_is_left(void **state)
{
    TAGPOOL_SETUP();
    if (setjmp(out_of_the_test) == 0)
        test_that_jumps(state);
    of_fixture = (tagpool_free(of_fixture), NULL);
    output_clear();
    TAGPOOL_TEARDOWN();
    check(held() && printed("note: test test_that_jumps, left before its end, leaves 1 block, 7 bytes\n"));
    tagpool_free(left);
}

/* "What a framework's fixture allocates comes before the test's mark, so it is no leak of the test's, whoever frees it." */
static void blocks_from_before(void **state)
{
    (void)state;
    void *kept = take(TAG1, 10), *freed = take(TAG1, 20);
    begin_test("later");
    tagpool_free(freed);
    check(tagpool_test_end(false) == NULL);
    tagpool_free(kept);
}

/* ---- marks ---- */

/* "Every check is about the blocks allocated since a mark"; "marks nest, and blocks from before it are nobody's leaks". */
static void marks(void **state)
{
    (void)state;
    void *before = take(TAG1, 10);
    uint64_t mark = tagpool_mark();
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark);
    check(held());
    void *block = take(TAG1, 20);
    uint64_t later = tagpool_mark();
    check(later > mark);
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(later);
    check(held());
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark);
    check(failure_line == __LINE__ - 1);
    check(failed("leak: 1 block, 20 bytes not freed"));
    TAGPOOL_ASSERT_NO_LEAKS_OF_SINCE("Buf2", mark);
    check(held());
    tagpool_free(before);
    tagpool_free(block);
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark);
    check(held());
}

/* "Nothing that a test leaves by longjmp ... can damage it." */
static void mark_after_longjmp(void **state)
{
    static jmp_buf jump;
    static void *block;
    static uint64_t mark;
    (void)state;
    if (setjmp(jump) == 0) {
        mark = tagpool_mark();
        block = take(TAG1, 20);
        longjmp(jump, 1);
    }
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark);
    check(failed("leak: 1 block, 20 bytes not freed"));
    tagpool_free(block);
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark);
    check(held());
}

/* A mark from before the test: of what came before it, all that no test had. */
static void mark_from_before_the_test(void **state)
{
    (void)state;
    uint64_t mark = tagpool_mark();
    void *block = take(TAG1, 20);
    begin_test("later");
    TAGPOOL_ASSERT_NO_LEAKS();
    check(held());
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark);
    check(failed("leak: 1 block, 20 bytes not freed in test later"));
    check(tagpool_test_end(false) == NULL);
    tagpool_free(block);
}

/* ---- verdicts and messages ---- */

/* "The verdict ... without failing anything." */
static void verdicts(void **state)
{
    (void)state;
    same(tagpool_test_verdict("*", 0), TAGPOOL_NOT_CHECKED); /* no test is open */
    begin_test("verdicts");
    same(tagpool_test_verdict("*", 0), TAGPOOL_CLEAN);
    void *block = take(TAG1, 20);
    same(tagpool_test_verdict("*", 0), TAGPOOL_LEAK);
    same(tagpool_test_verdict("Buf1", 0), TAGPOOL_LEAK);
    same(tagpool_test_verdict("Buf2", 0), TAGPOOL_CLEAN);
    same(tagpool_test_verdict("toolong", 0), TAGPOOL_NOT_CHECKED);
    same(tagpool_test_verdict("*", UINT64_MAX), TAGPOOL_NOT_CHECKED);
    tagpool_free(block);
    check(tagpool_test_end(false) == NULL && held());
}

/* One call, however often a loop around it is unrolled. */
static __attribute__((noinline)) void *at_one_site(unsigned line, uint32_t tag, enum tagpool_pool pool, size_t bytes)
{
    void *volatile block = tagpool_alloc_at(pool, bytes, tag, "buf.c", line);
    return block;
}

/* The message: what leaked by tag, pool and call site, with counts and bytes, which of the allocations made there they are, and
 * the line that makes the next run stop there. Without the macro form a call site is module and offset. */
static void message(void **state)
{
    void *blocks[6];
    (void)state;
    begin_test("message");
    for (int i = 0; i < 5; i++)
        blocks[i] = at_one_site(17, TAG1, TAGPOOL_PAGED, 64);
    blocks[5] = tagpool_alloc(TAGPOOL_NONPAGED, 32, TAG2);
    for (int i = 0; i < 5; i++)
        if (i != 1 && i != 4)
            tagpool_free(blocks[i]);
    uint64_t nth = stats_of(TAG1, TAGPOOL_PAGED).allocs + stats_of(TAG1, TAGPOOL_NONPAGED).allocs - 3;
    TAGPOOL_ASSERT_NO_LEAKS();
    char stop[200];
    snprintf(stop, sizeof stop, "tagpool:   to stop there: TAGPOOL_OPTIONS='track=Buf1 hit=Buf1 hit_nth=%ju'\n", (uintmax_t)nth);
    check(strstr(failure, stop) != NULL);
    check(strstr(failure, "tagpool:   Buf1 Paged      2        128  buf.c:17  2nd and 5th of 5 allocations made here\n") != NULL);
    check(strstr(failure, "tagpool:   Buf2 Nonp       1         32  asserts+0x") != NULL);
    check(strstr(failure, "  1st of 1 allocation made here\n") != NULL);
    check(failure[strlen(failure) - 1] != '\n');
    check(failed("leak: 3 blocks, 160 bytes not freed in test message\n"
                 "tagpool:   Tag  Type   Blocks      Bytes  Allocated at\n"));
    tagpool_free(blocks[1]);
    tagpool_free(blocks[4]);
    tagpool_free(blocks[5]);
    check(tagpool_test_end(false) == NULL);
}

/* Many blocks, tags and sites: the message stays below what frameworks take, counts all, and says how many it leaves out. */
static void long_message(void **state)
{
    void *blocks[40];
    (void)state;
    begin_test("long");
    for (unsigned i = 0; i < 40; i++)
        blocks[i] = at_one_site(100 + i, TAGPOOL_TAG('L', 'o', '0' + i / 10, '0' + i % 10), TAGPOOL_PAGED, 10);
    const char *answer = tagpool_test_end(false);
    check(begins(answer, "leak: 40 blocks, 400 bytes not freed in test long\n"));
    check(strlen(answer) < 8192 && strstr(answer, "tagpool:   24 more rows\n") != NULL);
    check(strstr(answer, "24 more blocks not listed") != NULL || strstr(answer, " more lines") != NULL);
    for (unsigned i = 0; i < 40; i++)
        tagpool_free(blocks[i]);
}

/* ---- expected leaks ---- */

/* "Of a scope the test will leave so many blocks, exactly; or at least one and at most so many ... any other number fails it." */
static void expected_leaks(void **state)
{
    (void)state;
    for (uint64_t expected = 0; expected < 4; expected++)
        for (int is_most = 0; is_most < 2; is_most++) {
            begin_test("expected");
            if (is_most)
                TAGPOOL_EXPECT_LEAKS_AT_MOST("Buf?", expected);
            else
                TAGPOOL_EXPECT_LEAKS("Buf?", expected);
            check(held());
            void *a = take(TAG1, 10), *b = take(TAG2, 10);
            const char *answer = tagpool_test_end(false);
            check((answer == NULL) == (expected == 2 || (is_most && expected > 2)));
            if (expected == 3 && !is_most)
                check(begins(answer, "expected leaks: 3 blocks of Buf?, found 2\n"));
            if (expected == 1 && is_most)
                check(begins(answer, "expected leaks: 1 to 1 block of Buf?, found 2\n"));
            tagpool_free(a);
            tagpool_free(b);
        }
}

/* "... so that an expectation that nothing meets does not stay." */
static void unused_expectations(void **state)
{
    (void)state;
    begin_test("exact");
    TAGPOOL_EXPECT_LEAKS("Buf1", 2);
    check(begins(tagpool_test_end(false), "expected leaks: 2 blocks of Buf1, found 0"));
    begin_test("at most");
    TAGPOOL_EXPECT_LEAKS_AT_MOST("Buf1", 2);
    check(begins(tagpool_test_end(false), "expected leaks: 1 to 2 blocks of Buf1, found 0"));
}

/* What is not expected leaks, however many expectations match what is. "What two expectations match counts for both." */
static void more_than_expected(void **state)
{
    (void)state;
    begin_test("another");
    TAGPOOL_EXPECT_LEAKS("Buf1", 1);
    TAGPOOL_EXPECT_LEAKS("Buf?", 1);
    void *a = take(TAG1, 10), *b = take(OTHER, 20);
    check(begins(tagpool_test_end(false), "leak: 1 block, 20 bytes not freed"));
    begin_test("both");
    TAGPOOL_EXPECT_LEAKS("Buf1", 1);
    TAGPOOL_EXPECT_LEAKS("Buf?", 1);
    void *c = take(TAG1, 10);
    check(tagpool_test_end(false) == NULL && held());
    tagpool_free(a);
    tagpool_free(b);
    tagpool_free(c);
}

/* "Fails also iff there are 16 already." */
static void too_many_expectations(void **state)
{
    (void)state;
    begin_test("many");
    for (int i = 0; i < 16; i++)
        TAGPOOL_EXPECT_LEAKS("Buf1", 0);
    check(held());
    TAGPOOL_EXPECT_LEAKS("Buf1", 0);
    check(failed("not checked: a test has 16 expectations at most"));
    check(tagpool_test_end(false) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        assert_test(test_functions),
        assert_test(left_by_longjmp),
        assert_test(left_by_exit),
        assert_test(closed_after_a_failure),
        assert_test(told_once),
        assert_test(nameless),
        assert_test(names),
        assert_test(end_without_begin),
        assert_test(too_many_tests),
        assert_test(fixtures_of_cmocka),
        assert_test(fixture_of_a_test_that_fails),
        assert_test(fixtures_of_other_frameworks),
        assert_test(fixture_around_a_test_that_is_left),
        assert_test(blocks_from_before),
        assert_test(marks),
        assert_test(mark_after_longjmp),
        assert_test(mark_from_before_the_test),
        assert_test(verdicts),
        assert_test(message),
        assert_test(long_message),
        assert_test(expected_leaks),
        assert_test(unused_expectations),
        assert_test(more_than_expected),
        assert_test(too_many_expectations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
