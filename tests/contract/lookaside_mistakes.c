/* SPDX-License-Identifier: MIT
 *
 * lookaside_mistakes.c: tests of what is said about lists that are used wrongly, and that nothing else happens then. */
#include "lookaside.h"

#include <sys/mman.h>

#define TAG TAGPOOL_TAG('L', 'M', 'i', 's')

/* "0xCA: list re-initialised": P2 the list. It stays as it was. */
static void initialised_twice(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    PAGED_LOOKASIDE_LIST paged;
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0);
    ExFreeToNPagedLookasideList(&list, ExAllocateFromNPagedLookasideList(&list));
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 32, TAG, 0);
    check(mistake(0xC4, 0xCA) && caught.parameter[1] == (uintptr_t)&list);
    same(list.L.Size, 64);
    same(ExQueryDepthSList(&list.L.ListHead), 1);
    ExDeleteNPagedLookasideList(&list);
    ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 64, TAG, 0);
    ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 64, TAG, 0);
    check(mistake(0xC4, 0xCA) && caught.parameter[1] == (uintptr_t)&paged);
    ExDeletePagedLookasideList(&paged);
}

/* "0xCB: delete of an uninitialised list": P2 the list; also of one that is deleted already. */
static void deleted_uninitialised(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    PAGED_LOOKASIDE_LIST paged;
    (void)state;
    memset(&list, 0, sizeof list);
    memset(&paged, 0xFF, sizeof paged);
    ExDeleteNPagedLookasideList(&list);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&list);
    ExDeletePagedLookasideList(&paged);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&paged);
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0);
    ExDeleteNPagedLookasideList(&list);
    ExDeleteNPagedLookasideList(&list);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&list);
}

/* "0xCC: free of a block that contains an active lookaside list": P2 the list, P3 the block, P4 its size. The block stays. */
static void freed_while_active(void **state)
{
    static const SIZE_T places[] = {0, 64, 3968, 65536};
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        SIZE_T bytes = places[i] + sizeof(NPAGED_LOOKASIDE_LIST);
        char *block = ExAllocatePoolWithTag(NonPagedPoolCacheAligned, bytes, TAG);
        PNPAGED_LOOKASIDE_LIST list = (void *)(block + places[i]);
        ExInitializeNPagedLookasideList(list, NULL, NULL, 0, 64, TAG, 0);
        PVOID entry = ExAllocateFromNPagedLookasideList(list);
        ExFreePoolWithTag(block, TAG);
        check(mistake(0xC4, 0xCC) && caught.parameter[1] == (uintptr_t)list && caught.parameter[2] == (uintptr_t)block &&
              caught.parameter[3] == bytes);
        check(caught.has_block && caught.block.address == block && caught.block.tag == TAG);
        same(query(block).bytes, bytes);
        ExFreeToNPagedLookasideList(list, entry);
        check(ExAllocateFromNPagedLookasideList(list) == entry);
        ExFreeToNPagedLookasideList(list, entry);
        ExDeleteNPagedLookasideList(list);
        ExFreePoolWithTag(block, TAG);
        same(caught_count, 0);
    }
}

/* "0xCD: list created with too small a block size": P2 the list, P3 the size given, P4 the minimum, one pointer. */
static void too_small(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    PAGED_LOOKASIDE_LIST paged;
    (void)state;
    for (SIZE_T bytes = 0; bytes < sizeof(void *); bytes++) {
        ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, bytes, TAG, 0);
        check(mistake(0xC4, 0xCD) && caught.parameter[1] == (uintptr_t)&list && caught.parameter[2] == bytes &&
              caught.parameter[3] == sizeof(void *));
        ExInitializePagedLookasideList(&paged, NULL, NULL, 0, bytes, TAG, 0);
        check(mistake(0xC4, 0xCD) && caught.parameter[1] == (uintptr_t)&paged);
    }
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, LOOKASIDE_MINIMUM_BLOCK_SIZE, TAG, 0);
    PVOID entry = ExAllocateFromNPagedLookasideList(&list);
    same(tagpool_size(entry), sizeof(void *));
    ExFreeToNPagedLookasideList(&list, entry);
    ExDeleteNPagedLookasideList(&list);
}

