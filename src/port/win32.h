/* SPDX-License-Identifier: MIT
 *
 * win32.h: the types of the Windows port (see port.h). windows.h itself stays in win32.c: it shares no file with driver headers.
 */
#ifndef PORT_WIN32_H
#define PORT_WIN32_H

#define PORT_THREAD_LOCAL _Thread_local

/* An SRWLOCK. */
struct port_lock {
    void *word;
};

#define PORT_LOCK_INITIAL {0}

#endif
