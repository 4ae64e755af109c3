/* SPDX-License-Identifier: MIT
 *
 * driver.c: what the filter does with each kind of request. The two planted bugs are in attach and in device_control.
 *
 * One worker serves a volume, so nothing here needs a lock.
 */
#include <string.h>
#include "driver.h"
#include "sums.h"

/* An attached volume. */
struct volume {
    char *name;
    struct disk *disk;
    struct sums sums;
    uint32_t reads, writes, errors;
};

const char *status_text(enum status status)
{
    static const char *const texts[] = {
        "STATUS_SUCCESS", "STATUS_INVALID_PARAMETER", "STATUS_NO_SUCH_DEVICE", "STATUS_INVALID_DEVICE_REQUEST",
        "STATUS_NO_MEDIA_IN_DEVICE", "STATUS_BUFFER_TOO_SMALL", "STATUS_CRC_ERROR", "STATUS_INSUFFICIENT_RESOURCES"};
    return texts[status];
}

static struct volume **slot(struct driver *driver, const struct trace_entry *entry)
{
    return &driver->volumes[entry->volume - 'A'];
}

/* Sectors of a request; false unless it is whole sectors inside the disk. */
static bool sector_range(const struct volume *volume, const struct trace_entry *entry, uint32_t *first, uint32_t *count)
{
    *first = entry->offset / SECTOR_BYTES;
    *count = entry->length / SECTOR_BYTES;
    return entry->offset % SECTOR_BYTES == 0 && entry->length % SECTOR_BYTES == 0 && *count != 0 &&
           *first < disk_sectors(volume->disk) && *count <= disk_sectors(volume->disk) - *first;
}

/* Finds the medium below the new volume. */
static enum status start_volume(struct volume *volume, uint32_t bytes)
{
    if (bytes < SECTOR_BYTES)
        return STATUS_NO_MEDIA_IN_DEVICE;
    volume->disk = disk_create(bytes / SECTOR_BYTES);
    if (volume->disk == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    volume->sums.disk = volume->disk;
    return STATUS_SUCCESS;
}

static enum status attach(struct driver *driver, const struct trace_entry *entry)
{
    enum status status = STATUS_INSUFFICIENT_RESOURCES;

    if (*slot(driver, entry) != NULL)
        return STATUS_INVALID_PARAMETER;
    struct volume *volume = tagpool_zalloc(TAGPOOL_NONPAGED, sizeof *volume, TAG_VOLUME);
    if (volume == NULL)
        return status;
    volume->name = tagpool_alloc(TAGPOOL_PAGED, strlen(entry->word) + 1, TAG_NAME);
    if (volume->name != NULL) {
        strcpy(volume->name, entry->word);
        status = start_volume(volume, entry->length);
        if (status == STATUS_SUCCESS) {
            *slot(driver, entry) = volume;
            return STATUS_SUCCESS;
        }
        tagpool_free_tag(volume->name, TAG_NAME);
        if (!driver->fixed)
            tagpool_free_tag(volume->name, TAG_NAME); /* planted bug 1: two clean-up steps free the same name */
    }
    tagpool_free_tag(volume, TAG_VOLUME);
    return status;
}

static enum status detach(struct volume **slot)
{
    struct volume *volume = *slot;
    sums_drop(&volume->sums);
    disk_destroy(volume->disk);
    tagpool_free_tag(volume->name, TAG_NAME);
    tagpool_free_tag(volume, TAG_VOLUME);
    *slot = NULL;
    return STATUS_SUCCESS;
}

void driver_unload(struct driver *driver)
{
    for (size_t i = 0; i < sizeof driver->volumes / sizeof driver->volumes[0]; i++)
        if (driver->volumes[i] != NULL)
            (void)detach(&driver->volumes[i]);
}

/* Compares sectors in `buffer` with their checksums. */
static enum status verify(struct volume *volume, uint32_t first, uint32_t count, const char *buffer)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t *sum = sums_get(&volume->sums, first + i, false);
        if (sum == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        if (*sum != 0 && *sum != sums_compute(buffer + (size_t)i * SECTOR_BYTES)) {
            volume->errors++;
            return STATUS_CRC_ERROR;
        }
    }
    return STATUS_SUCCESS;
}

