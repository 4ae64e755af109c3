/* SPDX-License-Identifier: MIT
 *
 * loader.c: loads journal.c into an ordinary process, sends it requests, unloads it, and hears from tagpool what it forgot.
 *
 *   cc $(pkg-config --cflags tagpool-wdk) examples/overlay/journal.c examples/overlay/loader.c \
 *       $(pkg-config --libs tagpool-wdk) -o journal
 */
#include <ntddk.h>

#include <stdio.h>

#include <tagpool/wdk.h>

DRIVER_INITIALIZE DriverEntry;

/* What the I/O manager would do. */
VOID FASTCALL IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    UNREFERENCED_PARAMETER(PriorityBoost);
    printf("  completed with 0x%08X, %u bytes\n", (unsigned)Irp->IoStatus.Status, (unsigned)Irp->IoStatus.Information);
}

static void send(PDRIVER_OBJECT driver, UCHAR function, char *text, ULONG length)
{
    struct {
        IRP irp;
        IO_STACK_LOCATION stack;
    } request = {.stack = {.MajorFunction = function, .Parameters.Write.Length = length}};
    request.irp.AssociatedIrp.SystemBuffer = text;
    request.irp.Tail.Overlay.CurrentStackLocation = &request.stack;
    printf("%s\n", function == IRP_MJ_WRITE ? "write" : "read");
    driver->MajorFunction[function](NULL, &request.irp);
}

int main(void)
{
    static DRIVER_OBJECT driver;
    UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\journal");
    char text[64] = "The first line.";

    if (tagpool_start(NULL) != 0 || !NT_SUCCESS(DriverEntry(&driver, &path)))
        return 1;
    send(&driver, IRP_MJ_WRITE, text, 15);
    send(&driver, IRP_MJ_WRITE, text, 15);
    tagpool_quota_limit_set(PsGetCurrentProcess(), TAGPOOL_PAGED, 100);
    send(&driver, IRP_MJ_WRITE, text, sizeof text);
    send(&driver, IRP_MJ_WRITE, text, sizeof text);
    send(&driver, IRP_MJ_READ, text, sizeof text);
    printf("  \"%.15s\"\n", text);
    driver.DriverUnload(&driver);
    return tagpool_shutdown() == TAGPOOL_CLEAN ? 0 : 2;
}
