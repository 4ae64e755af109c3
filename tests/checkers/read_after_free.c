/* SPDX-License-Identifier: MIT
 *
 * read_after_free.c: a block is read after it was freed, when another of its size has been allocated since.
 *
 * memcheck: Invalid read of size 1
 * memcheck: at 0x.*: main \(read_after_free\.c
 * memcheck: Address 0x.* is 3 bytes inside a block of size 100 free'd
 * memcheck: by 0x.*: give_back \(read_after_free\.c
 * memcheck: Block was alloc'd at
 * memcheck: by 0x.*: take \(checkers\.h
 * memcheck: ERROR SUMMARY: 1 errors
 * asan: ERROR: AddressSanitizer: use-after-poison
 * asan: READ of size 1
 * asan: in main .*read_after_free\.c */
#include "checkers.h"

NOINLINE static void give_back(char *block)
{
    tagpool_free(block);
}

int main(void)
{
    char *block = take(100);
    memset(block, 0, 100);
    give_back(block);
    char *other = take(100);
    sink = block[3];
    tagpool_free(other);
    return 0;
}
