/* SPDX-License-Identifier: MIT
 *
 * resident.h: how much memory of the process is in RAM.
 */
#ifndef BENCH_RESIDENT_H
#define BENCH_RESIDENT_H

#include <stdint.h>

/* Resident bytes, found without allocating; 0 if the system does not say. */
uint64_t resident_bytes(void);

/* How many bytes more could be resident, by what the machine has available and what this group of processes may use;
 * UINT64_MAX if the system does not say. */
uint64_t resident_possible(void);

#endif
