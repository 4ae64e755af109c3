/* SPDX-License-Identifier: MIT
 *
 * posix_stack.c: call stacks by frame pointers, which addresses are code, and whose (contracts in port.h).
 *
 * Where code was compiled without frame pointers, the register holds whatever else: the walk stays on the thread's stack and ends
 * at the first word that is no address of code_map.
 */
#include "base/atomic.h"
#include "base/internal.h"

#if !TAGPOOL_BARE && !defined(_WIN32)

#include "port/port.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <unistd.h>

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

/* ---- code ---- */

#define CODE_CODE_RANGES_MOST 512
#define MODULE_NAME_BYTES 64

static struct {
    struct {
        uintptr_t start, end;
        uintptr_t load; /* what the module's addresses are relative to */
        char name[MODULE_NAME_BYTES];
    } range[CODE_CODE_RANGES_MOST];
    size_t count;
    aligned_u64 changes; /* modules that came or went before the ranges were collected */
    struct port_lock lock;
} code_map = {.lock = PORT_LOCK_INITIAL};

void posix_code_lock(void)
{
    port_lock(&code_map.lock);
}

void posix_code_unlock(void)
{
    port_unlock(&code_map.lock);
}

static void copy_file_name(char *name, size_t most, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *from = slash != NULL ? slash + 1 : path;
    size_t length = string_length(from) < most ? string_length(from) : most - 1;
    memcpy(name, from, length);
    name[length] = 0;
}

/* The loader has no name for the program itself. */
static void name_program(char *name)
{
    char path[4096];
    int saved = errno;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    errno = saved;
    path[length > 0 ? length : 0] = 0;
    copy_file_name(name, MODULE_NAME_BYTES, length > 0 ? path : "program");
}

static int add_module(struct dl_phdr_info *info, size_t bytes, void *unused)
{
    (void)bytes;
    (void)unused;
    STORE(&code_map.changes, (aligned_u64)(info->dlpi_adds + info->dlpi_subs));
    for (int i = 0; i < info->dlpi_phnum && code_map.count < CODE_CODE_RANGES_MOST; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0)
            continue;
        STORE(&code_map.range[code_map.count].start, info->dlpi_addr + segment->p_vaddr);
        STORE(&code_map.range[code_map.count].end, info->dlpi_addr + segment->p_vaddr + segment->p_memsz);
        code_map.range[code_map.count].load = info->dlpi_addr;
        if (info->dlpi_name != NULL && info->dlpi_name[0] != 0)
            copy_file_name(code_map.range[code_map.count].name, MODULE_NAME_BYTES, info->dlpi_name);
        else
            name_program(code_map.range[code_map.count].name);
        STORE(&code_map.count, code_map.count + 1);
    }
    return 0;
}

/* The next two: pre: the lock is held. */
static void collect_modules(void)
{
    STORE(&code_map.count, 0);
    (void)dl_iterate_phdr(add_module, NULL);
}

static int is_changed(struct dl_phdr_info *info, size_t bytes, void *unused)
{
    (void)bytes;
    (void)unused;
    return info->dlpi_adds + info->dlpi_subs != LOAD(&code_map.changes) ? 1 : 2;
}

/* Code from `start` on. */
struct code_range {
    uintptr_t start;
    size_t bytes;
};

/* Where in code_map.range an address lies, and that range; code_map.count and no bytes if nowhere. Without the lock too: then
 * another thread may be collecting, and nothing is found. */
static size_t find_range(uintptr_t address, struct code_range *range)
{
    size_t i = 0;
    for (; i < LOAD(&code_map.count); i++) {
        range->start = LOAD(&code_map.range[i].start);
        range->bytes = LOAD(&code_map.range[i].end) - range->start;
        if (address - range->start < range->bytes)
            return i;
    }
    *range = (struct code_range){0, 0};
    return i;
}

uintptr_t port_module(uintptr_t address, char *name, size_t most)
{
    uintptr_t offset = address;
    name[0] = 0;
    port_lock(&code_map.lock);
    /* Another module may lie where one lay before. */
    if (dl_iterate_phdr(is_changed, NULL) != 2)
        collect_modules();
    struct code_range range;
    size_t i = find_range(address, &range);
    if (range.bytes != 0) {
        copy_file_name(name, most, code_map.range[i].name);
        offset = address - code_map.range[i].load;
    }
    port_unlock(&code_map.lock);
    return offset;
}

/* ---- the walk ---- */

/* The range of code in which an address lies, or no bytes. What is not found without the lock is looked for with it. */
static __attribute__((noinline)) struct code_range find_code_range(uintptr_t address)
{
    struct code_range range;
    (void)find_range(address, &range);
    if (range.bytes != 0)
        return range;
    port_lock(&code_map.lock);
    if (dl_iterate_phdr(is_changed, NULL) != 2)
        collect_modules();
    (void)find_range(address, &range);
    port_unlock(&code_map.lock);
    return range;
}

#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)

/* A frame is the address of the next outer frame, then the return address; outer frames lie higher. Most return addresses lie in
 * the same range of code as the one before. */
size_t port_stack(const void *frame, uintptr_t *addresses, size_t most)
{
    const uintptr_t *at = frame;
    struct code_range code = {0, 0};
    size_t count = 1;
    if (stack_end == 0)
        stack_end = find_stack_end();
    uintptr_t last = stack_end - 2 * sizeof *at; /* where the last frame may lie */
    if (most == 0 || stack_end == 1 || (uintptr_t)at > last || (uintptr_t)at % sizeof *at != 0)
        return 0;
    addresses[0] = at[1];
    for (; count < most; count++) {
        uintptr_t outer = at[0];
        if (outer <= (uintptr_t)at || outer > last || outer % sizeof *at != 0)
            break;
        at = (const uintptr_t *)outer;
        uintptr_t address = at[1];
        if (address - code.start >= code.bytes)
            code = find_code_range(address);
        if (code.bytes == 0)
            break;
        addresses[count] = address;
    }
    return count;
}

#else

size_t port_stack(const void *frame, uintptr_t *addresses, size_t most)
{
    (void)frame, (void)addresses, (void)most, (void)find_stack_end, (void)find_code_range;
    return 0;
}

#endif

#endif
