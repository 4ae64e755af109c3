/* SPDX-License-Identifier: MIT
 *
 * wdk_sysinfo.c: NtQuerySystemInformation() and its twin (contracts in tagpool/wdk/sysinfo.h).
 */
#include "tagpool/wdk/sysinfo.h"

#include "service/sysinfo.h"

#define SYSINFO_SUCCESS 0
#define SYSINFO_INVALID_INFO_CLASS ((NTSTATUS)0xC0000003)
#define SYSINFO_INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)
#define SYSINFO_ACCESS_VIOLATION ((NTSTATUS)0xC0000005)

NTSTATUS TAGPOOL_WDK_CALL NtQuerySystemInformation(SYSTEM_INFORMATION_CLASS SystemInformationClass, PVOID SystemInformation,
                                                   ULONG SystemInformationLength, PULONG ReturnLength)
{
    size_t length;
    if (SystemInformation == NULL && SystemInformationLength != 0)
        return SYSINFO_ACCESS_VIOLATION;
    enum sysinfo_result result =
        sysinfo_query((unsigned)SystemInformationClass, SystemInformation, SystemInformationLength, &length);
    if (ReturnLength != NULL)
        *ReturnLength = (ULONG)length;
    return result == SYSINFO_DONE        ? SYSINFO_SUCCESS
           : result == SYSINFO_TOO_SMALL ? SYSINFO_INFO_LENGTH_MISMATCH
                                         : SYSINFO_INVALID_INFO_CLASS;
}

NTSTATUS TAGPOOL_WDK_CALL ZwQuerySystemInformation(SYSTEM_INFORMATION_CLASS SystemInformationClass, PVOID SystemInformation,
                                                   ULONG SystemInformationLength, PULONG ReturnLength)
{
    return NtQuerySystemInformation(SystemInformationClass, SystemInformation, SystemInformationLength, ReturnLength);
}
