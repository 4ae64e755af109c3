/* SPDX-License-Identifier: MIT
 *
 * sysinfo.c: tests of NtQuerySystemInformation(). */
#include "../api/test.h"

#include "tagpool/verifier.h"
#include "tagpool/wdk/lookaside.h"
#include "tagpool/wdk/sysinfo.h"

#define STATUS_INVALID_INFO_CLASS ((NTSTATUS)0xC0000003)
#define STATUS_INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)
#define STATUS_ACCESS_VIOLATION ((NTSTATUS)0xC0000005)

static char answer[1 << 17] __attribute__((aligned(16)));
static ULONG length;

/* The whole answer of a class; its length is in `length`. */
static const void *ask(int class)
{
    memset(answer, 0xEE, sizeof answer);
    same(NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS) class, answer, sizeof answer, &length), 0);
    return answer;
}

static const SYSTEM_POOLTAG *find_tag(uint32_t tag)
{
    const SYSTEM_POOLTAG_INFORMATION *information = ask(SystemPoolTagInformation);
    const SYSTEM_POOLTAG *found = NULL;
    same(length, offsetof(SYSTEM_POOLTAG_INFORMATION, TagInfo) + information->Count * sizeof(SYSTEM_POOLTAG));
    for (ULONG i = 0; i < information->Count; i++)
        if (information->TagInfo[i].TagUlong == tag) {
            check(found == NULL);
            found = &information->TagInfo[i];
        }
    return found;
}

/* The documented layouts, for 32 and 64 bit. */
static void layouts(void **state)
{
    (void)state;
#define AT(type, member, n64, n32) same(offsetof(type, member), sizeof(void *) == 8 ? (n64) : (n32))
    same(sizeof(SYSTEM_POOLTAG), sizeof(void *) == 8 ? 0x28 : 0x1C);
    AT(SYSTEM_POOLTAG, TagUlong, 0, 0);
    AT(SYSTEM_POOLTAG, PagedAllocs, 4, 4);
    AT(SYSTEM_POOLTAG, PagedFrees, 8, 8);
    AT(SYSTEM_POOLTAG, PagedUsed, 0x10, 0xC);
    AT(SYSTEM_POOLTAG, NonPagedAllocs, 0x18, 0x10);
    AT(SYSTEM_POOLTAG, NonPagedFrees, 0x1C, 0x14);
    AT(SYSTEM_POOLTAG, NonPagedUsed, 0x20, 0x18);
    AT(SYSTEM_POOLTAG_INFORMATION, TagInfo, 8, 4);
    same(sizeof(SYSTEM_BIGPOOL_ENTRY), sizeof(void *) == 8 ? 0x18 : 0xC);
    AT(SYSTEM_BIGPOOL_ENTRY, SizeInBytes, 8, 4);
    AT(SYSTEM_BIGPOOL_ENTRY, TagUlong, 0x10, 8);
    AT(SYSTEM_BIGPOOL_INFORMATION, AllocatedInfo, 8, 4);
    same(sizeof(SYSTEM_LOOKASIDE_INFORMATION), 32);
    AT(SYSTEM_LOOKASIDE_INFORMATION, TotalAllocates, 4, 4);
    AT(SYSTEM_LOOKASIDE_INFORMATION, Type, 0x14, 0x14);
    AT(SYSTEM_LOOKASIDE_INFORMATION, Size, 0x1C, 0x1C);
    same(sizeof(SYSTEM_VERIFIER_INFORMATION), sizeof(void *) == 8 ? 0x80 : 0x68);
    AT(SYSTEM_VERIFIER_INFORMATION, DriverName, 8, 8);
    AT(SYSTEM_VERIFIER_INFORMATION, RaiseIrqls, 0x18, 0x10);
    AT(SYSTEM_VERIFIER_INFORMATION, PagedPoolUsageInBytes, 0x60, 0x58);
    same(SystemVerifierInformation, 51);
    same(SystemPoolTagInformation, 22);
    same(SystemLookasideInformation, 45);
    same(SystemBigPoolInformation, 66);
    same(SystemPoolZeroingInformation, 227);
}

