/* SPDX-License-Identifier: MIT
 *
 * bare.c: the port for bare metal: no operating system, one thread. Address space is one static array, handed out once.
 */
#include "base/internal.h"

#if TAGPOOL_BARE

#include "port/port.h"

/* Bytes of RAM that all reservations share: two pools, their bookkeeping and the counters. */
#ifndef TAGPOOL_BARE_RAM
#define TAGPOOL_BARE_RAM ((size_t)8 * PORT_UNIT_BYTES)
#endif

static _Alignas(65536) unsigned char ram[TAGPOOL_BARE_RAM];
static size_t ram_used;

void *port_reserve(size_t bytes)
{
    if (bytes > sizeof ram - ram_used)
        return NULL;
    void *base = ram + ram_used;
    ram_used += bytes;
    return base;
}

/* Only the newest reservation can be given back: start-up releases what it reserved last when a later step fails. */
void port_release(void *base, size_t bytes)
{
    if ((unsigned char *)base + bytes == ram + ram_used)
        ram_used -= bytes;
}

bool port_commit(void *base, size_t bytes)
{
    memset(base, 0, bytes);
    return true;
}

bool port_commit_lazily(void *base, size_t bytes)
{
    return port_commit(base, bytes);
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
    (void)base;
    (void)bytes;
    return false;
}

bool port_is_mapped(const void *address, size_t bytes)
{
    (void)address, (void)bytes;
    return true;
}

bool port_pin(void *base, size_t bytes)
{
    (void)base;
    (void)bytes;
    return true;
}

bool port_protect(void *base, size_t bytes, bool accessible)
{
    (void)base;
    (void)bytes;
    (void)accessible;
    return false;
}

size_t port_page_bytes(void)
{
    return PORT_UNIT_BYTES;
}

bool port_guard(void *base, size_t bytes, enum port_guard way)
{
    (void)base;
    (void)bytes;
    (void)way;
    return false;
}

bool port_unguard(void *base, size_t bytes, enum port_guard way)
{
    return port_guard(base, bytes, way);
}

bool port_on_fault(port_fault_hook *hook)
{
    (void)hook;
    return false;
}

bool port_order_threads(void)
{
    return true; /* there is one */
}

void port_yield(void)
{
}

void port_nap(void)
{
}

void port_lock(struct port_lock *lock)
{
    (void)lock;
}

void port_unlock(struct port_lock *lock)
{
    (void)lock;
}

bool port_on_thread_exit(void (*hook)(void))
{
    (void)hook;
    return true;
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
    (void)hook;
    return true;
}

bool port_on_priority(unsigned (*get)(void), void (*set)(unsigned level))
{
    (void)get;
    (void)set;
    return false;
}

size_t port_stack(const void *frame, uintptr_t *addresses, size_t most)
{
    (void)frame;
    (void)addresses;
    (void)most;
    return 0;
}

uintptr_t port_module(uintptr_t address, char *name, size_t most)
{
    (void)most;
    name[0] = 0;
    return address;
}

bool port_file_read(const char *path, struct port_file *file)
{
    (void)path;
    *file = (struct port_file){NULL, 0, 0};
    return false;
}

void port_file_release(struct port_file *file)
{
    (void)file;
}

bool port_file_append(const char *path, const char *text, size_t length, int *error)
{
    (void)path;
    (void)text;
    (void)length;
    *error = 0;
    return false;
}

void port_file_path(const char *path, char *full, size_t most)
{
    (void)most;
    memcpy(full, path, string_length(path) + 1);
}

uint64_t port_milliseconds(void)
{
    return 0;
}

bool port_break(void)
{
    return false;
}

uint64_t port_thread_number(void)
{
    return 1;
}

void port_thread_renumber(void)
{
}

uint64_t port_process_number(void)
{
    return 1;
}

const char *port_environment(const char *name)
{
    (void)name;
    return NULL;
}

/* There is no console: set a sink. */
void port_write(const char *text, size_t length)
{
    (void)text;
    (void)length;
}

_Noreturn void port_abort(void)
{
    for (;;)
        __builtin_trap();
}

#endif
