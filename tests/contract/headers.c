/* SPDX-License-Identifier: MIT
 *
 * headers.c: what our own <ntifs.h> says in numbers: every value that drivers compile in, every size and offset that the code of
 * a DDK relies on. The numbers are written out here, not computed, for they are a contract with code that exists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ntifs.h>

#define EITHER(n64, n32) (sizeof(void *) == 8 ? (n64) : (n32))
#define same(a, b) assert_int_equal((uintmax_t)(a), (uintmax_t)(b))

/* The integers have the widths that Windows gives them, whatever the machine's long is. */
static void scalars(void **state)
{
    (void)state;
    same(sizeof(CHAR), 1);
    same(sizeof(UCHAR), 1);
    same(sizeof(BOOLEAN), 1);
    same(sizeof(KIRQL), 1);
    same(sizeof(SHORT), 2);
    same(sizeof(USHORT), 2);
    same(sizeof(WCHAR), 2);
    same(sizeof(LONG), 4);
    same(sizeof(ULONG), 4);
    same(sizeof(NTSTATUS), 4);
    same(sizeof(LOGICAL), 4);
    same(sizeof(LONGLONG), 8);
    same(sizeof(ULONGLONG), 8);
    same(sizeof(ULONG64), 8);
    same(sizeof(POOL_FLAGS), 8);
    same(sizeof(PVOID), EITHER(8, 4));
    same(sizeof(HANDLE), EITHER(8, 4));
    same(sizeof(SIZE_T), EITHER(8, 4));
    same(sizeof(ULONG_PTR), EITHER(8, 4));
    same(sizeof(KSPIN_LOCK), EITHER(8, 4));
    same(sizeof(POOL_TYPE), 4);
    same(sizeof(EX_POOL_PRIORITY), 4);
    /* NTSTATUS and LONG are signed, ULONG, WCHAR and the pointer-sized ones are not. */
    assert_true((NTSTATUS)-1 < 0 && (LONG)-1 < 0 && (LONG_PTR)-1 < 0);
    assert_true((ULONG)-1 > 0 && (WCHAR)-1 > 0 && (SIZE_T)-1 > 0 && (ULONG_PTR)-1 > 0);
}

/* Every POOL_TYPE. */
static void pool_types(void **state)
{
    (void)state;
    same(NonPagedPool, 0);
    same(NonPagedPoolExecute, 0);
    same(NonPagedPoolBase, 0);
    same(PagedPool, 1);
    same(NonPagedPoolMustSucceed, 2);
    same(NonPagedPoolBaseMustSucceed, 2);
    same(DontUseThisType, 3);
    same(NonPagedPoolCacheAligned, 4);
    same(NonPagedPoolBaseCacheAligned, 4);
    same(PagedPoolCacheAligned, 5);
    same(NonPagedPoolCacheAlignedMustS, 6);
    same(NonPagedPoolBaseCacheAlignedMustS, 6);
    same(MaxPoolType, 7);
    same(NonPagedPoolSession, 32);
    same(PagedPoolSession, 33);
    same(NonPagedPoolMustSucceedSession, 34);
    same(DontUseThisTypeSession, 35);
    same(NonPagedPoolCacheAlignedSession, 36);
    same(PagedPoolCacheAlignedSession, 37);
    same(NonPagedPoolCacheAlignedMustSSession, 38);
    same(NonPagedPoolNx, 512);
    same(NonPagedPoolNxCacheAligned, 516);
    same(NonPagedPoolSessionNx, 544);
}

/* Modifiers of a POOL_TYPE, and the bit of a tag. */
static void modifiers(void **state)
{
    (void)state;
    same(POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, 8);
    same(POOL_RAISE_IF_ALLOCATION_FAILURE, 16);
    same(POOL_COLD_ALLOCATION, 256);
    same(POOL_NX_ALLOCATION, 512);
    same(POOL_ZERO_ALLOCATION, 1024);
    same(PROTECTED_POOL, 0x80000000);
    same(DrvRtPoolNxOptIn, 1);
}

