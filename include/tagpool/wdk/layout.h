/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/layout.h: structs that drivers allocate themselves and whose insides the inline code of real DDK headers
 * reaches: list entries, counted strings, SLists, lookaside lists. The layout is the DDK's, and asserted. types.h says
 * which modes there are.
 */
#ifndef TAGPOOL_WDK_LAYOUT_H
#define TAGPOOL_WDK_LAYOUT_H

#include "tagpool/wdk/pooltype.h"

#if !defined(TAGPOOL_WDK_NO_TYPES) && !defined(_WDMDDK_)

/* An offset or size for 64-bit and one for 32-bit pointers. */
#define TAGPOOL_WDK_EITHER(n64, n32) (sizeof(void *) == 8 ? (n64) : (n32))

/* ---- Lists and strings. The _DEFINED words are what windows.h asks before it declares its own. -------------------- */

#if !defined(TAGPOOL_WDK_NO_LIST_ENTRY) && !defined(_LIST_ENTRY_DEFINED) && !defined(_WINNT_) && !defined(_NTDEF_)
#define _LIST_ENTRY_DEFINED
typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY, *PRLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
    struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;
#endif

#if !defined(TAGPOOL_WDK_NO_UNICODE_STRING) && !defined(__UNICODE_STRING_DEFINED) && !defined(_NTDEF_)
#define __UNICODE_STRING_DEFINED
/* Length and MaximumLength are bytes. */
typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING;
#endif
#if !defined(TAGPOOL_WDK_NO_UNICODE_STRING) && !defined(_NTDEF_)
typedef UNICODE_STRING *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;
#endif

#if !defined(TAGPOOL_WDK_NO_ANSI_STRING) && !defined(__STRING_DEFINED) && !defined(_NTDEF_)
#define __STRING_DEFINED
typedef struct _STRING {
    USHORT Length;
    USHORT MaximumLength;
    PCHAR Buffer;
} STRING;
#endif
#if !defined(TAGPOOL_WDK_NO_ANSI_STRING) && !defined(_NTDEF_)
typedef STRING *PSTRING;
#if !defined(__ANSI_STRING_DEFINED)
#define __ANSI_STRING_DEFINED
typedef STRING ANSI_STRING;
#endif
typedef ANSI_STRING *PANSI_STRING;
#endif

/* ---- SLists ------------------------------------------------------------------------------------------------------ */

#if !defined(TAGPOOL_WDK_NO_SLIST_HEADER) && !defined(_SLIST_HEADER_)
#define _SLIST_HEADER_
#if __SIZEOF_POINTER__ == 8
typedef struct TAGPOOL_WDK_ALIGN(16) _SLIST_ENTRY {
    struct _SLIST_ENTRY *Next;
} SLIST_ENTRY, *PSLIST_ENTRY;

typedef union TAGPOOL_WDK_ALIGN(16) _SLIST_HEADER {
    __extension__ struct {
        ULONGLONG Alignment;
        ULONGLONG Region;
    };
    struct {
        __extension__ ULONGLONG Depth : 16;
        __extension__ ULONGLONG Sequence : 48;
        __extension__ ULONGLONG Reserved : 4;
        __extension__ ULONGLONG NextEntry : 60;
    } HeaderX64;
} SLIST_HEADER, *PSLIST_HEADER;
#else
typedef struct _SINGLE_LIST_ENTRY SLIST_ENTRY, *PSLIST_ENTRY;

typedef union TAGPOOL_WDK_ALIGN(8) _SLIST_HEADER {
    ULONGLONG Alignment;
    __extension__ struct {
        SLIST_ENTRY Next;
        USHORT Depth;
        USHORT CpuId;
    };
} SLIST_HEADER, *PSLIST_HEADER;
#endif
TAGPOOL_WDK_ASSERT(sizeof(SLIST_HEADER) == TAGPOOL_WDK_EITHER(16, 8));
#endif

/* ---- Lookaside lists --------------------------------------------------------------------------------------------- */

