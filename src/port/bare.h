/* SPDX-License-Identifier: MIT
 *
 * bare.h: the types of the bare-metal port (see port.h): one thread, so no lock.
 */
#ifndef PORT_BARE_H
#define PORT_BARE_H

#define PORT_THREAD_LOCAL

struct port_lock {
    char unused;
};

#define PORT_LOCK_INITIAL {0}

#define PORT_PROTECTED_MOST 1u

#endif
