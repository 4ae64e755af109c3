/* SPDX-License-Identifier: MIT
 *
 * ddk.c: what a DDK's headers do inline, and what the overlay adds to them, on the library's routines.
 */
#include <ntddk.h>
#include <ntstrsafe.h>

#include <tagpool/wdk.h>

#include "check.h"

#define TAG 'kdDt'

static unsigned bugchecks;
static uint32_t code;
static uintptr_t parameter;

static void count(const struct tagpool_bugcheck *bugcheck, void *context)
{
    UNREFERENCED_PARAMETER(context);
    bugchecks++;
    code = bugcheck->code;
    parameter = bugcheck->parameter[0];
}

/* The DDK's types have the sizes that they have on Windows. */
static void sizes(void)
{
    CHECK(sizeof(LONG) == 4 && sizeof(ULONG) == 4 && sizeof(LONGLONG) == 8 && sizeof(WCHAR) == 2 && sizeof(L"ab") == 6);
    CHECK(sizeof(SIZE_T) == sizeof(void *) && sizeof(ULONG_PTR) == sizeof(void *) && sizeof(POOL_FLAGS) == 8);
    CHECK(sizeof(POOL_TYPE) == 4 && sizeof(BOOLEAN) == 1 && sizeof(UNICODE_STRING) == 2 * sizeof(void *));
}

/* Inline or not in the DDK, the IRQL is the library's: what raises is judged, and pool sees the level. */
static void irql(void)
{
    KIRQL old, older;
    KSPIN_LOCK lock;

    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
    KeRaiseIrql(APC_LEVEL, &old);
    older = KeRaiseIrqlToDpcLevel();
    CHECK(old == PASSIVE_LEVEL && older == APC_LEVEL && KeGetCurrentIrql() == DISPATCH_LEVEL);
    bugchecks = 0;
    CHECK(ExAllocatePool2(POOL_FLAG_PAGED, 16, TAG) == NULL);
    CHECK(bugchecks == 1 && code == 0xC2 && parameter == 8);
    KeLowerIrql(old);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);

    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &old);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL && old == PASSIVE_LEVEL);
    KeReleaseSpinLock(&lock, old);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);

    KeRaiseIrql(DISPATCH_LEVEL, &old);
    bugchecks = 0;
    KeRaiseIrql(APC_LEVEL, &older);
    CHECK(bugchecks == 1 && code == 0xC4 && parameter == 0x30);
    KeLowerIrql(PASSIVE_LEVEL);

    __writecr8(DISPATCH_LEVEL); /* what code compiled from an older header does */
    CHECK(__readcr8() == DISPATCH_LEVEL && KeGetCurrentIrql() == DISPATCH_LEVEL);
    __writecr8(PASSIVE_LEVEL);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
}

/* Pool routines that the DDK declares, and those that it lacks, are the library's. */
static void pool(void)
{
    PUCHAR block = ExAllocatePoolWithTag(NonPagedPoolNx, 100, TAG);
    PVOID (*allocate)(POOL_FLAGS, SIZE_T, ULONG) = ExAllocatePool2;
    POOL_EXTENDED_PARAMETER priority = {.Type = PoolExtendedParameterPriority, .Priority = HighPoolPriority};

    CHECK(tagpool_size(block) == 100 && tagpool_tag(block) == TAG);
    ExFreePool(block);
    block = ExAllocatePoolZero(PagedPool, 33, TAG);
    CHECK(block[0] == 0 && block[32] == 0);
    ExFreePoolWithTag(block, TAG);
    block = allocate(POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED, 10, TAG);
    CHECK((ULONG_PTR)block % SYSTEM_CACHE_ALIGNMENT_SIZE == 0 && block[9] == 0);
    ExFreePool2(block, TAG, NULL, 0);
    block = ExAllocatePool3(POOL_FLAG_PAGED, PAGE_SIZE, TAG, &priority, 1);
    CHECK(PAGE_ALIGN(block) == block);
    ExFreePool(block);
    CHECK(ExAllocatePool2((POOL_FLAGS)PagedPool, 10, TAG) == NULL); /* a POOL_TYPE */
}

/* The compiler's interlocked and bit instructions. */
static void intrinsics(void)
{
    LONG volatile value = 5;
    LONG64 volatile wide = 1;
    PVOID volatile pointer = NULL;
    ULONG index;

    CHECK(InterlockedIncrement(&value) == 6 && InterlockedDecrement(&value) == 5 && InterlockedExchangeAdd(&value, 3) == 5);
    CHECK(InterlockedAdd(&value, 2) == 10 && InterlockedExchange(&value, 12) == 10 && InterlockedOr(&value, 3) == 12);
    CHECK(InterlockedAnd(&value, 6) == 15 && InterlockedXor(&value, 1) == 6 && value == 7);
    CHECK(InterlockedCompareExchange(&value, 9, 8) == 7 && InterlockedCompareExchange(&value, 9, 7) == 7 && value == 9);
    CHECK(InterlockedIncrement64(&wide) == 2 && InterlockedCompareExchange64(&wide, 1LL << 40, 2) == 2 && wide == 1LL << 40);
    CHECK(InterlockedExchangePointer(&pointer, &index) == NULL && pointer == &index);
    CHECK(InterlockedCompareExchangePointer(&pointer, NULL, &index) == &index && pointer == NULL);
    CHECK(InterlockedBitTestAndSet(&value, 1) == 0 && InterlockedBitTestAndReset(&value, 0) == 1 && value == 10);
    CHECK(_BitScanForward(&index, 0x80) && index == 7 && _BitScanReverse(&index, 0xF0) && index == 7);
    CHECK(!_BitScanForward(&index, 0) && _rotl(0x80000001, 4) == 0x18 && _rotr64(1, 1) == 1ULL << 63 && _rotl(3, 0) == 3);
    CHECK(UnsignedMultiplyHigh(~0ULL, ~0ULL) == ~0ULL - 1 && UnsignedMultiplyHigh(1ULL << 63, 6) == 3);
    CHECK(RtlUshortByteSwap(0x1234) == 0x3412 && RtlUlongByteSwap(0x12345678) == 0x78563412);
}

