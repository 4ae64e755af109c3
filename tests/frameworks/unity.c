/* SPDX-License-Identifier: MIT
 *
 * unity.c: fixtures and failures under Unity. */
#include <unity.h>

#include "shelf.h"
#include "tagpool/test.h"

void setUp(void)
{
    TAGPOOL_SETUP();
    shelf_up();
}

void tearDown(void)
{
    shelf_down();
    TAGPOOL_TEARDOWN();
}

static void good(void)
{
    tagpool_free(take("Good", 1));
}

static void forgets(void)
{
    (void)take("Forg", 2);
}

static void fails(void)
{
    (void)take("Fail", 3);
    TEST_FAIL_MESSAGE("on purpose");
}

TAGPOOL_TEST(after_it)
{
}

static void forgets_in_tear_down(void)
{
    keeps = true;
}

TAGPOOL_TEST(double_free)
{
    void *block = take("Twic", 6);
    tagpool_free(block);
    tagpool_free(block);
}

static void last(void)
{
}

int main(void)
{
    (void)setvbuf(stdout, NULL, _IONBF, 0);
    group_up();
    UNITY_BEGIN();
    RUN_TEST(good);
    RUN_TEST(forgets);
    RUN_TEST(fails);
    RUN_TEST(after_it);
    RUN_TEST(forgets_in_tear_down);
    RUN_TEST(double_free);
    RUN_TEST(last);
    group_down();
    return UNITY_END();
}
