/* SPDX-License-Identifier: MIT
 *
 * tagpool/test.h: leak and budget assertions for unit tests. Include it after the framework's header: cmocka, Unity, Check,
 * CppUTest or GoogleTest; without one, a failure is printed and the program aborted. Define TAGPOOL_TEST_FAIL(file, line,
 * message) before, to fail in another way. C11 and C++11.
 *
 *     TAGPOOL_TEST(opens_and_closes)        // a test function of the framework; it fails if it leaves a block
 *     {
 *         device_close(device_open());
 *     }
 *
 * Marks. Every check is about the blocks allocated since a mark, which is a number: nothing that a test leaves by longjmp or an
 * exception can damage it, and blocks from before it are nobody's leaks. The first mark makes the library track all blocks
 * (tagpool/verifier.h), which stays so; each is then reported by its call site.
 *
 * TAGS is a mask in quotes, as options take them: "Buf1", "Buf?", "D*", "*"; one that is none fails the assertion.
 *
 * Threads. While one test is open, blocks of all threads are its own. While several are, in threads, each has those of the
 * threads that it runs in or that have called tagpool_test_join(); so they do not blame each other.
 *
 * Verdicts. A check that could not be made, for want of memory say, fails with "not checked" and the reason.
 *
 * A test that the framework has left already, because it failed, is not failed again: what it leaves is told through the sink, as
 * a note, when this thread's next test begins or the program exits, and is nobody else's.
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

/* A mark for TAGPOOL_ASSERT_NO_LEAKS_SINCE: blocks allocated from now on, by any thread, come after it. 0 iff the library cannot
 * start; a check since then says so. */
TAGPOOL_API uint64_t tagpool_mark(void);

struct tagpool_test;

/* Opens a test in this thread; one that is open there still was left by its framework. At most 64 tests are open at once: those
 * above are not checked. */
TAGPOOL_API void tagpool_test_begin(const char *name);

/* Closes it. `has_failed`: what it leaves is a note. */
TAGPOOL_API const char *tagpool_test_end(bool has_failed);

/* The test that this thread runs or has joined, or NULL. */
TAGPOOL_API struct tagpool_test *tagpool_test_current(void);

/* What this thread allocates is that test's too, until the test ends; at most 64 threads for each. */
TAGPOOL_API void tagpool_test_join(struct tagpool_test *test);

/* The blocks that matching tags have left since the mark; 0: since the test began. */
TAGPOOL_API const char *tagpool_test_leaks(const char *tags, uint64_t mark);

TAGPOOL_API const char *tagpool_test_outstanding(uint32_t tag, uint64_t blocks, uint64_t bytes);
TAGPOOL_API const char *tagpool_test_peak(uint32_t tag, uint64_t bytes);
TAGPOOL_API const char *tagpool_test_allocs(uint32_t tag, uint64_t most);
TAGPOOL_API const char *tagpool_test_expect_leaks(const char *tags, uint64_t blocks, bool is_most);
TAGPOOL_API void tagpool_test_settle(unsigned milliseconds);

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
    const char *tags;
    uint64_t first, second; /* what its macro was given */
    uint64_t step, count;
    uint64_t mark;
    void *kept;
    const char *message;
};

/* True while the block is to run (again); at the end `message` says what is wrong, or is NULL. */
TAGPOOL_API bool tagpool_test_next(struct tagpool_test_block *block);

/* In TAGPOOL_EACH_FAILURE: says that the body was successful. */
TAGPOOL_API void tagpool_test_succeeded(void);

/* The last bug check that TAGPOOL_EXPECT_BUGCHECK met, without its operations; NULL if there was none in this thread. */
TAGPOOL_API const struct tagpool_bugcheck *tagpool_test_bugcheck(void);

/* Prints and aborts: how a test fails without a framework. */
TAGPOOL_API void tagpool_test_abort(const char *file, unsigned line, const char *message);

#ifdef __cplusplus
}
#endif

/* ---- The framework ------------------------------------------------------------------------------------------------- */

#define TAGPOOL_TEST_HAS_FAILED false

/* The body of a test, between begin and end. */
#define TAGPOOL_TEST_RUN(name, call)                                                                                   \
    do {                                                                                                               \
        tagpool_test_begin(name);                                                                                      \
        call;                                                                                                          \
        tagpool_test_check(__FILE__, __LINE__, tagpool_test_end(TAGPOOL_TEST_HAS_FAILED));                             \
    } while (0)

