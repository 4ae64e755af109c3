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

#define PORT_LOCK_INITIAL {PTHREAD_MUTEX_INITIALIZER}

/* So many ranges may be inaccessible by protection: for half of the mappings that Linux gives a process, which needs some too. */
#define PORT_PROTECTED_MOST 16384u

#endif
