/* SPDX-License-Identifier: MIT
 *
 * win32_stack.c: call stacks, code, debuggers, the clock (contracts in port.h).
 */
#ifdef _WIN32

#include "port/port.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

/* Windows unwinds by tables, not by frame pointers: from here on, so that the innermost frames are our own. They are cut. */
size_t port_stack(const void *frame, uintptr_t *addresses, size_t most)
{
    void *found[64 + 16];
    uintptr_t caller = ((const uintptr_t *)frame)[1];
    ULONG count = CaptureStackBackTrace(0, (ULONG)(sizeof found / sizeof *found), found, NULL);
    size_t written = 0;
    ULONG i = 0;
    while (i < count && (uintptr_t)found[i] != caller)
        i++;
    for (; i < count && written < most; i++)
        addresses[written++] = (uintptr_t)found[i];
    return written;
}

uint64_t port_milliseconds(void)
{
    return GetTickCount64();
}

bool port_break(void)
{
    bool watched = IsDebuggerPresent() != 0;
    if (watched)
        DebugBreak();
    return watched;
}

#endif
