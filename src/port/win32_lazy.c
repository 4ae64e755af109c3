/* SPDX-License-Identifier: MIT
 *
 * win32_lazy.c: memory that the Windows port commits part by part. Windows counts committed memory of all programs against RAM
 * and page file, touched or not, and our tables are large. So these stay reserved, and their parts are committed when expected,
 * or else, with port_commit_lazily(), when a touch faults. Debuggers stop at such a fault: what usually happens is expected.
 */
#include "base/atomic.h"
#include "base/internal.h"

#if !TAGPOOL_BARE && defined(_WIN32)

#include "port/port.h"

#define WIN32_LEAN_AND_MEAN
#define WIN32_NO_STATUS
#include <windows.h>

#define RANGES_MOST 16

/* Each begins with a reservation and ends with what has been committed lazily of it. No range: the end is 0. */
static struct {
    struct {
        uintptr_t begin, end;
    } range[RANGES_MOST];
    struct port_lock lock; /* guards changes */
} lazy = {.lock = PORT_LOCK_INITIAL};

static bool has_range(uintptr_t address)
{
    for (int i = 0; i < RANGES_MOST; i++)
        if (address < LOAD_ACQUIRE(&lazy.range[i].end) && address >= LOAD(&lazy.range[i].begin))
            return true;
    return false;
}

static uintptr_t reservation_of(const void *address)
{
    MEMORY_BASIC_INFORMATION memory;
    return VirtualQuery(address, &memory, sizeof memory) != 0 ? (uintptr_t)memory.AllocationBase : 0;
}

/* Its reservation's range, or an empty one; RANGES_MOST if there is none. */
static int find_range(uintptr_t reservation)
{
    int found = RANGES_MOST;
    for (int i = 0; i < RANGES_MOST; i++)
        if (lazy.range[i].end == 0 || lazy.range[i].begin == reservation)
            found = lazy.range[i].end != 0 || found == RANGES_MOST ? i : found;
    return found;
}

bool port_commit_lazily(void *base, size_t bytes)
{
    uintptr_t reservation = reservation_of(base);
    port_lock(&lazy.lock);
    int i = find_range(reservation);
    bool done = reservation != 0 && i < RANGES_MOST && win32_watch_faults();
    if (done) {
        STORE(&lazy.range[i].begin, reservation);
        STORE_RELEASE(&lazy.range[i].end, (uintptr_t)base + bytes);
    }
    port_unlock(&lazy.lock);
    return done || port_commit(base, bytes);
}

bool port_commit_in_parts(void *base, size_t bytes)
{
    (void)base;
    (void)bytes;
    return true;
}

bool port_expect(void *base, size_t bytes)
{
    uintptr_t begin = (uintptr_t)base & ~(PORT_UNIT_BYTES - 1);
    uintptr_t end = round_up((uintptr_t)base + bytes, PORT_UNIT_BYTES);
    return port_commit((void *)begin, end - begin);
}

bool win32_commit_part(uintptr_t address)
{
    return has_range(address) && port_expect((void *)address, 1);
}

void win32_forget_lazy(const void *reservation)
{
    port_lock(&lazy.lock);
    int i = find_range((uintptr_t)reservation);
    if (i < RANGES_MOST)
        STORE(&lazy.range[i].end, 0);
    port_unlock(&lazy.lock);
}

#endif
