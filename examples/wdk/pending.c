/* SPDX-License-Identifier: MIT
 *
 * pending.c: a driver's request queue as drivers have it, in plain WDK code: nothing here knows that it runs outside a kernel.
 */
#include "pending.h"

#define PND_NAME_MAX (64 * sizeof(WCHAR))

/* Nonpaged: spin lock and lists are used at DISPATCH_LEVEL. */
typedef struct _PND_EXTENSION {
    LIST_ENTRY Waiting;
    LIST_ENTRY Done;
    KSPIN_LOCK Lock; /* of both lists */
    NPAGED_LOOKASIDE_LIST Requests;
    LONG LastNumber;
    UNICODE_STRING RegistryPath;
} PND_EXTENSION, *PPND_EXTENSION;

typedef struct _PND_REQUEST {
    LIST_ENTRY Link;
    ULONG Number;
    NTSTATUS Status;
    UNICODE_STRING Name; /* in paged pool */
    PUCHAR Buffer;       /* nonpaged: the device writes it */
    ULONG Length;
} PND_REQUEST, *PPND_REQUEST;

PND_MISTAKE PndMistake = PndNoMistake;
static PPND_EXTENSION PndExtension;
static DRIVER_UNLOAD PndUnload;

#ifdef ALLOC_PRAGMA
#pragma alloc_text(INIT, DriverEntry)
#pragma alloc_text(PAGE, PndUnload)
#pragma alloc_text(PAGE, PndSubmit)
#pragma alloc_text(PAGE, PndReleaseDone)
#endif

static NTSTATUS PndCopyName(_Out_ PUNICODE_STRING Copy, _In_ PCUNICODE_STRING Name)
{
    PAGED_CODE();

    Copy->Buffer = (PWSTR)ExAllocatePool2(POOL_FLAG_PAGED, Name->Length + sizeof(UNICODE_NULL), PND_TAG_NAME);
    if (Copy->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Copy->Length = 0;
    Copy->MaximumLength = (USHORT)(Name->Length + sizeof(UNICODE_NULL));
    RtlCopyUnicodeString(Copy, Name);
    return STATUS_SUCCESS;
}

NTSTATUS DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    NTSTATUS status;

    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);

    PndExtension = (PPND_EXTENSION)ExAllocatePoolZero(NonPagedPoolNx, sizeof(PND_EXTENSION), PND_TAG_EXTENSION);
    if (PndExtension == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;

    status = PndCopyName(&PndExtension->RegistryPath, RegistryPath);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(PndExtension, PND_TAG_EXTENSION);
        return status;
    }

    InitializeListHead(&PndExtension->Waiting);
    InitializeListHead(&PndExtension->Done);
    KeInitializeSpinLock(&PndExtension->Lock);
    ExInitializeNPagedLookasideList(&PndExtension->Requests, NULL, NULL, 0, sizeof(PND_REQUEST), PND_TAG_REQUEST, 0);

    DriverObject->DriverUnload = PndUnload;
    DbgPrint("pending: loaded\n");
    return STATUS_SUCCESS;
}

_Use_decl_annotations_
NTSTATUS PndSubmit(PCUNICODE_STRING Name, ULONG Length, PULONG Number)
{
    PPND_REQUEST request;
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    KIRQL irql;

    PAGED_CODE();

    request = (PPND_REQUEST)ExAllocateFromNPagedLookasideList(&PndExtension->Requests);
    if (request == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(request, sizeof(*request));

    request->Buffer = (PUCHAR)ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_UNINITIALIZED, Length, PND_TAG_BUFFER);
    if (request->Buffer == NULL)
        goto FreeRequest;
    request->Length = Length;

    if (Name->Length > PND_NAME_MAX) {
        status = STATUS_NAME_TOO_LONG;
        if (PndMistake == PndForgetBuffer)
            goto FreeRequest;
        goto FreeBuffer;
    }
    status = PndCopyName(&request->Name, Name);
    if (!NT_SUCCESS(status))
        goto FreeBuffer;

    *Number = request->Number = (ULONG)InterlockedIncrement(&PndExtension->LastNumber);
    request->Status = STATUS_PENDING;
    KeAcquireSpinLock(&PndExtension->Lock, &irql);
    InsertTailList(&PndExtension->Waiting, &request->Link);
    KeReleaseSpinLock(&PndExtension->Lock, irql);
    return STATUS_PENDING;

FreeBuffer:
    ExFreePoolWithTag(request->Buffer, PND_TAG_BUFFER);
FreeRequest:
    ExFreeToNPagedLookasideList(&PndExtension->Requests, request);
    return status;
}

_Use_decl_annotations_
NTSTATUS PndCompleteOldest(VOID)
{
    PPND_REQUEST request = NULL;
    KIRQL irql;

    KeAcquireSpinLock(&PndExtension->Lock, &irql);
    if (!IsListEmpty(&PndExtension->Waiting)) {
        request = CONTAINING_RECORD(RemoveHeadList(&PndExtension->Waiting), PND_REQUEST, Link);
        RtlFillMemory(request->Buffer, request->Length, (UCHAR)request->Number);
        request->Status = STATUS_SUCCESS;
        /* The name is paged: it can not be freed here. */
        InsertTailList(&PndExtension->Done, &request->Link);
    }
    KeReleaseSpinLock(&PndExtension->Lock, irql);
    return request != NULL ? STATUS_SUCCESS : STATUS_NO_MORE_ENTRIES;
}

_Use_decl_annotations_
NTSTATUS PndCancel(ULONG Number)
{
    NTSTATUS status = STATUS_NOT_FOUND;
    PLIST_ENTRY link;
    KIRQL irql;

    KeAcquireSpinLock(&PndExtension->Lock, &irql);
    for (link = PndExtension->Waiting.Flink; link != &PndExtension->Waiting; link = link->Flink) {
        PPND_REQUEST request = CONTAINING_RECORD(link, PND_REQUEST, Link);

        if (request->Number != Number)
            continue;
        RemoveEntryList(link);
        request->Status = STATUS_CANCELLED;
        if (PndMistake != PndForgetRequest)
            InsertTailList(&PndExtension->Done, link);
        status = STATUS_SUCCESS;
        break;
    }
    KeReleaseSpinLock(&PndExtension->Lock, irql);
    return status;
}

_Use_decl_annotations_
ULONG PndReleaseDone(VOID)
{
    PLIST_ENTRY link;
    ULONG released = 0;

    PAGED_CODE();

    while ((link = ExInterlockedRemoveHeadList(&PndExtension->Done, &PndExtension->Lock)) != NULL) {
        PPND_REQUEST request = CONTAINING_RECORD(link, PND_REQUEST, Link);

        if (PndMistake != PndForgetName || request->Status != STATUS_CANCELLED)
            ExFreePoolWithTag(request->Name.Buffer, PND_TAG_NAME);
        ExFreePoolWithTag(request->Buffer, PND_TAG_BUFFER);
        ExFreeToNPagedLookasideList(&PndExtension->Requests, request);
        released++;
    }
    return released;
}

static VOID PndUnload(_In_ PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    PAGED_CODE();

    while (PndCompleteOldest() == STATUS_SUCCESS)
        ;
    PndReleaseDone();
    NT_ASSERT(IsListEmpty(&PndExtension->Waiting));

    if (PndMistake != PndForgetList)
        ExDeleteNPagedLookasideList(&PndExtension->Requests);
    ExFreePoolWithTag(PndExtension->RegistryPath.Buffer, PND_TAG_NAME);
    ExFreePool(PndExtension);
    PndExtension = NULL;
    DbgPrint("pending: unloaded\n");
}
