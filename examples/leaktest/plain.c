/* SPDX-License-Identifier: MIT
 *
 * plain.c: leak tests without a framework: the first failure is printed, and the program aborts.
 */
#include "shelf.h"
#include "tagpool/test.h"

#include <stdio.h>

TAGPOOL_TEST(gives_all_back)
{
    shelf_delete(shelf_new(8));
}

TAGPOOL_TEST(survives_without_memory)
{
    TAGPOOL_EACH_FAILURE("*") {
        shelf_delete(shelf_new(8));
    }
}

int main(void)
{
    gives_all_back();
    (void)puts("gives_all_back: good");
    (void)fflush(stdout);
    survives_without_memory();
    (void)puts("survives_without_memory: good");
    return 0;
}
