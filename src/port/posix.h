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

#define PORT_LOCK_INITIAL {PTHREAD_MUTEX_INITIALIZER}

#endif
