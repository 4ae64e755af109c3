/* SPDX-License-Identifier: MIT
 *
 * exit.c: tests of option exit: what happens at exit when blocks are outstanding. Each test runs in children whose library was
 * never started; what they write to standard error and how they end is the result. */
#include "test.h"

/* LeakSanitizer knows the library's blocks, and these tests are about such as are left. */
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
    return "detect_leaks=0";
}

#define TAG TAGPOOL_TAG('L', 'e', 'f', 't')

static struct child child;

static void leave_a_block(void)
{
    check(tagpool_alloc(TAGPOOL_PAGED, 4321, TAG) != NULL);
}

static void leave_nothing(void)
{
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 4321, TAG));
}

static void leave_a_block_with_options_of_the_call(void)
{
    same(tagpool_start("exit=report"), 0);
    leave_a_block();
}

static void leave_a_block_and_set_the_option_last(void)
{
    leave_a_block();
    same(tagpool_start("exit=abort"), 0);
}

static void shut_down_first(void)
{
    leave_a_block();
    same(tagpool_shutdown(), TAGPOOL_LEAK);
    fputs("-- exit --\n", stderr);
}

static void never_start(void)
{
}

static bool names_the_leak(const char *text)
{
    return strstr(text, "Left") && strstr(text, "4321 bytes") && strstr(text, "leak");
}

/* "exit=ignore: what to do at exit when blocks are outstanding; default ignore." */
static void ignore(void **state)
{
    (void)state;
    child_run(&child, leave_a_block);
    check(child_exited(&child, 0) && child.length == 0);
    setenv("TAGPOOL_OPTIONS", "exit=ignore", 1);
    child_run(&child, leave_a_block);
    check(child_exited(&child, 0) && child.length == 0);
}

/* exit=report: the report is printed, the exit status is the program's own. */
static void report(void **state)
{
    (void)state;
    setenv("TAGPOOL_OPTIONS", "exit=report", 1);
    child_run(&child, leave_a_block);
    check(child_exited(&child, 0) && names_the_leak(child.text));
    unsetenv("TAGPOOL_OPTIONS");
    child_run(&child, leave_a_block_with_options_of_the_call);
    check(child_exited(&child, 0) && names_the_leak(child.text));
}

/* exit=abort: the report is printed, then abort() ends the program. */
static void abort_on_a_leak(void **state)
{
    (void)state;
    setenv("TAGPOOL_OPTIONS", "exit=abort", 1);
    child_run(&child, leave_a_block);
    check(child_aborted(&child) && names_the_leak(child.text));
    unsetenv("TAGPOOL_OPTIONS");
    child_run(&child, leave_a_block_and_set_the_option_last);
    check(child_aborted(&child) && names_the_leak(child.text));
}

/* Nothing outstanding, nothing aborted; a library that was never started says nothing of a leak. */
static void nothing_outstanding(void **state)
{
    static const char *const options[] = {"exit=report", "exit=abort"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        setenv("TAGPOOL_OPTIONS", options[i], 1);
        child_run(&child, leave_nothing);
        check(child_exited(&child, 0) && !strstr(child.text, "Left"));
        child_run(&child, never_start);
        check(child_exited(&child, 0) && !strstr(child.text, "Left"));
    }
    unsetenv("TAGPOOL_OPTIONS");
}

/* What tagpool_shutdown() has reported is not reported again. */
static void shutdown_was_first(void **state)
{
    (void)state;
    setenv("TAGPOOL_OPTIONS", "exit=report", 1);
    child_run(&child, shut_down_first);
    check(child_exited(&child, 0) && names_the_leak(child.text));
    const char *after = strstr(child.text, "-- exit --\n");
    check(after != NULL && !strstr(after, "Left"));
    unsetenv("TAGPOOL_OPTIONS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ignore),
        cmocka_unit_test(report),
        cmocka_unit_test(abort_on_a_leak),
        cmocka_unit_test(nothing_outstanding),
        cmocka_unit_test(shutdown_was_first),
    };
    unsetenv("TAGPOOL_OPTIONS");
    return cmocka_run_group_tests_name("exit policies", tests, NULL, NULL);
}
