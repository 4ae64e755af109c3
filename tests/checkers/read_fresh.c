/* SPDX-License-Identifier: MIT
 *
 * read_fresh.c: the same for the WDK's routines, which fill what they do not zero.
 *
 * memcheck: Conditional jump or move depends on uninitialised value
 * memcheck: at 0x.*: use \(read_fresh\.c
 * memcheck: by 0x.*: main \(read_fresh\.c
 * memcheck: Conditional jump or move depends on uninitialised value
 * memcheck: at 0x.*: use \(read_fresh\.c
 * memcheck: ERROR SUMMARY: 2 errors
 * asan: clean */
#include "checkers.h"
#include "tagpool/wdk/pool.h"

NOINLINE static void use(const char *block)
{
    if (block[50] == 1)
        sink = 1;
}

int main(void)
{
    char *zeroed = ExAllocatePool2(POOL_FLAG_PAGED, 100, TAG);
    char *uninitialised = ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_UNINITIALIZED, 100, TAG);
    char *legacy = ExAllocatePoolWithTag(PagedPool, 100, TAG);
    use(zeroed);
    use(uninitialised);
    use(legacy);
    ExFreePool(zeroed);
    ExFreePool(uninitialised);
    ExFreePool(legacy);
    return 0;
}
