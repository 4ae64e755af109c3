/* SPDX-License-Identifier: MIT
 *
 * held.c: every block is held: by a variable, by a block that is held, by memory of malloc's, by a block of special pool; and
 * blocks hold memory of malloc's; tracked ones are no exception. Nothing is lost.
 *
 * memcheck: definitely lost: 0 bytes in 0 blocks
 * memcheck: indirectly lost: 0 bytes in 0 blocks
 * memcheck: possibly lost: 0 bytes in 0 blocks
 * memcheck: ERROR SUMMARY: 0 errors
 * lsan: clean */
#include "checkers.h"

#include <stdlib.h>

void **held; /* a compiler must believe that somebody reads it */

/* A block, zeroed, with a block and memory of malloc's in it. */
NOINLINE static void **make(size_t bytes)
{
    void **block = tagpool_zalloc(TAGPOOL_NONPAGED, bytes, TAG);
    block[1] = tagpool_zalloc(TAGPOOL_PAGED, bytes, TAG);
    block[2] = malloc(10);
    return block;
}

NOINLINE static void hold(void)
{
    for (size_t bytes = 64; bytes < 200000; bytes = bytes * 3) {
        void **block = make(bytes);
        block[0] = held;
        held = block;
    }
    void **of_malloc = calloc(1, 64);
    of_malloc[0] = make(64);
    of_malloc[1] = held;
    tagpool_start("special=*");
    void **special = make(300);
    tagpool_start("special=none track=*");
    special[0] = of_malloc;
    special[3] = make(100);
    held = special;
}

int main(void)
{
    far_below(hold);
    return 0;
}
