/* SPDX-License-Identifier: MIT
 *
 * asserts.c: tests of tagpool/test.h: each assertion when it holds and when it fails, with its message. A failure is failure here
 * instead of failing; tests/frameworks.sh shows how frameworks print them. */
#include "test.h"

static char failure[8192]; /* the last failure's message; empty for none */
static unsigned failure_line;

static void catch_failure(const char *file, unsigned line, const char *message)
{
    (void)file;
    failure_line = line;
    snprintf(failure, sizeof failure, "%s", message);
}

#define TAGPOOL_TEST_FAIL(file, line, message) catch_failure(file, line, message)
#include "tagpool/test.h"

#include "tagpool/verifier.h"

#include <pthread.h>
#include <setjmp.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAG1 TAGPOOL_TAG('B', 'u', 'f', '1')
#define TAG2 TAGPOOL_TAG('B', 'u', 'f', '2')
#define OTHER TAGPOOL_TAG('O', 't', 'h', 'r')

static void *take(uint32_t tag, size_t bytes)
{
    return tagpool_alloc(TAGPOOL_PAGED, bytes, tag);
}

static bool said(const char *text)
{
    return strstr(failure, text) != NULL;
}

static int begin_asserts(void **state)
{
    failure[0] = 0;
    return begin(state);
}

static int end_asserts(void **state)
{
    (void)tagpool_test_end(false);
    return end(state);
}

#define assert_test(name) cmocka_unit_test_setup_teardown(name, begin_asserts, end_asserts)

/* ---- tests and marks ---- */

static void *left;

TAGPOOL_TEST(test_that_leaks)
{
    (void)state;
    left = take(TAG1, 100);
}

TAGPOOL_TEST(test_that_is_clean)
{
    (void)state;
    tagpool_free(take(TAG1, 100));
}

/* "It fails if it leaves a block"; "what it leaves is ... nobody else's": not the next test's. */
static void test_functions(void **state)
{
    test_that_is_clean(state);
    assert_string_equal(failure, "");
    test_that_leaks(state);
    check(said("leak: 1 block, 100 bytes not freed in test test_that_leaks\n"));
    check(said("1st of 1 allocation made here, tag Buf1:") && said("to stop there: TAGPOOL_OPTIONS='track=Buf1"));
    failure[0] = 0;
    test_that_is_clean(state);
    assert_string_equal(failure, "");
    tagpool_free(left);
}

/* "Blocks from before it are nobody's leaks": a block that was there before may also be freed meanwhile. */
static void marks(void **state)
{
    (void)state;
    void *before = take(TAG1, 10);
    uint64_t mark = tagpool_mark();
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark);
    assert_string_equal(failure, "");
    void *block = take(TAG1, 20);
    uint64_t later = tagpool_mark();
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(later);
    assert_string_equal(failure, "");
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark);
    check(failure_line == __LINE__ - 1 && said("leak: 1 block, 20 bytes not freed"));
    failure[0] = 0;
    tagpool_free(before);
    tagpool_free(block);
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark);
    assert_string_equal(failure, "");
}

/* "A check that could not be made ... fails with `not checked` and the reason": marks of nobody. */
static void not_checked(void **state)
{
    (void)state;
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(UINT64_MAX);
    assert_string_equal(failure, "not checked: it is no mark of this process");
    TAGPOOL_ASSERT_NO_LEAKS();
    assert_string_equal(failure, "not checked: the mark is from before blocks were tracked");
}