#if defined(CMOCKA_H_)

#define TAGPOOL_TEST_FAIL_HERE(file, line, message) _assert_true(0, message, file, (int)(line))
#define TAGPOOL_TEST(name)                                                                                             \
    static void name##_body(void **state);                                                                             \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        TAGPOOL_TEST_RUN(#name, name##_body(state));                                                                   \
    }                                                                                                                  \
    static void name##_body(__attribute__((unused)) void **state)

#elif defined(UNITY_FRAMEWORK_H)

/* Unity prints a line feed in a message as two characters: so the message is the first line, and the others go out before. */
#define TAGPOOL_TEST_FAIL_HERE(file, line, message) tagpool_test_unity(line, message)
static inline void tagpool_test_unity(unsigned line, const char *message)
{
    static char first[256];
    unsigned length = 0;
    for (; message[length] != 0 && message[length] != '\n' && length < sizeof first - 1; length++)
        first[length] = message[length];
    first[length] = 0;
    for (const char *rest = message + length; *rest != 0; rest++)
        UNITY_OUTPUT_CHAR(*rest);
    UNITY_OUTPUT_CHAR('\n');
    UNITY_TEST_FAIL((UNITY_LINE_TYPE)line, first);
}

#elif defined(CHECK_H)

#define TAGPOOL_TEST_FAIL_HERE(file, line, message) _ck_assert_failed(file, (int)(line), "tagpool", "%s", message, NULL)
#define TAGPOOL_TEST(name)                                                                                             \
    static void name##_body(void);                                                                                     \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        TAGPOOL_TEST_RUN(#name, name##_body());                                                                        \
    }                                                                                                                  \
    END_TEST                                                                                                           \
    static void name##_body(void)

#elif defined(D_UTestMacros_h)

