/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/list.h: doubly linked lists of LIST_ENTRY, single lists, and lists behind a spin lock.
 *
 * As in Windows, an entry whose neighbours do not point back to it is bug check 0x139 KERNEL_SECURITY_CHECK_FAILURE (3, the
 * entry): often it lies in a freed block or was removed twice. NO_KERNEL_LIST_ENTRY_CHECKS leaves that out.
 */
#ifndef TAGPOOL_WDK_LIST_H
#define TAGPOOL_WDK_LIST_H

#include "tagpool/wdk/bugcheck.h"
#include "tagpool/wdk/irql.h"

#ifndef CONTAINING_RECORD
#define CONTAINING_RECORD(address, type, field) ((type *)((PCHAR)(address) - offsetof(type, field)))
#endif

/* Does not return unless `entry` hangs between its two neighbours. */
static inline VOID tagpool_wdk_linked(const LIST_ENTRY *entry)
{
#ifndef NO_KERNEL_LIST_ENTRY_CHECKS
    if (entry->Flink->Blink != entry || entry->Blink->Flink != entry)
        KeBugCheckEx(0x139, 3, (ULONG_PTR)entry, 0, 0);
#else
    (void)entry;
#endif
}

static inline VOID InitializeListHead(PLIST_ENTRY ListHead)
{
    ListHead->Flink = ListHead->Blink = ListHead;
}

static inline BOOLEAN IsListEmpty(const LIST_ENTRY *ListHead)
{
    return ListHead->Flink == ListHead;
}

/* TRUE iff the list is then empty. */
static inline BOOLEAN RemoveEntryList(PLIST_ENTRY Entry)
{
    tagpool_wdk_linked(Entry);
    Entry->Blink->Flink = Entry->Flink;
    Entry->Flink->Blink = Entry->Blink;
    return Entry->Flink == Entry->Blink;
}

/* The removed entry; the head itself if the list was empty. */
static inline PLIST_ENTRY RemoveHeadList(PLIST_ENTRY ListHead)
{
    PLIST_ENTRY entry = ListHead->Flink;

    RemoveEntryList(entry);
    return entry;
}

static inline PLIST_ENTRY RemoveTailList(PLIST_ENTRY ListHead)
{
    PLIST_ENTRY entry = ListHead->Blink;

    RemoveEntryList(entry);
    return entry;
}

static inline VOID InsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
    tagpool_wdk_linked(ListHead);
    Entry->Flink = ListHead->Flink;
    Entry->Blink = ListHead;
    ListHead->Flink->Blink = Entry;
    ListHead->Flink = Entry;
}

static inline VOID InsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
    tagpool_wdk_linked(ListHead);
    Entry->Flink = ListHead;
    Entry->Blink = ListHead->Blink;
    ListHead->Blink->Flink = Entry;
    ListHead->Blink = Entry;
}

/* Appends a chain that has no head of its own: `ListToAppend` is its first entry. */
static inline VOID AppendTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListToAppend)
{
    PLIST_ENTRY last = ListToAppend->Blink;

    tagpool_wdk_linked(ListHead);
    tagpool_wdk_linked(ListToAppend);
    ListHead->Blink->Flink = ListToAppend;
    ListToAppend->Blink = ListHead->Blink;
    last->Flink = ListHead;
    ListHead->Blink = last;
}

static inline VOID PushEntryList(PSINGLE_LIST_ENTRY ListHead, PSINGLE_LIST_ENTRY Entry)
{
    Entry->Next = ListHead->Next;
    ListHead->Next = Entry;
}

/* NULL if the list is empty. */
static inline PSINGLE_LIST_ENTRY PopEntryList(PSINGLE_LIST_ENTRY ListHead)
{
    PSINGLE_LIST_ENTRY entry = ListHead->Next;

    if (entry != NULL)
        ListHead->Next = entry->Next;
    return entry;
}

/* ---- Behind a spin lock: at any IRQL. They return the entry that was first, or last, before; NULL if there was none. - */

static inline KIRQL tagpool_wdk_list_lock(PKSPIN_LOCK lock)
{
    KIRQL irql = KeGetCurrentIrql();

    if (irql < DISPATCH_LEVEL)
        KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeAcquireSpinLockAtDpcLevel(lock);
    return irql;
}

static inline VOID tagpool_wdk_list_unlock(PKSPIN_LOCK lock, KIRQL irql)
{
    KeReleaseSpinLockFromDpcLevel(lock);
    if (irql < DISPATCH_LEVEL)
        KeLowerIrql(irql);
}

static inline PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    KIRQL irql = tagpool_wdk_list_lock(Lock);
    PLIST_ENTRY before = IsListEmpty(ListHead) ? NULL : ListHead->Flink;

    InsertHeadList(ListHead, ListEntry);
    tagpool_wdk_list_unlock(Lock, irql);
    return before;
}

static inline PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
    KIRQL irql = tagpool_wdk_list_lock(Lock);
    PLIST_ENTRY before = IsListEmpty(ListHead) ? NULL : ListHead->Blink;

    InsertTailList(ListHead, ListEntry);
    tagpool_wdk_list_unlock(Lock, irql);
    return before;
}

static inline PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    KIRQL irql = tagpool_wdk_list_lock(Lock);
    PLIST_ENTRY first = IsListEmpty(ListHead) ? NULL : RemoveHeadList(ListHead);

    tagpool_wdk_list_unlock(Lock, irql);
    return first;
}

#endif