/* "TAGS is a mask in quotes ...; one that is none fails the assertion." */
static void masks(void **state)
{
    (void)state;
    tagpool_test_begin("masks");
    void *block = take(TAG1, 10);
    const char *others[] = {"Buf2", "B?", "O*", "buf1"}, *matching[] = {"Buf1", "Buf?", "B*", "*", "?uf*"};
    for (size_t i = 0; i < 4; i++) {
        TAGPOOL_ASSERT_NO_LEAKS_OF(others[i]);
        assert_string_equal(failure, "");
    }
    for (size_t i = 0; i < 5; i++) {
        failure[0] = 0;
        TAGPOOL_ASSERT_NO_LEAKS_OF(matching[i]);
        check(said("leak: 1 block"));
    }
    const char *wrong[] = {"", "Buf12", NULL};
    for (size_t i = 0; i < 3; i++) {
        failure[0] = 0;
        TAGPOOL_ASSERT_NO_LEAKS_OF(wrong[i]);
        check(said("is no mask of tags; expected one to four printing characters"));
    }
    TAGPOOL_EACH_FAILURE("much too long") {
        fail();
    }
    check(said("not checked: \"much too long\" is no mask of tags"));
    tagpool_free(block);
    check(tagpool_test_end(false) == NULL);
}

/* "A test that the framework has left already ... is told through the sink, as a note, when this thread's next test begins". */
static void left_by_longjmp(void **state)
{
    static jmp_buf jump;
    static void *block;
    (void)state;
    if (setjmp(jump) == 0) {
        tagpool_test_begin("left");
        block = take(TAG2, 30);
        longjmp(jump, 1);
    }
    output_clear();
    tagpool_test_begin("next");
    check(printed("note: test left, which has failed, leaves 1 block, 30 bytes"));
    TAGPOOL_ASSERT_NO_LEAKS();
    assert_string_equal(failure, "");
    check(tagpool_test_end(false) == NULL);
    tagpool_free(block);
}

/* "Closes it. `has_failed`: what it leaves is a note." */
static void closed_after_a_failure(void **state)
{
    (void)state;
    tagpool_test_begin("failed");
    void *block = take(TAG2, 30);
    output_clear();
    check(tagpool_test_end(true) == NULL);
    check(printed("note: test failed, which has failed, leaves 1 block"));
    tagpool_free(block);
}

/* ---- threads, processes ---- */

static void *leak_here(void *tag)
{
    return take(*(uint32_t *)tag, 40);
}

/* "While one test is open, blocks of all threads are its own." */
static void leak_in_another_thread(void **state)
{
    pthread_t thread;
    void *block;
    uint32_t tag = TAG1;
    (void)state;
    tagpool_test_begin("threads");
    check(pthread_create(&thread, NULL, leak_here, &tag) == 0 && pthread_join(thread, &block) == 0);
    TAGPOOL_ASSERT_NO_LEAKS();
    check(said("leak: 1 block, 40 bytes not freed in test threads"));
    tagpool_free(block);
    check(tagpool_test_end(false) == NULL);
}

static pthread_barrier_t both;

struct parallel {
    bool leaks, hands_over;
    const char *answer;
    char message[200];
    void *block;
};

static void *join_and_leak(void *test)
{
    tagpool_test_join(test);
    return take(TAG2, 50);
}

static void *run_parallel(void *context)
{
    struct parallel *parallel = context;
    pthread_t helper;
    tagpool_test_begin(parallel->leaks ? "leaking" : "clean");
    (void)pthread_barrier_wait(&both);
    if (parallel->hands_over)
        check(pthread_create(&helper, NULL, join_and_leak, tagpool_test_current()) == 0 &&
              pthread_join(helper, &parallel->block) == 0);
    else if (parallel->leaks)
        parallel->block = take(TAG1, 60);
    (void)pthread_barrier_wait(&both);
    parallel->answer = tagpool_test_end(false);
    snprintf(parallel->message, sizeof parallel->message, "%s", parallel->answer != NULL ? parallel->answer : "");
    return NULL;
}

/* "While several are, in threads, each has those of the threads that it runs in or that have called tagpool_test_join(); so
 * they do not blame each other." */
static void parallel_tests(void **state)
{
    (void)state;
    for (int hands_over = 0; hands_over < 2; hands_over++) {
        struct parallel runs[2] = {{.leaks = true, .hands_over = hands_over == 1}, {.leaks = false}};
        pthread_t threads[2];
        check(pthread_barrier_init(&both, NULL, 2) == 0);
        for (int i = 0; i < 2; i++)
            check(pthread_create(&threads[i], NULL, run_parallel, &runs[i]) == 0);
        for (int i = 0; i < 2; i++)
            check(pthread_join(threads[i], NULL) == 0);
        check(runs[0].answer != NULL && strstr(runs[0].message, "leak: 1 block") != NULL);
        check(strstr(runs[0].message, "in test leaking") != NULL);
        check(runs[1].answer == NULL);
        tagpool_free(runs[0].block);
        check(pthread_barrier_destroy(&both) == 0);
    }
}

