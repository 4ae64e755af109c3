/* SPDX-License-Identifier: MIT
 *
 * sums.c: checksums and their cache. When the cache is full the block that was not used for the longest time makes room.
 */
#include <stddef.h>
#include "driver.h"
#include "sums.h"

enum { BLOCK_SUMS = 256, BLOCKS_MAX = 4 };

struct sums_block {
    struct sums_block *next;
    uint32_t start; /* the first sector described */
    bool changed;
    uint32_t sums[BLOCK_SUMS];
};

uint32_t sums_compute(const void *sector)
{
    const unsigned char *byte = sector;
    uint32_t low = 1, high = 0; /* two running sums, after Fletcher */
    for (unsigned i = 0; i < SECTOR_BYTES; i++) {
        low += byte[i];
        high += low;
    }
    uint32_t sum = high << 16 ^ low;
    return sum != 0 ? sum : 1;
}

/* How many sectors a block describes: fewer at the end of the disk. */
static uint32_t block_count(const struct sums *sums, const struct sums_block *block)
{
    uint32_t left = disk_sectors(sums->disk) - block->start;
    return left < BLOCK_SUMS ? left : BLOCK_SUMS;
}

static void write_back(struct sums *sums, struct sums_block *block)
{
    if (block->changed)
        disk_write_sums(sums->disk, block->start, block_count(sums, block), block->sums);
    block->changed = false;
}

static void evict_oldest(struct sums *sums)
{
    struct sums_block **link = &sums->first;
    while ((*link)->next != NULL)
        link = &(*link)->next;
    write_back(sums, *link);
    tagpool_free_tag(*link, TAG_SUMS);
    *link = NULL;
    sums->cached--;
}

/* Takes the block out of the list, or makes it from the disk. */
static struct sums_block *fetch(struct sums *sums, uint32_t start)
{
    for (struct sums_block **link = &sums->first; *link != NULL; link = &(*link)->next)
        if ((*link)->start == start) {
            struct sums_block *found = *link;
            *link = found->next;
            return found;
        }
    if (sums->cached == BLOCKS_MAX)
        evict_oldest(sums);
    struct sums_block *block = tagpool_zalloc(TAGPOOL_PAGED, sizeof *block, TAG_SUMS);
    if (block == NULL)
        return NULL;
    block->start = start;
    disk_read_sums(sums->disk, start, block_count(sums, block), block->sums);
    sums->cached++;
    return block;
}

uint32_t *sums_get(struct sums *sums, uint32_t sector, bool change)
{
    struct sums_block *block = fetch(sums, sector - sector % BLOCK_SUMS);
    if (block == NULL)
        return NULL;
    block->next = sums->first;
    sums->first = block;
    block->changed |= change;
    return &block->sums[sector % BLOCK_SUMS];
}

void sums_flush(struct sums *sums)
{
    for (struct sums_block *block = sums->first; block != NULL; block = block->next)
        write_back(sums, block);
}

void sums_drop(struct sums *sums)
{
    while (sums->first != NULL)
        evict_oldest(sums);
}
