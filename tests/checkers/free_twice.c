/* SPDX-License-Identifier: MIT
 *
 * free_twice.c: a block is freed twice: the report is the library's own, and nothing else is said.
 *
 * memcheck: tagpool: bug check 0xC2 BAD_POOL_CALLER \(0x7,
 * memcheck: the block has been freed already
 * memcheck: ERROR SUMMARY: 0 errors
 * asan: tagpool: bug check 0xC2 BAD_POOL_CALLER \(0x7,
 * asan: the block has been freed already */
#include "checkers.h"

int main(void)
{
    char *block = take(100);
    tagpool_free(block);
    tagpool_free(block);
    return 0;
}
