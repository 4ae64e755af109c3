/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/scalar.h: how WDK routines are called, and the WDK's integers and pointers. types.h says which modes there are.
 */
#ifndef TAGPOOL_WDK_SCALAR_H
#define TAGPOOL_WDK_SCALAR_H

#include <stddef.h>
#include <stdint.h>

/* How WDK routines and callbacks are called: stdcall, some fastcall, on 32-bit Windows, whose compilers have macros of these
 * names. Elsewhere these are empty if they are there at all. */
#ifndef TAGPOOL_WDK_CALL
#ifdef __stdcall
#define TAGPOOL_WDK_CALL __stdcall
#else
#define TAGPOOL_WDK_CALL
#endif
#endif
#ifndef TAGPOOL_WDK_FASTCALL
#ifdef __fastcall
#define TAGPOOL_WDK_FASTCALL __fastcall
#else
#define TAGPOOL_WDK_FASTCALL
#endif
#endif

#ifndef TAGPOOL_WDK_API
#if defined(__GNUC__)
#define TAGPOOL_WDK_API __attribute__((visibility("default")))
#else
#define TAGPOOL_WDK_API
#endif
#endif

#define TAGPOOL_WDK_ALIGN(n) __attribute__((aligned(n)))
#ifdef __cplusplus
#define TAGPOOL_WDK_ASSERT(what) static_assert(what, #what)
#else
#define TAGPOOL_WDK_ASSERT(what) _Static_assert(what, #what)
#endif

#if !defined(TAGPOOL_WDK_NO_TYPES) && !defined(_WDMDDK_)


#if !defined(_WINNT_) && !defined(_NTDEF_)
#if __SIZEOF_LONG__ == 4
typedef long LONG;
typedef unsigned long ULONG;
#else
typedef int LONG;
typedef unsigned int ULONG;
#endif
#if __SIZEOF_LONG__ == __SIZEOF_POINTER__
typedef long LONG_PTR;
typedef unsigned long ULONG_PTR;
#else
typedef long long LONG_PTR;
typedef unsigned long long ULONG_PTR;
#endif
/* The type of L"" where that has 16 bits: on Windows, or with -fshort-wchar. */
#if __SIZEOF_WCHAR_T__ == 2
typedef wchar_t WCHAR;
#else
typedef uint16_t WCHAR;
#endif

typedef void VOID;
typedef void *PVOID;
typedef void *HANDLE;
typedef HANDLE *PHANDLE;

typedef char CHAR, *PCHAR, *PSTR, CCHAR;
typedef const char *PCSTR;
typedef unsigned char UCHAR, BYTE, BOOLEAN, *PUCHAR, *PBOOLEAN;
typedef WCHAR *PWCHAR, *PWSTR, *PWCH;
typedef const WCHAR *PCWSTR, *PCWCH;
typedef short SHORT, *PSHORT;
typedef unsigned short USHORT, *PUSHORT;
typedef LONG *PLONG;
typedef ULONG *PULONG;
typedef int INT, INT32;
typedef unsigned int UINT, UINT32, ULONG32;
typedef long long LONGLONG, LONG64, INT64, *PLONGLONG, *PLONG64;
typedef unsigned long long ULONGLONG, ULONG64, UINT64, *PULONGLONG, *PULONG64;
typedef LONG_PTR *PLONG_PTR, SSIZE_T;
typedef ULONG_PTR *PULONG_PTR, SIZE_T, *PSIZE_T, KAFFINITY;
#endif

typedef LONG NTSTATUS;
typedef NTSTATUS *PNTSTATUS;
typedef ULONG LOGICAL;
typedef const void *PCVOID;
typedef UCHAR KIRQL, *PKIRQL;
typedef ULONG_PTR KSPIN_LOCK, *PKSPIN_LOCK;
/* A process is known by its address only: any token does. */
typedef struct _EPROCESS *PEPROCESS;

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

/* ---- IRQL -------------------------------------------------------------------------------------------------------- */

#ifndef PASSIVE_LEVEL
#define PASSIVE_LEVEL 0
#define LOW_LEVEL 0
#define APC_LEVEL 1
#define DISPATCH_LEVEL 2
#if __SIZEOF_POINTER__ == 8
#define HIGH_LEVEL 15
#else
#define HIGH_LEVEL 31
#endif
#endif

#endif
#endif
