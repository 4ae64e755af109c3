/* SPDX-License-Identifier: MIT
 *
 * ddk.c: what a DDK's headers do inline, and what the overlay adds to them, on the library's routines.
 */
#include <ntddk.h>

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
    CHECK(tagpool_shutdown() == TAGPOOL_CLEAN);
    return check_end();
}
