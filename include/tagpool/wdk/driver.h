/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/driver.h: the words around a driver's code: calling conventions, sizes and alignments, PAGED_CODE, assertions,
 * DbgPrint, DriverEntry's arguments.
 */
#ifndef TAGPOOL_WDK_DRIVER_H
#define TAGPOOL_WDK_DRIVER_H

#include "tagpool/wdk/bugcheck.h"
#include "tagpool/wdk/irql.h"
#include "tagpool/wdk/raise.h"
#include "tagpool/wdk/status.h"

/* ---- Declarations ------------------------------------------------------------------------------------------------ */

#ifndef NTAPI
#define NTAPI TAGPOOL_WDK_CALL
#endif
#ifndef FASTCALL
#define FASTCALL TAGPOOL_WDK_FASTCALL
#endif
#ifndef NTKERNELAPI
#define NTKERNELAPI
#endif
#ifndef NTSYSAPI
#define NTSYSAPI
#endif
#ifndef UNALIGNED
#define UNALIGNED
#endif
#ifndef IN
#define IN
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef FORCEINLINE
#define FORCEINLINE static inline __attribute__((always_inline, unused))
#endif
#ifndef DECLSPEC_NOINLINE
#define DECLSPEC_NOINLINE __attribute__((noinline))
#endif
#ifndef DECLSPEC_ALIGN
#define DECLSPEC_ALIGN(x) __attribute__((aligned(x)))
#endif
#ifndef EXTERN_C
#ifdef __cplusplus
#define EXTERN_C extern "C"
#else
#define EXTERN_C extern
#endif
#endif
#ifndef C_ASSERT
#define C_ASSERT(e) TAGPOOL_WDK_ASSERT(e)
#endif
#ifndef UNREFERENCED_PARAMETER
#define UNREFERENCED_PARAMETER(P) ((void)(P))
#endif

/* ---- Sizes and alignments ---------------------------------------------------------------------------------------- */

#ifndef FIELD_OFFSET
#define FIELD_OFFSET(type, field) ((LONG)offsetof(type, field))
#endif
#ifndef RTL_FIELD_SIZE
#define RTL_FIELD_SIZE(type, field) (sizeof(((type *)0)->field))
#endif
#ifndef RTL_SIZEOF_THROUGH_FIELD
#define RTL_SIZEOF_THROUGH_FIELD(type, field) (offsetof(type, field) + RTL_FIELD_SIZE(type, field))
#endif
#ifndef ANYSIZE_ARRAY
#define ANYSIZE_ARRAY 1
#endif
#ifndef RTL_NUMBER_OF
#define RTL_NUMBER_OF(A) (sizeof(A) / sizeof((A)[0]))
#endif
#ifndef ARRAYSIZE
#define ARRAYSIZE(A) RTL_NUMBER_OF(A)
#endif

/* The contract's page, whatever the machine's own is. */
#undef PAGE_SIZE
#define PAGE_SIZE 0x1000
#undef PAGE_SHIFT
#define PAGE_SHIFT 12
#ifndef ROUND_TO_PAGES
#define ROUND_TO_PAGES(Size) (((ULONG_PTR)(Size) + PAGE_SIZE - 1) & ~((ULONG_PTR)PAGE_SIZE - 1))
#define BYTES_TO_PAGES(Size) (((Size) >> PAGE_SHIFT) + (((Size) & (PAGE_SIZE - 1)) != 0))
#define BYTE_OFFSET(Va) ((ULONG)((ULONG_PTR)(Va) & (PAGE_SIZE - 1)))
#define PAGE_ALIGN(Va) ((PVOID)((ULONG_PTR)(Va) & ~((ULONG_PTR)PAGE_SIZE - 1)))
#endif
#ifndef ROUND_TO_SIZE
#define ROUND_TO_SIZE(Size, Alignment) (((ULONG_PTR)(Size) + (Alignment) - 1) & ~((ULONG_PTR)(Alignment) - 1))
#endif
#ifndef MEMORY_ALLOCATION_ALIGNMENT
#define MEMORY_ALLOCATION_ALIGNMENT (2 * sizeof(void *))
#endif
#ifndef SYSTEM_CACHE_ALIGNMENT_SIZE
#define SYSTEM_CACHE_ALIGNMENT_SIZE 64
#endif
#ifndef MAXULONG
#define MAXUSHORT 0xFFFF
#define MAXLONG 0x7FFFFFFF
#define MAXULONG 0xFFFFFFFFu
#define MAXSIZE_T (~(SIZE_T)0)
#endif

/* C++ has its own. */
#if !defined(__cplusplus) && !defined(NOMINMAX)
#ifndef min
#define min(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef max
#define max(a, b) ((a) > (b) ? (a) : (b))
#endif
#endif

/* ---- PAGED_CODE, assertions, text -------------------------------------------------------------------------------- */

