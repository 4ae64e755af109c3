/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/rtl.h: the Rtl routines for memory and counted strings that need no tables and no pool.
 */
#ifndef TAGPOOL_WDK_RTL_H
#define TAGPOOL_WDK_RTL_H

#include <string.h>

#include "tagpool/wdk/status.h"

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

#ifndef RtlZeroMemory
#define RtlZeroMemory(Destination, Length) memset((Destination), 0, (Length))
#define RtlFillMemory(Destination, Length, Fill) memset((Destination), (Fill), (Length))
#define RtlCopyMemory(Destination, Source, Length) memcpy((Destination), (Source), (Length))
#define RtlMoveMemory(Destination, Source, Length) memmove((Destination), (Source), (Length))
#define RtlEqualMemory(Destination, Source, Length) (memcmp((Destination), (Source), (Length)) == 0)
#endif
#ifndef RtlCopyBytes
#define RtlCopyBytes RtlCopyMemory
#define RtlZeroBytes RtlZeroMemory
#define RtlFillBytes RtlFillMemory
#endif

/* How many bytes are equal before the first that is not. */
static inline SIZE_T RtlCompareMemory(const void *Source1, const void *Source2, SIZE_T Length)
{
    const UCHAR *a = (const UCHAR *)Source1, *b = (const UCHAR *)Source2;
    SIZE_T equal = 0;

    while (equal < Length && a[equal] == b[equal])
        equal++;
    return equal;
}

/* Zeroes, and no compiler leaves it out. */
static inline PVOID RtlSecureZeroMemory(PVOID Destination, SIZE_T Length)
{
    volatile UCHAR *byte = (volatile UCHAR *)Destination;

    while (Length-- != 0)
        *byte++ = 0;
    return Destination;
}

/* ---- Counted strings: lengths are bytes, a terminator is not counted and need not be there ------------------------ */

#ifndef UNICODE_NULL
#define UNICODE_NULL ((WCHAR)0)
#endif
#ifndef UNICODE_STRING_MAX_BYTES
#define UNICODE_STRING_MAX_BYTES ((USHORT)65534)
#define UNICODE_STRING_MAX_CHARS 32767
#endif

/* A string that does not fit into 16 bits of length is cut. */
static inline VOID RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
    USHORT length = 0;

    while (SourceString != NULL && length < 0xFFFC && SourceString[length / sizeof(WCHAR)] != 0)
        length = (USHORT)(length + sizeof(WCHAR));
    DestinationString->Length = length;
    DestinationString->MaximumLength = (USHORT)(SourceString == NULL ? 0 : length + sizeof(WCHAR));
    DestinationString->Buffer = (PWSTR)SourceString;
}

static inline VOID RtlInitAnsiString(PANSI_STRING DestinationString, PCSTR SourceString)
{
    USHORT length = 0;

    while (SourceString != NULL && length < 0xFFFE && SourceString[length] != 0)
        length++;
    DestinationString->Length = length;
    DestinationString->MaximumLength = (USHORT)(SourceString == NULL ? 0 : length + 1);
    DestinationString->Buffer = (PCHAR)SourceString;
}

static inline VOID RtlInitEmptyUnicodeString(PUNICODE_STRING UnicodeString, PWSTR Buffer, USHORT BufferSize)
{
    UnicodeString->Length = 0;
    UnicodeString->MaximumLength = BufferSize;
    UnicodeString->Buffer = Buffer;
}

/* Adds a terminator if there is room. */
static inline NTSTATUS RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
    ULONG length = (ULONG)Destination->Length + Source->Length;

    if (length > Destination->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    if (Source->Length != 0)
        memmove((PCHAR)Destination->Buffer + Destination->Length, Source->Buffer, Source->Length);
    Destination->Length = (USHORT)length;
    if (length + sizeof(WCHAR) <= Destination->MaximumLength)
        Destination->Buffer[length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

static inline NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
    UNICODE_STRING string;

    RtlInitUnicodeString(&string, Source);
    return RtlAppendUnicodeStringToString(Destination, &string);
}

/* Copies what fits; NULL copies nothing. */
static inline VOID RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
    UNICODE_STRING fits;

    DestinationString->Length = 0;
    if (SourceString == NULL)
        return;
    fits = *SourceString;
    if (fits.Length > DestinationString->MaximumLength)
        fits.Length = (USHORT)(DestinationString->MaximumLength & ~1u);
    RtlAppendUnicodeStringToString(DestinationString, &fits);
}

/* An initialiser for a string literal. L"" needs a wchar_t of 16 bits: -fshort-wchar outside Windows. */
#ifndef RTL_CONSTANT_STRING
#define RTL_CONSTANT_STRING(s)                                                                                         \
    {                                                                                                                  \
        sizeof(s) - sizeof((s)[0]), sizeof(s), (s)                                                                     \
    }
#endif
#ifndef DECLARE_CONST_UNICODE_STRING
#define DECLARE_CONST_UNICODE_STRING(variable, string)                                                                 \
    static const WCHAR variable##_buffer[] = string;                                                                   \
    static const UNICODE_STRING variable = {sizeof(string) - sizeof(WCHAR), sizeof(string), (PWSTR)variable##_buffer}
#endif

#endif
