/* SPDX-License-Identifier: MIT
 *
 * posix.c: the port for Linux and other POSIX systems (contracts in port.h).
 */
#include "base/atomic.h"
#include "base/internal.h"

#if !TAGPOOL_BARE && !defined(_WIN32)

#include "port/exit_hooks.h"
#include "port/port.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

void *port_reserve(size_t bytes)
{
    if (bytes > SIZE_MAX - PORT_UNIT_BYTES)
        return NULL;
    size_t mapped = bytes + PORT_UNIT_BYTES;
    char *start = mmap(NULL, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return NULL;
    size_t before = round_up((uintptr_t)start, PORT_UNIT_BYTES) - (uintptr_t)start;
    if (before != 0)
        (void)munmap(start, before);
    if (PORT_UNIT_BYTES - before != 0)
        (void)munmap(start + before + bytes, PORT_UNIT_BYTES - before);
    return start + before;
}

/* NULL iff something else is there. */
static void *reserve_at(uintptr_t wanted, size_t bytes)
{
    void *start = mmap((void *)wanted, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start != MAP_FAILED && (uintptr_t)start != wanted)
        (void)munmap(start, bytes);
    return (uintptr_t)start == wanted ? start : NULL;
}

/* Address space may be limited, so no more is asked for than needed at first: often that lies well, and if not, then it does
 * further down, where mostly nothing is. */
void *port_reserve_within(size_t bytes, size_t window)
{
    char *start = port_reserve(bytes);
    if (start == NULL || port_place_within((uintptr_t)start, bytes, window) == (uintptr_t)start)
        return start;
    (void)munmap(start, bytes);
    void *lower = reserve_at(port_place_within((uintptr_t)start - bytes, bytes, window), bytes);
    if (lower != NULL)
        return lower;
    start = bytes <= SIZE_MAX / 2 ? port_reserve(2 * bytes) : NULL;
    if (start == NULL)
        return NULL;
    size_t before = port_place_within((uintptr_t)start, bytes, window) - (uintptr_t)start;
    if (before != 0)
        (void)munmap(start, before);
    if (before != bytes)
        (void)munmap(start + before + bytes, bytes - before);
    return start + before;
}

void port_release(void *base, size_t bytes)
{
    int saved = errno;
    posix_private_drop(base, bytes);
    (void)munmap(base, bytes);
    errno = saved;
}

bool port_commit(void *base, size_t bytes)
{
    int saved = errno;
    bool done = mprotect(base, bytes, PROT_READ | PROT_WRITE) == 0;
    if (done)
        posix_private_add(base, bytes, true);
    errno = saved;
    return done;
}

/* By a new mapping: memcheck looks at each byte of what changes its protection. So that does not change later on, either; no
 * block's address is in there. */
bool port_commit_lazily(void *base, size_t bytes)
{
    int saved = errno;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    bool done = mmap(base, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) != MAP_FAILED;
    if (done)
        posix_private_add(base, bytes, false);
    errno = saved;
    return done;
}

bool port_commit_in_parts(void *base, size_t bytes)
{
    return port_commit(base, bytes);
}

bool port_expect(void *base, size_t bytes)
{
    (void)base;
    (void)bytes;
    return true;
}

bool port_decommit(void *base, size_t bytes)
{
    int saved = errno;
    bool done = madvise(base, bytes, MADV_DONTNEED) == 0;
    errno = saved;
    return done;
}

bool port_is_mapped(const void *address, size_t bytes)
{
    int saved = errno;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)address & ~(page - 1);
    port_checkers_pause(true); /* asked about a whole page, of which perhaps only a part is anybody's */
    bool mapped = msync((void *)start, (uintptr_t)address - start + bytes, MS_ASYNC) == 0;
    port_checkers_pause(false);
    errno = saved;
    return mapped;
}

bool port_pin(void *base, size_t bytes)
{
    int saved = errno;
    bool done = mlock(base, bytes) == 0;
    errno = saved;
    return done;
}

bool port_protect(void *base, size_t bytes, bool accessible)
{
    int saved = errno;
    bool done = mprotect(base, bytes, accessible ? PROT_READ | PROT_WRITE : PROT_NONE) == 0;
    errno = saved;
    return done;
}

/* ---- guards ---- */

/* What headers older than the kernel's 6.13 do not name. */
#define GUARD_INSTALL 102
#define GUARD_REMOVE 103

size_t port_page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Elsewhere these two numbers could mean anything. */
static bool mark_pages(void *base, size_t bytes, int advice)
{
#ifdef __linux__
    return madvise(base, bytes, advice) == 0;
#else
    (void)base, (void)bytes, (void)advice;
    return false;
#endif
}

bool port_guard(void *base, size_t bytes, enum port_guard way)
{
    int saved = errno;
    bool done = way == PORT_GUARD_MARK
                    ? mark_pages(base, bytes, GUARD_INSTALL)
                    : mprotect(base, bytes, PROT_NONE) == 0 && madvise(base, bytes, MADV_DONTNEED) == 0;
    errno = saved;
    return done;
}