/* Every POOL_FLAG_: the low half is required, the high half optional. */
static void pool_flags(void **state)
{
    (void)state;
    same(POOL_FLAG_USE_QUOTA, 0x1);
    same(POOL_FLAG_REQUIRED_START, 0x1);
    same(POOL_FLAG_UNINITIALIZED, 0x2);
    same(POOL_FLAG_SESSION, 0x4);
    same(POOL_FLAG_CACHE_ALIGNED, 0x8);
    same(POOL_FLAG_RESERVED1, 0x10);
    same(POOL_FLAG_RAISE_ON_FAILURE, 0x20);
    same(POOL_FLAG_NON_PAGED, 0x40);
    same(POOL_FLAG_NON_PAGED_EXECUTE, 0x80);
    same(POOL_FLAG_PAGED, 0x100);
    same(POOL_FLAG_RESERVED2, 0x200);
    same(POOL_FLAG_RESERVED3, 0x400);
    same(POOL_FLAG_REQUIRED_END, 0x80000000);
    same(POOL_FLAG_SPECIAL_POOL, 0x100000000);
    same(POOL_FLAG_OPTIONAL_START, 0x100000000);
    same(POOL_FLAG_OPTIONAL_END, 0x8000000000000000);
}

/* Bit 3 of a priority says that an end of the page is given, bit 0 which one. */
static void priorities(void **state)
{
    (void)state;
    same(LowPoolPriority, 0);
    same(LowPoolPrioritySpecialPoolOverrun, 8);
    same(LowPoolPrioritySpecialPoolUnderrun, 9);
    same(NormalPoolPriority, 16);
    same(NormalPoolPrioritySpecialPoolOverrun, 24);
    same(NormalPoolPrioritySpecialPoolUnderrun, 25);
    same(HighPoolPriority, 32);
    same(HighPoolPrioritySpecialPoolOverrun, 40);
    same(HighPoolPrioritySpecialPoolUnderrun, 41);
}

/* An extended parameter has 16 bytes: 8 bits of type, 1 bit optional, 55 reserved, and then the value. */
static void extended_parameter(void **state)
{
    union {
        POOL_EXTENDED_PARAMETER parameter;
        ULONG64 word[2];
    } u = {.word = {0, 0}};

    (void)state;
    same(sizeof(POOL_EXTENDED_PARAMETER), 16);
    same(offsetof(POOL_EXTENDED_PARAMETER, Priority), 8);
    same(offsetof(POOL_EXTENDED_PARAMETER, SecurePoolParams), 8);
    same(offsetof(POOL_EXTENDED_PARAMETER, PreferredNode), 8);
    u.parameter.Type = PoolExtendedParameterNumaNode;
    same(u.word[0], 3);
    u.parameter.Optional = 1;
    same(u.word[0], 0x103);
    u.parameter.Reserved = 1;
    same(u.word[0], 0x303);
    u.parameter.Priority = HighPoolPriority;
    same(u.word[1], 32);

    same(PoolExtendedParameterInvalidType, 0);
    same(PoolExtendedParameterPriority, 1);
    same(PoolExtendedParameterSecurePool, 2);
    same(PoolExtendedParameterNumaNode, 3);
    same(PoolExtendedParameterMax, 4);
    same(MM_ANY_NODE_OK, 0x80000000);
    same(SECURE_POOL_FLAGS_NONE, 0);
    same(SECURE_POOL_FLAGS_FREEABLE, 1);
    same(SECURE_POOL_FLAGS_MODIFIABLE, 2);
    same(POOL_CREATE_FLG_SECURE_POOL, 1);
    same(POOL_CREATE_FLG_USE_GLOBAL_POOL, 2);
    same(POOL_CREATE_PARAMS_VERSION, 1);
    same(sizeof(POOL_EXTENDED_PARAMS_SECURE_POOL), EITHER(32, 16));
    same(offsetof(POOL_EXTENDED_PARAMS_SECURE_POOL, Cookie), EITHER(16, 8));
    same(offsetof(POOL_EXTENDED_PARAMS_SECURE_POOL, SecurePoolFlags), EITHER(24, 12));
}

