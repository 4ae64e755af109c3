/* SPDX-License-Identifier: MIT
 *
 * quota_underflow.c: more quota is returned than is charged. */
#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"

int main(void)
{
    PEPROCESS process = (PEPROCESS)(uintptr_t)0x1234;
    PsChargePoolQuota(process, PagedPool, 100);
    PsReturnPoolQuota(process, PagedPool, 160);
    return 0;
}
