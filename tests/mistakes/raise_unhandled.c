/* SPDX-License-Identifier: MIT
 *
 * raise_unhandled.c: an allocation that raises fails, and nobody handles it. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_limit_set(TAGPOOL_PAGED, 10000);
    return FsRtlAllocatePoolWithTag(PagedPool, 20000, WAVE) != NULL;
}
