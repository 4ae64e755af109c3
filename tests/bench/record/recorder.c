/* SPDX-License-Identifier: MIT
 *
 * recorder.c: records what a program allocates and frees. A library to be loaded before the C library:
 *
 *   BENCH_RECORD=raw LD_PRELOAD=build/bench/librecorder.so program...
 *
 * writes raw.<process number> for the program and for each one that it starts; record/convert.c makes a trace of it.
 *   BENCH_RECORD_MOST=4000000   calls to record; the rest is not
 *   BENCH_RECORD_DEPTH=3        how many return addresses above the call make up the call site: most programs have a function
 *                               of their own around malloc, and it is its callers that tell blocks apart
 *
 * The calls go on to whichever allocator would have had them. One lock covers a call and its record, so that the order in the
 * file is one that can have happened. What a forked child does is not recorded, unless it starts a program.
 */
#define _GNU_SOURCE

#include "raw.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#define API __attribute__((visibility("default")))
#define MOST_DEFAULT 4000000u
#define DEPTH_DEFAULT 3u
#define DEPTH_MOST 32u
#define WINDOW 65536u /* records of the file that are mapped at a time */
#define EARLY 65536u

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    void *(*memalign)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
} next;

/* dlsym() itself may allocate; it gets this memory. */
static _Alignas(16) char early[EARLY];
static size_t early_used;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int file = -1; /* -1: not recording */
static struct raw_record *window;
static uint64_t written, most;
static unsigned depth = DEPTH_DEFAULT;
static uint16_t threads;
static __thread uint16_t thread_number __attribute__((tls_model("initial-exec")));
static __thread bool inside __attribute__((tls_model("initial-exec"))); /* our own calls are not recorded */

static void *early_alloc(size_t bytes)
{
    size_t rounded = (bytes + 15) & ~(size_t)15;
    if (rounded < bytes || rounded > EARLY - early_used) {
        return NULL;
    }
    early_used += rounded;
    return early + early_used - rounded;
}

static bool is_early(const void *block)
{
    return (const char *)block >= early && (const char *)block < early + EARLY;
}

/* ISO C has no conversion from the pointer that dlsym() gives to one to a function. */
static void find(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

static bool ready(void)
{
    static bool finding;
    if (next.free == NULL && !finding) {
        finding = true;
        find(&next.malloc, "malloc");
        find(&next.calloc, "calloc");
        find(&next.realloc, "realloc");
        find(&next.memalign, "memalign");
        find(&next.posix_memalign, "posix_memalign");
        find(&next.free, "free");
        finding = false;
    }
    return next.free != NULL;
}

/* ---- The file ---------------------------------------------------------------------------------------------------------- */

static void stop(const char *why)
{
    if (why != NULL) {
        dprintf(STDERR_FILENO, "recorder: %s: %s\n", why, strerror(errno));
    }
    if (window != NULL) {
        munmap(window, WINDOW * sizeof *window);
    }
    close(file);
    file = -1;
}

/* Appends a record through a shared mapping: nothing is left to be flushed, however the program ends. */
static void append(struct raw_record record)
{
    if (written == most) {
        stop(NULL);
        return;
    }
    if (written % WINDOW == 0) {
        off_t start = (off_t)(written * sizeof *window);
        if (window != NULL) {
            munmap(window, WINDOW * sizeof *window);
        }
        window = NULL;
        if (ftruncate(file, start + (off_t)(WINDOW * sizeof *window)) != 0) {
            stop("cannot make the file longer");
            return;
        }
        void *map = mmap(NULL, WINDOW * sizeof *window, PROT_READ | PROT_WRITE, MAP_SHARED, file, start);
        if (map == MAP_FAILED) {
            stop("cannot map the file");
            return;
        }
        window = map;
    }
    window[written++ % WINDOW] = record;
}

static void child_begins(void)
{
    pthread_mutex_init(&lock, NULL);
    file = -1;
}

static void lock_take(void)
{
    pthread_mutex_lock(&lock);
}

static void lock_give(void)
{
    pthread_mutex_unlock(&lock);
}

static uint64_t number(const char *name, uint64_t otherwise, uint64_t least_too_many)
{
    const char *text = getenv(name);
    char *end;
    uint64_t value = text == NULL ? otherwise : strtoull(text, &end, 10);
    if (text != NULL && (*end != '\0' || value == 0 || value >= least_too_many)) {
        dprintf(STDERR_FILENO, "recorder: %s=%s should be a number from 1 to %llu\n", name, text,
                (unsigned long long)least_too_many - 1);
        _exit(1);
    }
    return value;
}

__attribute__((constructor)) static void begin(void)
{
    char path[4096];
    const char *prefix = getenv("BENCH_RECORD");
    most = number("BENCH_RECORD_MOST", MOST_DEFAULT, UINT32_MAX) + 1;
    depth = (unsigned)number("BENCH_RECORD_DEPTH", DEPTH_DEFAULT, DEPTH_MOST + 1);
    if (prefix == NULL) {
        dprintf(STDERR_FILENO, "recorder: BENCH_RECORD should say where to write\n");
        return;
    }
    inside = true;
    ready();
    pthread_atfork(lock_take, lock_give, child_begins);
    snprintf(path, sizeof path, "%s.%ld", prefix, (long)getpid());
    file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) {
        dprintf(STDERR_FILENO, "recorder: %s: %s\n", path, strerror(errno));
        _exit(1);
    }
    append((struct raw_record){.block = RAW_MAGIC});
    inside = false;
}

