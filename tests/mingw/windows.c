/* SPDX-License-Identifier: MIT
 *
 * windows.c: a program for Windows that uses the pools: windows.h and ours in one file, ours first (TAGPOOL_FIRST) or last.
 */
#ifdef TAGPOOL_FIRST
#include "ours.h"
#endif
#include <windows.h>
#ifndef TAGPOOL_FIRST
#include "ours.h"
#endif

#include "check.h"

#define TAG TAGPOOL_TAG('W', 'i', 'n', ' ')

/* Memory of a pool is memory like any other to the system, also where no program has touched it yet. */
static void a_system_call_fills_a_block(void)
{
    const SIZE_T bytes = 1 << 20;
    char path[MAX_PATH];
    DWORD done = 0;
    char *block = tagpool_alloc(TAGPOOL_PAGED, bytes, TAG);
    CHECK(block != NULL);
    CHECK(GetModuleFileNameA(NULL, path, sizeof path) != 0);
    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    CHECK(file != INVALID_HANDLE_VALUE);
    CHECK(ReadFile(file, block, (DWORD)bytes, &done, NULL));
    CHECK(done > 2 && block[0] == 'M' && block[1] == 'Z');
    CloseHandle(file);
    tagpool_free(block);
}

static void the_last_error_stays(void)
{
    SetLastError(1234);
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, 3 << 20, TAG);
    tagpool_free(block);
    tagpool_print(TAGPOOL_BY_TAG);
    CHECK(GetLastError() == 1234);
}

static void a_wdk_routine_takes_types_of_windows_h(void)
{
    ULONG tag = TAG;
    PVOID block = ExAllocatePoolWithTag(PagedPool, (SIZE_T)100, tag);
    CHECK(block != NULL);
    ExFreePoolWithTag(block, tag);
}

/* windows.h has lists of its own, one of whose names the WDK has too. */
static void lists_of_windows_h_work(void)
{
    static SLIST_HEADER head;
    static SLIST_ENTRY entry[2];
    InitializeSListHead(&head);
    CHECK(InterlockedPushEntrySList(&head, &entry[0]) == NULL);
    CHECK(InterlockedPushEntrySList(&head, &entry[1]) == &entry[0]);
    CHECK(QueryDepthSList(&head) == 2);
    CHECK(InterlockedPopEntrySList(&head) == &entry[1]);
    CHECK(InterlockedFlushSList(&head) == &entry[0]);
    CHECK(InterlockedPopEntrySList(&head) == NULL);
}

int main(void)
{
    a_system_call_fills_a_block();
    the_last_error_stays();
    a_wdk_routine_takes_types_of_windows_h();
    lists_of_windows_h_work();
    CHECK(tagpool_verdict() == TAGPOOL_CLEAN);
    return 0;
}
