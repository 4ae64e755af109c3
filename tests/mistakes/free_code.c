/* SPDX-License-Identifier: MIT
 *
 * free_code.c: the address of a function freed, before the library was ever started. */
#include "tagpool.h"

int main(void)
{
    tagpool_free((void *)(uintptr_t)main);
    return tagpool_verdict();
}