static LONG allocated, freed;

static PVOID NTAPI allocate_entry(POOL_TYPE type, SIZE_T bytes, ULONG tag)
{
    allocated++;
    return ExAllocatePoolWithTag(type, bytes, tag);
}

static VOID NTAPI free_entry(PVOID entry)
{
    freed++;
    ExFreePool(entry);
}

/* Lookaside lists, which the DDK's inline code takes from and gives to by itself. */
static void lookaside(void)
{
    NPAGED_LOOKASIDE_LIST list;
    PVOID entries[10];

    ExInitializeNPagedLookasideList(&list, allocate_entry, free_entry, 0, 48, TAG, 0);
    CHECK(list.L.Depth == 4 && list.L.MaximumDepth == 256 && list.L.Size == 48 && list.L.Tag == TAG);
    for (int i = 0; i < 10; i++)
        entries[i] = ExAllocateFromNPagedLookasideList(&list);
    CHECK(allocated == 10 && list.L.TotalAllocates == 10 && list.L.AllocateMisses == 10);
    for (int i = 0; i < 10; i++)
        ExFreeToNPagedLookasideList(&list, entries[i]);
    CHECK(freed == 6 && list.L.TotalFrees == 10 && list.L.FreeMisses == 6 && ExQueryDepthSList(&list.L.ListHead) == 4);
    CHECK(ExAllocateFromNPagedLookasideList(&list) == entries[3] && allocated == 10);
    ExFreeToNPagedLookasideList(&list, entries[3]);
    ExDeleteNPagedLookasideList(&list);
    CHECK(freed == 10);
}

/* The kernel's C routines take 16-bit characters. */
static void wide(void)
{
    WCHAR text[12];
    char narrow[4], line[40];
    UNICODE_STRING counted = RTL_CONSTANT_STRING(L"count");

    wcscpy(text, L"abc");
    wcscat(text, L"DEF");
    CHECK(wcslen(text) == 6 && wcscmp(text, L"abd") < 0 && _wcsicmp(text, L"ABCdef") == 0 && _wcsnicmp(text, L"ABx", 2) == 0);
    CHECK(wcschr(text, L'c') == text + 2 && wcschr(text, L'x') == NULL && wcsrchr(text, L'a') == text);
    CHECK(wcsstr(text, L"cD") == text + 2 && wcsstr(text, L"cd") == NULL && wcsncmp(text, L"abx", 2) == 0);
    wcsncpy(text, L"xy", 4);
    CHECK(text[1] == L'y' && text[2] == 0 && text[3] == 0 && text[4] == L'E');
    CHECK(_snprintf(narrow, 4, "%d", 12345) == -1 && memcmp(narrow, "1234", 4) == 0);
    CHECK(_snprintf(narrow, 4, "%d", 5678) == 4 && memcmp(narrow, "5678", 4) == 0 && _snprintf(narrow, 4, "%d", 90) == 2);
    CHECK(RtlStringCbCopyA(narrow, 4, "abcdef") == STATUS_BUFFER_OVERFLOW && strcmp(narrow, "abc") == 0);
    CHECK(RtlStringCchPrintfA(line, 40, "%5ld|%-4d|%04hX|%I64u|%s", (LONG)-7, 3, 0xABCDE, 1ULL << 40, "s") == 0);
    CHECK(strcmp(line, "   -7|3   |BCDE|1099511627776|s") == 0);
    CHECK(RtlStringCchPrintfA(line, 40, "%ws %wZ %S %c%%%.2s|%*u", L"w", &counted, L"x", 'y', "abc", 4, 12u) == 0);
    CHECK(strcmp(line, "w count x y%ab|  12") == 0);
    CHECK(RtlStringCchPrintfW(text, 12, L"%s%hs%S%lu", L"w", "h", "n", (ULONG)-1) == STATUS_BUFFER_OVERFLOW);
    CHECK(wcscmp(text, L"whn42949672") == 0);
    CHECK(_snprintf(line, 40, "%p %.1f", (PVOID)0xAB, 2.25) > 0 && strstr(line, "0AB 2.2") != NULL && strlen(line) >= 12);
    CHECK(RtlStringCchCopyW(text, 12, L"short") == STATUS_SUCCESS && wcscmp(text, L"short") == 0);
}

/* The DDK's inline lists. */
static void lists(void)
{
    LIST_ENTRY head, first, second;
    InitializeListHead(&head);
    InsertTailList(&head, &second);
    InsertHeadList(&head, &first);
    CHECK(RemoveHeadList(&head) == &first && !IsListEmpty(&head) && RemoveEntryList(&second) && IsListEmpty(&head));
}

int main(void)
{
    tagpool_bugcheck_handler_set(count, NULL);
    sizes();
    irql();
    bugchecks = 0;
    pool();
    CHECK(bugchecks == 1 && code == 0xC2 && parameter == 0x9A);
    intrinsics();
    lists();
    lookaside();
    wide();
    CHECK(tagpool_shutdown() == TAGPOOL_CLEAN);
    return check_end();
}
