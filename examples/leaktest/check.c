/* SPDX-License-Identifier: MIT
 *
 * check.c: leak tests with Check. The first test passes; the other two find leaks.
 */
#include <check.h>

#include "shelf.h"
#include "tagpool/test.h"

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
    Suite *suite = suite_create("shelf");
    TCase *tests = tcase_create("leaks");
    tcase_add_test(tests, gives_all_back);
    tcase_add_test(tests, forgets_a_shelf);
    tcase_add_test(tests, survives_without_memory);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed;
}
