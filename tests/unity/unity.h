/* SPDX-License-Identifier: MIT
 *
 * unity.h: stands in for Unity's header where Unity is not installed: what tagpool/test.h and the example use of its documented
 * interface, with Unity's way of printing: a test that fails is left by longjmp, and a line feed in a message becomes "\n".
 */
#ifndef UNITY_FRAMEWORK_H
#define UNITY_FRAMEWORK_H

#include <setjmp.h>
#include <stdio.h>

#define UNITY_LINE_TYPE unsigned
#define UNITY_OUTPUT_CHAR(character) ((void)putchar(character))
#define UNITY_TEST_FAIL(line, message) stand_in_fail(line, message)
#define UNITY_BEGIN() ((void)setvbuf(stdout, NULL, _IONBF, 0))
#define RUN_TEST(function) stand_in_run(function, #function)
#define UNITY_END() stand_in_end()

void setUp(void);
void tearDown(void);

static jmp_buf stand_in_jump;
static const char *stand_in_name;
static int stand_in_tests, stand_in_failures;

static inline void stand_in_fail(unsigned line, const char *message)
{
    (void)printf("%s:%u:%s:FAIL: ", "unity.c", line, stand_in_name);
    for (; *message != 0; message++)
        if (*message == '\n')
            (void)printf("\\n");
        else
            (void)putchar(*message);
    (void)putchar('\n');
    longjmp(stand_in_jump, 1);
}

static inline void stand_in_run(void (*function)(void), const char *name)
{
    stand_in_name = name;
    stand_in_tests++;
    if (setjmp(stand_in_jump) != 0) {
        stand_in_failures++;
        return;
    }
    setUp();
    function();
    (void)printf("unity.c:%s:PASS\n", name);
    tearDown();
}

static inline int stand_in_end(void)
{
    (void)printf("%d Tests %d Failures\n", stand_in_tests, stand_in_failures);
    return stand_in_failures;
}

#endif