bool port_unguard(void *base, size_t bytes, enum port_guard way)
{
    int saved = errno;
    bool done = way == PORT_GUARD_MARK ? mark_pages(base, bytes, GUARD_REMOVE)
                                       : mprotect(base, bytes, PROT_READ | PROT_WRITE) == 0;
    errno = saved;
    return done;
}

/* membarrier(2), by numbers: not each libc has them. A process, or a child of it, must first say that it will ask. */
bool port_order_threads(void)
{
#if defined(__linux__) && defined(SYS_membarrier)
    enum { PRIVATE_EXPEDITED = 8, REGISTER_PRIVATE_EXPEDITED = 16 };
    int saved = errno;
    bool is_done = syscall(SYS_membarrier, PRIVATE_EXPEDITED, 0) == 0 ||
                   (syscall(SYS_membarrier, REGISTER_PRIVATE_EXPEDITED, 0) == 0 &&
                    syscall(SYS_membarrier, PRIVATE_EXPEDITED, 0) == 0);
    errno = saved;
    return is_done;
#else
    return false;
#endif
}

void port_yield(void)
{
    (void)sched_yield();
}

void port_nap(void)
{
    int saved = errno;
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    errno = saved;
}

void port_lock(struct port_lock *lock)
{
    (void)pthread_mutex_lock(&lock->mutex);
}

void port_unlock(struct port_lock *lock)
{
    (void)pthread_mutex_unlock(&lock->mutex);
}

/* A key's destructor runs only while its value is not NULL, so each call arms it once. */
static struct {
    pthread_once_t once;
    pthread_key_t key;
    bool made;
} exit_key = {.once = PTHREAD_ONCE_INIT};

static PORT_THREAD_LOCAL struct exit_hooks exit_hooks;

static void exit_key_run(void *unused)
{
    (void)unused;
    exit_hooks_run(&exit_hooks);
}

static void exit_key_make(void)
{
    exit_key.made = pthread_key_create(&exit_key.key, exit_key_run) == 0;
}

bool port_on_thread_exit(void (*hook)(void))
{
    (void)pthread_once(&exit_key.once, exit_key_make);
    return exit_key.made && pthread_setspecific(exit_key.key, &exit_key) == 0 && exit_hooks_add(&exit_hooks, hook);
}

static struct {
    pthread_once_t once;
    bool done;
} own_fork = {.once = PTHREAD_ONCE_INIT};

static void own_locks(void)
{
    posix_code_lock();
    posix_twins_lock();
    posix_private_lock();
}

static void own_unlocks(void)
{
    posix_private_unlock();
    posix_twins_unlock();
    posix_code_unlock();
}

static void own_fork_register(void)
{
    own_fork.done = pthread_atfork(own_locks, own_unlocks, own_unlocks) == 0;
}

bool port_on_fork(void (*before)(void), void (*parent)(void), void (*child)(void))
{
    /* What is registered first is locked last; the port's own locks once, however many others come. */
    (void)pthread_once(&own_fork.once, own_fork_register);
    return own_fork.done && pthread_atfork(before, parent, child) == 0;
}

bool port_on_exit(void (*hook)(void))
{
    return atexit(hook) == 0;
}

bool port_on_priority(unsigned (*get)(void), void (*set)(unsigned level))
{
    (void)get;
    (void)set;
    return false;
}

uint64_t port_milliseconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Linux says in the process's own status who traces it: "TracerPid:" and a number, 0 for nobody. */
static bool is_traced(void)
{
    static const char word[] = "TracerPid:";
    char status[2048];
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, status, sizeof status - 1) : 0;
    if (file >= 0)
        (void)close(file);
    status[length > 0 ? length : 0] = 0;
    const char *found = strstr(status, word);
    return found != NULL && strtol(found + sizeof word - 1, NULL, 10) != 0;
}

bool port_break(void)
{
    int saved = errno;
    bool traced = is_traced();
    if (traced)
        (void)raise(SIGTRAP);
    errno = saved;
    return traced;
}

/* Asking the system takes longer than all the rest of an operation. 0 before it was asked. */
static PORT_THREAD_LOCAL uint64_t thread_number;

uint64_t port_thread_number(void)
{
    if (thread_number == 0)
        port_thread_renumber();
    return thread_number;
}

void port_thread_renumber(void)
{
#if defined(__linux__) && defined(SYS_gettid)
    thread_number = (uint64_t)syscall(SYS_gettid);
#else
    thread_number = (uint64_t)(uintptr_t)pthread_self();
#endif
}

uint64_t port_process_number(void)
{
    return (uint64_t)getpid();
}

const char *port_environment(const char *name)
{
    return getenv(name);
}

void port_write(const char *text, size_t length)
{
    int saved = errno;
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written < 0 && errno != EINTR)
            break;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    errno = saved;
}

_Noreturn void port_abort(void)
{
    abort();
}

#endif
