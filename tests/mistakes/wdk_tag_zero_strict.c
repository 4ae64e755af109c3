/* SPDX-License-Identifier: MIT
 *
 * wdk_tag_zero_strict.c: tag 0 in a routine that takes a POOL_TYPE, with option strict. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"

int main(void)
{
    tagpool_start("strict=on");
    return ExAllocatePoolWithTag(PagedPool, 1234, 0) != NULL;
}
