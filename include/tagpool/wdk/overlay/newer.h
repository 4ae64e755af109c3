/* SPDX-License-Identifier: MIT
 *
 * newer.h: small things that drivers use and newer DDKs than mingw-w64's declare; more are in ntddk.h and ntifs.h. Source that
 * was made for mingw-w64 declares such things itself: TAGPOOL_WDK_NO_NEWER leaves them all out.
 */
#ifndef TAGPOOL_WDK_NEWER_H
#define TAGPOOL_WDK_NEWER_H

#ifndef TAGPOOL_WDK_NO_NEWER

#ifndef DECLSPEC_NOVTABLE
#define DECLSPEC_NOVTABLE
#endif
#ifndef DECLSPEC_NOTHROW
#define DECLSPEC_NOTHROW
#endif
#ifndef DECLSPEC_UUID
#define DECLSPEC_UUID(text)
#endif

typedef unsigned char BYTE, *PBYTE;
typedef USHORT WORD, *PWORD;
typedef ULONG DWORD, *PDWORD;
#ifdef UNICODE
typedef PWSTR LPTSTR;
typedef PCWSTR LPCTSTR;
#else
typedef PSTR LPTSTR;
typedef PCSTR LPCTSTR;
#endif

#if defined(_AMD64_) && !defined(KeMemoryBarrier)
#define KeMemoryBarrier() __faststorefence()
#endif
#ifndef IS_ALIGNED
#define IS_ALIGNED(pointer, bytes) (((ULONG_PTR)(pointer) & ((bytes)-1)) == 0)
#endif

#ifndef MdlMappingNoWrite
#define MdlMappingNoWrite 0x80000000
#define MdlMappingNoExecute 0x40000000
#endif

#ifndef RTL_QUERY_REGISTRY_TYPECHECK
#define RTL_QUERY_REGISTRY_TYPECHECK 0x00000100
#define RTL_QUERY_REGISTRY_TYPECHECK_SHIFT 24
#define RTL_QUERY_REGISTRY_TYPECHECK_MASK (0xFFu << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT)
#endif

#ifndef WMIGUID_NOTIFICATION
#define WMIGUID_QUERY 0x0001
#define WMIGUID_SET 0x0002
#define WMIGUID_NOTIFICATION 0x0004
#define WMIGUID_READ_DESCRIPTION 0x0008
#define WMIGUID_EXECUTE 0x0010
#endif

/* Also where the argument is const, or a statement of its own. */
#undef UNREFERENCED_PARAMETER
#undef UNREFERENCED_LOCAL_VARIABLE
#define UNREFERENCED_PARAMETER(P) ((void)(P))
#define UNREFERENCED_LOCAL_VARIABLE(V) ((void)(V))

#ifdef RTL_USE_AVL_TABLES /* mingw-w64's ntddk.h declares the routines, but not the type then */
typedef struct _RTL_SPLAY_LINKS {
    struct _RTL_SPLAY_LINKS *Parent;
    struct _RTL_SPLAY_LINKS *LeftChild;
    struct _RTL_SPLAY_LINKS *RightChild;
} RTL_SPLAY_LINKS, *PRTL_SPLAY_LINKS;
#endif

typedef enum _DRIVER_REGKEY_TYPE {
    DriverRegKeyParameters,
    DriverRegKeyPersistentState,
    DriverRegKeySharedPersistentState
} DRIVER_REGKEY_TYPE, *PDRIVER_REGKEY_TYPE;

/* ---- Kernel transactions ---- */

typedef struct _KTM *PKTM;
typedef struct _KENLISTMENT *PKENLISTMENT;
typedef struct _KRESOURCEMANAGER *PKRESOURCEMANAGER;
typedef struct _KTRANSACTION *PKTRANSACTION;
typedef NTSTATUS(NTAPI *PTM_RM_NOTIFICATION)(PKENLISTMENT EnlistmentObject, PVOID RMContext, PVOID TransactionContext,
                                             ULONG TransactionNotification, PLARGE_INTEGER TmVirtualClock,
                                             ULONG NotificationLength, PVOID NotificationBuffer);

#endif
#endif
