/* SPDX-License-Identifier: MIT
 *
 * gtest.cc: leak tests with GoogleTest. The first test passes; the other two find leaks.
 */
#include <gtest/gtest.h>

#include "shelf.h"
#include "tagpool/test.h"

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
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
