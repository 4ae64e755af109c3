/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/sysinfo.h: what the system tells about its pools, for code that asks NtQuerySystemInformation(), as PoolMon does.
 *
 * Structs are left out by TAGPOOL_WDK_NO_SYSTEM_INFORMATION, for whoever has definitions of his own.
 */
#ifndef TAGPOOL_WDK_SYSINFO_H
#define TAGPOOL_WDK_SYSINFO_H

#include "tagpool/wdk/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef TAGPOOL_WDK_NO_SYSTEM_INFORMATION
#ifndef _WINTERNL_
typedef enum _SYSTEM_INFORMATION_CLASS {
    SystemPoolTagInformation = 22,
    SystemLookasideInformation = 45,
    SystemVerifierInformation = 51,
    SystemBigPoolInformation = 66,
    SystemPoolZeroingInformation = 227
} SYSTEM_INFORMATION_CLASS;
#endif

/* One tag. Counts are totals modulo 2^32; bytes are what the outstanding blocks take from the pool. */
typedef struct _SYSTEM_POOLTAG {
    union {
        UCHAR Tag[4];
        ULONG TagUlong;
    };
    ULONG PagedAllocs;
    ULONG PagedFrees;
    SIZE_T PagedUsed;
    ULONG NonPagedAllocs;
    ULONG NonPagedFrees;
    SIZE_T NonPagedUsed;
} SYSTEM_POOLTAG, *PSYSTEM_POOLTAG;

typedef struct _SYSTEM_POOLTAG_INFORMATION {
    ULONG Count;
    SYSTEM_POOLTAG TagInfo[1];
} SYSTEM_POOLTAG_INFORMATION, *PSYSTEM_POOLTAG_INFORMATION;

/* One outstanding block of whole pages. Bit 0 of the address says nonpaged. */
typedef struct _SYSTEM_BIGPOOL_ENTRY {
    union {
        PVOID VirtualAddress;
        ULONG_PTR NonPaged : 1;
    };
    SIZE_T SizeInBytes;
    union {
        UCHAR Tag[4];
        ULONG TagUlong;
    };
} SYSTEM_BIGPOOL_ENTRY, *PSYSTEM_BIGPOOL_ENTRY;

typedef struct _SYSTEM_BIGPOOL_INFORMATION {
    ULONG Count;
    SYSTEM_BIGPOOL_ENTRY AllocatedInfo[1];
} SYSTEM_BIGPOOL_INFORMATION, *PSYSTEM_BIGPOOL_INFORMATION;

/* One lookaside list that was not deleted. MaximumDepth is how many entries it may keep now: L.Depth. winternl.h has no more than
 * a name for it. */
#ifndef _WINTERNL_
typedef struct _SYSTEM_LOOKASIDE_INFORMATION {
    USHORT CurrentDepth;
    USHORT MaximumDepth;
    ULONG TotalAllocates;
    ULONG AllocateMisses;
    ULONG TotalFrees;
    ULONG FreeMisses;
    ULONG Type;
    ULONG Tag;
    ULONG Size;
} SYSTEM_LOOKASIDE_INFORMATION, *PSYSTEM_LOOKASIDE_INFORMATION;
#endif

typedef struct _SYSTEM_POOL_ZEROING_INFORMATION {
    BOOLEAN PoolZeroingSupportPresent;
} SYSTEM_POOL_ZEROING_INFORMATION, *PSYSTEM_POOL_ZEROING_INFORMATION;

/* Driver Verifier's counters, then those of one driver; the latter as tagpool_driver_read() has them. Counts are modulo 2^32.
 * Level: what is on: 1 special pool, 2 force-IRQL checking, 4 fault injection, 8 tracking. IRQL raises, spin locks and
 * synchronized executions are not counted (0), and no pool of a driver is untracked (0). */
typedef struct _SYSTEM_VERIFIER_INFORMATION {
    ULONG NextEntryOffset; /* from this entry to the next; 0 in the last */
    ULONG Level;
    struct {               /* laid out as UNICODE_STRING; the characters lie behind the entry, closed by a zero */
        USHORT Length;     /* in bytes, without the zero */
        USHORT MaximumLength;
        USHORT *Buffer;
    } DriverName;
    ULONG RaiseIrqls;
    ULONG AcquireSpinLocks;
    ULONG SynchronizeExecutions;
    ULONG AllocationsAttempted;
    ULONG AllocationsSucceeded;
    ULONG AllocationsSucceededSpecialPool;
    ULONG AllocationsWithNoTag;
    ULONG TrimRequests;
    ULONG Trims;
    ULONG AllocationsFailed;
    ULONG AllocationsFailedDeliberately;
    ULONG Loads;
    ULONG Unloads;
    ULONG UnTrackedPool;
    ULONG CurrentPagedPoolAllocations;
    ULONG CurrentNonPagedPoolAllocations;
    ULONG PeakPagedPoolAllocations;
    ULONG PeakNonPagedPoolAllocations;
    SIZE_T PagedPoolUsageInBytes;
    SIZE_T NonPagedPoolUsageInBytes;
    SIZE_T PeakPagedPoolUsageInBytes;
    SIZE_T PeakNonPagedPoolUsageInBytes;
} SYSTEM_VERIFIER_INFORMATION, *PSYSTEM_VERIFIER_INFORMATION;
#endif

/* Writes what `SystemInformationClass` asks for to `SystemInformation`, at most `SystemInformationLength` bytes, and how many
 * bytes the whole answer has to *ReturnLength, unless that is NULL:
 *   22   SYSTEM_POOLTAG_INFORMATION: every tag ever allocated, in no order, those of both pools in one entry
 *   45   an array of SYSTEM_LOOKASIDE_INFORMATION, in no order
 *   51   SYSTEM_VERIFIER_INFORMATION of every driver ever loaded (tagpool/verifier.h), each with its name behind it
 *   66   SYSTEM_BIGPOOL_INFORMATION, by address, nonpaged pool first
 *   227  SYSTEM_POOL_ZEROING_INFORMATION
 * Fails iff the answer does not fit (STATUS_INFO_LENGTH_MISMATCH: what was written then means nothing; ask again with more than
 * *ReturnLength, for there may be more by then), `SystemInformation` is NULL and the length is not 0
 * (STATUS_ACCESS_VIOLATION), or the class is another (STATUS_INVALID_INFO_CLASS). */
TAGPOOL_WDK_API NTSTATUS TAGPOOL_WDK_CALL NtQuerySystemInformation(SYSTEM_INFORMATION_CLASS SystemInformationClass,
                                                                   PVOID SystemInformation, ULONG SystemInformationLength,
                                                                   PULONG ReturnLength);
TAGPOOL_WDK_API NTSTATUS TAGPOOL_WDK_CALL ZwQuerySystemInformation(SYSTEM_INFORMATION_CLASS SystemInformationClass,
                                                                   PVOID SystemInformation, ULONG SystemInformationLength,
                                                                   PULONG ReturnLength);

#ifdef __cplusplus
}
#endif

#endif
