/* SPDX-License-Identifier: MIT
 *
 * lookaside.c: tests of nonpaged and paged lookaside lists: their life, their counters, their functions. */
#include "lookaside.h"

#define TAG TAGPOOL_TAG('L', 'o', 'o', 'k')

/* "A fresh list has Depth 4 whatever was asked, MaximumDepth 256, all counters 0, Type = pool type with flags, Tag and Size
 * kept." "Initialise preallocates nothing." */
static void fresh_lists(void **state)
{
    static const ULONG flags[] = {0, POOL_RAISE_IF_ALLOCATION_FAILURE, POOL_NX_ALLOCATION};
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        union {
            NPAGED_LOOKASIDE_LIST nonpaged;
            PAGED_LOOKASIDE_LIST paged;
        } list;
        bool paged = i % 2 != 0;
        memset(&list, 0xA5, sizeof list);
        if (paged)
            ExInitializePagedLookasideList(&list.paged, NULL, NULL, flags[i / 2], 100 + i, TAG, (USHORT)(i * 10));
        else
            ExInitializeNPagedLookasideList(&list.nonpaged, NULL, NULL, flags[i / 2], 100 + i, TAG, (USHORT)(i * 10));
        const GENERAL_LOOKASIDE *l = &list.nonpaged.L;
        same(l->Depth, 4);
        same(l->MaximumDepth, 256);
        same(l->TotalAllocates | l->AllocateMisses | l->TotalFrees | l->FreeMisses, 0);
        same(l->LastTotalAllocates | l->LastAllocateMisses, 0);
        same(l->Type, (paged ? PagedPool : NonPagedPool) | flags[i / 2]);
        same(l->Tag, TAG);
        same(l->Size, 100 + i);
        same(ExQueryDepthSList(&list.nonpaged.L.ListHead), 0);
        check(FirstEntrySList(&l->ListHead) == NULL);
        if (paged)
            ExDeletePagedLookasideList(&list.paged);
        else
            ExDeleteNPagedLookasideList(&list.nonpaged);
    }
    struct tagpool_stats stats;
    same(tagpool_tag_stats(TAG, TAGPOOL_PAGED, &stats), TAGPOOL_ENOTFOUND);
}

/* "by default (NULL) ExAllocatePoolWithTag() and ExFreePool()": inline code calls them through L. */
static void default_functions(void **state)
{
    NPAGED_LOOKASIDE_LIST nonpaged;
    PAGED_LOOKASIDE_LIST paged;
    (void)state;
    ExInitializeNPagedLookasideList(&nonpaged, NULL, NULL, 0, 64, TAG, 0);
    ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 640, TAG, 0);
    check(nonpaged.L.Allocate == ExAllocatePoolWithTag && nonpaged.L.Free == ExFreePool);
    check(paged.L.Allocate == ExAllocatePoolWithTag && paged.L.Free == ExFreePool);
    PVOID a = ExAllocateFromNPagedLookasideList(&nonpaged), b = ExAllocateFromPagedLookasideList(&paged);
    check(query(a).pool == TAGPOOL_NONPAGED && query(a).bytes == 64 && query(a).tag == TAG);
    check(query(b).pool == TAGPOOL_PAGED && query(b).bytes == 640 && query(b).tag == TAG);
    ExFreeToNPagedLookasideList(&nonpaged, a);
    ExFreeToPagedLookasideList(&paged, b);
    ExDeleteNPagedLookasideList(&nonpaged);
    ExDeletePagedLookasideList(&paged);
}

/* "A custom Allocate is called once for a miss, Free is not called while the entry is cached and exactly once on delete."
 * "PoolType handed in is the initial one ORed with" the flags; bytes are Size, the tag is Tag. */