/* ---- The call site ----------------------------------------------------------------------------------------------------- */

struct walk {
    unsigned seen; /* frames, our own two included */
    uint64_t site;
};

static _Unwind_Reason_Code walk_step(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    if (walk->seen++ >= 2) {
        walk->site = (walk->site ^ (uint64_t)_Unwind_GetIP(context)) * 0x9E3779B97F4A7C15u;
        walk->site ^= walk->site >> 29;
    }
    return walk->seen < depth + 2 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* Called by the entry points themselves, so that the number of our own frames is known. */
static __attribute__((noinline)) uint64_t site(void)
{
    struct walk walk = {0, 0};
    _Unwind_Backtrace(walk_step, &walk);
    return walk.site;
}

/* ---- The calls --------------------------------------------------------------------------------------------------------- */

/* True iff this call is to be recorded; then site() if there is one, lock_take() and end_call() must follow. The stack is
 * walked without the lock: whoever loads a library has the loader's lock, and may wait here for ours. */
static bool begin_call(void)
{
    if (inside || file < 0) {
        return false;
    }
    inside = true;
    return true;
}

static void end_call(enum raw_op op, const void *block, uint64_t old, size_t bytes, uint64_t from)
{
    int error = errno;
    if (thread_number == 0) {
        thread_number = ++threads;
    }
    if (file >= 0 && block != NULL) {
        append((struct raw_record){.block = (uintptr_t)block,
                                   .old = old,
                                   .site = from,
                                   .bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX,
                                   .thread = thread_number,
                                   .op = (uint16_t)op});
    }
    lock_give();
    inside = false;
    errno = error;
}

API void *malloc(size_t bytes)
{
    if (!ready()) {
        return early_alloc(bytes);
    }
    if (!begin_call()) {
        return next.malloc(bytes);
    }
    uint64_t from = site();
    lock_take();
    void *block = next.malloc(bytes);
    end_call(RAW_ALLOC, block, 0, bytes, from);
    return block;
}

API void *calloc(size_t count, size_t bytes)
{
    if (!ready()) {
        return early_alloc(count * bytes); /* never used before, hence zero */
    }
    if (!begin_call()) {
        return next.calloc(count, bytes);
    }
    uint64_t from = site();
    lock_take();
    void *block = next.calloc(count, bytes);
    end_call(RAW_ALLOC, block, 0, count * bytes, from);
    return block;
}

API void free(void *block)
{
    if (is_early(block) || !ready()) {
        return;
    }
    if (block == NULL || !begin_call()) {
        next.free(block);
        return;
    }
    uint64_t address = (uintptr_t)block;
    lock_take();
    next.free(block);
    end_call(RAW_FREE, (void *)(uintptr_t)address, 0, 0, 0);
}

API void *realloc(void *old, size_t bytes)
{
    if (is_early(old) || !ready()) {
        void *block = malloc(bytes);
        size_t most_there = old == NULL ? 0 : (size_t)(early + EARLY - (char *)old);
        if (block != NULL && old != NULL) {
            memcpy(block, old, bytes < most_there ? bytes : most_there);
        }
        return block;
    }
    if (!begin_call()) {
        return next.realloc(old, bytes);
    }
    uint64_t from = site(), address = (uintptr_t)old;
    lock_take();
    void *block = next.realloc(old, bytes);
    bool is_free = block == NULL && bytes == 0 && address != 0;
    end_call(is_free ? RAW_FREE : RAW_REALLOC, is_free ? (void *)(uintptr_t)address : block, address, bytes, from);
    return block;
}

API void *memalign(size_t alignment, size_t bytes)
{
    if (!ready()) {
        return NULL;
    }
    if (!begin_call()) {
        return next.memalign(alignment, bytes);
    }
    uint64_t from = site();
    lock_take();
    void *block = next.memalign(alignment, bytes);
    end_call(RAW_ALLOC, block, 0, bytes, from);
    return block;
}

API int posix_memalign(void **result, size_t alignment, size_t bytes)
{
    if (!ready()) {
        return ENOMEM;
    }
    if (!begin_call()) {
        return next.posix_memalign(result, alignment, bytes);
    }
    uint64_t from = site();
    lock_take();
    int error = next.posix_memalign(result, alignment, bytes);
    end_call(RAW_ALLOC, error == 0 ? *result : NULL, 0, bytes, from);
    return error;
}

API void *aligned_alloc(size_t alignment, size_t bytes)
{
    return memalign(alignment, bytes);
}

API void *valloc(size_t bytes)
{
    return memalign((size_t)sysconf(_SC_PAGESIZE), bytes);
}

API void *pvalloc(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return memalign(page, (bytes + page - 1) & ~(page - 1));
}
