/* SPDX-License-Identifier: MIT
 *
 * tagpool/test_frameworks.h: how tests look and fail in each framework, for tagpool/test.h, which includes it. Which one is there
 * is known by the guard of its header. Each part defines, besides the forms of tests that tagpool/test.h lists,
 *
 *   TAGPOOL_TEST_FAIL(file, line, message)   fails the test, in a way that reaches the framework's files (XML, TAP ...) too
 *   TAGPOOL_TEST_HAS_FAILED                  whether the test at hand has failed; false if the framework does not tell
 *   TAGPOOL_TEST_NAME                        its name, in a set-up function; or NULL
 */
#ifndef TAGPOOL_TEST_FRAMEWORKS_H
#define TAGPOOL_TEST_FRAMEWORKS_H

static inline void tagpool_test_fail(const char *file, unsigned line, const char *message);

/* Fails the test if there is a message. True, so that it can stand in a condition. */
static inline bool tagpool_test_check(const char *file, unsigned line, const char *message)
{
    if (message != NULL)
        tagpool_test_fail(file, line, message);
    return true;
}

#define TAGPOOL_TEST_ASSERT(message) ((void)tagpool_test_check(__FILE__, __LINE__, message))

#ifdef __cplusplus

/* The body of a test, between begin and end; an exception may pass through. */
struct tagpool_test_frame {
    bool is_left;
    tagpool_test_frame(const char *name, const char *file, unsigned line) : is_left(true)
    {
        tagpool_test_begin(name, file, line, tagpool_test_fail);
    }
    ~tagpool_test_frame()
    {
        if (is_left)
            (void)tagpool_test_end(true);
    }
};

#define TAGPOOL_TEST_RUN(name, call)                                                                                   \
    do {                                                                                                               \
        const char *tagpool_test_message;                                                                              \
        {                                                                                                              \
            tagpool_test_frame tagpool_test_at(name, __FILE__, __LINE__);                                              \
            call;                                                                                                      \
            tagpool_test_at.is_left = false;                                                                           \
            tagpool_test_message = tagpool_test_end(TAGPOOL_TEST_HAS_FAILED);                                          \
        }                                                                                                              \
        TAGPOOL_TEST_ASSERT(tagpool_test_message);                                                                     \
    } while (0)

#else

#define TAGPOOL_TEST_RUN(name, call)                                                                                   \
    do {                                                                                                               \
        tagpool_test_begin(name, __FILE__, __LINE__, tagpool_test_fail);                                               \
        call;                                                                                                          \
        TAGPOOL_TEST_ASSERT(tagpool_test_end(TAGPOOL_TEST_HAS_FAILED));                                                \
    } while (0)

#endif

/* ---- cmocka ---- */

#if defined(CMOCKA_H_)

#define TAGPOOL_TEST_FAIL_HERE(file, line, message) tagpool_test_cmocka(file, (int)(line), message)
#define TAGPOOL_TEST_HAS_FAILED false
#define TAGPOOL_TEST_NAME __func__

/* The text of an assertion goes into all of cmocka's formats; what print_error() is given does not. But two of them print 1,023
 * characters of it at most, with the place of the failure behind. So of a longer message the last lines go out before. */
static inline void tagpool_test_cmocka(const char *file, int line, const char *message)
{
    static char text[960];
    size_t place = 0, length = 0, end = 0; /* of the whole lines that fit */
    while (file[place] != 0 && place < sizeof text / 2)
        place++;
    for (; message[length] != 0 && length < sizeof text - 1 - place; length++) {
        text[length] = message[length];
        end = message[length] == '\n' ? length : end;
    }
    if (message[length] == 0 || end == 0)
        end = length;
    text[end] = 0;
    for (const char *rest = message + end; *rest != 0; rest++)
        print_error("%c", rest[1] != 0 ? rest[1] : '\n');
    _assert_true(0, text, file, line);
}

struct tagpool_test_fixture {
    int (*setup)(void **state), (*teardown)(void **state); /* or NULL */
    bool is_up;
};

static inline void tagpool_test_with(struct tagpool_test_fixture *fixture, void (*body)(void **state), void **state,
                                     const char *file, unsigned line)
{
    if (fixture->setup != NULL && fixture->setup(state) != 0) {
        tagpool_test_fail(file, line, "the set-up function failed");
        return;
    }
    fixture->is_up = true;
    body(state);
    fixture->is_up = false;
    if (fixture->teardown != NULL && fixture->teardown(state) != 0)
        tagpool_test_fail(file, line, "the tear-down function failed");
}

/* cmocka calls this last. */
static inline int tagpool_test_after(struct tagpool_test_fixture *fixture, void **state)
{
    bool is_left_up = fixture->is_up && fixture->teardown != NULL;
    fixture->is_up = false;
    int result = is_left_up ? fixture->teardown(state) : 0;
    if (tagpool_test_current() != NULL)
        (void)tagpool_test_end(true);
    return result;
}

