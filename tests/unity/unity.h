/* SPDX-License-Identifier: MIT
 *
 * unity.h: stands in for Unity's header where Unity is not installed: what tagpool/test.h and its tests use of the documented
 * interface, with Unity's way of running and printing: a test that fails is left by longjmp, its tear-down is called, a line feed
 * in a message becomes "\n", and a second failure of a test is none.
 */
#ifndef UNITY_FRAMEWORK_H
#define UNITY_FRAMEWORK_H

#include <setjmp.h>
#include <stdio.h>

#define UNITY_LINE_TYPE unsigned
#define UNITY_OUTPUT_CHAR(character) ((void)putchar(character))
#define UNITY_TEST_FAIL(line, message) stand_in_fail(line, message)
#define UNITY_BEGIN() ((void)(Unity.TestFile = __FILE__))
#define RUN_TEST(function) stand_in_run(function, #function, __LINE__)
#define UNITY_END() stand_in_end()
#define TEST_FAIL_MESSAGE(message) UNITY_TEST_FAIL(__LINE__, message)

void setUp(void);
void tearDown(void);

static struct {
    const char *TestFile;
    const char *CurrentTestName;
    unsigned NumberOfTests, TestFailures, CurrentTestFailed;
} Unity;

static jmp_buf stand_in_jump;

static inline void stand_in_fail(unsigned line, const char *message)
{
    if (Unity.CurrentTestFailed)
        longjmp(stand_in_jump, 1);
    (void)printf("%s:%u:%s:FAIL: ", Unity.TestFile, line, Unity.CurrentTestName);
    for (; *message != 0; message++)
        if (*message == '\n')
            (void)printf("\\n");
        else
            (void)putchar(*message);
    Unity.CurrentTestFailed = 1;
    longjmp(stand_in_jump, 1);
}

static inline void stand_in_run(void (*function)(void), const char *name, int line)
{
    Unity.CurrentTestName = name;
    Unity.CurrentTestFailed = 0;
    Unity.NumberOfTests++;
    if (setjmp(stand_in_jump) == 0) {
        setUp();
        function();
    }
    if (setjmp(stand_in_jump) == 0)
        tearDown();
    Unity.TestFailures += Unity.CurrentTestFailed;
    if (!Unity.CurrentTestFailed)
        (void)printf("%s:%d:%s:PASS", Unity.TestFile, line, name);
    (void)putchar('\n');
}

static inline int stand_in_end(void)
{
    (void)printf("\n-----------------------\n%u Tests %u Failures 0 Ignored \n%s\n", Unity.NumberOfTests, Unity.TestFailures,
                 Unity.TestFailures == 0 ? "OK" : "FAIL");
    return (int)Unity.TestFailures;
}

#endif
