/* SPDX-License-Identifier: MIT
 *
 * tagpool/test.h: leak and budget assertions for unit tests. Include it after the framework's header: cmocka, Unity, Check,
 * CppUTest or GoogleTest; without one, a failure is printed and the program aborted. Define TAGPOOL_TEST_FAIL(file, line,
 * message) before, to fail in another way. C11 and C++11, no header of a hosted system.
 *
 *     TAGPOOL_TEST(opens_and_closes)        // a test function of the framework; it fails if it leaves a block
 *     {
 *         device_close(device_open());
 *     }
 *
 * Marks. Every check is about the blocks allocated since a mark, which is a number: nothing that a test leaves by longjmp or an
 * exception can damage it, marks nest, and blocks from before it are nobody's leaks. The first mark makes the library track
 * all blocks (tagpool/verifier.h), which stays so; each is then reported by its call site.
 *
 * SCOPE says in quotes which blocks count, in words between blanks: masks of tags, as options take them ("Buf1 D* Io?"), any of
 * which may match; `driver=NAME`, those of that driver (tagpool/verifier.h); `thread=self` or `thread=NUMBER`, those that this
 * thread allocated. "*" is all. What is no scope, and a driver that was never loaded, fails the assertion.
 *
 * Verdicts. A check ends in one of three: clean; a failure that says what is wrong; or "not checked: " and the reason, as when
 * there was no memory to track a block. The last is a failure too.
 *
 * Threads. What a thread allocates is the test's that it runs or has joined (tagpool_test_join()). A thread of no test works for
 * the only one that is open; while several are, in threads, its blocks are nobody's, and a note says how many are left. So tests
 * that run side by side have verdicts of their own. All that is below may be used in any thread, at PASSIVE_LEVEL.
 *
 * Failures that came first. A test that the framework has left already, because it failed, is not failed again: what it leaves
 * is told through the sink, as a note, when this thread's next test begins, or it or the program exits; no later test is blamed.
 * (Check ends the process of a test that fails: there is no note.) What its message has told already is not told again.
 *
 * Bug checks. One that this test's own thread meets, unless the program has a handler for them, fails the test, with the report.
 *
 * fork. The child has the test of the thread that forked, and what it does counts for the child's verdict only. It need not end
 * the test.
 */
#ifndef TAGPOOL_TEST_H
#define TAGPOOL_TEST_H

#include "tagpool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What the macros below call ------------------------------------------------------------------------------------
 * A `const char *` that these return is NULL, or why the assertion fails: a line, and perhaps more lines about the blocks. It
 * is valid until the thread's next call. */

/* A mark: blocks allocated from now on, by any thread, come after it. 0 iff the library cannot start; a check since then says
 * so. */
TAGPOOL_API uint64_t tagpool_mark(void);

/* How a test fails: `message` has a line, or several. It may return, jump or throw. */
typedef void tagpool_test_failer(const char *file, unsigned line, const char *message);

/* Opens a test in this thread; one that is open there still was left by its framework. `name` (of which 63 characters are kept,
 * or NULL) and place are for messages; `fail`, which may be NULL, is called for bug checks. Fails iff the library cannot start,
 * 64 tests are open (1 under TAGPOOL_BARE), or there is no memory: then each of its checks says so. */
TAGPOOL_API void tagpool_test_begin(const char *name, const char *file, unsigned line, tagpool_test_failer *fail);

/* Closes it and judges: leaks, unused expectations, blocks of code that were left. `has_failed`: what it leaves is a note. */
TAGPOOL_API const char *tagpool_test_end(bool has_failed);

/* The same for a fixture, before its test begins and after it has ended: the test then is a part of this one. */
TAGPOOL_API void tagpool_test_set_up(const char *name, const char *file, unsigned line, tagpool_test_failer *fail);
TAGPOOL_API const char *tagpool_test_tear_down(bool has_failed);

struct tagpool_test;

/* The test for which this thread works; NULL if there is none, or nobody knows. */
TAGPOOL_API struct tagpool_test *tagpool_test_current(void);

/* From now on this thread works for that test, until the test ends; NULL: for none of its own. A thread that runs a test goes on
 * to work for that. pre: the test is open. */
TAGPOOL_API void tagpool_test_join(struct tagpool_test *test);

/* The verdict on the blocks of a scope since a mark (0: since the test began), without failing anything: TAGPOOL_CLEAN,
 * TAGPOOL_LEAK or TAGPOOL_NOT_CHECKED. */
TAGPOOL_API enum tagpool_verdict tagpool_test_verdict(const char *scope, uint64_t mark);

