/* SPDX-License-Identifier: MIT
 *
 * wdk_slist.c: the WDK's SList routines (contracts in tagpool/wdk/slist.h).
 */
#include "tagpool/wdk/slist.h"

#include "service/slist.h"

VOID TAGPOOL_WDK_CALL InitializeSListHead(PSLIST_HEADER ListHead)
{
    slist_initialize(ListHead);
}

VOID TAGPOOL_WDK_CALL ExInitializeSListHead(PSLIST_HEADER ListHead)
{
    slist_initialize(ListHead);
}

PSLIST_ENTRY ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    return slist_pop(ListHead);
}

PSLIST_ENTRY TAGPOOL_WDK_FASTCALL ExInterlockedPopEntrySList(PSLIST_HEADER ListHead, PKSPIN_LOCK Lock)
{
    (void)Lock;
    return slist_pop(ListHead);
}

PSLIST_ENTRY ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
    return slist_push(ListHead, ListEntry);
}

PSLIST_ENTRY TAGPOOL_WDK_FASTCALL ExInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    (void)Lock;
    return slist_push(ListHead, ListEntry);
}

PSLIST_ENTRY ExpInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    return slist_flush(ListHead, NULL);
}

PSLIST_ENTRY TAGPOOL_WDK_FASTCALL ExInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    return slist_flush(ListHead, NULL);
}

USHORT ExQueryDepthSList(PSLIST_HEADER ListHead)
{
    return (USHORT)slist_depth(ListHead);
}

PSLIST_ENTRY TAGPOOL_WDK_CALL FirstEntrySList(const SLIST_HEADER *ListHead)
{
    return slist_first(ListHead);
}

PSLIST_ENTRY TAGPOOL_WDK_CALL RtlFirstEntrySList(const SLIST_HEADER *ListHead)
{
    return slist_first(ListHead);
}

#if __SIZEOF_POINTER__ == 4
PSLIST_ENTRY TAGPOOL_WDK_FASTCALL InterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    return slist_pop(ListHead);
}

PSLIST_ENTRY TAGPOOL_WDK_FASTCALL InterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
    return slist_push(ListHead, ListEntry);
}
#endif