#define TAGPOOL_TEST_F(name, setup, teardown)                                                                          \
    static void name##_body(void **state);                                                                             \
    static struct tagpool_test_fixture name##_fixture = {setup, teardown, false};                                      \
    __attribute__((unused)) static int name##_teardown(void **state)                                                   \
    {                                                                                                                  \
        return tagpool_test_after(&name##_fixture, state);                                                             \
    }                                                                                                                  \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        TAGPOOL_TEST_RUN(#name,                                                                                        \
                         tagpool_test_with(&name##_fixture, name##_body, state, __FILE__, __LINE__));                  \
    }                                                                                                                  \
    static void name##_body(__attribute__((unused)) void **state)

#define TAGPOOL_TEST(name) TAGPOOL_TEST_F(name, NULL, NULL)
#define tagpool_unit_test(name) {#name, name, NULL, name##_teardown, NULL}

/* ---- Unity ---- */

#elif defined(UNITY_FRAMEWORK_H)

#define TAGPOOL_TEST_FAIL_HERE(file, line, message) tagpool_test_unity(line, message)
#define TAGPOOL_TEST_HAS_FAILED (Unity.CurrentTestFailed != 0)
#define TAGPOOL_TEST_NAME Unity.CurrentTestName

/* Unity prints a line feed in a message as two characters: so the message is the first line, and the others go out before. */
static inline void tagpool_test_unity(unsigned line, const char *message)
{
    static char first[256];
    unsigned length = 0;
    for (; message[length] != 0 && message[length] != '\n' && length < sizeof first - 1; length++)
        first[length] = message[length];
    first[length] = 0;
    for (const char *rest = message + length + (message[length] == '\n'); *rest != 0; rest++)
        UNITY_OUTPUT_CHAR(*rest);
    if (message[length] != 0)
        UNITY_OUTPUT_CHAR('\n');
    UNITY_TEST_FAIL((UNITY_LINE_TYPE)line, first);
}

/* ---- Check ---- */

#elif defined(CHECK_H)

#define TAGPOOL_TEST_FAIL_HERE(file, line, message) _ck_assert_failed(file, (int)(line), "tagpool", "%s", message)
#define TAGPOOL_TEST_HAS_FAILED false
#define TAGPOOL_TEST_NAME NULL /* Check does not tell */

#define TAGPOOL_TEST(name)                                                                                             \
    static void name##_body(void);                                                                                     \
    START_TEST(name)                                                                                                   \
    {                                                                                                                  \
        TAGPOOL_TEST_RUN(#name, name##_body());                                                                        \
    }                                                                                                                  \
    END_TEST                                                                                                           \
    static void name##_body(void)

/* ---- CppUTest, GoogleTest ---- */

#elif defined(D_UTestMacros_h)

#define TAGPOOL_TEST_FAIL_HERE(file, line, message) FAIL_TEST_LOCATION(message, file, line)
#define TAGPOOL_TEST_HAS_FAILED (UtestShell::getCurrent()->hasFailed())
#define TAGPOOL_TEST_NAME (UtestShell::getCurrent()->getName().asCharString())

#elif defined(GOOGLETEST_INCLUDE_GTEST_GTEST_H_)

#define TAGPOOL_TEST_FAIL_HERE(file, line, message) ADD_FAILURE_AT(file, (int)(line)) << message
#define TAGPOOL_TEST_HAS_FAILED ::testing::Test::HasFailure()
#define TAGPOOL_TEST_NAME ::testing::UnitTest::GetInstance()->current_test_info()->name()

/* ---- none ---- */

#else

#define TAGPOOL_TEST_FAIL_HERE(file, line, message) tagpool_test_abort(file, line, message)
#define TAGPOOL_TEST_HAS_FAILED false
#define TAGPOOL_TEST_NAME __func__

#endif

#if defined(D_UTestMacros_h) || defined(GOOGLETEST_INCLUDE_GTEST_GTEST_H_)
#define TAGPOOL_TEST_IN(group, name)                                                                                   \
    static void group##_##name##_body();                                                                               \
    TEST(group, name)                                                                                                  \
    {                                                                                                                  \
        TAGPOOL_TEST_RUN(#name, group##_##name##_body());                                                              \
    }                                                                                                                  \
    static void group##_##name##_body()
#elif !defined(TAGPOOL_TEST)
#define TAGPOOL_TEST(name)                                                                                             \
    static void name##_body(void);                                                                                     \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        TAGPOOL_TEST_RUN(#name, name##_body());                                                                        \
    }                                                                                                                  \
    static void name##_body(void)
#endif

#ifndef TAGPOOL_TEST_FAIL
#define TAGPOOL_TEST_FAIL(file, line, message) TAGPOOL_TEST_FAIL_HERE(file, line, message)
#endif

static inline void tagpool_test_fail(const char *file, unsigned line, const char *message)
{
    (void)file;
    TAGPOOL_TEST_FAIL(file, line, message);
}

/* ---- blocks of code ---- */

static inline struct tagpool_test_block tagpool_test_of(enum tagpool_test_kind kind, const char *scope, uint64_t first,
                                                        uint64_t second, const char *file, unsigned line)
{
    struct tagpool_test_block block;
    block.kind = kind;
    block.scope = scope;
    block.first = first;
    block.second = second;
    block.file = file;
    block.line = line;
    block.level = 0;
    block.step = block.count = block.mark = 0;
    block.message = NULL;
    return block;
}

#define TAGPOOL_TEST_BLOCK(kind, scope, first, second) TAGPOOL_TEST_BLOCK_AT(kind, scope, first, second, __LINE__)
#define TAGPOOL_TEST_BLOCK_AT(kind, scope, first, second, line) TAGPOOL_TEST_BLOCK_ON(kind, scope, first, second, line)
#define TAGPOOL_TEST_BLOCK_ON(kind, scope, first, second, line)                                                        \
    TAGPOOL_TEST_BLOCK_AS(kind, scope, first, second, tagpool_test_block_##line)
#define TAGPOOL_TEST_BLOCK_AS(kind, scope, first, second, name)                                                        \
    for (struct tagpool_test_block name =                                                                              \
             tagpool_test_of(kind, scope, (uint64_t)(first), (uint64_t)(second), __FILE__, __LINE__);               \
         tagpool_test_next(&name) || !tagpool_test_check(__FILE__, __LINE__, name.message);)

#endif