static void custom_functions(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    PAGED_LOOKASIDE_LIST paged;
    (void)state;
    calls_forget();
    ExInitializeNPagedLookasideList(&list, custom_allocate, custom_free, POOL_NX_ALLOCATION, 48, TAG, 0);
    PVOID entry = ExAllocateFromNPagedLookasideList(&list);
    same(calls.allocates, 1);
    same(calls.type, NonPagedPoolNx);
    same(calls.bytes, 48);
    same(calls.tag, TAG);
    ExFreeToNPagedLookasideList(&list, entry);
    same(calls.frees, 0);
    check(ExAllocateFromNPagedLookasideList(&list) == entry);
    same(calls.allocates, 1);
    ExFreeToNPagedLookasideList(&list, entry);
    ExDeleteNPagedLookasideList(&list);
    same(calls.frees, 1);
    check(calls.freed == entry);

    ExInitializePagedLookasideList(&paged, custom_allocate, custom_free, POOL_RAISE_IF_ALLOCATION_FAILURE, 480, TAG, 0);
    entry = ExAllocateFromPagedLookasideList(&paged);
    same(calls.type, PagedPool | POOL_RAISE_IF_ALLOCATION_FAILURE);
    same(calls.bytes, 480);
    ExFreeToPagedLookasideList(&paged, entry);
    ExDeletePagedLookasideList(&paged);
    same(calls.frees, 2);
}

/* "Allocate: pop the first entry (LIFO)"; "Free: push at the front". */
static void last_in_first_out(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    PVOID entries[4];
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 32, TAG, 0);
    for (int i = 0; i < 4; i++)
        entries[i] = ExAllocateFromNPagedLookasideList(&list);
    for (int i = 0; i < 4; i++)
        ExFreeToNPagedLookasideList(&list, entries[i]);
    for (int i = 3; i >= 0; i--)
        check(ExAllocateFromNPagedLookasideList(&list) == entries[i]);
    for (int i = 0; i < 4; i++)
        ExFreeToNPagedLookasideList(&list, entries[i]);
    ExDeleteNPagedLookasideList(&list);
}

/* "if current entries < depth push at the front, else call Free"; the counters say which it was. */
static void full_list(void **state)
{
    PAGED_LOOKASIDE_LIST list;
    PVOID entries[10];
    (void)state;
    calls_forget();
    ExInitializePagedLookasideList(&list, custom_allocate, custom_free, 0, 32, TAG, 0);
    for (int i = 0; i < 10; i++)
        entries[i] = ExAllocateFromPagedLookasideList(&list);
    same(list.L.TotalAllocates, 10);
    same(list.L.AllocateMisses, 10);
    same(list.L.Depth, 4);
    for (unsigned i = 0; i < 10; i++) {
        ExFreeToPagedLookasideList(&list, entries[i]);
        same(ExQueryDepthSList(&list.L.ListHead), i < 4 ? i + 1 : 4);
        same(calls.frees, i < 4 ? 0 : i - 3);
        check(i < 4 || calls.freed == entries[i]);
    }
    same(list.L.TotalFrees, 10);
    same(list.L.FreeMisses, 6);
    check(ExAllocateFromPagedLookasideList(&list) == entries[3]);
    same(list.L.TotalAllocates, 11);
    same(list.L.AllocateMisses, 10);
    ExFreeToPagedLookasideList(&list, entries[3]);
    same(list.L.TotalFrees, 11);
    same(list.L.FreeMisses, 6);
    ExDeletePagedLookasideList(&list);
    same(calls.frees, 10);
}

/* "while an entry sits in a lookaside list, the tag still shows it as allocated, and popping and pushing does not change Allocs
 * and Frees of the tag." */
static void statistics(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    uint32_t tag = fresh_tag();
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 32, tag, 0);
    for (int i = 0; i < 5; i++) {
        PVOID entry = ExAllocateFromNPagedLookasideList(&list);
        ExFreeToNPagedLookasideList(&list, entry);
        same(stats_of(tag, TAGPOOL_NONPAGED).allocs, 1);
        same(stats_of(tag, TAGPOOL_NONPAGED).frees, 0);
        same(stats_of(tag, TAGPOOL_NONPAGED).bytes, 32);
    }
    ExDeleteNPagedLookasideList(&list);
    same(stats_of(tag, TAGPOOL_NONPAGED).frees, 1);
}

