/* SPDX-License-Identifier: MIT
 *
 * resident.h: how much memory of the process is in RAM.
 */
#ifndef BENCH_RESIDENT_H
#define BENCH_RESIDENT_H

#include <stdint.h>

/* Resident bytes, found without allocating; 0 if the system does not say. */
uint64_t resident_bytes(void);

#endif