/* Every status code. */
static void statuses(void **state)
{
    (void)state;
    same((ULONG)STATUS_SUCCESS, 0x00000000);
    same((ULONG)STATUS_ALERTED, 0x00000101);
    same((ULONG)STATUS_REPARSE, 0x00000104);
    same((ULONG)STATUS_MORE_ENTRIES, 0x00000105);
    same((ULONG)STATUS_SOME_NOT_MAPPED, 0x00000107);
    same((ULONG)STATUS_OBJECT_NAME_EXISTS, 0x40000000);
    same((ULONG)STATUS_BUFFER_OVERFLOW, 0x80000005);
    same((ULONG)STATUS_NO_MORE_FILES, 0x80000006);
    same((ULONG)STATUS_DEVICE_BUSY, 0x80000011);
    same((ULONG)STATUS_NO_MORE_ENTRIES, 0x8000001A);
    same((ULONG)STATUS_UNSUCCESSFUL, 0xC0000001);
    same((ULONG)STATUS_NOT_IMPLEMENTED, 0xC0000002);
    same((ULONG)STATUS_INVALID_INFO_CLASS, 0xC0000003);
    same((ULONG)STATUS_INFO_LENGTH_MISMATCH, 0xC0000004);
    same((ULONG)STATUS_NO_SUCH_DEVICE, 0xC000000E);
    same((ULONG)STATUS_NO_SUCH_FILE, 0xC000000F);
    same((ULONG)STATUS_INVALID_DEVICE_REQUEST, 0xC0000010);
    same((ULONG)STATUS_END_OF_FILE, 0xC0000011);
    same((ULONG)STATUS_MORE_PROCESSING_REQUIRED, 0xC0000016);
    same((ULONG)STATUS_ACCESS_DENIED, 0xC0000022);
    same((ULONG)STATUS_BUFFER_TOO_SMALL, 0xC0000023);
    same((ULONG)STATUS_OBJECT_TYPE_MISMATCH, 0xC0000024);
    same((ULONG)STATUS_OBJECT_NAME_INVALID, 0xC0000033);
    same((ULONG)STATUS_OBJECT_NAME_NOT_FOUND, 0xC0000034);
    same((ULONG)STATUS_OBJECT_NAME_COLLISION, 0xC0000035);
    same((ULONG)STATUS_DATA_ERROR, 0xC000003E);
    same((ULONG)STATUS_SHARING_VIOLATION, 0xC0000043);
    same((ULONG)STATUS_QUOTA_EXCEEDED, 0xC0000044);
    same((ULONG)STATUS_DELETE_PENDING, 0xC0000056);
    same((ULONG)STATUS_INSUFFICIENT_RESOURCES, 0xC000009A);
    same((ULONG)STATUS_DEVICE_NOT_CONNECTED, 0xC000009D);
    same((ULONG)STATUS_DEVICE_NOT_READY, 0xC00000A3);
    same((ULONG)STATUS_IO_TIMEOUT, 0xC00000B5);
    same((ULONG)STATUS_NOT_SUPPORTED, 0xC00000BB);
    same((ULONG)STATUS_INTERNAL_ERROR, 0xC00000E5);
    same((ULONG)STATUS_INVALID_PARAMETER_1, 0xC00000EF);
    same((ULONG)STATUS_INVALID_PARAMETER_2, 0xC00000F0);
    same((ULONG)STATUS_INVALID_PARAMETER_3, 0xC00000F1);
    same((ULONG)STATUS_INVALID_PARAMETER_4, 0xC00000F2);
    same((ULONG)STATUS_INVALID_PARAMETER_5, 0xC00000F3);
    same((ULONG)STATUS_INVALID_PARAMETER_6, 0xC00000F4);
    same((ULONG)STATUS_INVALID_PARAMETER_7, 0xC00000F5);
    same((ULONG)STATUS_INVALID_PARAMETER_8, 0xC00000F6);
    same((ULONG)STATUS_INVALID_PARAMETER_9, 0xC00000F7);
    same((ULONG)STATUS_INVALID_PARAMETER_10, 0xC00000F8);
    same((ULONG)STATUS_INVALID_PARAMETER_11, 0xC00000F9);
    same((ULONG)STATUS_INVALID_PARAMETER_12, 0xC00000FA);
    same((ULONG)STATUS_NAME_TOO_LONG, 0xC0000106);
    same((ULONG)STATUS_CANCELLED, 0xC0000120);
    same((ULONG)STATUS_INVALID_DEVICE_STATE, 0xC0000184);
    same((ULONG)STATUS_INVALID_BUFFER_SIZE, 0xC0000206);
    same((ULONG)STATUS_NOT_FOUND, 0xC0000225);
    same((ULONG)STATUS_TIMEOUT, 0x00000102);
    same((ULONG)STATUS_PENDING, 0x00000103);
    same((ULONG)STATUS_DATATYPE_MISALIGNMENT, 0x80000002);
    same((ULONG)STATUS_BREAKPOINT, 0x80000003);
    same((ULONG)STATUS_ACCESS_VIOLATION, 0xC0000005);
    same((ULONG)STATUS_INVALID_HANDLE, 0xC0000008);
    same((ULONG)STATUS_INVALID_PARAMETER, 0xC000000D);
    same((ULONG)STATUS_NO_MEMORY, 0xC0000017);
    same((ULONG)STATUS_INTEGER_DIVIDE_BY_ZERO, 0xC0000094);
    same((ULONG)STATUS_INTEGER_OVERFLOW, 0xC0000095);
    same((ULONG)STATUS_ASSERTION_FAILURE, 0xC0000420);
}

