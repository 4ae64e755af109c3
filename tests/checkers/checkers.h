/* SPDX-License-Identifier: MIT
 *
 * checkers.h: what the programs of tests/checkers.sh share. The comment of each says what each checker is to print: extended
 * regular expressions, one a line, that match lines of its output in this order; "clean" for no report. */
#ifndef CHECKERS_H
#define CHECKERS_H

#include "tagpool.h"

#include <string.h>

#define TAG TAGPOOL_TAG('W', 'a', 'v', 'e')
#define NOINLINE __attribute__((noinline, unused))

static volatile char sink;          /* what was read wrongly goes here */
static volatile size_t one = 1;     /* compilers do not know that it is */

/* The call site that reports are to name. */
NOINLINE static void *take(size_t bytes)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, bytes, TAG);
    sink = 0; /* so that this is no jump */
    return block;
}

/* Calls a function on a part of the stack that nobody comes to afterwards: pointers left there are not found. */
NOINLINE static void far_below(void (*function)(void))
{
    volatile char space[65536];
    space[0] = 0;
    function();
    sink = space[0];
}

#endif
