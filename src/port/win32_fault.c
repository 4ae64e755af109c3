/* SPDX-License-Identifier: MIT
 *
 * win32_fault.c: port_on_fault() and port_on_priority() of the Windows port: exceptions, seen before any __try of the program's.
 */
#include "base/atomic.h"
#include "base/internal.h"

#if !TAGPOOL_BARE && defined(_WIN32)

#include "port/port.h"

#define WIN32_LEAN_AND_MEAN
#define WIN32_NO_STATUS
#include <windows.h>

#define HOOKS_MOST 4

/* Codes of exceptions. */
#define ACCESS_VIOLATION 0xC0000005u
#define PRIVILEGED_INSTRUCTION 0xC0000096u

static struct {
    port_fault_hook *hook[HOOKS_MOST]; /* set once each, from the first on */
    unsigned (*priority_get)(void);
    void (*priority_set)(unsigned level);
    void *handler; /* the registration */
    struct port_lock lock;
} faults = {.lock = PORT_LOCK_INITIAL};

static bool is_taken(const EXCEPTION_RECORD *record)
{
    if (win32_commit_part(record->ExceptionInformation[1]))
        return true;
    /* What the system tells of an access violation: read, written or executed, and where. */
    ULONG_PTR kind = record->ExceptionInformation[0];
    const struct port_fault fault = {
        .address = record->ExceptionInformation[1],
        .instruction = (uintptr_t)record->ExceptionAddress,
        .access = kind == 0 ? PORT_READ : kind == 1 ? PORT_WRITE : kind == 8 ? PORT_EXECUTE : PORT_ACCESS_UNKNOWN,
    };
    for (int i = 0; i < HOOKS_MOST; i++) {
        port_fault_hook *hook = LOAD_ACQUIRE(&faults.hook[i]);
        if (hook != NULL && hook(&fault))
            return true;
    }
    return false;
}

#ifdef __x86_64__
/* Carries out a mov from or to cr8 (REX with the R bit, 0F 20 or 22, ModRM with register 0); false if it is none. */
static bool move_priority(CONTEXT *context)
{
    const unsigned char *code = (const unsigned char *)(uintptr_t)context->Rip;
    /* Byte by byte: another privileged instruction may end where the memory does. */
    if ((code[0] & 0xF4) != 0x44 || code[1] != 0x0F || (code[2] & 0xFD) != 0x20 || (code[3] & 0x38) != 0)
        return false;
    /* The context has the general registers in the order of their numbers, the first one here. */
    DWORD64 *value = &context->Rax + ((code[0] & 1u) << 3 | (code[3] & 7u));
    if (code[2] == 0x20)
        *value = faults.priority_get();
    else
        faults.priority_set((unsigned)*value);
    context->Rip += 4;
    return true;
}
#else
/* Headers for other processors have no such instruction: they call a routine. */
static bool move_priority(CONTEXT *context)
{
    (void)context;
    return false;
}
#endif

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *exception)
{
    DWORD saved = GetLastError();
    bool done = false;
    if (exception->ExceptionRecord->ExceptionCode == ACCESS_VIOLATION)
        done = is_taken(exception->ExceptionRecord);
    else if (exception->ExceptionRecord->ExceptionCode == PRIVILEGED_INSTRUCTION && faults.priority_get != NULL)
        done = move_priority(exception->ContextRecord);
    SetLastError(saved);
    return done ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

/* Puts the handler before all others. pre: the lock is held. */
static bool take_over(void)
{
    void *handler = AddVectoredExceptionHandler(1, on_exception);
    if (handler == NULL)
        return false;
    if (faults.handler != NULL)
        (void)RemoveVectoredExceptionHandler(faults.handler);
    faults.handler = handler;
    return true;
}

bool port_on_fault(port_fault_hook *hook)
{
    int i = 0;
    port_lock(&faults.lock);
    while (i < HOOKS_MOST && faults.hook[i] != NULL && faults.hook[i] != hook)
        i++;
    bool done = i < HOOKS_MOST && take_over();
    if (done)
        STORE_RELEASE(&faults.hook[i], hook);
    port_unlock(&faults.lock);
    return done;
}

bool port_on_priority(unsigned (*get)(void), void (*set)(unsigned level))
{
    port_lock(&faults.lock);
    faults.priority_set = set;
    faults.priority_get = get;
    bool done = take_over();
    port_unlock(&faults.lock);
    return done;
}

bool win32_watch_faults(void)
{
    port_lock(&faults.lock);
    bool done = faults.handler != NULL || take_over();
    port_unlock(&faults.lock);
    return done;
}

/* A DLL may be unloaded, after which nobody may call into it. */
__attribute__((destructor)) static void give_back(void)
{
    if (faults.handler != NULL)
        (void)RemoveVectoredExceptionHandler(faults.handler);
}

#endif
