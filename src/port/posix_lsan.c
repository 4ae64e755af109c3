/* SPDX-License-Identifier: MIT
 *
 * posix_lsan.c: makes LeakSanitizer report blocks that it cannot know (contracts in port.h).
 *
 * It knows memory of malloc's only. So each block has a twin there, of its size, allocated at the same call stack, and a node
 * that holds the twin. At exit, before LeakSanitizer looks, the front door finds out which blocks are lost, with the help of the
 * search below; their nodes let go of the twins, and these are what is reported.
 *
 * The search goes through all that the program can write but for our own memory and what AddressSanitizer has poisoned, as
 * freed memory of malloc's is. It reads by the system, so that nothing happens where memory goes away meanwhile.
 */
#include "base/atomic.h"
#include "base/internal.h"

#if !TAGPOOL_BARE && !defined(_WIN32)

#include "port/port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define TWIN_BUCKETS 65536u
#define TWIN_MOST ((size_t)64 << 20) /* larger blocks are not told: a twin costs address space */

extern int __asan_address_is_poisoned(const volatile void *address) __attribute__((weak));
extern void __asan_get_shadow_mapping(size_t *scale, size_t *offset) __attribute__((weak));

struct twin_node {
    struct twin_node *next;
    uintptr_t hidden; /* the complement of the block's address, for nothing of ours may look like a pointer to it */
    uintptr_t *twin;  /* the complement, once it is let go of */
    bool is_reached, is_lost;
};

static struct {
    struct twin_node **buckets; /* of malloc's, as nodes are: LeakSanitizer sees what they hold */
    size_t count;
    struct port_lock lock;
} twins = {.lock = PORT_LOCK_INITIAL};

void posix_twins_lock(void)
{
    port_lock(&twins.lock);
}

void posix_twins_unlock(void)
{
    port_unlock(&twins.lock);
}

bool posix_twins_start(void)
{
    twins.buckets = calloc(TWIN_BUCKETS, sizeof *twins.buckets);
    return twins.buckets != NULL;
}

/* ---- twins: pre: the lock is held, for static functions ---- */

static struct twin_node **twin_place(uintptr_t address)
{
    struct twin_node **place = &twins.buckets[(uint32_t)((uint64_t)address * UINT64_C(0x9E3779B97F4A7C15) >> 32) % TWIN_BUCKETS];
    while (*place != NULL && (*place)->hidden != ~address)
        place = &(*place)->next;
    return place;
}

static uintptr_t *twin_of(const struct twin_node *node)
{
    return node->is_lost ? (uintptr_t *)~(uintptr_t)node->twin : node->twin;
}

void port_twin_add(const void *block, size_t bytes)
{
    int saved = errno;
    PORT_KEEP_FRAME();
    struct twin_node *node = bytes <= TWIN_MOST ? malloc(sizeof *node) : NULL;
    uintptr_t *twin = node != NULL ? malloc(bytes) : NULL;
    if (twin == NULL) {
        free(node);
        errno = saved;
        return;
    }
    *node = (struct twin_node){.hidden = ~(uintptr_t)block, .twin = twin};
    posix_twins_lock();
    struct twin_node **place = twin_place((uintptr_t)block);
    node->next = *place;
    *place = node;
    twins.count++;
    posix_twins_unlock();
    errno = saved;
}

void port_twin_drop(const void *block)
{
    int saved = errno;
    posix_twins_lock();
    struct twin_node **place = twin_place((uintptr_t)block);
    struct twin_node *node = *place;
    if (node != NULL) {
        *place = node->next;
        twins.count--;
    }
    posix_twins_unlock();
    if (node != NULL)
        free(twin_of(node));
    free(node);
    errno = saved;
}

size_t port_twins_count(void)
{
    return LOAD(&twins.count);
}

bool port_twin_reach(uintptr_t address)
{
    posix_twins_lock();
    struct twin_node *node = *twin_place(address);
    bool is_first = node != NULL && !node->is_reached;
    if (is_first)
        node->is_reached = true;
    posix_twins_unlock();
    return is_first;
}

void port_twins_lose(void (*visit)(uintptr_t address, void *context), void *context)
{
    posix_twins_lock();
    for (size_t i = 0; i < TWIN_BUCKETS; i++)
        for (struct twin_node *node = twins.buckets[i]; node != NULL; node = node->next)
            node->is_lost = !node->is_reached;
    for (size_t i = 0; i < TWIN_BUCKETS; i++)
        for (struct twin_node *node = twins.buckets[i]; node != NULL; node = node->next)
            if (node->is_lost)
                visit(~node->hidden, context);
    for (size_t i = 0; i < TWIN_BUCKETS; i++)
        for (struct twin_node *node = twins.buckets[i]; node != NULL; node = node->next)
            if (node->is_lost)
                node->twin = (uintptr_t *)~(uintptr_t)node->twin;
    posix_twins_unlock();
}

