/* SPDX-License-Identifier: MIT
 *
 * disk.h: the simulated disk under the filter: sectors, and an area in which the filter keeps one checksum per sector.
 */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stdint.h>

enum { SECTOR_BYTES = 4096 };

struct disk;

/* A disk of zeroes; NULL iff there is no memory. */
struct disk *disk_create(uint32_t sectors);
void disk_destroy(struct disk *disk);

uint32_t disk_sectors(const struct disk *disk);

/* Copies whole sectors. The caller has checked the range, here and below. */
void disk_read(const struct disk *disk, uint32_t first, uint32_t count, void *buffer);
void disk_write(struct disk *disk, uint32_t first, uint32_t count, const void *buffer);
void disk_discard(struct disk *disk, uint32_t first, uint32_t count);

/* Copies checksums to or from the metadata area. */
void disk_read_sums(const struct disk *disk, uint32_t first, uint32_t count, uint32_t *sums);
void disk_write_sums(struct disk *disk, uint32_t first, uint32_t count, const uint32_t *sums);

/* Flips one bit of a sector, as bad media do, and tells nobody. */
void disk_decay(struct disk *disk, uint32_t sector);

#endif
