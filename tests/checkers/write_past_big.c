/* SPDX-License-Identifier: MIT
 *
 * write_past_big.c: the byte behind a block of several pages is written, by memset().
 *
 * memcheck: Invalid write of size 1
 * memcheck: Address 0x.* is 0 bytes after a block of size 100,000 alloc'd
 * memcheck: by 0x.*: take \(checkers\.h
 * memcheck: ERROR SUMMARY: 1 errors
 * asan: ERROR: AddressSanitizer: use-after-poison
 * asan: WRITE of size 100001
 * asan: in main .*write_past_big\.c */
#include "checkers.h"

int main(void)
{
    char *block = take(100000);
    memset(block, 1, 100000 + one);
    tagpool_free(block);
    return 0;
}
