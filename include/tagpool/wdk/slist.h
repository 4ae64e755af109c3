/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/slist.h: the WDK's sequenced singly linked lists, as real functions: the inline code of DDK headers calls them.
 *
 * Any number of threads may use a list at the same time. An entry that was popped may be freed at once: no other thread looks at
 * it any more. On 64 bit the header and every entry are aligned to 16 bytes: an entry that is not is the finding
 * 0x1E/0x80000002 (0, 0, entry), for it works here, but not on Windows.
 *
 * The Lock of the routines that have one may be NULL: nobody looks at it.
 *
 * For drivers: after windows.h, which has some of these names for its own lists, this declares nothing.
 */
#ifndef TAGPOOL_WDK_SLIST_H
#define TAGPOOL_WDK_SLIST_H

#include "tagpool/wdk/types.h"

#if !defined(_WDMDDK_) && !defined(_WINNT_) && !defined(TAGPOOL_WDK_NO_SLIST)

#ifdef __cplusplus
extern "C" {
#endif

/* Makes `ListHead` an empty list. Raises STATUS_DATATYPE_MISALIGNMENT, without effect, if it is not aligned. */
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL InitializeSListHead(PSLIST_HEADER ListHead);
TAGPOOL_WDK_API VOID TAGPOOL_WDK_CALL ExInitializeSListHead(PSLIST_HEADER ListHead);

/* Takes the first entry out of the list and returns it; NULL iff the list is empty. */
TAGPOOL_WDK_API PSLIST_ENTRY ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead);
TAGPOOL_WDK_API PSLIST_ENTRY TAGPOOL_WDK_FASTCALL ExInterlockedPopEntrySList(PSLIST_HEADER ListHead, PKSPIN_LOCK Lock);

/* Puts an entry before all others and returns the one that was first before, NULL if there was none. Bug check 0xC2/0x46 for
 * NULL, 0xC2/0x07 (0, 0, entry) for the entry that is the first already; the list then stays as it was. */
TAGPOOL_WDK_API PSLIST_ENTRY ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry);
TAGPOOL_WDK_API PSLIST_ENTRY TAGPOOL_WDK_FASTCALL ExInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry,
                                                                               PKSPIN_LOCK Lock);

/* Empties the list and returns its entries, chained by Next. */
TAGPOOL_WDK_API PSLIST_ENTRY ExpInterlockedFlushSList(PSLIST_HEADER ListHead);
TAGPOOL_WDK_API PSLIST_ENTRY TAGPOOL_WDK_FASTCALL ExInterlockedFlushSList(PSLIST_HEADER ListHead);

/* The number of entries, modulo 65,536. */
TAGPOOL_WDK_API USHORT ExQueryDepthSList(PSLIST_HEADER ListHead);

/* The first entry, which stays in the list; NULL iff that is empty. */
TAGPOOL_WDK_API PSLIST_ENTRY TAGPOOL_WDK_CALL FirstEntrySList(const SLIST_HEADER *ListHead);
TAGPOOL_WDK_API PSLIST_ENTRY TAGPOOL_WDK_CALL RtlFirstEntrySList(const SLIST_HEADER *ListHead);

/* The names that DDK headers have for the same, as functions for 32-bit code, which calls them. */
#if __SIZEOF_POINTER__ == 4
TAGPOOL_WDK_API PSLIST_ENTRY TAGPOOL_WDK_FASTCALL InterlockedPopEntrySList(PSLIST_HEADER ListHead);
TAGPOOL_WDK_API PSLIST_ENTRY TAGPOOL_WDK_FASTCALL InterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry);
#else
#ifndef InterlockedPopEntrySList
#define InterlockedPopEntrySList(ListHead) ExpInterlockedPopEntrySList(ListHead)
#define InterlockedPushEntrySList(ListHead, ListEntry) ExpInterlockedPushEntrySList(ListHead, ListEntry)
#endif
#endif
#ifndef QueryDepthSList
#define InterlockedFlushSList(ListHead) ExInterlockedFlushSList(ListHead)
#define QueryDepthSList(ListHead) ExQueryDepthSList(ListHead)
#endif

#ifdef __cplusplus
}
#endif

#endif
#endif
