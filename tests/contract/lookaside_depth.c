/* SPDX-License-Identifier: MIT
 *
 * lookaside_depth.c: tests of how many entries lists keep, and of what reports say about these. */
#include "lookaside.h"

#define TAG TAGPOOL_TAG('L', 'D', 'e', 'p')
#define MOST 300

static PVOID held[MOST];

/* Allocates `count` entries, then frees them. */
static void burst(PNPAGED_LOOKASIDE_LIST list, size_t count, bool by_inline_code)
{
    for (size_t i = 0; i < count; i++)
        held[i] = by_inline_code ? inline_allocate(list) : ExAllocateFromNPagedLookasideList(list);
    for (size_t i = 0; i < count; i++)
        if (by_inline_code)
            inline_free(list, held[i]);
        else
            ExFreeToNPagedLookasideList(list, held[i]);
}

/* "4 at first, more while many allocations find it empty, up to L.MaximumDepth, 256": by itself, and for inline code too. */
static void grows_by_itself(void **state)
{
    (void)state;
    for (int by_inline_code = 0; by_inline_code < 2; by_inline_code++) {
        NPAGED_LOOKASIDE_LIST list;
        ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 32, TAG, 0);
        burst(&list, 20, by_inline_code);
        same(list.L.Depth, 4);
        unsigned before = 4;
        for (int i = 0; i < 20; i++) {
            burst(&list, MOST, by_inline_code);
            check(list.L.Depth >= before && list.L.Depth <= 256);
            before = list.L.Depth;
        }
        same(list.L.Depth, 256);
        same(ExQueryDepthSList(&list.L.ListHead), 256);
        /* "when reuse is possible it is used": the last round missed only what a full list cannot hold. */
        ULONG misses = list.L.AllocateMisses;
        burst(&list, 256, by_inline_code);
        same(list.L.AllocateMisses, misses);
        ExDeleteNPagedLookasideList(&list);
    }
}

/* "after about 32 allocations that found a list empty": and after about as many once more, not before. */
static void grows_step_by_step(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 32, TAG, 0);
    for (unsigned misses = 1; misses <= 100; misses++) {
        held[misses] = ExAllocateFromNPagedLookasideList(&list);
        same(list.L.AllocateMisses, misses);
        if (misses < 32)
            same(list.L.Depth, 4);
        else if (misses > 40 && misses < 64)
            same(list.L.Depth, 8);
        else if (misses > 80 && misses < 96)
            same(list.L.Depth, 16);
    }
    for (unsigned misses = 1; misses <= 100; misses++)
        ExFreeToNPagedLookasideList(&list, held[misses]);
    ExDeleteNPagedLookasideList(&list);
}

/* ExAdjustLookasideDepth() "doubles the depth of a list if more than one in 64 of its allocations since the last time found it
 * empty". */
static void adjusted_up(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 32, TAG, 0);
    burst(&list, 10, true);
    same(list.L.Depth, 4);
    ExAdjustLookasideDepth();
    same(list.L.Depth, 8);
    same(list.L.LastTotalAllocates, 10);
    same(list.L.LastAllocateMisses, 10);
    burst(&list, 10, true);
    ExAdjustLookasideDepth();
    same(list.L.Depth, 16);
    /* No allocation misses now: busy, and deep enough. */
    for (int i = 0; i < 20; i++)
        burst(&list, 8, true);
    ExAdjustLookasideDepth();
    same(list.L.Depth, 16);
    /* As many allocations as entries are no fewer. */
    burst(&list, 8, true);
    burst(&list, 8, true);
    ExAdjustLookasideDepth();
    same(list.L.Depth, 16);
    ExDeleteNPagedLookasideList(&list);
}

/* "more than one in 64": the exact border. */
static void adjusted_by_ratio(void **state)
{
    (void)state;
    for (ULONG allocates = 60; allocates <= 260; allocates++)
        for (unsigned misses = 0; misses <= 4; misses++) {
            NPAGED_LOOKASIDE_LIST list;
            ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 32, TAG, 0);
            list.L.TotalAllocates = allocates; /* as if */
            list.L.AllocateMisses = misses;
            ExAdjustLookasideDepth();
            same(list.L.Depth, misses > allocates / 64 ? 8 : 4);
            ExDeleteNPagedLookasideList(&list);
        }
}

/* "and halves what is above 4 if there were fewer allocations than the list keeps entries". */
static void adjusted_down(void **state)
{
    static const unsigned depths[] = {130, 67, 35, 19, 11, 7, 5, 4, 4};
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 32, TAG, 0);
    for (int i = 0; i < 20; i++)
        burst(&list, MOST, false);
    ExAdjustLookasideDepth();
    same(list.L.Depth, 256);
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        burst(&list, 3, false);
        ExAdjustLookasideDepth();
        same(list.L.Depth, depths[i]);
    }
    /* What is above the depth goes as it is used. */
    burst(&list, 256, false);
    check(ExQueryDepthSList(&list.L.ListHead) <= list.L.Depth);
    ExDeleteNPagedLookasideList(&list);
}

