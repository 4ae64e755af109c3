/* SPDX-License-Identifier: MIT
 *
 * cmocka.c: leak tests with cmocka. The first test passes; the other two find leaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* in this order */
#include <cmocka.h>

#include "shelf.h"
#include "tagpool/test.h"

TAGPOOL_TEST(gives_all_back)
{
    (void)state;
    shelf_delete(shelf_new(8));
}

TAGPOOL_TEST(forgets_a_shelf)
{
    (void)state;
    shelf_new(8);
}

TAGPOOL_TEST(survives_without_memory)
{
    (void)state;
    TAGPOOL_EACH_FAILURE("*") {
        shelf_delete(shelf_new(8));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_all_back),
        cmocka_unit_test(forgets_a_shelf),
        cmocka_unit_test(survives_without_memory),
    };
    return cmocka_run_group_tests_name("shelf", tests, NULL, NULL);
}