/* These are described with their macros. What is said of a test beforehand, expected leaks and time to settle, one thread at a
 * time says. */
TAGPOOL_API const char *tagpool_test_leaks(const char *scope, uint64_t mark);
TAGPOOL_API const char *tagpool_test_left(const char *scope, uint64_t blocks, uint64_t bytes);
TAGPOOL_API const char *tagpool_test_outstanding(uint32_t tag, uint64_t blocks, uint64_t bytes);
TAGPOOL_API const char *tagpool_test_peak(uint32_t tag, uint64_t bytes);
TAGPOOL_API const char *tagpool_test_allocs(uint32_t tag, uint64_t most);
TAGPOOL_API const char *tagpool_test_expect_leaks(const char *scope, uint64_t blocks, bool is_most);
TAGPOOL_API void tagpool_test_settle(unsigned milliseconds);
TAGPOOL_API void tagpool_test_succeeded(bool has_succeeded);
TAGPOOL_API const struct tagpool_bugcheck *tagpool_test_bugcheck(void);

enum tagpool_test_kind {
    TAGPOOL_TEST_NO_ALLOC,
    TAGPOOL_TEST_LEAK_SCOPE,
    TAGPOOL_TEST_STEADY,
    TAGPOOL_TEST_EACH_FAILURE,
    TAGPOOL_TEST_BUGCHECK
};

/* A block of code that is checked, or run several times. */
struct tagpool_test_block {
    enum tagpool_test_kind kind;
    const char *scope;
    uint64_t first, second; /* what its macro was given */
    const char *file;
    unsigned line;
    unsigned level; /* 1 + how many it is in; 0 before it begins */
    uint64_t step, count, mark;
    const char *message;
};

/* True while the block is to run (again); at the end `message` says what is wrong, or is NULL. */
TAGPOOL_API bool tagpool_test_next(struct tagpool_test_block *block);

/* Prints and aborts: how a test fails without a framework. */
TAGPOOL_API void tagpool_test_abort(const char *file, unsigned line, const char *message);

#ifdef __cplusplus
}
#endif

/* ---- Tests --------------------------------------------------------------------------------------------------------
 *
 *     cmocka                      TAGPOOL_TEST(name) { }        static void name(void **state), for cmocka_unit_test(name)
 *                                 TAGPOOL_TEST_F(name, setup, teardown) { }        for tagpool_unit_test(name)
 *     Unity, and no framework     TAGPOOL_TEST(name) { }        static void name(void)
 *     Check                       TAGPOOL_TEST(name) { }        START_TEST(name)
 *     CppUTest, GoogleTest        TAGPOOL_TEST_IN(group, name) { }        TEST(group, name)
 *
 * Fixtures. What a framework's fixture allocates comes before the test's mark, so it is no leak of the test's, whoever frees it.
 * To check the fixture with the test, in all but cmocka, let the set-up begin with TAGPOOL_SETUP() and the tear-down end with
 * TAGPOOL_TEARDOWN(): then each of its tests is checked, in the framework's own form too. In cmocka, where a tear-down that
 * fails is "Could not run test", TAGPOOL_TEST_F calls both (NULL for none) within the test, the second also if the test fails
 * in between; the test is listed as tagpool_unit_test(name). Fixtures of a whole group are nobody's.
 *
 * TAGPOOL_TEARDOWN() cannot see that a START_TEST of Check has failed, under CK_NOFORK: use TAGPOOL_TEST there. */

#include "tagpool/test_frameworks.h"

#define TAGPOOL_SETUP() tagpool_test_set_up(TAGPOOL_TEST_NAME, __FILE__, __LINE__, tagpool_test_fail)
#define TAGPOOL_TEARDOWN() TAGPOOL_TEST_ASSERT(tagpool_test_tear_down(TAGPOOL_TEST_HAS_FAILED))

/* ---- Assertions: each fails iff what is said of it does not hold, or cannot be checked ----------------------------- */

/* No block is left of those allocated since the test began; of a scope; of a scope, since a mark. */
#define TAGPOOL_ASSERT_NO_LEAKS() TAGPOOL_TEST_ASSERT(tagpool_test_leaks("*", 0))
#define TAGPOOL_ASSERT_NO_LEAKS_OF(scope) TAGPOOL_TEST_ASSERT(tagpool_test_leaks(scope, 0))
#define TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark) TAGPOOL_TEST_ASSERT(tagpool_test_leaks("*", mark))
#define TAGPOOL_ASSERT_NO_LEAKS_OF_SINCE(scope, mark) TAGPOOL_TEST_ASSERT(tagpool_test_leaks(scope, mark))