/* "Delete: frees all cached entries; outstanding entries are the caller's problem; caller releases the head." */
static void delete_frees_what_is_cached(void **state)
{
    PVOID entries[5];
    uint32_t tag = fresh_tag();
    (void)state;
    PNPAGED_LOOKASIDE_LIST list = ExAllocatePoolWithTag(NonPagedPoolCacheAligned, sizeof *list, TAG);
    ExInitializeNPagedLookasideList(list, NULL, NULL, 0, 32, tag, 0);
    for (int i = 0; i < 5; i++)
        entries[i] = ExAllocateFromNPagedLookasideList(list);
    for (int i = 0; i < 3; i++)
        ExFreeToNPagedLookasideList(list, entries[i]);
    ExDeleteNPagedLookasideList(list);
    same(stats_of(tag, TAGPOOL_NONPAGED).blocks, 2);
    ExFreePoolWithTag(list, TAG);
    ExFreePool(entries[3]);
    ExFreePool(entries[4]);
}

/* A list can be initialised again after it was deleted. */
static void a_second_life(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    for (SIZE_T bytes = 16; bytes <= 64; bytes *= 2) {
        ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, bytes, TAG, 0);
        PVOID entry = ExAllocateFromNPagedLookasideList(&list);
        same(tagpool_size(entry), bytes);
        ExFreeToNPagedLookasideList(&list, entry);
        ExDeleteNPagedLookasideList(&list);
    }
}

/* "Returns NULL on failure": with a pool that has no more room, and from a custom function. */
static PVOID TAGPOOL_WDK_CALL no_memory(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
    (void)type, (void)bytes, (void)tag;
    return NULL;
}

static void failure(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    ExInitializeNPagedLookasideList(&list, no_memory, NULL, 0, 32, TAG, 0);
    check(ExAllocateFromNPagedLookasideList(&list) == NULL);
    same(list.L.AllocateMisses, 1);
    ExDeleteNPagedLookasideList(&list);
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 4096, TAG, 0);
    same(tagpool_limit_set(TAGPOOL_NONPAGED, 4096), TAGPOOL_OK);
    PVOID entry = ExAllocateFromNPagedLookasideList(&list);
    check(entry != NULL && ExAllocateFromNPagedLookasideList(&list) == NULL);
    ExFreeToNPagedLookasideList(&list, entry);
    check(ExAllocateFromNPagedLookasideList(&list) == entry);
    ExFreeToNPagedLookasideList(&list, entry);
    ExDeleteNPagedLookasideList(&list);
    same(tagpool_limit_set(TAGPOOL_NONPAGED, 0), TAGPOOL_OK);
}

/* "what the inline code of DDK headers does to these may be mixed with them at will". */
static void inline_code(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    PVOID entries[8];
    (void)state;
    calls_forget();
    ExInitializeNPagedLookasideList(&list, custom_allocate, custom_free, 0, 40, TAG, 0);
    for (int i = 0; i < 8; i++)
        entries[i] = i % 2 ? inline_allocate(&list) : ExAllocateFromNPagedLookasideList(&list);
    same(calls.allocates, 8);
    for (int i = 0; i < 8; i++)
        if (i % 3 == 0)
            ExFreeToNPagedLookasideList(&list, entries[i]);
        else
            inline_free(&list, entries[i]);
    same(calls.frees, 4);
    same(list.L.TotalAllocates, 8);
    same(list.L.AllocateMisses, 8);
    same(list.L.TotalFrees, 8);
    same(list.L.FreeMisses, 4);
    check(inline_allocate(&list) == entries[3]);
    check(ExAllocateFromNPagedLookasideList(&list) == entries[2]);
    inline_free(&list, entries[2]);
    ExFreeToNPagedLookasideList(&list, entries[3]);
    ExDeleteNPagedLookasideList(&list);
    same(calls.frees, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(fresh_lists), test(default_functions),           test(custom_functions), test(last_in_first_out), test(full_list),
        test(statistics),  test(delete_frees_what_is_cached), test(a_second_life),    test(failure),           test(inline_code),
    };
    return cmocka_run_group_tests_name("lookaside lists", tests, NULL, NULL);
}