/* A forked child has its own verdict. */
static void forked_child(void **state)
{
    (void)state;
    tagpool_test_begin("parent");
    pid_t child = fork();
    if (child == 0) {
        (void)take(TAG1, 70);
        TAGPOOL_ASSERT_NO_LEAKS();
        _exit(said("leak: 1 block, 70 bytes") ? 0 : 1);
    }
    int status = -1;
    check(waitpid(child, &status, 0) == child && status == 0);
    TAGPOOL_ASSERT_NO_LEAKS();
    assert_string_equal(failure, "");
    check(tagpool_test_end(false) == NULL);
}

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
    tagpool_test_begin("settle");
    void *block = take(TAG1, 10);
    TAGPOOL_SETTLE(10000);
    check(pthread_create(&thread, NULL, free_later, block) == 0);
    TAGPOOL_ASSERT_NO_LEAKS();
    assert_string_equal(failure, "");
    check(pthread_join(thread, NULL) == 0 && tagpool_test_end(false) == NULL);
}

/* ---- budgets ---- */

/* "Exactly so many blocks and requested bytes of the tag are outstanding, in both pools together." */
static void outstanding(void **state)
{
    uint32_t tag = fresh_tag();
    char expected[200], name[5];
    (void)state;
    void *a = take(tag, 100), *b = tagpool_alloc(TAGPOOL_NONPAGED, 28, tag);
    TAGPOOL_ASSERT_OUTSTANDING(tag, 2, 128);
    assert_string_equal(failure, "");
    TAGPOOL_ASSERT_OUTSTANDING(tag, 1, 100);
    snprintf(expected, sizeof expected, "tag %s: expected 1 block of 100 bytes outstanding, found 2 blocks of 128 bytes",
             tagpool_tag_text(tag, name));
    assert_string_equal(failure, expected);
    tagpool_free(a);
    tagpool_free(b);
}

/* "The tag never had more charged bytes in a pool than this, since the program started." */
static void peak(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_free(take(tag, 4096));
    TAGPOOL_ASSERT_PEAK_AT_MOST(tag, 4096);
    assert_string_equal(failure, "");
    TAGPOOL_ASSERT_PEAK_AT_MOST(tag, 4095);
    check(said(": expected a peak of at most 4095 bytes charged, found 4096"));
}

/* "Since the test began there were at most so many allocations of the tag, by all threads." */
static void allocations(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_free(take(tag, 1));
    tagpool_test_begin("allocations");
    for (int i = 0; i < 3; i++)
        tagpool_free(take(tag, 1));
    TAGPOOL_ASSERT_ALLOCS_AT_MOST(tag, 3);
    assert_string_equal(failure, "");
    TAGPOOL_ASSERT_ALLOCS_AT_MOST(tag, 2);
    check(said(": expected at most 2 allocations, found 3"));
    check(tagpool_test_end(false) == NULL);
    TAGPOOL_ASSERT_ALLOCS_AT_MOST(tag, 2);
    assert_string_equal(failure, "not checked: no test is open in this thread");
}

