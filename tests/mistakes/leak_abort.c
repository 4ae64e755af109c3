/* SPDX-License-Identifier: MIT
 *
 * leak_abort.c: a block left at exit with option exit=abort. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("exit=abort");
    tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    return 0;
}