/* L.MaximumDepth is respected, whoever sets it. */
static void maximum_depth(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 32, TAG, 0);
    list.L.MaximumDepth = 10;
    for (int i = 0; i < 10; i++)
        burst(&list, MOST, false);
    same(list.L.Depth, 10);
    list.L.MaximumDepth = 1000;
    for (int i = 0; i < 20; i++)
        burst(&list, MOST, false);
    same(list.L.Depth, 256);
    ExDeleteNPagedLookasideList(&list);
}

/* "With option lookaside=bypass lists keep nothing." */
static void bypassed(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    same(tagpool_start("lookaside=bypass"), 0);
    calls_forget();
    ExInitializeNPagedLookasideList(&list, custom_allocate, custom_free, 0, 32, TAG, 0);
    same(list.L.Depth, 0);
    burst(&list, 200, false);
    burst(&list, 200, true);
    ExAdjustLookasideDepth();
    same(list.L.Depth, 0);
    same(calls.allocates, 400);
    same(calls.frees, 400);
    same(list.L.AllocateMisses, 400);
    same(list.L.FreeMisses, 400);
    ExDeleteNPagedLookasideList(&list);
    same(tagpool_start("lookaside=cache"), 0);
}

/* Also lists that live already when it is switched on; switched off, they begin anew. */
static void bypassed_while_alive(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    LOOKASIDE_LIST_EX ex;
    (void)state;
    calls_forget();
    ExInitializeNPagedLookasideList(&list, custom_allocate, custom_free, 0, 32, TAG, 0);
    same(ExInitializeLookasideListEx(&ex, custom_allocate_ex, custom_free_ex, PagedPool, 0, 32, TAG, 0), 0);
    burst(&list, 6, true);
    ExFreeToLookasideListEx(&ex, ExAllocateFromLookasideListEx(&ex));
    same(calls.frees, 2);
    same(tagpool_start("lookaside=bypass"), 0);
    same(calls.frees, 7);
    check(calls.list == &ex);
    same(list.L.Depth | ex.L.Depth, 0);
    same(ExQueryDepthSList(&list.L.ListHead), 0);
    burst(&list, 6, true);
    burst(&list, 6, false);
    same(calls.frees, 19);
    same(tagpool_start("lookaside=cache"), 0);
    same(list.L.Depth, 4);
    burst(&list, 6, false);
    same(calls.frees, 21);
    /* Other options leave depths alone. */
    ExAdjustLookasideDepth();
    same(list.L.Depth, 8);
    same(tagpool_start("leak_blocks=16"), 0);
    same(list.L.Depth, 8);
    ExDeleteNPagedLookasideList(&list);
    ExDeleteLookasideListEx(&ex);
}

/* ---- Reports ------------------------------------------------------------------------------------------------------- */

static bool says_cached(unsigned blocks, unsigned bytes, const void *list, const char *tag)
{
    char text[160];
    snprintf(text, sizeof text, "tagpool:   %u block%s, %u bytes cached in lookaside list 0x%" PRIxPTR " (%s, not deleted)\n",
             blocks, blocks == 1 ? "" : "s", bytes, (uintptr_t)list, tag);
    return printed(text);
}

/* tagpool_verdict(): blocks that lists keep are told from leaks, and alone are none. */
static void cached_is_no_leak(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    PAGED_LOOKASIDE_LIST paged;
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 40, TAG, 0);
    ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 5000, TAGPOOL_TAG('P', 'a', 'g', 'd'), 0);
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    check(!printed("lookaside"));
    burst(&list, 3, false);
    ExFreeToPagedLookasideList(&paged, ExAllocateFromPagedLookasideList(&paged));
    output_clear();
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    check(printed("verdict: clean: no block is outstanding, but for those cached in lookaside lists\n"));
    check(says_cached(3, 120, &list, "LDep") && says_cached(1, 5000, &paged, "Pagd"));
    ExDeletePagedLookasideList(&paged);
    output_clear();
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    check(says_cached(3, 120, &list, "LDep") && !printed("Pagd"));
    ExDeleteNPagedLookasideList(&list);
    output_clear();
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    check(!printed("lookaside"));
}

/* Leaks beside cached blocks of the same tag: only these are counted and listed. */
static void leaks_beside_cached(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    PVOID leaked[2];
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 40, TAG, 0);
    leaked[0] = ExAllocateFromNPagedLookasideList(&list);
    burst(&list, 4, true);
    leaked[1] = ExAllocatePoolWithTag(PagedPool, 9000, TAG);
    same(tagpool_verdict(), TAGPOOL_LEAK);
    check(printed("verdict: leak: 2 blocks, 9040 bytes outstanding under 1 tag\n"));
    check(printed("LDep Nonp          1            40 ") && printed("LDep Paged         1          9000 "));
    check(has_hex(output, (uintptr_t)leaked[0]) && has_hex(output, (uintptr_t)leaked[1]));
    for (int i = 0; i < 4; i++)
        check(!has_hex(output, (uintptr_t)held[i]));
    check(says_cached(4, 160, &list, "LDep") && !printed("not listed"));
    ExFreePool(leaked[0]);
    ExFreePool(leaked[1]);
    ExDeleteNPagedLookasideList(&list);
}