/* "Of matching tags the test will leave so many blocks, exactly or at most: ... any other number fails it." */
static void expected_leaks(void **state)
{
    (void)state;
    for (uint64_t expected = 0; expected < 4; expected++)
        for (int is_most = 0; is_most < 2; is_most++) {
            tagpool_test_begin("expected");
            const char *answer = tagpool_test_expect_leaks("Buf?", expected, is_most);
            check(answer == NULL);
            void *a = take(TAG1, 10), *b = take(TAG2, 10);
            answer = tagpool_test_end(false);
            check((answer == NULL) == (expected == 2 || (is_most && expected > 2)));
            if (expected == 3 && !is_most)
                check(strncmp(answer, "expected leaks: 3 blocks of Buf?, found 2", 41) == 0);
            tagpool_free(a);
            tagpool_free(b);
        }
    tagpool_test_begin("another");
    TAGPOOL_EXPECT_LEAKS("Buf1", 1);
    void *a = take(TAG1, 10), *b = take(OTHER, 10);
    check(strncmp(tagpool_test_end(false), "leak: 2 blocks, 20 bytes", 24) == 0);
    tagpool_free(a);
    tagpool_free(b);
}

/* ---- blocks of code ---- */

/* "This thread asks for no block in the body": others may. */
static void no_allocation(void **state)
{
    pthread_t thread;
    void *block = NULL;
    uint32_t tag = TAG1;
    (void)state;
    TAGPOOL_NO_ALLOC {
        check(pthread_create(&thread, NULL, leak_here, &tag) == 0 && pthread_join(thread, &block) == 0);
        tagpool_free(block);
    }
    assert_string_equal(failure, "");
    TAGPOOL_NO_ALLOC {
        tagpool_free(take(TAG1, 1));
        tagpool_free(take(TAG2, 1));
    }
    assert_string_equal(failure, "2 allocations where none is allowed; the last of tag Buf2");
}

/* "The body leaves no block of matching tags; may nest." */
static void leak_scope(void **state)
{
    void *a = NULL, *b = NULL;
    (void)state;
    TAGPOOL_LEAK_SCOPE("Buf1") {
        b = take(TAG2, 20);
        TAGPOOL_LEAK_SCOPE("*") {
            tagpool_free(take(TAG1, 1));
        }
        assert_string_equal(failure, "");
    }
    assert_string_equal(failure, "");
    TAGPOOL_LEAK_SCOPE("Buf1") {
        a = take(TAG1, 10);
    }
    check(said("leak: 1 block, 10 bytes"));
    tagpool_free(a);
    tagpool_free(b);
}

/* "The body runs `warmup` times, then `rounds` times; no tag has more blocks or bytes outstanding after these than before." */
static void steady(void **state)
{
    static void *kept[20];
    unsigned runs = 0;
    (void)state;
    TAGPOOL_STEADY(2, 5) {
        if (runs++ < 2)
            kept[runs] = take(TAG1, 10); /* what is set up at first */
        tagpool_free(take(TAG2, 10));
    }
    check(runs == 7);
    assert_string_equal(failure, "");
    TAGPOOL_STEADY(2, 3) {
        kept[runs++] = take(TAG1, 10);
    }
    check(runs == 12);
    assert_string_equal(failure, "not steady: more is outstanding after 3 rounds\ntagpool:   Buf1 Paged  +3 blocks, +30 bytes");
    for (unsigned i = 0; i < 20; i++)
        if (kept[i] != NULL)
            tagpool_free(kept[i]);
}

/* A constructor of three parts, with one error path that forgets the first part. */
static bool construct(bool has_bug, void *parts[3])
{
    const uint32_t tags[3] = {TAG1, TAG2, TAG1};
    for (int i = 0; i < 3; i++) {
        parts[i] = take(tags[i], 10 * ((size_t)i + 1));
        if (parts[i] != NULL)
            continue;
        while (i-- > (has_bug ? 1 : 0))
            tagpool_free(parts[i]);
        return false;
    }
    return true;
}

static void destruct(void *parts[3])
{
    for (int i = 0; i < 3; i++)
        tagpool_free(parts[i]);
}

/* "The body runs once as it is, then with its first, second, third ... allocation of a matching tag failing, then as it is
 * again. It fails if a run leaves a block"; "the message names that allocation". */
