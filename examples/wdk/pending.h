/* SPDX-License-Identifier: MIT
 *
 * pending.h: what the example driver offers to who calls it. A request has a name, a buffer and a number; it waits until it is
 * completed or cancelled, and is released later, where paged pool may be freed.
 */
#ifndef PENDING_H
#define PENDING_H

#include <ntddk.h>

#define PND_TAG_EXTENSION 'ednP'
#define PND_TAG_REQUEST 'rdnP'
#define PND_TAG_NAME 'ndnP'
#define PND_TAG_BUFFER 'bdnP'

/* Mistakes that the driver can be told to make. */
typedef enum _PND_MISTAKE {
    PndNoMistake,
    PndForgetName,    /* a cancelled request's name is never freed */
    PndForgetBuffer,  /* the error path for long names forgets the buffer */
    PndForgetRequest, /* cancelled requests are dropped, not released */
    PndForgetList     /* DriverUnload does not delete the lookaside list */
} PND_MISTAKE;

extern PND_MISTAKE PndMistake;

DRIVER_INITIALIZE DriverEntry;

/* Queues a request for `Length` bytes and gives its number. PASSIVE_LEVEL. */
_IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS PndSubmit(_In_ PCUNICODE_STRING Name, _In_ ULONG Length, _Out_ PULONG Number);

/* Completes the oldest request, as a DPC does. STATUS_NO_MORE_ENTRIES if none waits. */
_IRQL_requires_max_(DISPATCH_LEVEL)
NTSTATUS PndCompleteOldest(VOID);

/* Cancels the request with this number. STATUS_NOT_FOUND if it does not wait any more. */
_IRQL_requires_max_(APC_LEVEL)
NTSTATUS PndCancel(_In_ ULONG Number);

/* Releases all requests that were completed or cancelled, and says how many these were. */
_IRQL_requires_max_(APC_LEVEL)
ULONG PndReleaseDone(VOID);

#endif
