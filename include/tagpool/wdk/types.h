/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/types.h: the scalar types and pool constants of the WDK, for code that has no DDK headers.
 *
 * Three modes, found out by itself
 *   DDK headers seen (wdm.h of a DDK came first): declares nothing.
 *   windows.h seen: uses its scalar types, declares only what windows.h lacks.
 *   otherwise: declares all, as typedefs that may be repeated (C11) and structs each behind a switch TAGPOOL_WDK_NO_<NAME>.
 * TAGPOOL_WDK_NO_TYPES: declares nothing, for users whose own shim has the types.
 */
#ifndef TAGPOOL_WDK_TYPES_H
#define TAGPOOL_WDK_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* How WDK routines and callbacks are called: stdcall on 32-bit Windows. */
#ifndef TAGPOOL_WDK_CALL
#if defined(__i386__) && defined(_WIN32) && !defined(TAGPOOL_WDK_HOST)
#define TAGPOOL_WDK_CALL __attribute__((stdcall))
#else
#define TAGPOOL_WDK_CALL
#endif
#endif

#ifndef TAGPOOL_WDK_API
#if defined(__GNUC__)
#define TAGPOOL_WDK_API __attribute__((visibility("default")))
#else
#define TAGPOOL_WDK_API
#endif
#endif

#if !defined(TAGPOOL_WDK_NO_TYPES) && !defined(_WDMDDK_)

#if !defined(_WINDEF_) && !defined(_WINNT_)
#if __SIZEOF_LONG__ == 4
typedef long LONG;
typedef unsigned long ULONG;
#else
typedef int LONG;
typedef unsigned int ULONG;
#endif
typedef void VOID, *PVOID;
typedef char CHAR;
typedef unsigned char UCHAR, BOOLEAN, *PBOOLEAN, *PUCHAR;
typedef short SHORT;
typedef unsigned short USHORT, *PUSHORT;
typedef long long LONGLONG, LONG64;
typedef unsigned long long ULONGLONG, ULONG64;
typedef LONG *PLONG;
typedef ULONG *PULONG;
typedef size_t SIZE_T, *PSIZE_T;
typedef intptr_t LONG_PTR;
typedef uintptr_t ULONG_PTR, *PULONG_PTR;
typedef void *HANDLE;
#endif
typedef LONG NTSTATUS;
typedef unsigned char LOGICAL_UCHAR;
typedef UCHAR KIRQL, *PKIRQL;

#endif
#endif
