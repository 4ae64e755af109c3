/* SPDX-License-Identifier: MIT
 *
 * lost_tracked.c: a lost block that the library keeps records of, and one of special pool, which only memcheck knows as a block.
 *
 * memcheck: 100 bytes in 1 blocks are definitely lost
 * memcheck: by 0x.*: take \(checkers\.h
 * memcheck: definitely lost: 100 bytes in 1 blocks
 * lsan: Direct leak of 100 byte\(s\) in 1 object\(s\) allocated from
 * lsan: in take .*checkers\.h
 * lsan: SUMMARY: .*: 100 byte\(s\) leaked in 1 allocation\(s\) */
#include "checkers.h"

NOINLINE static void lose(void)
{
    tagpool_start("track=*");
    memset(take(100), 0, 100);
}

int main(void)
{
    far_below(lose);
    return 0;
}
