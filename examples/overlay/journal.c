/* SPDX-License-Identifier: MIT
 *
 * journal.c: a Windows driver as the WDK's documentation would have it; nothing in it knows of tagpool. It keeps what is
 * written to it and gives it back, oldest first.
 */
#include <ntddk.h>

#define TAG_RECORD 'ceRJ'
#define TAG_TEXT 'xeTJ'

typedef struct _RECORD {
    LIST_ENTRY Links;
    ULONG Length;
    PVOID Text;
} RECORD, *PRECORD;

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD JournalUnload;
_Dispatch_type_(IRP_MJ_WRITE) DRIVER_DISPATCH JournalWrite;
_Dispatch_type_(IRP_MJ_READ) DRIVER_DISPATCH JournalRead;

#ifdef ALLOC_PRAGMA
#pragma alloc_text(INIT, DriverEntry)
#pragma alloc_text(PAGE, JournalUnload)
#endif

static NPAGED_LOOKASIDE_LIST Records;
static LIST_ENTRY Journal;
static KSPIN_LOCK Lock;

NTSTATUS
DriverEntry(_In_ PDRIVER_OBJECT DriverObject, _In_ PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    ExInitializeDriverRuntime(DrvRtPoolNxOptIn);
    InitializeListHead(&Journal);
    KeInitializeSpinLock(&Lock);
    ExInitializeNPagedLookasideList(&Records, NULL, NULL, POOL_NX_ALLOCATION, sizeof(RECORD), TAG_RECORD, 0);
    DriverObject->MajorFunction[IRP_MJ_WRITE] = JournalWrite;
    DriverObject->MajorFunction[IRP_MJ_READ] = JournalRead;
    DriverObject->DriverUnload = JournalUnload;
    return STATUS_SUCCESS;
}

static NTSTATUS
Complete(_In_ PIRP Irp, _In_ NTSTATUS Status, _In_ ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

_Use_decl_annotations_
NTSTATUS
JournalWrite(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
    PRECORD record = ExAllocateFromNPagedLookasideList(&Records);
    NTSTATUS status = STATUS_SUCCESS;
    KIRQL irql;

    UNREFERENCED_PARAMETER(DeviceObject);
    if (record == NULL) {
        return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    record->Length = stack->Parameters.Write.Length;
    __try {
        record->Text = ExAllocatePoolWithQuotaTag(PagedPool, record->Length, TAG_TEXT);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    if (!NT_SUCCESS(status)) {
        return Complete(Irp, status, 0); /* and the record? */
    }
    RtlCopyMemory(record->Text, Irp->AssociatedIrp.SystemBuffer, record->Length);

    KeAcquireSpinLock(&Lock, &irql);
    InsertTailList(&Journal, &record->Links);
    KeReleaseSpinLock(&Lock, irql);
    return Complete(Irp, STATUS_SUCCESS, record->Length);
}

_Use_decl_annotations_
NTSTATUS
JournalRead(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);
    PLIST_ENTRY entry = NULL;
    PRECORD record;
    ULONG length;
    KIRQL irql;

    UNREFERENCED_PARAMETER(DeviceObject);
    KeAcquireSpinLock(&Lock, &irql);
    if (!IsListEmpty(&Journal)) {
        entry = RemoveHeadList(&Journal);
    }
    KeReleaseSpinLock(&Lock, irql);
    if (entry == NULL) {
        return Complete(Irp, STATUS_NO_MORE_ENTRIES, 0);
    }
    record = CONTAINING_RECORD(entry, RECORD, Links);
    length = min(record->Length, stack->Parameters.Read.Length);
    RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, record->Text, length);
    ExFreePoolWithTag(record->Text, TAG_TEXT);
    ExFreeToNPagedLookasideList(&Records, record);
    return Complete(Irp, STATUS_SUCCESS, length);
}

_Use_decl_annotations_
VOID
JournalUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    PAGED_CODE();
    while (!IsListEmpty(&Journal)) {
        PRECORD record = CONTAINING_RECORD(RemoveHeadList(&Journal), RECORD, Links);
        ExFreePoolWithTag(record->Text, TAG_TEXT);
        ExFreeToNPagedLookasideList(&Records, record);
    }
    ExDeleteNPagedLookasideList(&Records);
}
