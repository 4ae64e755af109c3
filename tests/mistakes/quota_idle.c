/* SPDX-License-Identifier: MIT
 *
 * quota_idle.c: a quota allocation by the Idle process. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

static void *idle(void *context)
{
    (void)context;
    return NULL;
}

int main(void)
{
    tagpool_process_hook_set(idle, NULL);
    return ExAllocatePoolWithQuotaTag(PagedPool, 100, WAVE) != NULL;
}