/* Custom functions may put entries behind a header of theirs: the block that holds the entry is the cached one. */
static PVOID TAGPOOL_WDK_CALL headed_allocate(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
    return (char *)ExAllocatePoolWithTag(type, bytes + 64, tag) + 64;
}

static VOID TAGPOOL_WDK_CALL headed_free(PVOID entry)
{
    ExFreePool((char *)entry - 64);
}

static void entries_inside_blocks(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    ExInitializeNPagedLookasideList(&list, headed_allocate, headed_free, 0, 40, TAG, 0);
    burst(&list, 3, false);
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    check(says_cached(3, 312, &list, "LDep"));
    ExDeleteNPagedLookasideList(&list);
}

/* An entry that was put into its list twice is one block. */
static void cached_twice(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 40, TAG, 0);
    burst(&list, 2, false);
    inline_free(&list, held[0]);
    same(ExQueryDepthSList(&list.L.ListHead), 3);
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    check(says_cached(2, 80, &list, "LDep"));
    ExDeleteNPagedLookasideList(&list);
    check(mistake(0xC2, 0x07));
}

/* Entries that are not pool are no blocks. */
static PVOID TAGPOOL_WDK_CALL foreign_allocate(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
    (void)type, (void)tag;
    return aligned_alloc(16, (bytes + 15) / 16 * 16);
}

static VOID TAGPOOL_WDK_CALL foreign_free(PVOID entry)
{
    free(entry);
}

static void foreign_entries(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    (void)state;
    ExInitializeNPagedLookasideList(&list, foreign_allocate, foreign_free, 0, 40, TAG, 0);
    burst(&list, 30, false);
    same(ExQueryDepthSList(&list.L.ListHead), 4);
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    check(!printed("lookaside"));
    ExDeleteNPagedLookasideList(&list);
}

/* At the end every list should have been deleted: tagpool_shutdown() says which was not, whether it keeps blocks or none. */
static void not_deleted(void)
{
    static NPAGED_LOOKASIDE_LIST list;
    static LOOKASIDE_LIST_EX ex;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 40, TAG, 0);
    same(ExInitializeLookasideListEx(&ex, NULL, NULL, PagedPool, 0, 40, TAGPOOL_TAG('E', 'm', 'p', 't'), 0), 0);
    burst(&list, 2, false);
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    output_clear();
    same(tagpool_shutdown(), TAGPOOL_LEAK);
    check(printed("verdict: leak: 2 lookaside lists not deleted\n"));
    check(says_cached(2, 80, &list, "LDep") && says_cached(0, 0, &ex, "Empt"));
    same(tagpool_start(NULL), 0);
    ExDeleteNPagedLookasideList(&list);
    ExDeleteLookasideListEx(&ex);
    same(tagpool_shutdown(), TAGPOOL_CLEAN);
    same(tagpool_start(NULL), 0);
}

/* Many lists, many blocks: more than any table begins with; option leak_blocks cuts lines, not sums. */
static void many_lists(void **state)
{
    enum { LISTS = 6000 };
    (void)state;
    PLOOKASIDE_LIST_EX lists = aligned_alloc(64, LISTS * sizeof *lists);
    check(lists != NULL);
    for (size_t i = 0; i < LISTS; i++) {
        same(ExInitializeLookasideListEx(&lists[i], NULL, NULL, (POOL_TYPE)(i % 2), 0, 16 + i % 100, TAG, 0), 0);
        for (size_t k = 0; k < 3; k++)
            held[k] = ExAllocateFromLookasideListEx(&lists[i]);
        for (size_t k = 0; k < 3; k++)
            ExFreeToLookasideListEx(&lists[i], held[k]);
    }
    PVOID leaked = ExAllocatePoolWithTag(PagedPool, 77, TAG);
    same(tagpool_verdict(), TAGPOOL_LEAK);
    check(printed("leak: 1 block, 77 bytes outstanding under 1 tag\n"));
    same(printed_times(" cached in lookaside list "), 16);
    check(printed("5984 lookaside lists not listed (option leak_blocks)\n"));
    ExFreePool(leaked);
    for (size_t i = 0; i < LISTS; i++) /* from both ends */
        ExDeleteLookasideListEx(&lists[i % 2 ? i / 2 : LISTS - 1 - i / 2]);
    free(lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(grows_by_itself),
        test(grows_step_by_step),
        test(adjusted_up),
        test(adjusted_by_ratio),
        test(adjusted_down),
        test(maximum_depth),
        test(bypassed),
        test(bypassed_while_alive),
        test(cached_is_no_leak),
        test(leaks_beside_cached),
        test(entries_inside_blocks),
        test(foreign_entries),
        test(cached_twice),
        fresh_test(not_deleted),
        test(many_lists),
    };
    return cmocka_run_group_tests_name("depth of lookaside lists", tests, NULL, NULL);
}
