/* SPDX-License-Identifier: MIT
 *
 * loader.c: runs the driver of pending.c without a kernel: DriverEntry, some requests, unload; then what its pools look like.
 * Usage: wdk [name | buffer | request | list]: the mistake that the driver shall make.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pending.h"
#include "tagpool.h"

/* What the driver prints goes where the loader says. */
ULONG DbgPrint(PCSTR Format, ...)
{
    va_list arguments;

    va_start(arguments, Format);
    vfprintf(stderr, Format, arguments);
    va_end(arguments);
    return STATUS_SUCCESS;
}

static void use_driver(void)
{
    DECLARE_CONST_UNICODE_STRING(name, L"read from sector 42");
    DECLARE_CONST_UNICODE_STRING(long_name, L"a name that is longer than the sixty-four characters the driver allows for");
    ULONG number = 0;
    KIRQL irql;

    for (ULONG i = 0; i < 10; i++)
        PndSubmit(&name, 100 + 100 * i, &number);
    PndSubmit(&long_name, 50, &number);
    PndCancel(3);
    PndCancel(number);

    KeRaiseIrql(DISPATCH_LEVEL, &irql); /* completion comes from a DPC */
    for (ULONG i = 0; i < 5; i++)
        PndCompleteOldest();
    KeLowerIrql(irql);
    fprintf(stderr, "released %u requests, while this is in use:\n", (unsigned)PndReleaseDone());
    tagpool_print(TAGPOOL_BY_TAG);
}

int main(int argc, char **argv)
{
    static const char *const mistakes[] = {"", "name", "buffer", "request", "list"};
    UNICODE_STRING path = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\pending");
    DRIVER_OBJECT driver = {.DriverName = RTL_CONSTANT_STRING(L"\\Driver\\pending")};

    for (int i = 1; argc > 1 && i < (int)RTL_NUMBER_OF(mistakes); i++)
        if (strcmp(argv[1], mistakes[i]) == 0)
            PndMistake = (PND_MISTAKE)i;
    if (argc > 2 || (argc == 2 && PndMistake == PndNoMistake)) {
        fprintf(stderr, "%s: expected at most one of name, buffer, request, list\n", argv[0]);
        return 2;
    }

    tagpool_start("leak_blocks=20");
    if (!NT_SUCCESS(DriverEntry(&driver, &path)))
        return 2;
    use_driver();
    driver.DriverUnload(&driver);
    return tagpool_shutdown() == TAGPOOL_CLEAN ? 0 : 1;
}