#ifndef TAGPOOL_WDK_NO_GENERAL_LOOKASIDE
typedef struct _LOOKASIDE_LIST_EX *PLOOKASIDE_LIST_EX;
typedef PVOID TAGPOOL_WDK_CALL ALLOCATE_FUNCTION(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
typedef ALLOCATE_FUNCTION *PALLOCATE_FUNCTION;
typedef VOID TAGPOOL_WDK_CALL FREE_FUNCTION(PVOID Buffer);
typedef FREE_FUNCTION *PFREE_FUNCTION;
typedef PVOID TAGPOOL_WDK_CALL ALLOCATE_FUNCTION_EX(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                                    PLOOKASIDE_LIST_EX Lookaside);
typedef ALLOCATE_FUNCTION_EX *PALLOCATE_FUNCTION_EX;
typedef VOID TAGPOOL_WDK_CALL FREE_FUNCTION_EX(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside);
typedef FREE_FUNCTION_EX *PFREE_FUNCTION_EX;

/* The members of two structs, of which the DDK aligns the first to a cache line. */
#define TAGPOOL_WDK_LOOKASIDE                                                                                          \
    union {                                                                                                            \
        SLIST_HEADER ListHead;                                                                                         \
        SINGLE_LIST_ENTRY SingleListHead;                                                                              \
    };                                                                                                                 \
    USHORT Depth;                                                                                                      \
    USHORT MaximumDepth;                                                                                               \
    ULONG TotalAllocates;                                                                                              \
    union {                                                                                                            \
        ULONG AllocateMisses;                                                                                          \
        ULONG AllocateHits;                                                                                            \
    };                                                                                                                 \
    ULONG TotalFrees;                                                                                                  \
    union {                                                                                                            \
        ULONG FreeMisses;                                                                                              \
        ULONG FreeHits;                                                                                                \
    };                                                                                                                 \
    POOL_TYPE Type;                                                                                                    \
    ULONG Tag;                                                                                                         \
    ULONG Size;                                                                                                        \
    union {                                                                                                            \
        PALLOCATE_FUNCTION_EX AllocateEx;                                                                              \
        PALLOCATE_FUNCTION Allocate;                                                                                   \
    };                                                                                                                 \
    union {                                                                                                            \
        PFREE_FUNCTION_EX FreeEx;                                                                                      \
        PFREE_FUNCTION Free;                                                                                           \
    };                                                                                                                 \
    LIST_ENTRY ListEntry;                                                                                              \
    ULONG LastTotalAllocates;                                                                                          \
    union {                                                                                                            \
        ULONG LastAllocateMisses;                                                                                      \
        ULONG LastAllocateHits;                                                                                        \
    };                                                                                                                 \
    ULONG Future[2];

/* As long as the DDK's, but aligned to no more than pool is, 16 bytes: drivers keep lists in blocks, and a compiler may believe
 * what it is told of alignment. */
typedef struct _GENERAL_LOOKASIDE {
    TAGPOOL_WDK_LOOKASIDE
#if __SIZEOF_POINTER__ == 8
    ULONG64 RestOfCacheLine[4];
#endif
} GENERAL_LOOKASIDE, *PGENERAL_LOOKASIDE;

typedef struct _GENERAL_LOOKASIDE_POOL {
    TAGPOOL_WDK_LOOKASIDE
} GENERAL_LOOKASIDE_POOL, *PGENERAL_LOOKASIDE_POOL;

/* What follows L on 32 bit is never used; the DDK keeps it for the size. */
typedef struct _NPAGED_LOOKASIDE_LIST {
    GENERAL_LOOKASIDE L;
#if __SIZEOF_POINTER__ == 4
    KSPIN_LOCK Lock__ObsoleteButDoNotDelete;
#endif
} NPAGED_LOOKASIDE_LIST, *PNPAGED_LOOKASIDE_LIST;

typedef struct _PAGED_LOOKASIDE_LIST {
    GENERAL_LOOKASIDE L;
#if __SIZEOF_POINTER__ == 4
    ULONG Lock__ObsoleteButDoNotDelete[8];
#endif
} PAGED_LOOKASIDE_LIST, *PPAGED_LOOKASIDE_LIST;

typedef struct _LOOKASIDE_LIST_EX {
    GENERAL_LOOKASIDE_POOL L;
} LOOKASIDE_LIST_EX;

/* The smallest Size: an entry that is cached holds a pointer to the next. */
#define LOOKASIDE_MINIMUM_BLOCK_SIZE ((ULONG)sizeof(void *))

#define TAGPOOL_WDK_AT(member, n64, n32)                                                                               \
    TAGPOOL_WDK_ASSERT(offsetof(GENERAL_LOOKASIDE, member) == TAGPOOL_WDK_EITHER(n64, n32) &&                          \
                       offsetof(GENERAL_LOOKASIDE_POOL, member) == TAGPOOL_WDK_EITHER(n64, n32))
TAGPOOL_WDK_AT(ListHead, 0, 0);
TAGPOOL_WDK_AT(Depth, 16, 8);
TAGPOOL_WDK_AT(MaximumDepth, 18, 10);
TAGPOOL_WDK_AT(TotalAllocates, 20, 12);
TAGPOOL_WDK_AT(AllocateMisses, 24, 16);
TAGPOOL_WDK_AT(TotalFrees, 28, 20);
TAGPOOL_WDK_AT(FreeMisses, 32, 24);
TAGPOOL_WDK_AT(Type, 36, 28);
TAGPOOL_WDK_AT(Tag, 40, 32);
TAGPOOL_WDK_AT(Size, 44, 36);
TAGPOOL_WDK_AT(Allocate, 48, 40);
TAGPOOL_WDK_AT(Free, 56, 44);
TAGPOOL_WDK_AT(ListEntry, 64, 48);
TAGPOOL_WDK_AT(LastTotalAllocates, 80, 56);
TAGPOOL_WDK_AT(LastAllocateMisses, 84, 60);
TAGPOOL_WDK_AT(Future, 88, 64);
TAGPOOL_WDK_ASSERT(sizeof(NPAGED_LOOKASIDE_LIST) == TAGPOOL_WDK_EITHER(128, 80));
TAGPOOL_WDK_ASSERT(sizeof(PAGED_LOOKASIDE_LIST) == TAGPOOL_WDK_EITHER(128, 104));
TAGPOOL_WDK_ASSERT(sizeof(LOOKASIDE_LIST_EX) == TAGPOOL_WDK_EITHER(96, 72));
#endif

#endif
#endif
