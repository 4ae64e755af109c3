/* SPDX-License-Identifier: MIT
 *
 * win32.c: the port for Windows programs (contracts in port.h); win32_fault.c has the faults, win32_lazy.c
 * memory that is committed part by part.
 */
#include "base/atomic.h"
#include "base/internal.h"

#if !TAGPOOL_BARE && defined(_WIN32)

#include "port/exit_hooks.h"
#include "port/port.h"

#include <stdlib.h>

/* Without the status codes, whose names the WDK's headers have too: they meet in the single file. */
#define WIN32_LEAN_AND_MEAN
#define WIN32_NO_STATUS
#include <windows.h>

/* ---- memory ---- */

void *port_reserve(size_t bytes)
{
    return VirtualAlloc(NULL, bytes, MEM_RESERVE, PAGE_NOACCESS);
}

/* A reservation cannot be cut: so what lies well in a larger one is reserved anew by itself. Another thread may be faster. */
void *port_reserve_within(size_t bytes, size_t window)
{
    void *within = NULL;
    for (int attempt = 0; within == NULL && attempt < 100; attempt++) {
        void *start = bytes <= SIZE_MAX / 2 ? port_reserve(2 * bytes) : NULL;
        if (start == NULL)
            return NULL;
        (void)VirtualFree(start, 0, MEM_RELEASE);
        within = VirtualAlloc((void *)port_place_within((uintptr_t)start, bytes, window), bytes, MEM_RESERVE, PAGE_NOACCESS);
    }
    return within;
}

void port_release(void *base, size_t bytes)
{
    (void)bytes;
    win32_forget_lazy(base);
    (void)VirtualFree(base, 0, MEM_RELEASE);
}

bool port_commit(void *base, size_t bytes)
{
    return VirtualAlloc(base, bytes, MEM_COMMIT, PAGE_READWRITE) != NULL;
}

bool port_decommit(void *base, size_t bytes)
{
    if (!VirtualFree(base, bytes, MEM_DECOMMIT))
        return false;
    return port_commit(base, bytes);
}

/* Windows locks no more pages than the least working set has room for, which starts at about 200 KiB. */
static bool make_room(size_t bytes)
{
    SIZE_T least;
    SIZE_T most;
    return GetProcessWorkingSetSize(GetCurrentProcess(), &least, &most) &&
           SetProcessWorkingSetSize(GetCurrentProcess(), least + bytes, most + bytes);
}

static bool is_committed(const void *address)
{
    MEMORY_BASIC_INFORMATION memory;
    return VirtualQuery(address, &memory, sizeof memory) != 0 && memory.State == MEM_COMMIT &&
           (memory.Protect & (PAGE_NOACCESS | PAGE_GUARD)) == 0;
}

bool port_is_mapped(const void *address, size_t bytes)
{
    return bytes == 0 || (is_committed(address) && is_committed((const char *)address + bytes - 1));
}

bool port_pin(void *base, size_t bytes)
{
    return VirtualLock(base, bytes) || (make_room(bytes) && VirtualLock(base, bytes));
}

bool port_protect(void *base, size_t bytes, bool accessible)
{
    DWORD before;
    return VirtualProtect(base, bytes, accessible ? PAGE_READWRITE : PAGE_NOACCESS, &before);
}

size_t port_page_bytes(void)
{
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwPageSize;
}

/* Windows counts no mappings, so that one way is enough: pages are committed or not. */
bool port_guard(void *base, size_t bytes, enum port_guard way)
{
    return way == PORT_GUARD_PROTECT && VirtualFree(base, bytes, MEM_DECOMMIT);
}

bool port_unguard(void *base, size_t bytes, enum port_guard way)
{
    return way == PORT_GUARD_PROTECT && VirtualAlloc(base, bytes, MEM_COMMIT, PAGE_READWRITE) != NULL;
}

/* ---- locks, threads, process ---- */

bool port_order_threads(void)
{
    FlushProcessWriteBuffers();
    return true;
}

void port_yield(void)
{
    (void)SwitchToThread();
}

void port_nap(void)
{
    Sleep(1);
}

_Static_assert(sizeof(SRWLOCK) == sizeof(struct port_lock), "a lock is an SRWLOCK");

void port_lock(struct port_lock *lock)
{
    AcquireSRWLockExclusive((SRWLOCK *)(void *)lock);
}

void port_unlock(struct port_lock *lock)
{
    ReleaseSRWLockExclusive((SRWLOCK *)(void *)lock);
}

static PORT_THREAD_LOCAL struct exit_hooks exit_hooks;

/* The loader calls this when a thread comes or goes. Fiber-local storage would call back too, but for each fiber, and into a
 * library that may have been unloaded. */
static void NTAPI on_thread(void *module, DWORD reason, void *reserved)
{
    (void)module;
    (void)reserved;
    if (reason == DLL_THREAD_DETACH)
        exit_hooks_run(&exit_hooks);
}

/* The loader's list is sorted by section name. Before the C library's own, in D, which frees thread-local variables. */
__attribute__((section(".CRT$XLB"), used)) static const PIMAGE_TLS_CALLBACK on_thread_entry = on_thread;

bool port_on_thread_exit(void (*hook)(void))
{
    return exit_hooks_add(&exit_hooks, hook);
}

bool port_on_fork(void (*before)(void), void (*parent)(void), void (*child)(void))
{
    (void)before;
    (void)parent;
    (void)child;
    return true;
}

bool port_on_exit(void (*hook)(void))
{
    return atexit(hook) == 0;
}

uint64_t port_thread_number(void)
{
    return GetCurrentThreadId();
}

void port_thread_renumber(void)
{
}

uint64_t port_process_number(void)
{
    return GetCurrentProcessId();
}

const char *port_environment(const char *name)
{
    static char value[32768]; /* no variable is longer */
    DWORD length = GetEnvironmentVariableA(name, value, sizeof value);
    return length != 0 && length < sizeof value ? value : NULL;
}

/* A program without a console has no standard error: a debugger may be listening. */
static void write_to_debugger(const char *text, size_t length)
{
    char piece[512];
    while (length > 0) {
        size_t part = length < sizeof piece ? length : sizeof piece - 1;
        memcpy(piece, text, part);
        piece[part] = 0;
        OutputDebugStringA(piece);
        text += part;
        length -= part;
    }
}

void port_write(const char *text, size_t length)
{
    DWORD saved = GetLastError();
    HANDLE errors = GetStdHandle(STD_ERROR_HANDLE);
    while (length > 0) {
        DWORD part = length < UINT32_MAX ? (DWORD)length : UINT32_MAX;
        DWORD written = 0;
        if (!WriteFile(errors, text, part, &written, NULL) || written == 0)
            break;
        text += written;
        length -= written;
    }
    write_to_debugger(text, length);
    SetLastError(saved);
}

_Noreturn void port_abort(void)
{
    abort();
}

#endif
