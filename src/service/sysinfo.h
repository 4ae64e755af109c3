/* SPDX-License-Identifier: MIT
 *
 * sysinfo.h: the pools' statistics in the layouts of NtQuerySystemInformation(); contract in tagpool/wdk/sysinfo.h.
 */
#ifndef SERVICE_SYSINFO_H
#define SERVICE_SYSINFO_H

#include "base/internal.h"

enum sysinfo_result { SYSINFO_DONE, SYSINFO_TOO_SMALL, SYSINFO_NO_CLASS };

/* Writes the answer of class `class` to `buffer` as far as it has room, and its whole length to *length (0 for no class). */
INTERNAL enum sysinfo_result sysinfo_query(unsigned class, void *buffer, size_t buffer_bytes, size_t *length);

#endif
