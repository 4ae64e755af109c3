/* SPDX-License-Identifier: MIT
 *
 * special_after_free.c: the same read of a freed block in special pool: memcheck sees it, and then the library itself.
 *
 * memcheck: Invalid read of size 1
 * memcheck: Address 0x.* is 3 bytes inside a block of size 100 free'd
 * memcheck: by 0x.*: take \(checkers\.h
 * memcheck: tagpool: bug check 0xCC
 * memcheck: ERROR SUMMARY: 1 errors
 * asan: tagpool: bug check 0xCC */
#include "checkers.h"

int main(void)
{
    tagpool_start("special=* stack_frames=0");
    char *block = take(100);
    tagpool_free(block);
    sink = block[3];
    return 0;
}