/* "or does not fit into L.Size". */
static void too_large(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    if (sizeof(SIZE_T) == 4)
        skip();
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, (SIZE_T)-1 / 2, TAG, 0);
    check(mistake(0xC4, 0xCD) && caught.parameter[2] == (SIZE_T)-1 / 2 && caught.parameter[3] == UINT32_MAX);
}

/* "The structure lies in nonpaged memory": finding 0x0A (list, 2, 1) if it lies in paged pool, whatever its entries are. */
static void list_in_paged_pool(void **state)
{
    (void)state;
    for (int paged = 0; paged < 2; paged++) {
        PVOID list = ExAllocatePoolWithTag(PagedPoolCacheAligned, sizeof(NPAGED_LOOKASIDE_LIST) * 2, TAG);
        if (paged)
            ExInitializePagedLookasideList(list, NULL, NULL, 0, 64, TAG, 0);
        else
            ExInitializeNPagedLookasideList(list, NULL, NULL, 0, 64, TAG, 0);
        check(finding(0x0A, (uintptr_t)list) && caught.parameter[1] == 2 && caught.parameter[2] == 1);
        if (paged)
            ExDeletePagedLookasideList(list);
        else
            ExDeleteNPagedLookasideList(list);
        ExFreePool(list);
    }
}

static void raised(uint32_t status, void *context)
{
    *(uint32_t *)context = status;
}

/* "aligned to 16 bytes on 64 bit": "STATUS_DATATYPE_MISALIGNMENT is raised if it is not". The list is then none. */
static void misaligned_list(void **state)
{
    __attribute__((aligned(64))) char memory[256];
    (void)state;
    if (sizeof(void *) == 4)
        skip();
    PLOOKASIDE_LIST_EX list = (void *)(memory + 8);
    memset(memory, 7, sizeof memory);
    same(ExInitializeLookasideListEx(list, NULL, NULL, PagedPool, 0, 64, TAG, 0), (NTSTATUS)0xC000000D);
    check(mistake(0x1E, 0x80000002));
    uint32_t status = 0;
    tagpool_raise_handler_set(raised, &status);
    same(ExInitializeLookasideListEx(list, NULL, NULL, PagedPool, 0, 64, TAG, 0), (NTSTATUS)0xC000000D);
    same(status, 0x80000002);
    tagpool_raise_handler_set(NULL, NULL);
    for (size_t i = 0; i < sizeof memory; i++)
        same(memory[i], 7);
    ExDeleteLookasideListEx(list);
    check(mistake(0xC4, 0xCB));
}

/* "Bug check 0xC4/0xCB for a list that was deleted": for functions and for inline code. */
static void used_after_delete(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    LOOKASIDE_LIST_EX ex;
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0);
    PVOID entry = ExAllocateFromNPagedLookasideList(&list);
    ExDeleteNPagedLookasideList(&list);
    check(ExAllocateFromNPagedLookasideList(&list) == NULL);
    check(mistake(0xC4, 0xCB) && caught.parameter[2] == TAG && strstr(caught.sentence, "allocated from"));
    check(inline_allocate(&list) == NULL);
    check(mistake(0xC4, 0xCB) && caught.parameter[2] == TAG);
    ExFreeToNPagedLookasideList(&list, entry);
    check(mistake(0xC4, 0xCB) && caught.parameter[2] == (uintptr_t)entry && strstr(caught.sentence, "freed to"));
    inline_free(&list, entry);
    check(mistake(0xC4, 0xCB) && caught.parameter[2] == (uintptr_t)entry);
    ExFreePool(entry);

    same(ExInitializeLookasideListEx(&ex, NULL, NULL, PagedPool, 0, 64, TAG, 0), 0);
    entry = ExAllocateFromLookasideListEx(&ex);
    ExDeleteLookasideListEx(&ex);
    check(ExAllocateFromLookasideListEx(&ex) == NULL);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&ex && caught.parameter[2] == TAG);
    ExFreeToLookasideListEx(&ex, entry);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&ex && caught.parameter[2] == (uintptr_t)entry);
    ExFreePool(entry);
}