#define TAGPOOL_TEST_FAIL_HERE(file, line, message) FAIL_TEST_LOCATION(message, file, line)
#define TAGPOOL_TEST_IN(group, name)                                                                                   \
    static void group##_##name##_body(void);                                                                           \
    TEST(group, name)                                                                                                  \
    {                                                                                                                  \
        TAGPOOL_TEST_RUN(#name, group##_##name##_body());                                                              \
    }                                                                                                                  \
    static void group##_##name##_body(void)

#elif defined(GOOGLETEST_INCLUDE_GTEST_GTEST_H_)

#undef TAGPOOL_TEST_HAS_FAILED
#define TAGPOOL_TEST_HAS_FAILED ::testing::Test::HasFailure()
#define TAGPOOL_TEST_FAIL_HERE(file, line, message) ADD_FAILURE_AT(file, (int)(line)) << message
#define TAGPOOL_TEST_IN(group, name)                                                                                   \
    static void group##_##name##_body();                                                                               \
    TEST(group, name)                                                                                                  \
    {                                                                                                                  \
        TAGPOOL_TEST_RUN(#name, group##_##name##_body());                                                              \
    }                                                                                                                  \
    static void group##_##name##_body()

#else

#define TAGPOOL_TEST_FAIL_HERE(file, line, message) tagpool_test_abort(file, line, message)

#endif

#if !defined(TAGPOOL_TEST_FAIL)
#define TAGPOOL_TEST_FAIL(file, line, message) TAGPOOL_TEST_FAIL_HERE(file, line, message)
#endif

/* Unity's tests, and those without a framework. TAGPOOL_TEST_IN(group, name) is for frameworks whose tests have groups. */
#if !defined(TAGPOOL_TEST) && !defined(TAGPOOL_TEST_IN)
#define TAGPOOL_TEST(name)                                                                                             \
    static void name##_body(void);                                                                                     \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        TAGPOOL_TEST_RUN(#name, name##_body());                                                                        \
    }                                                                                                                  \
    static void name##_body(void)
#endif

/* Fails the test if there is a message. True, so that it can stand in a condition. */
static inline bool tagpool_test_check(const char *file, unsigned line, const char *message)
{
    if (message != NULL) {
        TAGPOOL_TEST_FAIL(file, line, message);
    }
    return true;
}

#define TAGPOOL_TEST_ASSERT(message) ((void)tagpool_test_check(__FILE__, __LINE__, message))

/* ---- Assertions ---------------------------------------------------------------------------------------------------- */

/* No block is left of those allocated since the test began, or since the mark. */
#define TAGPOOL_ASSERT_NO_LEAKS() TAGPOOL_TEST_ASSERT(tagpool_test_leaks("*", 0))
#define TAGPOOL_ASSERT_NO_LEAKS_OF(tags) TAGPOOL_TEST_ASSERT(tagpool_test_leaks(tags, 0))
#define TAGPOOL_ASSERT_NO_LEAKS_SINCE(mark) TAGPOOL_TEST_ASSERT(tagpool_test_leaks("*", mark))

/* Exactly so many blocks and requested bytes of the tag are outstanding, in both pools together, whoever allocated them. */
#define TAGPOOL_ASSERT_OUTSTANDING(tag, blocks, bytes) TAGPOOL_TEST_ASSERT(tagpool_test_outstanding(tag, blocks, bytes))

/* The tag never had more charged bytes in a pool than this, since the program started. */
#define TAGPOOL_ASSERT_PEAK_AT_MOST(tag, bytes) TAGPOOL_TEST_ASSERT(tagpool_test_peak(tag, bytes))

/* Since the test began there were at most so many allocations of the tag, by all threads. */
#define TAGPOOL_ASSERT_ALLOCS_AT_MOST(tag, most) TAGPOOL_TEST_ASSERT(tagpool_test_allocs(tag, most))

/* Of matching tags the test will leave so many blocks, exactly or at most: these are no leaks at its end, and any other number
 * fails it. Up to 16 in a test. */
#define TAGPOOL_EXPECT_LEAKS(tags, blocks) TAGPOOL_TEST_ASSERT(tagpool_test_expect_leaks(tags, blocks, false))
#define TAGPOOL_EXPECT_LEAKS_AT_MOST(tags, blocks) TAGPOOL_TEST_ASSERT(tagpool_test_expect_leaks(tags, blocks, true))

/* Blocks that are left may still be freed by other threads: checks of this test wait up to so long until none is. */
#define TAGPOOL_SETTLE(milliseconds) tagpool_test_settle(milliseconds)

/* ---- Blocks of code: MACRO(...) { body } --------------------------------------------------------------------------- */

#define TAGPOOL_TEST_BLOCK(kind, tags, first, second) TAGPOOL_TEST_BLOCK_AT(kind, tags, first, second, __LINE__)
#define TAGPOOL_TEST_BLOCK_AT(kind, tags, first, second, line) TAGPOOL_TEST_BLOCK_ON(kind, tags, first, second, line)
#define TAGPOOL_TEST_BLOCK_ON(kind, tags, first, second, line)                                                         \
    TAGPOOL_TEST_BLOCK_AS(kind, tags, first, second, tagpool_test_block_##line)
#define TAGPOOL_TEST_BLOCK_AS(kind, tags, first, second, name)                                                         \
    for (struct tagpool_test_block name = {kind, tags, first, second, 0, 0, 0, NULL, NULL};                            \
         tagpool_test_next(&name) || !tagpool_test_check(__FILE__, __LINE__, name.message);)

/* This thread asks for no block in the body. */
#define TAGPOOL_NO_ALLOC TAGPOOL_TEST_BLOCK(TAGPOOL_TEST_NO_ALLOC, "*", 0, 0)

/* The body leaves no block of matching tags; may nest. */
#define TAGPOOL_LEAK_SCOPE(tags) TAGPOOL_TEST_BLOCK(TAGPOOL_TEST_LEAK_SCOPE, tags, 0, 0)

/* The body runs `warmup` times, then `rounds` times; no tag has more blocks or bytes outstanding after these than before. */
#define TAGPOOL_STEADY(warmup, rounds) TAGPOOL_TEST_BLOCK(TAGPOOL_TEST_STEADY, "*", warmup, rounds)

/* The body runs once as it is, then with its first, second, third ... allocation of a matching tag failing (by this thread; not
 * where success is promised), then as it is again. It fails if a run leaves a block, or another number of allocations comes than
 * the first time, or if the body says tagpool_test_succeeded() although an allocation failed; the message names that
 * allocation. A body that makes more than 10,000 is refused. */
#define TAGPOOL_EACH_FAILURE(tags) TAGPOOL_TEST_BLOCK(TAGPOOL_TEST_EACH_FAILURE, tags, 0, 0)

/* The body meets a bug check or a finding of that code; the operation that made it returns. tagpool_test_bugcheck() has it
 * then. Others go where they would have gone. For one thread at a time. */
#define TAGPOOL_EXPECT_BUGCHECK(code) TAGPOOL_TEST_BLOCK(TAGPOOL_TEST_BUGCHECK, "*", code, 0)

#endif
