/* SPDX-License-Identifier: MIT
 *
 * wdk_raise.c: the WDK's routines that raise (contracts in tagpool/wdk/raise.h).
 */
#include "tagpool/wdk/raise.h"

#define STATUS_DATATYPE_MISALIGNMENT 0x80000002u
#define STATUS_ACCESS_VIOLATION 0xC0000005u

void TAGPOOL_WDK_CALL ExRaiseStatus(NTSTATUS Status)
{
    tagpool_raise((uint32_t)Status);
}

void TAGPOOL_WDK_CALL ExRaiseAccessViolation(void)
{
    tagpool_raise(STATUS_ACCESS_VIOLATION);
}

void TAGPOOL_WDK_CALL ExRaiseDatatypeMisalignment(void)
{
    tagpool_raise(STATUS_DATATYPE_MISALIGNMENT);
}