/* Exactly so many blocks and requested bytes are left of those of a scope that were allocated since the test began. */
#define TAGPOOL_ASSERT_LEFT(scope, blocks, bytes) TAGPOOL_TEST_ASSERT(tagpool_test_left(scope, blocks, bytes))

/* Exactly so many blocks and requested bytes of the tag are outstanding, in both pools together, whoever allocated them, and
 * when. */
#define TAGPOOL_ASSERT_OUTSTANDING(tag, blocks, bytes) TAGPOOL_TEST_ASSERT(tagpool_test_outstanding(tag, blocks, bytes))

/* Of the blocks that the test has allocated under the tag, in both pools, never more than so many requested bytes were
 * outstanding at once. */
#define TAGPOOL_ASSERT_PEAK_AT_MOST(tag, bytes) TAGPOOL_TEST_ASSERT(tagpool_test_peak(tag, bytes))

/* Since it began the test has made at most so many allocations of the tag. */
#define TAGPOOL_ASSERT_ALLOCS_AT_MOST(tag, most) TAGPOOL_TEST_ASSERT(tagpool_test_allocs(tag, most))

/* Of a scope the test will leave so many blocks, exactly; or at least one and at most so many. These are no leaks at its end,
 * and any other number fails it, so that an expectation that nothing meets does not stay. What two expectations match counts
 * for both. Fails also iff there are 16 already. */
#define TAGPOOL_EXPECT_LEAKS(scope, blocks) TAGPOOL_TEST_ASSERT(tagpool_test_expect_leaks(scope, blocks, false))
#define TAGPOOL_EXPECT_LEAKS_AT_MOST(scope, blocks) TAGPOOL_TEST_ASSERT(tagpool_test_expect_leaks(scope, blocks, true))

/* Blocks that are left may still be freed by other threads: checks of this test wait up to so long until none is, or none but
 * those expected. Without threads (TAGPOOL_BARE) there is nothing to wait for. */
#define TAGPOOL_SETTLE(milliseconds) tagpool_test_settle(milliseconds)

/* ---- Blocks of code: MACRO(...) { body } ---------------------------------------------------------------------------
 * They nest, up to 8 deep. One that is left by break, return or a jump was not checked, and the one around it, or the test's
 * end, says so. */

/* This thread asks for no block in the body. The message names the first. */
#define TAGPOOL_NO_ALLOC TAGPOOL_TEST_BLOCK(TAGPOOL_TEST_NO_ALLOC, "*", 0, 0)

/* The body leaves no block of the scope. */
#define TAGPOOL_LEAK_SCOPE(scope) TAGPOOL_TEST_BLOCK(TAGPOOL_TEST_LEAK_SCOPE, scope, 0, 0)

/* The body runs `warmup` times, then `rounds` times: after these the test has no more blocks or bytes of any tag outstanding
 * than before. The message names each tag that grew, by how much, and the blocks. In a test only. */
#define TAGPOOL_STEADY(warmup, rounds) TAGPOOL_TEST_BLOCK(TAGPOOL_TEST_STEADY, "*", warmup, rounds)

/* The body runs once as it is, then with its first, second, third ... allocation failing, and when it has seen each fail, once
 * more as it is. Only allocations of this thread count, of the scope's tags and driver, and none where success is promised.
 * Fails, with the allocation that failed and its call stack, iff
 *   leak              a run leaves a block of any tag;
 *   swallowed         the body says that it succeeded, see below, although an allocation failed;
 *   nondeterministic  another number of allocations came than the first time: warm up what is made only once;
 *   not checked       there are more than 10,000 of them, or such a loop is around this one;
 * or if the body says that it did not succeed although nothing failed. If the test is left in a run, a note names the
 * allocation that failed in it. */
#define TAGPOOL_EACH_FAILURE(scope) TAGPOOL_TEST_BLOCK(TAGPOOL_TEST_EACH_FAILURE, scope, 0, 0)

/* In such a body: whether it succeeded. A body that may do without an allocation does not say. */
#define TAGPOOL_SUCCEEDED(condition) tagpool_test_succeeded(condition)

/* This thread meets a bug check or a finding of that code in the body, and no bug check of another. The operation that made
 * it returns; one that cannot, as KeBugCheckEx(), ends the program. tagpool_test_bugcheck() is the last one met, until the next
 * such block; NULL if there was none. Findings of other codes go where they would have gone. */
#define TAGPOOL_EXPECT_BUGCHECK(code) TAGPOOL_TEST_BLOCK(TAGPOOL_TEST_BUGCHECK, "*", code, 0)

#endif
