/* SPDX-License-Identifier: MIT
 *
 * asserts_failures.c: tests of TAGPOOL_EACH_FAILURE and TAGPOOL_EXPECT_BUGCHECK in tagpool/test.h. */
#include "asserts.h"

/* A constructor of three parts, with one error path that forgets the first part. */
static bool construct(bool has_bug, void *parts[3])
{
    const uint32_t tags[3] = {TAG1, TAG2, TAG1};
    for (int i = 0; i < 3; i++) {
        parts[i] = tagpool_alloc_at(TAGPOOL_PAGED, 10 * ((size_t)i + 1), tags[i], "parts.c", 10 + (unsigned)i);
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

/* "The body runs once as it is, then with its first, second, third ... allocation failing, and when it has seen each fail, once
 * more as it is"; in a test, and without one. */
static void each_failure(void **state)
{
    void *parts[3];
    (void)state;
    for (int has_test = 0; has_test < 2; has_test++) {
        unsigned runs = 0, successes = 0;
        if (has_test)
            begin_test("failures");
        TAGPOOL_EACH_FAILURE("*") {
            bool has_succeeded = construct(false, parts);
            TAGPOOL_SUCCEEDED(has_succeeded);
            runs++;
            if (has_succeeded) {
                successes++;
                destruct(parts);
            }
        }
        check(runs == 5 && successes == 2 && held());
        if (has_test)
            check(tagpool_test_end(false) == NULL);
    }
}

/* "Only allocations ... of the scope's tags": these fail; but "a run leaves a block of any tag" is a leak. */
static void failures_of_a_tag(void **state)
{
    void *parts[3];
    unsigned runs = 0;
    (void)state;
    TAGPOOL_EACH_FAILURE("Buf2") {
        runs++;
        if (construct(false, parts))
            destruct(parts);
    }
    check(runs == 3 && held());
    TAGPOOL_EACH_FAILURE("Othr Buf1") {
        runs++;
        if (construct(false, parts))
            destruct(parts);
    }
    check(runs == 7 && held());
    TAGPOOL_EACH_FAILURE("Buf2") {
        if (construct(true, parts))
            destruct(parts);
    }
    check(failed("with allocation 1 of 1 failed (tag Buf2, paged, 20 bytes, at parts.c:11): leak: 1 block, 10 bytes not freed"));
    tagpool_free(parts[0]);
}

/* "Fails, with the allocation that failed and its call stack, iff leak: a run leaves a block": and what it left is listed. */
static void leak_of_an_error_path(void **state)
{
    void *parts[3];
    (void)state;
    begin_test("leaks");
    TAGPOOL_EACH_FAILURE("*") {
        if (construct(true, parts))
            destruct(parts);
    }
    const char *first = "with allocation 2 of 3 failed (tag Buf2, paged, 20 bytes, at parts.c:11): leak: 1 block, 10 bytes not "
                        "freed in test leaks\n";
    check(strstr(failure, "tagpool:   the allocation that failed:\ntagpool:     asserts_failures+0x") != NULL);
    check(strstr(failure, "tagpool:   Buf1 Paged      1         10  parts.c:10  ") != NULL);
    check(strstr(failure, "tagpool:   to stop there: TAGPOOL_OPTIONS='track=Buf1 hit=Buf1 hit_nth=") != NULL);
    check(failed(first));
    tagpool_free(parts[0]);
    check(tagpool_test_end(false) == NULL);
}

/* "swallowed: the body says that it succeeded ... although an allocation failed." */
static void swallowed(void **state)
{
    (void)state;
    TAGPOOL_EACH_FAILURE("*") {
        give(take(TAG1, 10));
        TAGPOOL_SUCCEEDED(true);
    }
    check(strstr(failure, "\ntagpool:     asserts_failures+0x") != NULL);
    check(failed("): swallowed: the body succeeded all the same"));
    TAGPOOL_EACH_FAILURE("*") {
        give(take(TAG1, 10)); /* "A body that may do without an allocation does not say." */
    }
    check(held());
    TAGPOOL_EACH_FAILURE("*") {
        give(take(TAG1, 10));
        TAGPOOL_SUCCEEDED(false);
    }
    check(failed("with no allocation failed: the body did not succeed"));
}

/* "nondeterministic: another number of allocations came than the first time." */
static void nondeterministic(void **state)
{
    static const unsigned counts[3][5] = {{2, 1, 1, 1, 1}, {1, 0, 0, 0, 0}, {1, 1, 2, 2, 2}};
    static const char *const expected[3] = {"with no allocation failed: nondeterministic: 1 allocation came, 2 the first time",
                                            "with no allocation failed: nondeterministic: 0 allocations came, 1 the first time",
                                            "with no allocation failed: nondeterministic: 2 allocations came, 1 the first time"};
    (void)state;
    for (int way = 0; way < 3; way++) {
        unsigned run = 0;
        TAGPOOL_EACH_FAILURE("*") {
            for (unsigned i = 0; i < counts[way][run]; i++)
                give(take(TAG1, 10));
            run++;
        }
        check(failed(expected[way]));
    }
}

/* "There are more than 10,000 of them, or such a loop is around this one." */
static void loops_that_are_refused(void **state)
{
    unsigned runs = 0;
    (void)state;
    TAGPOOL_EACH_FAILURE("*") {
        runs++;
        for (int i = 0; i < 10001; i++)
            tagpool_free(take(TAG1, 1));
    }
    check(runs == 1);
    check(failed("not checked: more than 10,000 allocations"));
    TAGPOOL_EACH_FAILURE("*") {
        TAGPOOL_EACH_FAILURE("*") {
            fail();
        }
        check(failed("not checked: a loop of failures is around this one"));
    }
    check(held());
}

/* The other blocks work in the body. */
static void blocks_in_the_loop(void **state)
{
    (void)state;
    begin_test("blocks");
    TAGPOOL_EACH_FAILURE("*") {
        TAGPOOL_LEAK_SCOPE("*") {
            give(take(TAG1, 10));
        }
        TAGPOOL_NO_ALLOC {
        }
        TAGPOOL_EXPECT_BUGCHECK(0xC2) {
            tagpool_free(NULL);
        }
    }
    check(held() && tagpool_test_end(false) == NULL);
}

/* A body whose code reports failures by longjmp. */
static void errors_by_longjmp(void **state)
{
    static jmp_buf jump;
    static unsigned runs, jumps;
    (void)state;
    runs = jumps = 0;
    begin_test("longjmp");
    TAGPOOL_EACH_FAILURE("*") {
        static void *volatile a;
        a = NULL;
        runs++;
        if (setjmp(jump) == 0) {
            for (int i = 0; i < 2; i++) {
                void *block = take(TAG1, 10);
                if (block == NULL)
                    longjmp(jump, 1);
                give(a);
                a = block;
            }
        } else {
            jumps++;
        }
        give(a);
    }
    check(held() && runs == 4 && jumps == 2);
    check(tagpool_test_end(false) == NULL);
}

/* "If the test is left in a run, a note names the allocation that failed in it"; and then none fails any more. */
static void test_left_in_the_loop(void **state)
{
    static jmp_buf jump;
    static void *parts[3];
    (void)state;
    if (setjmp(jump) == 0) {
        begin_test("asserts");
        TAGPOOL_EACH_FAILURE("*") {
            if (!construct(false, parts))
                longjmp(jump, 1);
            destruct(parts);
        }
    }
    output_clear();
    begin_test("next");
    check(printed("note: test asserts, left before its end with allocation 1 failed "
                  "(tag Buf1, paged, 10 bytes, at parts.c:10)\n"));
    check(construct(false, parts));
    destruct(parts);
    check(tagpool_test_end(false) == NULL && held());
}

/* "... none where success is promised": tests/contract has HighPoolPriority; here the injected are counted like others. */
static void counters(void **state)
{
    struct tagpool_verifier_counters before, after;
    (void)state;
    tagpool_verifier_read(&before);
    TAGPOOL_EACH_FAILURE("*") {
        give(take(TAG1, 10));
    }
    tagpool_verifier_read(&after);
    same(after.failed_deliberately - before.failed_deliberately, 1);
    check(held());
}

/* ---- expected bug checks ---- */

/* "This thread meets a bug check or a finding of that code in the body ... The operation that made it returns.
 * tagpool_test_bugcheck() is the last one met." */
static void expected_bugcheck(void **state)
{
    (void)state;
    TAGPOOL_EXPECT_BUGCHECK(0xC2) {
        check(tagpool_test_bugcheck() == NULL);
        tagpool_free(NULL);
        same(tagpool_test_bugcheck()->parameter[0], 0x46);
    }
    check(held() && tagpool_test_bugcheck()->code == 0xC2);
    void *block = take(TAG1, 1);
    TAGPOOL_EXPECT_BUGCHECK(0xC2) {
        tagpool_free(NULL);
        tagpool_free(block);
        tagpool_free(block);
    }
    const struct tagpool_bugcheck *report = tagpool_test_bugcheck();
    check(held() && report->parameter[0] == 0x07 && report->block.address == block && report->block.tag == TAG1);
    assert_string_equal(report->name, "BAD_POOL_CALLER");
    block = take(TAG1, 1);
    TAGPOOL_EXPECT_BUGCHECK(0xC2) {
        tagpool_free_tag(block, TAG2); /* a finding */
    }
    check(held() && !tagpool_test_bugcheck()->stops && tagpool_test_bugcheck()->parameter[0] == 0x0A);
}

/* It fails if none came, "and no bug check of another" code may; the message has that one's report. */
static void another_bugcheck(void **state)
{
    (void)state;
    TAGPOOL_EXPECT_BUGCHECK(0xC4) {
    }
    check(failed("expected bug check 0xC4, none came") && tagpool_test_bugcheck() == NULL);
    TAGPOOL_EXPECT_BUGCHECK(0xC4) {
        tagpool_free(NULL);
    }
    check(strstr(failure, "tagpool: bug check 0xC2 BAD_POOL_CALLER (0x46, ") != NULL);
    check(failed("expected bug check 0xC4, another came:\n") && tagpool_test_bugcheck() == NULL);
}

/* "Findings of other codes go where they would have gone", and so do bug checks after the block. */
static void other_findings(void **state)
{
    (void)state;
    TAGPOOL_EXPECT_BUGCHECK(0xC4) {
        tagpool_free_tag(take(TAG1, 1), TAG2);
    }
    check(finding(0xC2, 0x0A));
    check(failed("expected bug check 0xC4, none came"));
    tagpool_free(NULL);
    check(mistake(0xC2, 0x46));
}

/* What came instead is not lost if the block is left. */
static void left_after_another(void **state)
{
    jmp_buf jump;
    (void)state;
    begin_test("left");
    if (setjmp(jump) == 0)
        TAGPOOL_EXPECT_BUGCHECK(0xC4) {
            tagpool_free(NULL);
            longjmp(jump, 1);
        }
    output_clear();
    check(begins(tagpool_test_end(false), "not checked: TAGPOOL_EXPECT_BUGCHECK at"));
    check(printed("tagpool: bug check 0xC2 BAD_POOL_CALLER (0x46, "));
}

/* The report has who allocated the block, for as long as it is there. */
static void report_of_special_pool(void **state)
{
    (void)state;
    same(tagpool_start("special=Buf1 special_guard=pattern"), 0);
    char *block = tagpool_alloc_at(TAGPOOL_PAGED, 16, TAG1, "buf.c", 17);
    TAGPOOL_EXPECT_BUGCHECK(0xC2) {
        tagpool_free(block);
        tagpool_free(block);
    }
    check(held());
    const struct tagpool_bugcheck *report = tagpool_test_bugcheck();
    check(report->allocated != NULL && report->allocated->line == 17 && report->freed != NULL && report->freed->is_free);
    same(tagpool_start("special=none special_guard=mark"), 0);
}

/* ---- bug checks of tests ---- */

static jmp_buf out_of_the_test;

static void fail_by_jump(const char *file, unsigned line, const char *message)
{
    catch_failure(file, line, message);
    longjmp(out_of_the_test, 1);
}

/* "One that this test's own thread meets, unless the program has a handler for them, fails the test, with the report." A double
 * free, with which cmocka dies, fails the test by name. */
static void bugcheck_in_a_test(void **state)
{
    (void)state;
    tagpool_bugcheck_handler_set(NULL, NULL);
    if (setjmp(out_of_the_test) == 0) {
        tagpool_test_begin("double free", "double.c", 7, fail_by_jump);
        void *block = take(TAG1, 1);
        tagpool_free(block);
        tagpool_free(block);
        fail();
    }
    check(failure_line == 7 && strcmp(failure_file, "double.c") == 0);
    check(strstr(failure, "tagpool: bug check 0xC2 BAD_POOL_CALLER (0x7, ") != NULL);
    check(strstr(failure, "the block has been freed already\n") != NULL && strstr(failure, ", tag Buf1, paged, ") != NULL);
    check(failed("bug check in test double free\n"));
    check(tagpool_test_end(true) == NULL);
}

/* "... unless the program has a handler." */
static void bugcheck_with_a_handler(void **state)
{
    (void)state;
    tagpool_test_begin("handler", "f", 1, fail_by_jump);
    tagpool_free(NULL);
    check(mistake(0xC2, 0x46) && held());
    check(tagpool_test_end(false) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        assert_test(each_failure),
        assert_test(failures_of_a_tag),
        assert_test(leak_of_an_error_path),
        assert_test(swallowed),
        assert_test(nondeterministic),
        assert_test(loops_that_are_refused),
        assert_test(blocks_in_the_loop),
        assert_test(errors_by_longjmp),
        assert_test(test_left_in_the_loop),
        assert_test(counters),
        assert_test(expected_bugcheck),
        assert_test(another_bugcheck),
        assert_test(other_findings),
        assert_test(left_after_another),
        assert_test(report_of_special_pool),
        assert_test(bugcheck_in_a_test),
        assert_test(bugcheck_with_a_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