/* Success and information are successes; warnings and errors are none. */
static void status_classes(void **state)
{
    (void)state;
    assert_true(NT_SUCCESS(STATUS_SUCCESS) && NT_SUCCESS(STATUS_PENDING) && NT_SUCCESS(STATUS_OBJECT_NAME_EXISTS));
    assert_false(NT_SUCCESS(STATUS_BUFFER_OVERFLOW) || NT_SUCCESS(STATUS_INSUFFICIENT_RESOURCES));
    assert_true(NT_INFORMATION(STATUS_OBJECT_NAME_EXISTS) && !NT_INFORMATION(STATUS_PENDING));
    assert_true(NT_WARNING(STATUS_BUFFER_OVERFLOW) && !NT_WARNING(STATUS_NO_MEMORY));
    assert_true(NT_ERROR(STATUS_NO_MEMORY) && !NT_ERROR(STATUS_BUFFER_OVERFLOW) && !NT_ERROR(STATUS_SUCCESS));
}

/* List entries, counted strings and LARGE_INTEGER. */
static void structs(void **state)
{
    LARGE_INTEGER number;

    (void)state;
    same(sizeof(LIST_ENTRY), EITHER(16, 8));
    same(offsetof(LIST_ENTRY, Flink), 0);
    same(offsetof(LIST_ENTRY, Blink), EITHER(8, 4));
    same(sizeof(SINGLE_LIST_ENTRY), EITHER(8, 4));
    same(sizeof(UNICODE_STRING), EITHER(16, 8));
    same(offsetof(UNICODE_STRING, Length), 0);
    same(offsetof(UNICODE_STRING, MaximumLength), 2);
    same(offsetof(UNICODE_STRING, Buffer), EITHER(8, 4));
    same(sizeof(ANSI_STRING), EITHER(16, 8));
    same(offsetof(ANSI_STRING, Buffer), EITHER(8, 4));
    same(sizeof(LARGE_INTEGER), 8);
    same(_Alignof(LARGE_INTEGER), 8);
    number.QuadPart = 0x123456789ALL;
    same(number.LowPart, 0x3456789A);
    same(number.HighPart, 0x12);
    same(number.u.LowPart, 0x3456789A);
    same(sizeof(KLOCK_QUEUE_HANDLE), EITHER(24, 12));
    same(offsetof(KLOCK_QUEUE_HANDLE, OldIrql), EITHER(16, 8));
}

/* SLists: aligned to 16 bytes on 64 bit, so that the header has room for a count beside the pointer. */
static void slists(void **state)
{
    (void)state;
    same(sizeof(SLIST_HEADER), EITHER(16, 8));
    same(_Alignof(SLIST_HEADER), EITHER(16, 8));
    same(sizeof(SLIST_ENTRY), EITHER(16, 4));
    same(_Alignof(SLIST_ENTRY), EITHER(16, 4));
    same(offsetof(SLIST_ENTRY, Next), 0);
    same(offsetof(SLIST_HEADER, Alignment), 0);
}

