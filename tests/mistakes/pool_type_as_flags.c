/* SPDX-License-Identifier: MIT
 *
 * pool_type_as_flags.c: ExAllocatePool2 is given a POOL_TYPE, as published drivers do: a finding, and the call fails. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    return ExAllocatePool2(PagedPool, 100, WAVE) != NULL;
}