/* "every tag ever allocated, those of both pools in one entry": counts are totals, bytes those of outstanding blocks, charged. */
static void tags(void **state)
{
    uint32_t tag = fresh_tag(), nonpaged_only = fresh_tag(), failed = fresh_tag();
    void *blocks[5];
    (void)state;
    check(find_tag(tag) == NULL);
    for (int i = 0; i < 5; i++)
        blocks[i] = tagpool_alloc(i < 3 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, 1000, tag);
    tagpool_free(blocks[0]);
    tagpool_free(tagpool_alloc(TAGPOOL_NONPAGED, 10, nonpaged_only));
    check(tagpool_alloc(TAGPOOL_PAGED, SIZE_MAX / 2, failed) == NULL);
    const SYSTEM_POOLTAG *found = find_tag(tag);
    check(found != NULL && memcmp(found->Tag, &tag, 4) == 0);
    same(found->PagedAllocs, 3);
    same(found->PagedFrees, 1);
    same(found->PagedUsed, stats_of(tag, TAGPOOL_PAGED).charged);
    check(found->PagedUsed >= 2000);
    same(found->NonPagedAllocs, 2);
    same(found->NonPagedFrees, 0);
    same(found->NonPagedUsed, stats_of(tag, TAGPOOL_NONPAGED).charged);
    found = find_tag(nonpaged_only);
    check(found != NULL && found->PagedAllocs == 0 && found->PagedFrees == 0 && found->PagedUsed == 0);
    check(found->NonPagedAllocs == 1 && found->NonPagedFrees == 1 && found->NonPagedUsed == 0);
    check(find_tag(failed) == NULL);
    for (int i = 1; i < 5; i++)
        tagpool_free(blocks[i]);
}

/* The sums over all tags are the pools' totals. */
static void tags_add_up(void **state)
{
    struct tagpool_stats paged, nonpaged;
    uint64_t sums[6] = {0};
    void *block = tagpool_alloc(TAGPOOL_PAGED, 12345, fresh_tag());
    (void)state;
    const SYSTEM_POOLTAG_INFORMATION *information = ask(SystemPoolTagInformation);
    for (ULONG i = 0; i < information->Count; i++) {
        const SYSTEM_POOLTAG *entry = &information->TagInfo[i];
        sums[0] += entry->PagedAllocs;
        sums[1] += entry->PagedFrees;
        sums[2] += entry->PagedUsed;
        sums[3] += entry->NonPagedAllocs;
        sums[4] += entry->NonPagedFrees;
        sums[5] += entry->NonPagedUsed;
    }
    same(tagpool_pool_stats(TAGPOOL_PAGED, &paged), 0);
    same(tagpool_pool_stats(TAGPOOL_NONPAGED, &nonpaged), 0);
    same(sums[0], paged.allocs);
    same(sums[1], paged.frees);
    same(sums[2], paged.charged);
    same(sums[3], nonpaged.allocs);
    same(sums[4], nonpaged.frees);
    same(sums[5], nonpaged.charged);
    tagpool_free(block);
}

/* "Fails iff the answer does not fit": every shorter length fails, *ReturnLength says how long it is, nothing behind the
 * length is written; exactly that length is enough. */
static void too_short(void **state)
{
    static const int classes[] = {22, 45, 51, 66, 227};
    LOOKASIDE_LIST_EX list;
    void *block = tagpool_alloc(TAGPOOL_PAGED, 5000, TAGPOOL_TAG('B', 'i', 'g', '1'));
    (void)state;
    check(tagpool_driver_load("odd.sys") != NULL);
    same(ExInitializeLookasideListEx(&list, NULL, NULL, PagedPool, 0, 64, TAGPOOL_TAG('L', 'k', 'a', 's'), 0), 0);
    for (size_t c = 0; c < sizeof classes / sizeof *classes; c++) {
        SYSTEM_INFORMATION_CLASS class = (SYSTEM_INFORMATION_CLASS)classes[c];
        ULONG whole = 0, again = 0;
        same(NtQuerySystemInformation(class, NULL, 0, &whole), STATUS_INFO_LENGTH_MISMATCH);
        check(whole > 0 && whole < sizeof answer);
        for (ULONG given = 1; given < whole; given++) {
            memset(answer, 0xEE, sizeof answer);
            again = 0;
            same(NtQuerySystemInformation(class, answer, given, &again), STATUS_INFO_LENGTH_MISMATCH);
            same(again, whole);
            for (ULONG i = given; i < whole + 16; i++)
                same((unsigned char)answer[i], 0xEE);
        }
        memset(answer, 0xEE, sizeof answer);
        same(NtQuerySystemInformation(class, answer, whole, &again), 0);
        same(again, whole);
        same((unsigned char)answer[whole], 0xEE);
        same(NtQuerySystemInformation(class, answer, whole, NULL), 0);
        same(ZwQuerySystemInformation(class, answer, whole, &again), 0);
        same(ZwQuerySystemInformation(class, answer, 0, &again), STATUS_INFO_LENGTH_MISMATCH);
        same(NtQuerySystemInformation(class, answer + 1, sizeof answer - 1, &again), 0); /* need not be aligned */
        same(NtQuerySystemInformation(class, NULL, whole, &again), STATUS_ACCESS_VIOLATION);
    }
    ExDeleteLookasideListEx(&list);
    tagpool_free(block);
}

