/* SPDX-License-Identifier: MIT
 *
 * lost.c: the last pointer to blocks is lost: to one, to one of several pages, and to one that points to another. One is held.
 *
 * memcheck: 300 \(100 direct, 200 indirect\) bytes in 1 blocks are definitely lost
 * memcheck: by 0x.*: lose_chain \(lost\.c
 * memcheck: 50,000 bytes in 1 blocks are definitely lost
 * memcheck: by 0x.*: lose_one \(lost\.c
 * memcheck: definitely lost: 50,100 bytes in 2 blocks
 * memcheck: indirectly lost: 200 bytes in 1 blocks
 * memcheck: possibly lost: 0 bytes in 0 blocks
 * memcheck: still reachable: 70 bytes in 1 blocks
 * lsan: ERROR: LeakSanitizer: detected memory leaks
 * lsan: Direct leak of 50000 byte\(s\) in 1 object\(s\) allocated from
 * lsan: in take .*checkers\.h
 * lsan: in lose_one .*lost\.c
 * lsan: Direct leak of 100 byte\(s\) in 1 object\(s\) allocated from
 * lsan: in take .*checkers\.h
 * lsan: in lose_chain .*lost\.c
 * lsan: Indirect leak of 200 byte\(s\) in 1 object\(s\) allocated from
 * lsan: in lose_chain .*lost\.c
 * lsan: SUMMARY: .*: 50300 byte\(s\) leaked in 3 allocation\(s\) */
#include "checkers.h"

void **held; /* a compiler must believe that somebody reads it */

NOINLINE static void lose_one(void)
{
    memset(take(50000), 0, 50000);
}

NOINLINE static void lose_chain(void)
{
    void **first = take(100);
    void **second = take(200);
    memset(second, 0, 200);
    memset(first, 0, 100);
    first[3] = second;
}

NOINLINE static void hold_one(void)
{
    held = take(70);
    memset(held, 0, 70);
}

int main(void)
{
    far_below(lose_one);
    far_below(lose_chain);
    far_below(hold_one);
    return 0;
}
