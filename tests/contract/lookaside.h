/* SPDX-License-Identifier: MIT
 *
 * lookaside.h: what the tests of lookaside lists share: functions that remember how they were called, and what the inline code of
 * DDK headers does to a list. */
#ifndef LOOKASIDE_H
#define LOOKASIDE_H

#include "../api/test.h"

#include "tagpool/wdk.h"
#include "tagpool/wdk/lookaside.h"
#include "tagpool/wdk/pool.h"
#include "tagpool/wdk/slist.h"

/* How custom functions were called last, and how often. */
static struct {
    unsigned allocates, frees;
    POOL_TYPE type;
    SIZE_T bytes;
    ULONG tag;
    PVOID freed;
    PLOOKASIDE_LIST_EX list;
} calls;

static inline PVOID TAGPOOL_WDK_CALL custom_allocate(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
    calls.allocates++;
    calls.type = type;
    calls.bytes = bytes;
    calls.tag = tag;
    return ExAllocatePoolWithTag(type, bytes, tag);
}

static inline VOID TAGPOOL_WDK_CALL custom_free(PVOID entry)
{
    calls.frees++;
    calls.freed = entry;
    ExFreePool(entry);
}

static inline PVOID TAGPOOL_WDK_CALL custom_allocate_ex(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX list)
{
    calls.list = list;
    return custom_allocate(type, bytes, tag);
}

static inline VOID TAGPOOL_WDK_CALL custom_free_ex(PVOID entry, PLOOKASIDE_LIST_EX list)
{
    calls.list = list;
    custom_free(entry);
}

static inline void calls_forget(void)
{
    memset(&calls, 0, sizeof calls);
}

/* ---- The inline code of DDK headers: on 64 bit; 32-bit code differs in how it asks for the depth ------------------------ */

static inline PVOID inline_allocate(PNPAGED_LOOKASIDE_LIST list)
{
    list->L.TotalAllocates++;
    PVOID entry = ExpInterlockedPopEntrySList(&list->L.ListHead);
    if (entry == NULL) {
        list->L.AllocateMisses++;
        entry = list->L.Allocate(list->L.Type, list->L.Size, list->L.Tag);
    }
    return entry;
}

static inline void inline_free(PNPAGED_LOOKASIDE_LIST list, PVOID entry)
{
    list->L.TotalFrees++;
#if __SIZEOF_POINTER__ == 8
    bool is_full = (USHORT)(list->L.ListHead.Alignment & 0xFFFF) >= list->L.Depth;
#else
    bool is_full = list->L.ListHead.Depth >= list->L.Depth;
#endif
    if (is_full) {
        list->L.FreeMisses++;
        list->L.Free(entry);
    } else {
        ExpInterlockedPushEntrySList(&list->L.ListHead, entry);
    }
}

/* ---- IRQL -------------------------------------------------------------------------------------------------------------- */

static unsigned level;

static inline unsigned level_hook(void *context)
{
    (void)context;
    return level;
}

/* Until level_end(), every thread is at the level in `level`. */
static inline void level_begin(unsigned now)
{
    level = now;
    tagpool_irql_hook_set(level_hook, NULL);
}

static inline void level_end(void)
{
    tagpool_irql_hook_set(NULL, NULL);
}

#endif
