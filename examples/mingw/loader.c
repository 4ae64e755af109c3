/* SPDX-License-Identifier: MIT
 *
 * loader.c: loads the driver that is linked to it, unloads it, and says what it left behind. Built with mingw:
 *
 *   x86_64-w64-mingw32-gcc -I<mingw's include>/ddk -c driver.c loader.c
 *   x86_64-w64-mingw32-gcc driver.o loader.o libtagpool.a -o events.exe       (or libtagpool.dll.a instead)
 */
#include <ntddk.h>

#include "tagpool.h"

DRIVER_INITIALIZE DriverEntry;

int main(void)
{
    static WCHAR name[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\Events";
    static DRIVER_OBJECT driver;
    UNICODE_STRING path = {sizeof name - sizeof *name, sizeof name, name};

    if (!NT_SUCCESS(DriverEntry(&driver, &path)))
        return 1;
    tagpool_print(TAGPOOL_BY_TAG);
    driver.DriverUnload(&driver);
    return tagpool_verdict() == TAGPOOL_LEAK ? 0 : 1; /* the driver forgets its copy of the path */
}