/* "SystemBigPoolInformation: outstanding blocks of whole pages; bit 0 of the address says nonpaged". */
static void big_blocks(void **state)
{
    static const size_t bytes[] = {PAGE, PAGE + 1, 100000, 3 << 20, 64};
    void *blocks[10];
    (void)state;
    for (size_t i = 0; i < 10; i++)
        blocks[i] = tagpool_alloc(i < 5 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED, bytes[i % 5], TAGPOOL_TAG('B', 'i', 'g', '0' + i));
    const SYSTEM_BIGPOOL_INFORMATION *information = ask(SystemBigPoolInformation);
    same(information->Count, 8);
    same(length, offsetof(SYSTEM_BIGPOOL_INFORMATION, AllocatedInfo) + 8 * sizeof(SYSTEM_BIGPOOL_ENTRY));
    for (size_t i = 0; i < 10; i++) {
        unsigned found = 0;
        for (ULONG k = 0; k < information->Count; k++) {
            const SYSTEM_BIGPOOL_ENTRY *entry = &information->AllocatedInfo[k];
            if (((uintptr_t)entry->VirtualAddress & ~(uintptr_t)1) != (uintptr_t)blocks[i])
                continue;
            found++;
            same((uintptr_t)entry->VirtualAddress & 1, i < 5);
            same(entry->NonPaged, i < 5);
            same(entry->SizeInBytes, query(blocks[i]).charged);
            same(entry->TagUlong, TAGPOOL_TAG('B', 'i', 'g', '0' + i));
        }
        same(found, bytes[i % 5] >= PAGE);
    }
    for (size_t i = 0; i < 10; i++)
        tagpool_free(blocks[i]);
    same(((const SYSTEM_BIGPOOL_INFORMATION *)ask(SystemBigPoolInformation))->Count, 0);
}

/* "SystemLookasideInformation: CurrentDepth, MaximumDepth, TotalAllocates, AllocateMisses, TotalFrees, FreeMisses, Type, Tag,
 * Size". */
static void lookaside_lists(void **state)
{
    NPAGED_LOOKASIDE_LIST list;
    PAGED_LOOKASIDE_LIST paged;
    PVOID entries[6];
    (void)state;
    ask(SystemLookasideInformation);
    same(length, 0);
    ExInitializeNPagedLookasideList(&list, NULL, NULL, POOL_NX_ALLOCATION, 88, TAGPOOL_TAG('L', 'o', 'k', '1'), 0);
    ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 99, TAGPOOL_TAG('L', 'o', 'k', '2'), 0);
    for (int i = 0; i < 6; i++)
        entries[i] = ExAllocateFromNPagedLookasideList(&list);
    for (int i = 0; i < 6; i++)
        ExFreeToNPagedLookasideList(&list, entries[i]);
    entries[0] = ExAllocateFromNPagedLookasideList(&list);
    const SYSTEM_LOOKASIDE_INFORMATION *entry = ask(SystemLookasideInformation);
    same(length, 2 * sizeof *entry);
    const SYSTEM_LOOKASIDE_INFORMATION *second = entry + 1;
    if (entry->Tag != TAGPOOL_TAG('L', 'o', 'k', '1')) {
        second = entry;
        entry++;
    }
    same(entry->CurrentDepth, 3);
    same(entry->MaximumDepth, 4);
    same(entry->TotalAllocates, 7);
    same(entry->AllocateMisses, 6);
    same(entry->TotalFrees, 6);
    same(entry->FreeMisses, 2);
    same(entry->Type, NonPagedPoolNx);
    same(entry->Tag, TAGPOOL_TAG('L', 'o', 'k', '1'));
    same(entry->Size, 88);
    same(second->Tag, TAGPOOL_TAG('L', 'o', 'k', '2'));
    same(second->Size, 99);
    same(second->Type, PagedPool);
    same(second->CurrentDepth | second->TotalAllocates | second->TotalFrees, 0);
    ExFreeToNPagedLookasideList(&list, entries[0]);
    ExDeleteNPagedLookasideList(&list);
    ExDeletePagedLookasideList(&paged);
    ask(SystemLookasideInformation);
    same(length, 0);
}

/* "SystemPoolZeroingInformation = 227: BOOLEAN PoolZeroingSupportPresent." */
static void zeroing(void **state)
{
    (void)state;
    same(((const SYSTEM_POOL_ZEROING_INFORMATION *)ask(SystemPoolZeroingInformation))->PoolZeroingSupportPresent, TRUE);
    same(length, 1);
}

