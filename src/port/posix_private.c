/* SPDX-License-Identifier: MIT
 *
 * posix_private.c: which memory is the library's own, for those who look for pointers in a program's memory: not there.
 *
 * Memcheck takes what it can read and write for the program's, blocks of a pool included: what a lost block points to would
 * not be lost. It does not look where nobody can write. So at the very end of the program our memory becomes unwritable; should
 * anybody write to it after all, all of it is writable again, and leaks are told less well. LeakSanitizer's search (posix_lsan.c)
 * asks.
 */
#include "base/atomic.h"
#include "base/internal.h"

#if !TAGPOOL_BARE && !defined(_WIN32)

#include "port/port.h"

#include <sys/mman.h>

#define PRIVATE_RANGES_MOST 1024u /* what does not fit in is taken for the program's */

static struct {
    struct {
        uintptr_t start, end;
        bool closes;
    } range[PRIVATE_RANGES_MOST];
    size_t count;
    uint32_t is_closed;
    struct port_lock lock;
} private_memory = {.lock = PORT_LOCK_INITIAL};

void posix_private_lock(void)
{
    port_lock(&private_memory.lock);
}

void posix_private_unlock(void)
{
    port_unlock(&private_memory.lock);
}

static bool is_privacy_wanted(void)
{
    return (LOAD(&port_checkers) & (PORT_MEMCHECK | PORT_LSAN)) != 0;
}

/* Both: pre: the lock is held. */
static void private_range_add(uintptr_t start, uintptr_t end, bool closes)
{
    size_t i = 0;
    while (i < private_memory.count && (private_memory.range[i].end != start || private_memory.range[i].closes != closes))
        i++;
    if (start >= end || i == PRIVATE_RANGES_MOST)
        return;
    STORE(&private_memory.range[i].end, end);
    if (i < private_memory.count)
        return;
    private_memory.range[i].closes = closes;
    STORE(&private_memory.range[i].start, start);
    STORE(&private_memory.count, i + 1);
}

static void private_range_drop(size_t i)
{
    private_memory.range[i] = private_memory.range[private_memory.count - 1];
    STORE(&private_memory.count, private_memory.count - 1);
}

void posix_private_add(const void *base, size_t bytes, bool closes)
{
    if (!is_privacy_wanted())
        return;
    posix_private_lock();
    private_range_add((uintptr_t)base, (uintptr_t)base + bytes, closes);
    posix_private_unlock();
}

/* What lies beside it may have become one range with it. */
void posix_private_drop(const void *base, size_t bytes)
{
    uintptr_t from = (uintptr_t)base;
    uintptr_t to = from + bytes;
    if (!is_privacy_wanted())
        return;
    posix_private_lock();
    for (size_t i = private_memory.count; i-- > 0;) {
        uintptr_t start = private_memory.range[i].start;
        uintptr_t end = private_memory.range[i].end;
        bool closes = private_memory.range[i].closes;
        if (start >= to || end <= from)
            continue;
        private_range_drop(i);
        private_range_add(start, start < from ? from : start, closes);
        private_range_add(end > to ? to : end, end, closes);
    }
    posix_private_unlock();
}

uintptr_t posix_private_end(uintptr_t address, uintptr_t *next)
{
    uintptr_t end = 0;
    posix_private_lock();
    for (size_t i = 0; i < private_memory.count; i++) {
        uintptr_t start = private_memory.range[i].start;
        if (address - start < private_memory.range[i].end - start)
            end = private_memory.range[i].end;
        else if (start > address && start < *next)
            *next = start;
    }
    posix_private_unlock();
    return end;
}

/* ---- at the end ---- */

static bool is_private_at(uintptr_t address)
{
    for (size_t i = 0; i < LOAD(&private_memory.count); i++) {
        uintptr_t start = LOAD(&private_memory.range[i].start);
        if (address - start < LOAD(&private_memory.range[i].end) - start)
            return true;
    }
    return false;
}

static void protect_private(int protection)
{
    for (size_t i = 0; i < LOAD(&private_memory.count); i++) {
        uintptr_t start = LOAD(&private_memory.range[i].start);
        if (private_memory.range[i].closes)
            (void)mprotect((void *)start, LOAD(&private_memory.range[i].end) - start, protection);
    }
}

static bool open_private_memory(const struct port_fault *fault)
{
    if (LOAD(&private_memory.is_closed) == 0 || fault->access == PORT_READ || !is_private_at(fault->address))
        return false;
    protect_private(PROT_READ | PROT_WRITE);
    STORE(&private_memory.is_closed, 0);
    return true;
}

/* After all handlers of exit, and all destructors but those of libraries that this one was linked into. */
static __attribute__((destructor(101))) void close_private_memory(void)
{
    if ((LOAD(&port_checkers) & PORT_MEMCHECK) == 0 || !port_on_fault(open_private_memory))
        return;
    STORE(&private_memory.is_closed, 1);
    protect_private(PROT_READ);
}

#endif
