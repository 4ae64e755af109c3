/* SPDX-License-Identifier: MIT
 *
 * sums.h: the checksums of one volume's sectors, a few blocks of them cached in paged pool.
 */
#ifndef SUMS_H
#define SUMS_H

#include <stdbool.h>
#include <stdint.h>
#include "disk.h"

/* The most recently used block comes first. One thread only. */
struct sums {
    struct disk *disk;
    struct sums_block *first;
    unsigned cached; /* blocks */
};

/* The checksum of one sector of data, never 0. */
uint32_t sums_compute(const void *sector);

/* Where the checksum of a sector stands: 0 for a sector that was never written. Fails iff there is no memory (NULL). Valid
 * until the next call. With `change` it will be written back to the disk. */
uint32_t *sums_get(struct sums *sums, uint32_t sector, bool change);

/* Writes changed checksums to the disk; the cache stays. */
void sums_flush(struct sums *sums);

/* Writes and frees everything. */
void sums_drop(struct sums *sums);

#endif