/* The entry of a driver; NULL if there is none. Each entry has its name behind it. */
static const SYSTEM_VERIFIER_INFORMATION *find_driver(const char *name)
{
    const char *at = ask(SystemVerifierInformation);
    for (;;) {
        const SYSTEM_VERIFIER_INFORMATION *entry = (const void *)at;
        size_t characters = entry->DriverName.Length / 2, i = 0;
        check(entry->DriverName.MaximumLength == entry->DriverName.Length + 2 && entry->DriverName.Buffer[characters] == 0);
        check(entry->DriverName.Buffer == (const void *)(entry + 1));
        check((const char *)(entry->DriverName.Buffer + characters + 1) <= answer + length);
        while (i < characters && entry->DriverName.Buffer[i] == (unsigned char)name[i])
            i++;
        if (i == characters && name[i] == 0)
            return entry;
        if (entry->NextEntryOffset == 0)
            return NULL;
        at += entry->NextEntryOffset;
    }
}

/* Driver Verifier's counters are those of tagpool_verifier_read() and tagpool_driver_read(); Level says what is on. */
static void verifier(void **state)
{
    struct tagpool_verifier_counters counters;
    (void)state;
    struct tagpool_driver *driver = tagpool_driver_load("first.sys"), *other = tagpool_driver_load("the second.sys");
    (void)tagpool_driver_enter(driver);
    void *paged = tagpool_alloc(TAGPOOL_PAGED, 100, fresh_tag()), *big = tagpool_alloc(TAGPOOL_PAGED, 5000, fresh_tag());
    void *nonpaged = tagpool_alloc(TAGPOOL_NONPAGED, 7, fresh_tag());
    tagpool_free(big);
    same(tagpool_start("fault_nth=1"), 0);
    check(tagpool_alloc(TAGPOOL_PAGED, 100, fresh_tag()) == NULL);
    (void)tagpool_driver_enter(NULL);
    same(find_driver("first.sys")->Level, 4 | 8);
    same(tagpool_start("fault_nth=0 special=none force_irql=off"), 0);
    const SYSTEM_VERIFIER_INFORMATION *entry = find_driver("first.sys");
    tagpool_verifier_read(&counters);
    check(counters.failed_deliberately >= 1);
    same(entry->Level, 8);
    same(entry->AllocationsAttempted, counters.attempted);
    same(entry->AllocationsSucceeded, counters.succeeded);
    same(entry->AllocationsFailedDeliberately, counters.failed_deliberately);
    same(entry->AllocationsAttempted,
         entry->AllocationsSucceeded + entry->AllocationsFailed + entry->AllocationsFailedDeliberately);
    check(entry->Loads == 1 && entry->Unloads == 0);
    check(entry->CurrentPagedPoolAllocations == 1 && entry->PeakPagedPoolAllocations == 2);
    check(entry->PagedPoolUsageInBytes == 100 && entry->PeakPagedPoolUsageInBytes == 5100);
    check(entry->CurrentNonPagedPoolAllocations == 1 && entry->NonPagedPoolUsageInBytes == 7);
    tagpool_free(paged);
    tagpool_free(nonpaged);
    same(tagpool_driver_unload(other), TAGPOOL_CLEAN);
    entry = find_driver("the second.sys");
    check(entry->Unloads == 1 && entry->CurrentPagedPoolAllocations == 0 && entry->PeakPagedPoolUsageInBytes == 0);
    check(find_driver("third.sys") == NULL);
    same(tagpool_driver_unload(driver), TAGPOOL_CLEAN);
}

/* "STATUS_INVALID_INFO_CLASS": every other class. */
static void other_classes(void **state)
{
    (void)state;
    for (int class = -1; class < 300; class ++) {
        if (class == 22 || class == 45 || class == 51 || class == 66 || class == 227)
            continue;
        length = 99;
        same(NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS) class, answer, sizeof answer, &length),
             STATUS_INVALID_INFO_CLASS);
        same(length, 0);
    }
}

/* A library that was never used has no tags, no blocks, no lists; asking does not start it. */
static void never_started(void)
{
    same(((const SYSTEM_POOLTAG_INFORMATION *)ask(SystemPoolTagInformation))->Count, 0);
    same(((const SYSTEM_BIGPOOL_INFORMATION *)ask(SystemBigPoolInformation))->Count, 0);
    ask(SystemLookasideInformation);
    same(length, 0);
    ask(SystemVerifierInformation); /* no driver, no entry */
    same(length, 0);
    same(tagpool_verdict(), TAGPOOL_NOT_CHECKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(never_started), test(layouts),         test(tags),    test(tags_add_up),   test(too_short),
        test(big_blocks),          test(lookaside_lists), test(zeroing), test(other_classes),
        test(verifier),
    };
    return cmocka_run_group_tests_name("NtQuerySystemInformation", tests, NULL, NULL);
}
