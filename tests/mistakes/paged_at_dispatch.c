/* SPDX-License-Identifier: MIT
 *
 * paged_at_dispatch.c: paged pool is allocated at DISPATCH_LEVEL, in a simulator that has its own levels. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

static unsigned dispatch_level(void *context)
{
    (void)context;
    return DISPATCH_LEVEL;
}

int main(void)
{
    tagpool_irql_hook_set(dispatch_level, NULL);
    ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPoolNx, 1234, WAVE), WAVE);
    return ExAllocatePoolWithTag(PagedPool, 1234, WAVE) != NULL;
}
