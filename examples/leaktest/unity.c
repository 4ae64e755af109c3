/* SPDX-License-Identifier: MIT
 *
 * unity.c: leak tests with Unity. The first test passes; the other two find leaks.
 */
#include <unity.h>

#include "shelf.h"
#include "tagpool/test.h"

void setUp(void)
{
}

void tearDown(void)
{
}

TAGPOOL_TEST(gives_all_back)
{
    shelf_delete(shelf_new(8));
}

TAGPOOL_TEST(forgets_a_shelf)
{
    shelf_new(8);
}

TAGPOOL_TEST(survives_without_memory)
{
    TAGPOOL_EACH_FAILURE("*") {
        shelf_delete(shelf_new(8));
    }
}

int main(void)
{
    UNITY_BEGIN();
    RUN_TEST(gives_all_back);
    RUN_TEST(forgets_a_shelf);
    RUN_TEST(survives_without_memory);
    return UNITY_END();
}
