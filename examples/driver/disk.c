/* SPDX-License-Identifier: MIT
 *
 * disk.c: a disk in memory. It is hardware here, not part of the driver, so it uses malloc and not the pools.
 */
#include <stdlib.h>
#include <string.h>
#include "disk.h"

struct disk {
    uint32_t sectors;
    unsigned char *data;
    uint32_t *sums;
};

struct disk *disk_create(uint32_t sectors)
{
    struct disk *disk = malloc(sizeof *disk);
    if (disk == NULL)
        return NULL;
    *disk = (struct disk){sectors, calloc(sectors, SECTOR_BYTES), calloc(sectors, sizeof *disk->sums)};
    if (disk->data == NULL || disk->sums == NULL) {
        disk_destroy(disk);
        return NULL;
    }
    return disk;
}

void disk_destroy(struct disk *disk)
{
    free(disk->data);
    free(disk->sums);
    free(disk);
}

uint32_t disk_sectors(const struct disk *disk)
{
    return disk->sectors;
}

static unsigned char *at(const struct disk *disk, uint32_t sector)
{
    return disk->data + (size_t)sector * SECTOR_BYTES;
}

void disk_read(const struct disk *disk, uint32_t first, uint32_t count, void *buffer)
{
    memcpy(buffer, at(disk, first), (size_t)count * SECTOR_BYTES);
}

void disk_write(struct disk *disk, uint32_t first, uint32_t count, const void *buffer)
{
    memcpy(at(disk, first), buffer, (size_t)count * SECTOR_BYTES);
}

void disk_discard(struct disk *disk, uint32_t first, uint32_t count)
{
    memset(at(disk, first), 0, (size_t)count * SECTOR_BYTES);
}

void disk_read_sums(const struct disk *disk, uint32_t first, uint32_t count, uint32_t *sums)
{
    memcpy(sums, disk->sums + first, count * sizeof *sums);
}

void disk_write_sums(struct disk *disk, uint32_t first, uint32_t count, const uint32_t *sums)
{
    memcpy(disk->sums + first, sums, count * sizeof *sums);
}

void disk_decay(struct disk *disk, uint32_t sector)
{
    at(disk, sector)[1234] ^= 0x10;
}
