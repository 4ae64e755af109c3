/* SPDX-License-Identifier: MIT
 *
 * driver.c: a small driver as one writes it for Windows; nothing in here knows of tagpool. It keeps a list of events,
 * whose memory comes from a lookaside list, and a copy of its registry path.
 */
#include <ntddk.h>

#define TAG_EVENT 'tnvE'
#define TAG_PATH 'htaP'

typedef struct _EVENT {
    LIST_ENTRY Link;
    ULONG Number;
} EVENT, *PEVENT;

static LIST_ENTRY Events;
static KSPIN_LOCK EventsLock;
static NPAGED_LOOKASIDE_LIST EventMemory;
static UNICODE_STRING Path;

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD DriverUnload;

static NTSTATUS RecordEvent(ULONG Number)
{
    KIRQL OldIrql;
    PEVENT Event;

    if (KeGetCurrentIrql() > DISPATCH_LEVEL)
        return STATUS_INVALID_DEVICE_STATE;
    Event = ExAllocateFromNPagedLookasideList(&EventMemory);
    if (Event == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Event->Number = Number;
    KeAcquireSpinLock(&EventsLock, &OldIrql);
    InsertTailList(&Events, &Event->Link);
    KeReleaseSpinLock(&EventsLock, OldIrql);
    return STATUS_SUCCESS;
}

VOID NTAPI DriverUnload(PDRIVER_OBJECT DriverObject)
{
    UNREFERENCED_PARAMETER(DriverObject);
    while (!IsListEmpty(&Events)) {
        PEVENT Event = CONTAINING_RECORD(RemoveHeadList(&Events), EVENT, Link);
        ExFreeToNPagedLookasideList(&EventMemory, Event);
    }
    ExDeleteNPagedLookasideList(&EventMemory);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Number;

    PAGED_CODE();
    InitializeListHead(&Events);
    KeInitializeSpinLock(&EventsLock);
    Path.Buffer = ExAllocatePoolWithTag(PagedPool, RegistryPath->Length, TAG_PATH);
    if (Path.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Path.Length = Path.MaximumLength = RegistryPath->Length;
    RtlCopyMemory(Path.Buffer, RegistryPath->Buffer, RegistryPath->Length);

    ExInitializeNPagedLookasideList(&EventMemory, NULL, NULL, 0, sizeof(EVENT), TAG_EVENT, 0);
    for (Number = 0; Number < 3 && NT_SUCCESS(Status); Number++)
        Status = RecordEvent(Number);
    DriverObject->DriverUnload = DriverUnload;
    return Status;
}