/* The same for a list that was never initialised, as far as it is all zero. */
static void used_uninitialised(void **state)
{
    static NPAGED_LOOKASIDE_LIST list;
    static LOOKASIDE_LIST_EX ex;
    (void)state;
    check(ExAllocateFromNPagedLookasideList(&list) == NULL);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&list);
    check(ExAllocateFromLookasideListEx(&ex) == NULL);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&ex);
    ExFreeToLookasideListEx(&ex, &ex);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&ex && caught.parameter[2] == (uintptr_t)&ex);
}

/* "Bug check 0xC2/0x07 (0, 0, entry) for the entry that was freed last, with option free_check for every entry that the list
 * holds." */
static void freed_twice(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    PVOID entries[3];
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0);
    for (int i = 0; i < 3; i++)
        entries[i] = ExAllocateFromNPagedLookasideList(&list);
    for (int i = 0; i < 3; i++)
        ExFreeToNPagedLookasideList(&list, entries[i]);
    ExFreeToNPagedLookasideList(&list, entries[2]);
    check(mistake(0xC2, 0x07) && caught.parameter[3] == (uintptr_t)entries[2]);
    inline_free(&list, entries[2]);
    check(mistake(0xC2, 0x07) && caught.parameter[3] == (uintptr_t)entries[2]);
    same(tagpool_start("free_check=on"), 0);
    for (int i = 0; i < 3; i++) {
        ExFreeToNPagedLookasideList(&list, entries[i]);
        check(mistake(0xC2, 0x07) && caught.parameter[3] == (uintptr_t)entries[i]);
    }
    same(tagpool_start("free_check=off"), 0);
    same(ExQueryDepthSList(&list.L.ListHead), 3);
    ExDeleteNPagedLookasideList(&list);
}

/* "0xC2/0x46 for NULL". */
static void freed_null(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0);
    ExFreeToNPagedLookasideList(&list, NULL);
    check(mistake(0xC2, 0x46));
    inline_free(&list, NULL);
    check(mistake(0xC2, 0x46));
    same(ExQueryDepthSList(&list.L.ListHead), 0);
    ExDeleteNPagedLookasideList(&list);
}

/* An entry that was freed to the pool while the list has it is reported when the list is deleted, and no chain is followed
 * through what it contains by then. */
static void cached_entry_freed(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0);
    PVOID behind = ExAllocateFromNPagedLookasideList(&list), *entry = ExAllocateFromNPagedLookasideList(&list);
    ExFreeToNPagedLookasideList(&list, behind);
    ExFreeToNPagedLookasideList(&list, entry);
    ExFreePool(entry);
    *entry = (PVOID)(uintptr_t)0x10;
    same(tagpool_verdict(), TAGPOOL_LEAK);
    check(printed("leak: 1 block, 64 bytes") && !printed("cached"));
    ExDeleteNPagedLookasideList(&list);
    check(mistake(0xC2, 0x07));
    ExFreePool(behind);
}

/* A list that was made a ring, by an entry put in again behind another, still ends: each push is given back once. */
static VOID TAGPOOL_WDK_CALL count_free(PVOID entry)
{
    calls.freed = entry;
    calls.frees++;
}

