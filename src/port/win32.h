/* SPDX-License-Identifier: MIT
 *
 * win32.h: the types of the Windows port (see port.h). windows.h itself stays in the .c files, which driver
 * headers cannot share with it.
 */
#ifndef PORT_WIN32_H
#define PORT_WIN32_H

#define PORT_THREAD_LOCAL _Thread_local

/* An SRWLOCK. */
struct port_lock {
    void *word;
};

#define PORT_LOCK_INITIAL {0}

/* Between the files of this port. */

/* Sees to it that faults are seen. */
INTERNAL bool win32_watch_faults(void);

/* Commits the part around `address` of what was committed lazily; false iff it is none of that, or there is no memory. */
INTERNAL bool win32_commit_part(uintptr_t address);

/* Knows nothing of this reservation any more. */
INTERNAL void win32_forget_lazy(const void *reservation);

#endif