/* Lookaside lists in the DDK's layout, for its inline code reaches into them. They are aligned as a block of pool is. */
static void lookaside(void **state)
{
    (void)state;
    same(sizeof(GENERAL_LOOKASIDE), EITHER(128, 72));
    same(sizeof(NPAGED_LOOKASIDE_LIST), EITHER(128, 80));
    same(sizeof(PAGED_LOOKASIDE_LIST), EITHER(128, 104));
    same(sizeof(LOOKASIDE_LIST_EX), EITHER(96, 72));
    same(_Alignof(GENERAL_LOOKASIDE), EITHER(16, 8));
    same(_Alignof(NPAGED_LOOKASIDE_LIST), EITHER(16, 8));
    same(_Alignof(PAGED_LOOKASIDE_LIST), EITHER(16, 8));
    same(_Alignof(LOOKASIDE_LIST_EX), EITHER(16, 8));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.ListHead), EITHER(0, 0));
    same(offsetof(LOOKASIDE_LIST_EX, L.ListHead), EITHER(0, 0));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.Depth), EITHER(16, 8));
    same(offsetof(LOOKASIDE_LIST_EX, L.Depth), EITHER(16, 8));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.MaximumDepth), EITHER(18, 10));
    same(offsetof(LOOKASIDE_LIST_EX, L.MaximumDepth), EITHER(18, 10));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.TotalAllocates), EITHER(20, 12));
    same(offsetof(LOOKASIDE_LIST_EX, L.TotalAllocates), EITHER(20, 12));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.AllocateMisses), EITHER(24, 16));
    same(offsetof(LOOKASIDE_LIST_EX, L.AllocateMisses), EITHER(24, 16));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.AllocateHits), EITHER(24, 16));
    same(offsetof(LOOKASIDE_LIST_EX, L.AllocateHits), EITHER(24, 16));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.TotalFrees), EITHER(28, 20));
    same(offsetof(LOOKASIDE_LIST_EX, L.TotalFrees), EITHER(28, 20));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.FreeMisses), EITHER(32, 24));
    same(offsetof(LOOKASIDE_LIST_EX, L.FreeMisses), EITHER(32, 24));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.FreeHits), EITHER(32, 24));
    same(offsetof(LOOKASIDE_LIST_EX, L.FreeHits), EITHER(32, 24));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.Type), EITHER(36, 28));
    same(offsetof(LOOKASIDE_LIST_EX, L.Type), EITHER(36, 28));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.Tag), EITHER(40, 32));
    same(offsetof(LOOKASIDE_LIST_EX, L.Tag), EITHER(40, 32));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.Size), EITHER(44, 36));
    same(offsetof(LOOKASIDE_LIST_EX, L.Size), EITHER(44, 36));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.Allocate), EITHER(48, 40));
    same(offsetof(LOOKASIDE_LIST_EX, L.Allocate), EITHER(48, 40));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.AllocateEx), EITHER(48, 40));
    same(offsetof(LOOKASIDE_LIST_EX, L.AllocateEx), EITHER(48, 40));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.Free), EITHER(56, 44));
    same(offsetof(LOOKASIDE_LIST_EX, L.Free), EITHER(56, 44));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.FreeEx), EITHER(56, 44));
    same(offsetof(LOOKASIDE_LIST_EX, L.FreeEx), EITHER(56, 44));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.ListEntry), EITHER(64, 48));
    same(offsetof(LOOKASIDE_LIST_EX, L.ListEntry), EITHER(64, 48));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.LastTotalAllocates), EITHER(80, 56));
    same(offsetof(LOOKASIDE_LIST_EX, L.LastTotalAllocates), EITHER(80, 56));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.LastAllocateMisses), EITHER(84, 60));
    same(offsetof(LOOKASIDE_LIST_EX, L.LastAllocateMisses), EITHER(84, 60));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.LastAllocateHits), EITHER(84, 60));
    same(offsetof(LOOKASIDE_LIST_EX, L.LastAllocateHits), EITHER(84, 60));
    same(offsetof(NPAGED_LOOKASIDE_LIST, L.Future), EITHER(88, 64));
    same(offsetof(LOOKASIDE_LIST_EX, L.Future), EITHER(88, 64));
    same(offsetof(PAGED_LOOKASIDE_LIST, L.Future), EITHER(88, 64));
    same(LOOKASIDE_MINIMUM_BLOCK_SIZE, EITHER(8, 4));
    same(EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL, 1);
    same(EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE, 2);
}