static void a_ring(void **state)
{
    static SLIST_ENTRY entries[2];
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    calls_forget();
    ExInitializeNPagedLookasideList(&list, NULL, count_free, 0, 64, TAG, 0);
    for (int i = 0; i < 3; i++)
        ExFreeToNPagedLookasideList(&list, &entries[i % 2]);
    same(tagpool_start("free_check=on"), 0);
    ExFreeToNPagedLookasideList(&list, &entries[1]);
    check(mistake(0xC2, 0x07));
    same(tagpool_start("free_check=off"), 0);
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    ExDeleteNPagedLookasideList(&list);
    same(calls.frees, 3);
}

/* "or was overwritten: the entries it held are then lost, and the list is no more": reports say so, and nothing is followed. */
static void overwritten(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    LOOKASIDE_LIST_EX ex;
    PVOID entries[2];
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, TAG, 0);
    same(ExInitializeLookasideListEx(&ex, NULL, NULL, PagedPool, 0, 64, TAG, 0), 0);
    ExFreeToNPagedLookasideList(&list, entries[0] = ExAllocateFromNPagedLookasideList(&list));
    ExFreeToLookasideListEx(&ex, entries[1] = ExAllocateFromLookasideListEx(&ex));
    memset(&list, 0xA5, sizeof list);
    memset(&ex, 0, sizeof ex);
    same(tagpool_verdict(), TAGPOOL_LEAK);
    check(printed("leak: 2 blocks, 128 bytes"));
    same(printed_times("0 blocks, 0 bytes cached in lookaside list 0x"), 2);
    same(printed_times("(LMis, not deleted, but overwritten)\n"), 2);
    ExAdjustLookasideDepth();
    same(tagpool_start("lookaside=bypass"), 0);
    same(tagpool_start("lookaside=cache"), 0);
    for (size_t i = 0; i < sizeof list; i++)
        same(((unsigned char *)&list)[i], 0xA5);
    ExFlushLookasideListEx(&ex);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&ex && strstr(caught.sentence, "overwritten"));
    ExDeleteNPagedLookasideList(&list);
    check(mistake(0xC4, 0xCB) && caught.parameter[1] == (uintptr_t)&list && strstr(caught.sentence, "overwritten"));
    ExDeleteLookasideListEx(&ex);
    check(mistake(0xC4, 0xCB));
    ExDeleteNPagedLookasideList(&list);
    check(mistake(0xC4, 0xCB) && !strstr(caught.sentence, "overwritten"));
    ExFreePool(entries[0]);
    ExFreePool(entries[1]);
}

