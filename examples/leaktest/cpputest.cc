/* SPDX-License-Identifier: MIT
 *
 * cpputest.cc: leak tests with CppUTest. The first test passes; the other two find leaks.
 */
#include <CppUTest/CommandLineTestRunner.h>
#include <CppUTest/TestHarness.h>

#include "shelf.h"
#include "tagpool/test.h"

TEST_GROUP(shelf)
{
};

TAGPOOL_TEST_IN(shelf, gives_all_back)
{
    shelf_delete(shelf_new(8));
}

TAGPOOL_TEST_IN(shelf, forgets_a_shelf)
{
    shelf_new(8);
}

TAGPOOL_TEST_IN(shelf, survives_without_memory)
{
    TAGPOOL_EACH_FAILURE("*") {
        shelf_delete(shelf_new(8));
    }
}

int main(int argc, char **argv)
{
    return RUN_ALL_TESTS(argc, argv);
}
