/* SPDX-License-Identifier: MIT
 *
 * must_succeed.c: an allocation from must-succeed pool. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    return ExAllocatePoolWithTag(NonPagedPoolMustSucceed, 1234, WAVE) != NULL;
}