/* The same where the memory itself is gone, as that of a driver which was unloaded. */
static void memory_gone(void **state)
{
    (void)state;
    for (size_t offset = 0; offset <= 65536 - 32; offset += 65536 - 32) {
        char *memory = mmap(NULL, 131072, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        check(memory != MAP_FAILED);
        PLOOKASIDE_LIST_EX list = (void *)(memory + offset);
        same(ExInitializeLookasideListEx(list, NULL, NULL, PagedPool, 0, 64, TAG, 0), 0);
        PVOID entry = ExAllocateFromLookasideListEx(list);
        ExFreeToLookasideListEx(list, entry);
        same(munmap(memory + 65536, 65536), 0); /* a part of the second one */
        if (offset == 0)
            same(munmap(memory, 65536), 0);
        output_clear();
        same(tagpool_verdict(), TAGPOOL_LEAK);
        check(printed("(LMis, not deleted, but overwritten)\n"));
        ExAdjustLookasideDepth();
        ExDeleteLookasideListEx(list);
        check(mistake(0xC4, 0xCB) && strstr(caught.sentence, "overwritten"));
        if (offset != 0)
            same(munmap(memory, 65536), 0);
        ExFreePool(entry);
    }
}

/* "Initialise, delete and flush: <= DISPATCH_LEVEL, lists of paged entries <= APC_LEVEL (ExInitializeLookasideListEx() always <=
 * DISPATCH_LEVEL): finding 0xC4/0xE5 (IRQL)." */
static void level_of_lists(void **state)
{
    (void)state;
    for (unsigned now = 0; now <= 5; now++) {
        NPAGED_LOOKASIDE_LIST nonpaged;
        PAGED_LOOKASIDE_LIST paged;
        LOOKASIDE_LIST_EX ex;
        level_begin(now);
        ExInitializeNPagedLookasideList(&nonpaged, NULL, NULL, 0, 64, TAG, 0);
        check(now <= 2 ? caught_count == 0 : finding(0xC4, 0xE5) && caught.parameter[1] == now);
        ExDeleteNPagedLookasideList(&nonpaged);
        check(now <= 2 ? caught_count == 0 : finding(0xC4, 0xE5));
        ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 64, TAG, 0);
        check(now <= 1 ? caught_count == 0 : finding(0xC4, 0xE5) && caught.parameter[1] == now);
        ExDeletePagedLookasideList(&paged);
        check(now <= 1 ? caught_count == 0 : finding(0xC4, 0xE5));
        for (int type = 0; type < 2; type++) {
            unsigned most = type == 0 ? 2 : 1;
            same(ExInitializeLookasideListEx(&ex, NULL, NULL, (POOL_TYPE)type, 0, 64, TAG, 0), 0);
            check(now <= 2 ? caught_count == 0 : finding(0xC4, 0xE5));
            ExFlushLookasideListEx(&ex);
            check(now <= most ? caught_count == 0 : finding(0xC4, 0xE5));
            ExDeleteLookasideListEx(&ex);
            check(now <= most ? caught_count == 0 : finding(0xC4, 0xE5));
        }
        level_end();
    }
}

/* "Allocate and free: <= DISPATCH_LEVEL or APC_LEVEL, by L.Type. If the list itself serves: finding 0xC4/0x01 paged, 0x02
 * nonpaged (IRQL, L.Type, L.Size), or for frees 0x11, 0x12 (IRQL, L.Type, entry)." */
static void level_of_entries(void **state)
{
    (void)state;
    for (unsigned pool = 0; pool < 2; pool++)
        for (unsigned now = 0; now <= 5; now++) {
            LOOKASIDE_LIST_EX list;
            bool allowed = now <= 2 - pool;
            same(ExInitializeLookasideListEx(&list, NULL, NULL, (POOL_TYPE)(pool | 4), 0, 80, TAG, 0), 0);
            PVOID entry = ExAllocateFromLookasideListEx(&list);
            level_begin(now);
            ExFreeToLookasideListEx(&list, entry);
            check(allowed ? caught_count == 0
                          : finding(0xC4, pool ? 0x11 : 0x12) && caught.parameter[1] == now &&
                                caught.parameter[2] == (pool | 4) && caught.parameter[3] == (uintptr_t)entry);
            check(ExAllocateFromLookasideListEx(&list) == entry);
            check(allowed ? caught_count == 0
                          : finding(0xC4, pool ? 0x01 : 0x02) && caught.parameter[1] == now &&
                                caught.parameter[2] == (pool | 4) && caught.parameter[3] == 80);
            level_end();
            ExFreeToLookasideListEx(&list, entry);
            ExDeleteLookasideListEx(&list);
        }
}

int main(void)
{
    (void)tagpool_start("checker=off"); /* tests write behind blocks and to freed ones on purpose */
    const struct CMUnitTest tests[] = {
        test(initialised_twice),
        test(deleted_uninitialised),
        test(freed_while_active),
        test(too_small),
        test(too_large),
        test(list_in_paged_pool),
        test(misaligned_list),
        test(used_after_delete),
        test(used_uninitialised),
        test(freed_twice),
        test(freed_null),
        test(cached_entry_freed),
        test(a_ring),
        test(overwritten),
        test(memory_gone),
        test(level_of_lists),
        test(level_of_entries),
    };
    return cmocka_run_group_tests_name("mistakes with lookaside lists", tests, NULL, NULL);
}
