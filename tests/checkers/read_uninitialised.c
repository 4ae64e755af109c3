/* SPDX-License-Identifier: MIT
 *
 * read_uninitialised.c: what a block holds is used before anything was written to it; what is zeroed may be used.
 *
 * memcheck: Conditional jump or move depends on uninitialised value
 * memcheck: at 0x.*: main \(read_uninitialised\.c
 * memcheck: Uninitialised value was created by a heap allocation
 * memcheck: by 0x.*: take \(checkers\.h
 * memcheck: ERROR SUMMARY: 1 errors
 * asan: clean */
#include "checkers.h"

int main(void)
{
    for (size_t bytes = 1; bytes < 300000; bytes = bytes * 3 + 1) {
        char *zeroed = tagpool_zalloc(TAGPOOL_PAGED, bytes, TAG);
        if (zeroed[bytes - 1] != 0)
            return 1;
        tagpool_free(zeroed);
    }
    char *block = take(100);
    if (block[5] == 1)
        sink = 1;
    tagpool_free(block);
    return 0;
}