void port_twin_point(uintptr_t from, size_t offset, uintptr_t to)
{
    const struct twin_node *node = *twin_place(from);
    const struct twin_node *other = *twin_place(to);
    if (node != NULL && other != NULL && node->is_lost && other->is_lost)
        node->twin[offset / sizeof *node->twin] = (uintptr_t)other->twin;
}

/* ---- the search ---- */

static bool is_word_hidden(uintptr_t where)
{
    return __asan_address_is_poisoned != NULL && __asan_address_is_poisoned((const void *)where) != 0;
}

/* Reads as much as there is; 0 if nobody may read at `start`. */
static size_t read_memory(uintptr_t start, void *words, size_t bytes)
{
#ifdef __linux__
    struct iovec to = {words, bytes};
    struct iovec from = {(void *)start, bytes};
    ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
    return got > 0 ? (size_t)got : 0;
#else
    (void)start, (void)words, (void)bytes;
    return 0;
#endif
}

static void search_words(uintptr_t start, uintptr_t end, const struct port_search *search)
{
    uintptr_t words[1024];
    while (start < end) {
        size_t bytes = end - start < sizeof words ? end - start : sizeof words;
        size_t got = read_memory(start, words, bytes);
        for (size_t i = 0; i < got / sizeof *words; i++) {
            uintptr_t where = start + i * sizeof *words;
            if (words[i] - search->base < search->bytes && !is_word_hidden(where))
                search->visit(words[i], where, search->context);
        }
        start = got >= bytes ? start + bytes : round_up(start + got + 1, PAGE_BYTES);
    }
}

void port_search_in(uintptr_t start, size_t bytes, const struct port_search *search)
{
    int saved = errno;
    search_words(round_up(start, sizeof(uintptr_t)), start + bytes, search);
    errno = saved;
}

/* What lies in the shadow of AddressSanitizer is no memory of the program's, and far too much. */
static bool is_asan_shadow(uintptr_t start)
{
    size_t scale, offset;
    if (__asan_get_shadow_mapping == NULL)
        return false;
    __asan_get_shadow_mapping(&scale, &offset);
    return start >= offset && start - offset < UINTPTR_MAX >> (UINTPTR_MAX > 0xFFFFFFFFu ? 17 : 0) >> scale;
}

/* One mapping, but for what is private in it, and for the part of this stack that is not in use. */
static void search_mapping(uintptr_t start, uintptr_t end, const struct port_search *search)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (here - start < end - start)
        start = here;
    while (start < end) {
        uintptr_t next = end;
        uintptr_t private_end = posix_private_end(start, &next);
        if (private_end == 0)
            search_words(start, next, search);
        start = private_end != 0 ? private_end : next;
    }
}

/* A line begins with "start-end rw". */
static void search_line(const char *line, const struct port_search *search)
{
    char *rest;
    uintptr_t start = (uintptr_t)strtoull(line, &rest, 16);
    uintptr_t end = *rest == '-' ? (uintptr_t)strtoull(rest + 1, &rest, 16) : 0;
    bool is_programs = strncmp(rest, " rw", 3) == 0 && strstr(rest, " /dev/") == NULL && strstr(rest, "[v") == NULL;
    if (is_programs && end != 0 && !is_asan_shadow(start))
        search_mapping(start, end, search);
}

/* The list changes while memory is mapped: it is read whole first. */
static size_t read_maps(char *text, size_t most)
{
    size_t length = 0;
    ssize_t got = 1;
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    while (maps >= 0 && got > 0 && length < most - 1) {
        got = read(maps, text + length, most - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    if (maps >= 0)
        (void)close(maps);
    text[length] = 0;
    return length < most - 1 ? length : 0;
}

bool port_search(const struct port_search *search)
{
    int saved = errno;
    size_t most = (size_t)8 << 20; /* some 65,530 mappings are possible */
    char *text = port_obtain(most);
    bool done = text != NULL && read_maps(text, most) != 0;
    for (char *line = text, *end; done && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = 0;
        search_line(line, search);
    }
    if (text != NULL)
        port_release(text, most);
    errno = saved;
    return done;
}

#endif
