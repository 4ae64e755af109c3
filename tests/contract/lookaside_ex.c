/* SPDX-License-Identifier: MIT
 *
 * lookaside_ex.c: tests of lookaside lists of any pool type, LOOKASIDE_LIST_EX. */
#include "lookaside.h"

#define TAG TAGPOOL_TAG('L', 'i', 'E', 'x')
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define STATUS_INVALID_PARAMETER_4 ((NTSTATUS)0xC00000F2)
#define STATUS_INVALID_PARAMETER_5 ((NTSTATUS)0xC00000F3)

/* "A fresh list has Depth 4, MaximumDepth 256, all counters 0"; "If Flags is zero, PoolType [...] is the same value that was
 * passed"; with RAISE_ON_FAIL it is ORed with POOL_RAISE_IF_ALLOCATION_FAILURE, with FAIL_NO_RAISE with
 * POOL_QUOTA_FAIL_INSTEAD_OF_RAISE. */
static void fresh_lists(void **state)
{
    static const POOL_TYPE types[] = {NonPagedPool,          PagedPool,        NonPagedPoolCacheAligned,
                                      PagedPoolCacheAligned, NonPagedPoolNx,   NonPagedPoolNxCacheAligned,
                                      NonPagedPoolSession,   PagedPoolSession, NonPagedPoolSessionNx};
    static const unsigned added[] = {0, POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_QUOTA_FAIL_INSTEAD_OF_RAISE};
    LOOKASIDE_LIST_EX list;
    (void)state;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (ULONG flags = 0; flags < 3; flags++) {
            memset(&list, 0x5A, sizeof list);
            same(ExInitializeLookasideListEx(&list, custom_allocate_ex, custom_free_ex, types[t], flags, 99, TAG, 17), 0);
            same(list.L.Depth, 4);
            same(list.L.MaximumDepth, 256);
            same(list.L.TotalAllocates | list.L.AllocateMisses | list.L.TotalFrees | list.L.FreeMisses, 0);
            same(list.L.Type, (unsigned)types[t] | added[flags]);
            same(list.L.Tag, TAG);
            same(list.L.Size, 99);
            same(ExQueryDepthSList(&list.L.ListHead), 0);
            check(list.L.AllocateEx == custom_allocate_ex && list.L.FreeEx == custom_free_ex);
            ExDeleteLookasideListEx(&list);
        }
}

/* "STATUS_INVALID_PARAMETER_4": PoolType is none that drivers may use. */
static void wrong_pool_types(void **state)
{
    static const int types[] = {2, 3, 6, 7, 34, 35, 38, 64, 128, 2048, 0x10000, -1};
    LOOKASIDE_LIST_EX list;
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        same(ExInitializeLookasideListEx(&list, NULL, NULL, (POOL_TYPE)types[i], 0, 64, TAG, 0), STATUS_INVALID_PARAMETER_4);
}

/* "STATUS_INVALID_PARAMETER_5": the two flags are mutually exclusive, and there are no others. */
static void wrong_flags(void **state)
{
    LOOKASIDE_LIST_EX list;
    (void)state;
    same(ExInitializeLookasideListEx(&list, NULL, NULL, PagedPool, 3, 64, TAG, 0), STATUS_INVALID_PARAMETER_5);
    for (unsigned bit = 2; bit < 32; bit++)
        for (ULONG also = 0; also < 4; also++)
            same(ExInitializeLookasideListEx(&list, NULL, NULL, PagedPool, (ULONG)1 << bit | also, 64, TAG, 0),
                 STATUS_INVALID_PARAMETER_5);
}

/* "Ex forms have an extra last PLOOKASIDE_LIST_EX argument (use CONTAINING_RECORD to reach a private struct)." */
static void functions_are_told_the_list(void **state)
{
    struct {
        int before;
        LOOKASIDE_LIST_EX list;
    } mine;
    (void)state;
    calls_forget();
    same(ExInitializeLookasideListEx(&mine.list, custom_allocate_ex, custom_free_ex, PagedPool, 1, 72, TAG, 0), 0);
    PVOID entry = ExAllocateFromLookasideListEx(&mine.list);
    check(calls.allocates == 1 && calls.list == &mine.list);
    same(calls.type, PagedPool | POOL_RAISE_IF_ALLOCATION_FAILURE);
    same(calls.bytes, 72);
    same(calls.tag, TAG);
    calls.list = NULL;
    ExFreeToLookasideListEx(&mine.list, entry);
    check(calls.frees == 0);
    ExDeleteLookasideListEx(&mine.list);
    check(calls.frees == 1 && calls.list == &mine.list && calls.freed == entry);
}

