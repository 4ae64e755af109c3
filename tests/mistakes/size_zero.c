/* SPDX-License-Identifier: MIT
 *
 * size_zero.c: an allocation of no bytes: a finding, and a block all the same. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    ExFreePoolWithTag(ExAllocatePoolWithTag(PagedPool, 0, WAVE), WAVE);
    return tagpool_verdict();
}
