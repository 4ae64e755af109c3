/* SPDX-License-Identifier: MIT
 *
 * cmocka.c: fixtures and failures under cmocka, and what cmocka's own detector does wrong, with tagpool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* in this order */
#include <cmocka.h>

#include "shelf.h"
#include "tagpool/test.h"

#include <pthread.h>

static int set_up(void **state)
{
    (void)state;
    shelf_up();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shelf_down();
    return 0;
}

static int group_set_up(void **state)
{
    (void)state;
    group_up();
    return 0;
}

static int group_tear_down(void **state)
{
    (void)state;
    group_down();
    return 0;
}

TAGPOOL_TEST_F(good, set_up, tear_down)
{
    tagpool_free(take("Good", 1));
}

TAGPOOL_TEST_F(forgets, set_up, tear_down)
{
    (void)take("Forg", 2);
}

/* A test that has failed hides its leak, and cmocka's group ends with status 255 and no text. Here it is a note. */
TAGPOOL_TEST_F(fails, set_up, tear_down)
{
    (void)take("Fail", 3);
    assert_int_equal(1, 2);
}

TAGPOOL_TEST_F(after_it, set_up, tear_down)
{
}

/* A leak in a fixture is "Could not run test", and missing in cmocka's list. Here the test has failed. */
TAGPOOL_TEST_F(forgets_in_tear_down, set_up, tear_down)
{
    keeps = true;
}

/* The leak of another thread passes cmocka. */
static void *forget_something(void *context)
{
    (void)context;
    return take("Thrd", 4);
}

TAGPOOL_TEST(leak_in_another_thread)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, forget_something, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* The set-up allocates, the test frees: cmocka uses freed memory. */
static void *to_be_freed;

static int take_to_be_freed(void **state)
{
    (void)state;
    to_be_freed = take("Setp", 5);
    return 0;
}

TAGPOOL_TEST(frees_what_the_set_up_took)
{
    tagpool_free(to_be_freed);
}

/* cmocka dies of a double free. Here the test fails, by name, and the next one runs. */
TAGPOOL_TEST(double_free)
{
    void *block = take("Twic", 6);
    tagpool_free(block);
    tagpool_free(block);
}

/* More than cmocka prints of one message. */
TAGPOOL_TEST(forgets_much)
{
    static const char *const tags[] = {"Mch0", "Mch1", "Mch2", "Mch3", "Mch4", "Mch5", "Mch6", "Mch7", "Mch8", "Mch9"};
    for (int i = 0; i < 10; i++)
        (void)take(tags[i], 7);
}

/* An assertion of the framework's leaves a run of the loop: the note names the allocation that failed in it. */
TAGPOOL_TEST(asserts_in_a_run)
{
    TAGPOOL_EACH_FAILURE("*") {
        void *block = take("Runs", 8);
        assert_non_null(block);
        tagpool_free(block);
    }
}

TAGPOOL_TEST(last)
{
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        tagpool_unit_test(good),
        tagpool_unit_test(forgets),
        tagpool_unit_test(fails),
        tagpool_unit_test(after_it),
        tagpool_unit_test(forgets_in_tear_down),
        cmocka_unit_test(leak_in_another_thread),
        cmocka_unit_test_setup_teardown(frees_what_the_set_up_took, take_to_be_freed, NULL),
        tagpool_unit_test(double_free),
        tagpool_unit_test(forgets_much),
        tagpool_unit_test(asserts_in_a_run),
        cmocka_unit_test(last),
    };
    return cmocka_run_group_tests_name("fixtures", tests, group_set_up, group_tear_down);
}
