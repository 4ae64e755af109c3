/* SPDX-License-Identifier: MIT
 *
 * read_before_start.c: the byte before a block is read.
 *
 * memcheck: Invalid read of size 1
 * memcheck: Address 0x.* is 1 bytes before a block of size 100 alloc'd
 * memcheck: by 0x.*: take \(checkers\.h
 * memcheck: ERROR SUMMARY: 1 errors
 * asan: ERROR: AddressSanitizer: use-after-poison
 * asan: READ of size 1
 * asan: in main .*read_before_start\.c */
#include "checkers.h"

int main(void)
{
    char *block = take(100);
    sink = block[-one];
    tagpool_free(block);
    return 0;
}