static void each_failure(void **state)
{
    void *parts[3];
    unsigned runs = 0, successes = 0;
    (void)state;
    TAGPOOL_EACH_FAILURE("Buf?") {
        runs++;
        if (construct(false, parts)) {
            successes++;
            tagpool_test_succeeded();
            destruct(parts);
        }
    }
    check(runs == 5 && successes == 2);
    assert_string_equal(failure, "");
    runs = 0;
    TAGPOOL_EACH_FAILURE("Buf2") {
        runs++;
        if (construct(false, parts))
            destruct(parts);
    }
    check(runs == 3);
    assert_string_equal(failure, "");
    TAGPOOL_EACH_FAILURE("*") {
        if (construct(true, parts))
            destruct(parts);
    }
    check(said("with allocation 2 of 3 failed (tag Buf2, 20 bytes): leak: 1 block, 10 bytes not freed"));
    tagpool_free(parts[0]);
}

/* "... or another number of allocations comes than the first time, or if the body says tagpool_test_succeeded() although an
 * allocation failed." */
static void swallowed_and_nondeterministic(void **state)
{
    unsigned run = 0;
    (void)state;
    TAGPOOL_EACH_FAILURE("*") {
        void *block = take(TAG1, 10);
        if (block != NULL)
            tagpool_free(block);
        tagpool_test_succeeded();
    }
    check(said("with allocation 1 of 1 failed (tag Buf1, 10 bytes): swallowed: the body succeeded all the same"));
    failure[0] = 0;
    TAGPOOL_EACH_FAILURE("*") {
        if (run++ == 0)
            tagpool_free(take(TAG1, 10));
    }
    check(said("with no allocation failed: nondeterministic"));
    failure[0] = 0;
    run = 0;
    TAGPOOL_EACH_FAILURE("*") {
        for (unsigned i = 0; i < (run == 0 ? 1u : 2u); i++) {
            void *block = take(TAG1, 10);
            if (block != NULL)
                tagpool_free(block);
        }
        run++;
    }
    check(said("nondeterministic"));
}

/* "A body that makes more than 10,000 is refused." */
static void too_many_to_fail(void **state)
{
    unsigned runs = 0;
    (void)state;
    TAGPOOL_EACH_FAILURE("*") {
        runs++;
        for (int i = 0; i < 10001; i++)
            tagpool_free(take(TAG1, 1));
    }
    check(runs == 1);
    check(said("not checked: more than 10,000 allocations"));
}

/* "The body meets a bug check or a finding of that code; the operation that made it returns. tagpool_test_bugcheck() has it then.
 * Others go where they would have gone." */
static void expected_bugcheck(void **state)
{
    (void)state;
    TAGPOOL_EXPECT_BUGCHECK(0xC2) {
        tagpool_free(NULL);
    }
    assert_string_equal(failure, "");
    check(tagpool_test_bugcheck() != NULL && tagpool_test_bugcheck()->parameter[0] == 0x46);
    void *block = take(TAG1, 1);
    TAGPOOL_EXPECT_BUGCHECK(0xC2) {
        tagpool_free(block);
        tagpool_free(block); /* no crash */
    }
    assert_string_equal(failure, "");
    check(tagpool_test_bugcheck()->parameter[0] == 0x07 && tagpool_test_bugcheck()->block.address == block);
    TAGPOOL_EXPECT_BUGCHECK(0xC4) {
        tagpool_free(NULL);
    }
    check(mistake(0xC2, 0x46)); /* to the handler of these tests */
    assert_string_equal(failure, "expected bug check 0xC4, none came");
    check(tagpool_test_bugcheck() == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        assert_test(not_checked), /* first: before there is a mark */
        assert_test(test_functions),
        assert_test(marks),
        assert_test(masks),
        assert_test(left_by_longjmp),
        assert_test(closed_after_a_failure),
        assert_test(leak_in_another_thread),
        assert_test(parallel_tests),
        assert_test(forked_child),
        assert_test(settle),
        assert_test(outstanding),
        assert_test(peak),
        assert_test(allocations),
        assert_test(expected_leaks),
        assert_test(no_allocation),
        assert_test(leak_scope),
        assert_test(steady),
        assert_test(each_failure),
        assert_test(swallowed_and_nondeterministic),
        assert_test(too_many_to_fail),
        assert_test(expected_bugcheck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