/* What NtQuerySystemInformation() writes. */
static void system_information(void **state)
{
    (void)state;
    same(SystemPoolTagInformation, 22);
    same(SystemLookasideInformation, 45);
    same(SystemBigPoolInformation, 66);
    same(sizeof(SYSTEM_POOLTAG), EITHER(0x28, 0x1C));
    same(offsetof(SYSTEM_POOLTAG, PagedAllocs), 4);
    same(offsetof(SYSTEM_POOLTAG, PagedFrees), 8);
    same(offsetof(SYSTEM_POOLTAG, PagedUsed), EITHER(0x10, 0xC));
    same(offsetof(SYSTEM_POOLTAG, NonPagedAllocs), EITHER(0x18, 0x10));
    same(offsetof(SYSTEM_POOLTAG, NonPagedFrees), EITHER(0x1C, 0x14));
    same(offsetof(SYSTEM_POOLTAG, NonPagedUsed), EITHER(0x20, 0x18));
    same(offsetof(SYSTEM_POOLTAG_INFORMATION, TagInfo), EITHER(8, 4));
    same(sizeof(SYSTEM_BIGPOOL_ENTRY), EITHER(0x18, 0xC));
}

/* IRQLs and pages. */
static void levels(void **state)
{
    (void)state;
    same(PASSIVE_LEVEL, 0);
    same(LOW_LEVEL, 0);
    same(APC_LEVEL, 1);
    same(DISPATCH_LEVEL, 2);
    same(HIGH_LEVEL, EITHER(15, 31));
    same(PAGE_SIZE, 0x1000);
    same(PAGE_SHIFT, 12);
    same(ROUND_TO_PAGES(1), 4096);
    same(ROUND_TO_PAGES(4096), 4096);
    same(BYTES_TO_PAGES(0), 0);
    same(BYTES_TO_PAGES(4097), 2);
    same(BYTE_OFFSET(0x12345), 0x345);
    same((uintptr_t)PAGE_ALIGN(0x12345), 0x12000);
    same(MEMORY_ALLOCATION_ALIGNMENT, EITHER(16, 8));
    same(ROUND_TO_SIZE(17, 8), 24);
    same(ROUND_TO_SIZE(24, 8), 24);
    same(RTL_SIZEOF_THROUGH_FIELD(UNICODE_STRING, MaximumLength), 4);
    same(RTL_FIELD_SIZE(UNICODE_STRING, Length), 2);
    same(sizeof(UNICODE_NULL), 2);
    same(UNICODE_STRING_MAX_BYTES, 65534);
}

/* A tag's literal is written backwards: 'derF' displays "Fred". */
static void tags(void **state)
{
    (void)state;
    same('derF', 0x64657246);
    same('derF', TAGPOOL_TAG('F', 'r', 'e', 'd'));
}

/* The pool routines are functions with addresses, ExFreePool too: drivers give them to lookaside lists. */
static void addresses(void **state)
{
    PFREE_FUNCTION release = ExFreePool;
    PALLOCATE_FUNCTION allocate = ExAllocatePoolWithTag;
    PVOID block = allocate(PagedPool, 10, 'rdda');

    (void)state;
    assert_non_null(block);
    release(block);
    assert_true(tagpool_shutdown() == TAGPOOL_CLEAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars),
        cmocka_unit_test(pool_types),
        cmocka_unit_test(modifiers),
        cmocka_unit_test(pool_flags),
        cmocka_unit_test(priorities),
        cmocka_unit_test(extended_parameter),
        cmocka_unit_test(statuses),
        cmocka_unit_test(status_classes),
        cmocka_unit_test(structs),
        cmocka_unit_test(slists),
        cmocka_unit_test(lookaside),
        cmocka_unit_test(system_information),
        cmocka_unit_test(levels),
        cmocka_unit_test(tags),
        cmocka_unit_test(addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
