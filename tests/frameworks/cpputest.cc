/* SPDX-License-Identifier: MIT
 *
 * cpputest.cc: fixtures and failures under CppUTest. Its tests run in the opposite order. */
#include <CppUTest/CommandLineTestRunner.h>
#include <CppUTest/TestHarness.h>

#include "shelf.h"
#include "tagpool/test.h"

TEST_GROUP(fixtures)
{
    void *mine; /* the framework's own form sees the group's members */

    void setup() override
    {
        TAGPOOL_SETUP();
        shelf_up();
        mine = take("Mine", 1);
    }

    void teardown() override
    {
        tagpool_free(mine);
        shelf_down();
        TAGPOOL_TEARDOWN();
    }
};

TEST(fixtures, last)
{
    CHECK(mine != nullptr);
}

TAGPOOL_TEST_IN(fixtures, double_free)
{
    void *block = take("Twic", 6);
    tagpool_free(block);
    tagpool_free(block);
}

TEST(fixtures, forgets_in_tear_down)
{
    keeps = true;
}

TAGPOOL_TEST_IN(fixtures, after_it)
{
}

TEST(fixtures, fails)
{
    (void)take("Fail", 3);
    FAIL("on purpose");
}

TEST(fixtures, forgets)
{
    (void)take("Forg", 2);
}

TEST(fixtures, good)
{
    tagpool_free(take("Good", 1));
}

/* Without a fixture: a test that is left by an exception, and by the framework. */
TEST_GROUP(plain)
{
};

TAGPOOL_TEST_IN(plain, after_it)
{
}

TAGPOOL_TEST_IN(plain, fails)
{
    (void)take("Fail", 3);
    FAIL("on purpose");
}

int main(int argc, char **argv)
{
    group_up();
    int failed = RUN_ALL_TESTS(argc, argv);
    group_down();
    return failed;
}