/* A full list calls Free with itself as well. */
static void full_list(void **state)
{
    LOOKASIDE_LIST_EX list;
    PVOID entries[6];
    (void)state;
    calls_forget();
    same(ExInitializeLookasideListEx(&list, custom_allocate_ex, custom_free_ex, NonPagedPoolNx, 0, 72, TAG, 0), 0);
    for (int i = 0; i < 6; i++)
        entries[i] = ExAllocateFromLookasideListEx(&list);
    for (int i = 0; i < 6; i++)
        ExFreeToLookasideListEx(&list, entries[i]);
    check(calls.frees == 2 && calls.freed == entries[5] && calls.list == &list);
    same(list.L.FreeMisses, 2);
    ExDeleteLookasideListEx(&list);
    same(calls.frees, 6);
}

/* "LOOKASIDE_LIST_EX counters 1/1/1 after one round; flush leaves depth 0"; "Flush: empties the list, keeps it usable." */
static void one_round_and_flush(void **state)
{
    LOOKASIDE_LIST_EX list;
    uint32_t tag = fresh_tag();
    (void)state;
    same(ExInitializeLookasideListEx(&list, NULL, NULL, PagedPool, 0, 500, tag, 0), 0);
    PVOID entry = ExAllocateFromLookasideListEx(&list);
    check(query(entry).pool == TAGPOOL_PAGED && query(entry).bytes == 500);
    ExFreeToLookasideListEx(&list, entry);
    same(list.L.TotalAllocates, 1);
    same(list.L.AllocateMisses, 1);
    same(list.L.TotalFrees, 1);
    same(list.L.FreeMisses, 0);
    same(ExQueryDepthSList(&list.L.ListHead), 1);
    ExFlushLookasideListEx(&list);
    same(ExQueryDepthSList(&list.L.ListHead), 0);
    same(stats_of(tag, TAGPOOL_PAGED).blocks, 0);
    entry = ExAllocateFromLookasideListEx(&list);
    same(list.L.AllocateMisses, 2);
    ExFreeToLookasideListEx(&list, entry);
    check(ExAllocateFromLookasideListEx(&list) == entry);
    ExFreeToLookasideListEx(&list, entry);
    ExDeleteLookasideListEx(&list);
    same(stats_of(tag, TAGPOOL_PAGED).blocks, 0);
}

/* After a bug check of initialisation, its status is that of a wrong parameter and the list is as before. */
static void mistakes_have_a_status(void **state)
{
    LOOKASIDE_LIST_EX list, other;
    (void)state;
    same(ExInitializeLookasideListEx(&list, NULL, NULL, PagedPool, 0, 500, TAG, 0), 0);
    PVOID entry = ExAllocateFromLookasideListEx(&list);
    same(ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPool, 0, 50, TAG, 0), STATUS_INVALID_PARAMETER);
    check(mistake(0xC4, 0xCA) && caught.parameter[1] == (uintptr_t)&list);
    same(list.L.TotalAllocates, 1);
    same(list.L.Size, 500);
    ExFreeToLookasideListEx(&list, entry);
    ExDeleteLookasideListEx(&list);
    same(ExInitializeLookasideListEx(&other, NULL, NULL, PagedPool, 0, sizeof(void *) - 1, TAG, 0), STATUS_INVALID_PARAMETER);
    check(mistake(0xC4, 0xCD) && caught.parameter[1] == (uintptr_t)&other && caught.parameter[2] == sizeof(void *) - 1 &&
          caught.parameter[3] == LOOKASIDE_MINIMUM_BLOCK_SIZE);
    ExFlushLookasideListEx(&other);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&other);
    ExDeleteLookasideListEx(&other);
    check(mistake(0xC4, 0xCB));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(fresh_lists),
        test(wrong_pool_types),
        test(wrong_flags),
        test(functions_are_told_the_list),
        test(full_list),
        test(one_round_and_flush),
        test(mistakes_have_a_status),
    };
    return cmocka_run_group_tests_name("lookaside lists of any type", tests, NULL, NULL);
}
