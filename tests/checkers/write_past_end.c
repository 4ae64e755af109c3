/* SPDX-License-Identifier: MIT
 *
 * write_past_end.c: the byte behind a block is written. The block has room for 112.
 *
 * memcheck: Invalid write of size 1
 * memcheck: at 0x.*: main \(write_past_end\.c
 * memcheck: Address 0x.* is 0 bytes after a block of size 100 alloc'd
 * memcheck: by 0x.*: take \(checkers\.h
 * memcheck: ERROR SUMMARY: 1 errors
 * asan: ERROR: AddressSanitizer: use-after-poison
 * asan: WRITE of size 1
 * asan: in main .*write_past_end\.c */
#include "checkers.h"

int main(void)
{
    char *block = take(100);
    block[100] = 1;
    tagpool_free(block);
    return 0;
}
