/* SPDX-License-Identifier: MIT
 *
 * gtest.cc: fixtures and failures under GoogleTest. */
#include <gtest/gtest.h>

#include <stdexcept>

#include "shelf.h"
#include "tagpool/test.h"

class fixtures : public testing::Test {
protected:
    void *mine = nullptr; /* the framework's own form sees the fixture's members */

    static void SetUpTestSuite()
    {
        group_up();
    }

    static void TearDownTestSuite()
    {
        group_down();
    }

    void SetUp() override
    {
        TAGPOOL_SETUP();
        shelf_up();
        mine = take("Mine", 1);
    }

    void TearDown() override
    {
        tagpool_free(mine);
        shelf_down();
        TAGPOOL_TEARDOWN();
    }
};

TEST_F(fixtures, good)
{
    tagpool_free(take("Good", 1));
}

TEST_F(fixtures, forgets)
{
    (void)take("Forg", 2);
    EXPECT_TRUE(mine != nullptr);
}

TEST_F(fixtures, fails)
{
    (void)take("Fail", 3);
    FAIL() << "on purpose";
}

TEST_F(fixtures, after_it)
{
}

TEST_F(fixtures, forgets_in_tear_down)
{
    keeps = true;
}

/* Without a fixture: failures that leave the test, that do not, and an exception. */
TAGPOOL_TEST_IN(plain, fails)
{
    (void)take("Fail", 3);
    FAIL() << "on purpose";
}

TAGPOOL_TEST_IN(plain, fails_and_goes_on)
{
    EXPECT_EQ(1, 2);
    (void)take("Fail", 3);
}

TAGPOOL_TEST_IN(plain, throws)
{
    (void)take("Thrw", 3);
    throw std::runtime_error("on purpose");
}

/* An assertion of ours is not fatal: the test goes on, and its end adds nothing. */
TAGPOOL_TEST_IN(plain, forgets)
{
    (void)take("Forg", 2);
    TAGPOOL_ASSERT_NO_LEAKS();
}

TAGPOOL_TEST_IN(plain, double_free)
{
    void *block = take("Twic", 6);
    tagpool_free(block);
    tagpool_free(block);
}

TAGPOOL_TEST_IN(plain, last)
{
}

int main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