static enum status read_sectors(struct volume *volume, uint32_t first, uint32_t count)
{
    char *buffer = tagpool_alloc(TAGPOOL_NONPAGED, (size_t)count * SECTOR_BYTES, TAG_BUFFER);
    if (buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    disk_read(volume->disk, first, count, buffer);
    enum status status = verify(volume, first, count, buffer);
    volume->reads++;
    tagpool_free_tag(buffer, TAG_BUFFER);
    return status;
}

/* Sets the checksum of each sector: that of its data, or 0 where `buffer` is NULL. */
static enum status set_sums(struct volume *volume, uint32_t first, uint32_t count, const char *buffer)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *sum = sums_get(&volume->sums, first + i, true);
        if (sum == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        *sum = buffer != NULL ? sums_compute(buffer + (size_t)i * SECTOR_BYTES) : 0;
    }
    return STATUS_SUCCESS;
}

static enum status write_sectors(struct volume *volume, uint32_t first, uint32_t count, unsigned seed)
{
    size_t bytes = (size_t)count * SECTOR_BYTES;
    char *buffer = tagpool_alloc(TAGPOOL_NONPAGED, bytes, TAG_BUFFER);
    if (buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (size_t i = 0; i < bytes; i++) /* stands for the data of whoever writes */
        buffer[i] = (char)((i + seed) * 31 >> 3);
    enum status status = set_sums(volume, first, count, buffer);
    if (status == STATUS_SUCCESS)
        disk_write(volume->disk, first, count, buffer);
    volume->writes++;
    tagpool_free_tag(buffer, TAG_BUFFER);
    return status;
}

/* Read, write, trim and decay: everything that names sectors. */
static enum status transfer(struct volume *volume, const struct trace_entry *entry, struct context *context)
{
    uint32_t first, count;

    if (entry->kind == TRACE_DECAY) {
        if (entry->offset / SECTOR_BYTES >= disk_sectors(volume->disk))
            return STATUS_INVALID_PARAMETER;
        disk_decay(volume->disk, entry->offset / SECTOR_BYTES);
        return STATUS_SUCCESS;
    }
    if (!sector_range(volume, entry, &first, &count))
        return STATUS_INVALID_PARAMETER;
    context->sectors = count;
    if (entry->kind == TRACE_READ)
        return read_sectors(volume, first, count);
    if (entry->kind == TRACE_WRITE)
        return write_sectors(volume, first, count, entry->line);
    disk_discard(volume->disk, first, count);
    return set_sums(volume, first, count, NULL);
}

/* Writes the answer to an ioctl's function behind the header. */
static enum status answer(const struct volume *volume, const struct trace_entry *entry, char *out)
{
    const uint32_t counters[] = {volume->reads, volume->writes, volume->errors, volume->sums.cached};

    if (strcmp(entry->word, "query-counters") == 0) {
        if (entry->length < sizeof counters)
            return STATUS_BUFFER_TOO_SMALL;
        memcpy(out, counters, sizeof counters);
        return STATUS_SUCCESS;
    }
    if (strcmp(entry->word, "query-name") == 0) {
        if (entry->length < strlen(volume->name) + 1)
            return STATUS_BUFFER_TOO_SMALL;
        strcpy(out, volume->name);
        return STATUS_SUCCESS;
    }
    return STATUS_INVALID_DEVICE_REQUEST; /* some monitoring tools ask for what this filter does not know */
}

static enum status device_control(const struct driver *driver, const struct volume *volume,
                                  const struct trace_entry *entry) {
    struct ioctl_header *header = tagpool_zalloc(TAGPOOL_NONPAGED, sizeof *header + entry->length, TAG_IOCTL);
    if (header == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    header->entry = entry;
    header->status = answer(volume, entry, (char *)(header + 1));
    enum status status = header->status;
    if (status != STATUS_SUCCESS && !driver->fixed)
        return status; /* planted bug 2: the early return forgets the buffer */
    tagpool_free_tag(header, TAG_IOCTL);
    return status;
}

enum status driver_dispatch(struct driver *driver, struct request *request)
{
    const struct trace_entry *entry = request->entry;
    struct volume *volume = *slot(driver, entry);

    if (entry->kind == TRACE_ATTACH)
        return attach(driver, entry);
    if (volume == NULL)
        return STATUS_NO_SUCH_DEVICE;
    switch (entry->kind) {
    case TRACE_DETACH:
        return detach(slot(driver, entry));
    case TRACE_FLUSH:
        sums_flush(&volume->sums);
        return STATUS_SUCCESS;
    case TRACE_IOCTL:
        return device_control(driver, volume, entry);
    default:
        return transfer(volume, entry, request->context);
    }
}