/* Bug check 0xD1 DRIVER_IRQL_NOT_LESS_OR_EQUAL (address, level, 8 for execute, address) above APC_LEVEL, in every build: code
 * that can be paged out would end so sooner or later. A function of its own, so that it has an address in the caller. */
__attribute__((noinline, unused)) static void tagpool_wdk_paged_code(void)
{
    ULONG_PTR where = (ULONG_PTR)__builtin_return_address(0);

    if (KeGetCurrentIrql() > APC_LEVEL)
        KeBugCheckEx(0xD1, where, KeGetCurrentIrql(), 8, where);
}

#ifndef PAGED_CODE
#define PAGED_CODE() tagpool_wdk_paged_code()
#endif

/* With DBG=1, an assertion that fails raises STATUS_ASSERTION_FAILURE; without, none is evaluated, but NT_VERIFY always is. */
#ifndef NT_ASSERT
#if defined(DBG) && DBG
#define NT_ASSERT(e) ((e) ? (void)0 : ExRaiseStatus(STATUS_ASSERTION_FAILURE))
#define NT_VERIFY(e) NT_ASSERT(e)
#else
#define NT_ASSERT(e) ((void)0)
#define NT_VERIFY(e) ((void)(e))
#endif
#define NT_ASSERTMSG(text, e) NT_ASSERT(e)
#endif
#ifndef ASSERT
#define ASSERT(e) NT_ASSERT(e)
#define ASSERTMSG(text, e) NT_ASSERT(e)
#endif

/* Raises STATUS_BREAKPOINT: no kernel debugger is there to take it. */
static inline VOID DbgBreakPoint(VOID)
{
    ExRaiseStatus(STATUS_BREAKPOINT);
}
#ifndef KdBreakPoint
#if defined(DBG) && DBG
#define KdBreakPoint() DbgBreakPoint()
#else
#define KdBreakPoint() ((void)0)
#endif
#endif

/* What a driver says. The library prints nothing of a driver's: whoever hosts it defines the one of these that is called. */
#ifdef __cplusplus
extern "C" {
#endif
__attribute__((format(printf, 1, 2))) ULONG DbgPrint(PCSTR Format, ...);
__attribute__((format(printf, 3, 4))) ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...);
#ifdef __cplusplus
}
#endif
#define DPFLTR_IHVDRIVER_ID 77
#define DPFLTR_ERROR_LEVEL 0
#define DPFLTR_WARNING_LEVEL 1
#define DPFLTR_TRACE_LEVEL 2
#define DPFLTR_INFO_LEVEL 3
#ifndef KdPrint
#if defined(DBG) && DBG
#define KdPrint(arguments) DbgPrint arguments
#define KdPrintEx(arguments) DbgPrintEx arguments
#else
#define KdPrint(arguments) ((void)0)
#define KdPrintEx(arguments) ((void)0)
#endif
#endif

#ifndef TAGPOOL_WDK_NO_TYPES

/* ---- LARGE_INTEGER, DriverEntry ----------------------------------------------------------------------------------- */

#if !defined(TAGPOOL_WDK_NO_LARGE_INTEGER) && !defined(_WINNT_) && !defined(_NTDEF_)
typedef union TAGPOOL_WDK_ALIGN(8) _LARGE_INTEGER {
    __extension__ struct {
        ULONG LowPart;
        LONG HighPart;
    };
    struct {
        ULONG LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union TAGPOOL_WDK_ALIGN(8) _ULARGE_INTEGER {
    __extension__ struct {
        ULONG LowPart;
        ULONG HighPart;
    };
    struct {
        ULONG LowPart;
        ULONG HighPart;
    } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;
#endif
#ifndef TAGPOOL_WDK_NO_LARGE_INTEGER
typedef LARGE_INTEGER PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;
#endif

/* As much of a driver object as DriverEntry needs to be called and to say how to unload; a loader fills in the name. */
#ifndef TAGPOOL_WDK_NO_DRIVER_OBJECT
struct _DRIVER_OBJECT;
typedef NTSTATUS TAGPOOL_WDK_CALL DRIVER_INITIALIZE(struct _DRIVER_OBJECT *DriverObject, PUNICODE_STRING RegistryPath);
typedef DRIVER_INITIALIZE *PDRIVER_INITIALIZE;
typedef VOID TAGPOOL_WDK_CALL DRIVER_UNLOAD(struct _DRIVER_OBJECT *DriverObject);
typedef DRIVER_UNLOAD *PDRIVER_UNLOAD;

typedef struct _DRIVER_OBJECT {
    UNICODE_STRING DriverName;
    PDRIVER_INITIALIZE DriverInit;
    PDRIVER_UNLOAD DriverUnload;
} DRIVER_OBJECT, *PDRIVER_OBJECT;
#endif

#endif /* TAGPOOL_WDK_NO_TYPES */
#endif
