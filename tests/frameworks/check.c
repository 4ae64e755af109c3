/* SPDX-License-Identifier: MIT
 *
 * check.c: fixtures and failures under Check, by default each test in a process of its own; with CK_FORK=no in one. */
#include <check.h>

#include "shelf.h"
#include "tagpool/test.h"

static void set_up(void)
{
    TAGPOOL_SETUP();
    shelf_up();
}

static void tear_down(void)
{
    shelf_down();
    TAGPOOL_TEARDOWN();
}

START_TEST(good)
{
    tagpool_free(take("Good", 1));
}
END_TEST

START_TEST(forgets)
{
    (void)take("Forg", 2);
}
END_TEST

TAGPOOL_TEST(fails)
{
    (void)take("Fail", 3);
    ck_abort_msg("on purpose");
}

TAGPOOL_TEST(after_it)
{
}

START_TEST(forgets_in_tear_down)
{
    keeps = true;
}
END_TEST

TAGPOOL_TEST(double_free)
{
    void *block = take("Twic", 6);
    tagpool_free(block);
    tagpool_free(block);
}

TAGPOOL_TEST(last)
{
}

int main(void)
{
    Suite *suite = suite_create("fixtures");
    TCase *tests = tcase_create("fixtures");
    tcase_add_unchecked_fixture(tests, group_up, group_down);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, good);
    tcase_add_test(tests, forgets);
    tcase_add_test(tests, fails);
    tcase_add_test(tests, after_it);
    tcase_add_test(tests, forgets_in_tear_down);
    tcase_add_test(tests, double_free);
    tcase_add_test(tests, last);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}
