/* SPDX-License-Identifier: MIT
 *
 * posix_stack.c: call stacks by frame pointers, and which addresses are code (contracts in port.h).
 *
 * Where code was compiled without frame pointers, the register holds whatever else: the walk stays on the thread's stack, so it
 * ends early or finds words that are no return addresses, which port_is_code() tells apart.
 */
#include "base/atomic.h"
#include "base/internal.h"

#if !TAGPOOL_BARE && !defined(_WIN32)

#include "port/port.h"

#include <link.h>
#include <pthread.h>

/* Where the calling thread's stack ends; 0 before it was asked for, 1 if nobody knows. */
static PORT_THREAD_LOCAL uintptr_t stack_end;

static uintptr_t find_stack_end(void)
{
    pthread_attr_t attributes;
    void *start;
    size_t bytes;
    uintptr_t end = 1;
    stack_end = 1; /* should asking allocate, and that come here */
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return end;
    if (pthread_attr_getstack(&attributes, &start, &bytes) == 0)
        end = (uintptr_t)start + bytes;
    (void)pthread_attr_destroy(&attributes);
    return end;
}

size_t port_stack(const void *frame, uintptr_t *addresses, size_t most)
{
    size_t count = 0;
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)
    uintptr_t at = (uintptr_t)frame;
    if (stack_end == 0)
        stack_end = find_stack_end();
    /* A frame is the address of the next outer frame, then the return address; outer frames lie higher. */
    while (count < most && at % sizeof(uintptr_t) == 0 && at + 2 * sizeof(uintptr_t) <= stack_end) {
        const uintptr_t *pair = (const uintptr_t *)at;
        addresses[count++] = pair[1];
        if (pair[0] <= at)
            break;
        at = pair[0];
    }
#else
    (void)frame, (void)addresses, (void)most, (void)find_stack_end;
#endif
    return count;
}

/* ---- code ---- */

#define RANGES_MOST 512

static struct {
    struct {
        uintptr_t start, end;
    } range[RANGES_MOST];
    size_t count;
    struct port_lock lock;
} code = {.lock = PORT_LOCK_INITIAL};

static int add_module(struct dl_phdr_info *info, size_t bytes, void *unused)
{
    (void)bytes;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum && code.count < RANGES_MOST; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0)
            continue;
        code.range[code.count].start = info->dlpi_addr + segment->p_vaddr;
        code.range[code.count++].end = info->dlpi_addr + segment->p_vaddr + segment->p_memsz;
    }
    return 0;
}

static bool is_known_code(uintptr_t address)
{
    for (size_t i = 0; i < code.count; i++)
        if (address - code.range[i].start < code.range[i].end - code.range[i].start)
            return true;
    return false;
}

bool port_is_code(uintptr_t address)
{
    port_lock(&code.lock);
    bool found = is_known_code(address);
    if (!found) {
        /* Perhaps it lies in a module that was loaded since. */
        code.count = 0;
        (void)dl_iterate_phdr(add_module, NULL);
        found = is_known_code(address);
    }
    port_unlock(&code.lock);
    return found;
}

#endif
