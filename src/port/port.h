/* SPDX-License-Identifier: MIT
 *
 * port.h: all that the core asks of a platform. One file of src/port implements it: posix.c, win32.c or bare.c.
 *
 * Rules for memory: addresses and sizes are multiples of PORT_UNIT_BYTES, which every supported system's own page divides. A
 * function that returns bool is true on success and has no effect otherwise.
 */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include "base/internal.h"

#if TAGPOOL_BARE
#include "port/bare.h"
#elif defined(_WIN32)
#include "port/win32.h"
#else
#include "port/posix.h"
#endif

/* The grain of address space: what is reserved, committed and given back. */
#define PORT_UNIT_SHIFT 16
#define PORT_UNIT_BYTES ((size_t)1 << PORT_UNIT_SHIFT)

/* Where in its first page each table begins that the fast paths touch. Reserved ranges all begin at a page, as do blocks: tables
 * that began there too would share one set of the cache, and a processor that compares the last 12 bits of addresses first
 * would take a store to one for a store to the other. Measured: up to three times the time of a pair, by chance of addresses. */
#define PORT_COLOUR_SPANS (TAGPOOL_BARE ? 0 : 0x480)
#define PORT_COLOUR_NOTES (TAGPOOL_BARE ? 0 : 0x740)
#define PORT_COLOUR_ROWS (TAGPOOL_BARE ? 0 : 0xA80)

/* Reserves address space, aligned to PORT_UNIT_BYTES, that may not be touched yet. NULL iff there is none. */
INTERNAL void *port_reserve(size_t bytes);

/* Gives reserved address space back, committed or not. pre: exactly what port_reserve() gave. */
INTERNAL void port_release(void *base, size_t bytes);

/* Makes reserved memory readable and writable; it reads zero. pre: not committed before. */
INTERNAL bool port_commit(void *base, size_t bytes);

/* Gives the memory behind committed addresses back to the system. They stay usable and read zero. */
INTERNAL bool port_decommit(void *base, size_t bytes);

/* Keeps committed memory in RAM. */
INTERNAL bool port_pin(void *base, size_t bytes);

/* A mutual-exclusion lock: declare with PORT_LOCK_INITIAL, never copied, not recursive. */
INTERNAL void port_lock(struct port_lock *lock);
INTERNAL void port_unlock(struct port_lock *lock);

/* Calls `hook` when this thread exits; once for each call. False iff the platform cannot (any more). */
INTERNAL bool port_on_thread_exit(void (*hook)(void));

/* Calls `before` in the parent before each fork, then `parent` or `child` after it. */
INTERNAL bool port_on_fork(void (*before)(void), void (*parent)(void), void (*child)(void));

/* Calls `hook` at normal exit. */
INTERNAL bool port_on_exit(void (*hook)(void));

/* A number that tells living threads apart; for people, not for logic. */
INTERNAL uint64_t port_thread_number(void);
INTERNAL uint64_t port_process_number(void);

/* The value of an environment variable, or NULL. */
INTERNAL const char *port_environment(const char *name);

/* Writes to where errors go; neither buffers nor allocates. */
INTERNAL void port_write(const char *text, size_t length);

INTERNAL _Noreturn void port_abort(void);

#endif
