/* SPDX-License-Identifier: MIT
 *
 * kebugcheck.c: a driver's own bug check, which nobody handles: a free at DISPATCH_LEVEL of paged pool. */
#include "tagpool.h"
#include "tagpool/wdk/bugcheck.h"
#include "tagpool/wdk/bugcodes.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    KeBugCheckEx(BAD_POOL_CALLER, 0x09, 2, 1, (ULONG_PTR)block);
}
