/* SPDX-License-Identifier: MIT
 *
 * wdk_tag_zero.c: tag 0 in a routine that takes a POOL_TYPE: a finding, and the call fails. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"

int main(void)
{
    return ExAllocatePoolWithTag(PagedPool, 1234, 0) != NULL;
}
