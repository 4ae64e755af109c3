/* SPDX-License-Identifier: MIT
 *
 * posix.h: the types of the POSIX port (see port.h).
 */
#ifndef PORT_POSIX_H
#define PORT_POSIX_H

#include <pthread.h>

#define PORT_THREAD_LOCAL _Thread_local

struct port_lock {
    pthread_mutex_t mutex;
};

/* Around a fork: the list of modules (posix_stack.c). */
INTERNAL void posix_code_lock(void);
INTERNAL void posix_code_unlock(void);

/* Memory of the library's own is committed, is released (posix_private.c); `closes`: at the end it becomes unwritable. And the
 * end of that in which an address lies: 0 if there is none, and *next becomes the start of the next, if that is nearer.
 * The locks: around a fork. */
INTERNAL void posix_private_add(const void *base, size_t bytes, bool closes);
INTERNAL void posix_private_drop(const void *base, size_t bytes);
INTERNAL uintptr_t posix_private_end(uintptr_t address, uintptr_t *next);
INTERNAL void posix_private_lock(void);
INTERNAL void posix_private_unlock(void);

/* What LeakSanitizer sees of blocks (posix_lsan.c). Start: false iff there is no memory. */
INTERNAL bool posix_twins_start(void);
INTERNAL void posix_twins_lock(void);
INTERNAL void posix_twins_unlock(void);

#define PORT_LOCK_INITIAL {PTHREAD_MUTEX_INITIALIZER}

/* So many ranges may be inaccessible by protection: for half of the mappings that Linux gives a process, which needs some too. */
#define PORT_PROTECTED_MOST 16384u

#endif
