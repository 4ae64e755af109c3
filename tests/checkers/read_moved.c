/* SPDX-License-Identifier: MIT
 *
 * read_moved.c: a block is read where it was before it was reallocated, though its new size fits there.
 *
 * memcheck: Invalid read of size 1
 * memcheck: Address 0x.* is 7 bytes inside a block of size 100 free'd
 * memcheck: ERROR SUMMARY: 1 errors
 * asan: ERROR: AddressSanitizer: use-after-poison
 * asan: in main .*read_moved\.c */
#include "checkers.h"

int main(void)
{
    char *block = take(100);
    memset(block, 1, 100);
    char *moved = tagpool_realloc(block, 110);
    sink = moved[7];
    sink = block[7];
    tagpool_free(moved);
    return 0;
}
