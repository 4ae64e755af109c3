/* SPDX-License-Identifier: MIT
 *
 * driver.h: the words that all parts of the filter share: its tags, its status codes, a request.
 *
 * sumfilter is a data-integrity filter. It sits above a disk, keeps a checksum of every 4 KiB sector that is written, and
 * checks each sector that is read. The checksums live on the disk too, and the driver caches some of them.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include "tagpool.h"
#include "trace.h"

/* One tag for each kind of block, as a real driver has. "Sum" is ours, the last letter says what it is. */
#define TAG_REQUEST TAGPOOL_TAG('S', 'u', 'm', 'R') /* nonpaged: a request in a queue */
#define TAG_CONTEXT TAGPOOL_TAG('S', 'u', 'm', 'C') /* nonpaged: what the filter notes while a request is under way */
#define TAG_BUFFER  TAGPOOL_TAG('S', 'u', 'm', 'B') /* nonpaged: data on its way to or from the disk */
#define TAG_IOCTL   TAGPOOL_TAG('S', 'u', 'm', 'I') /* nonpaged: the answer to an ioctl */
#define TAG_VOLUME  TAGPOOL_TAG('S', 'u', 'm', 'V') /* nonpaged: an attached volume (its device extension) */
#define TAG_NAME    TAGPOOL_TAG('S', 'u', 'm', 'N') /* paged: the name of a volume */
#define TAG_SUMS    TAGPOOL_TAG('S', 'u', 'm', 'M') /* paged: cached metadata, the checksums of 256 sectors */

enum status {
    STATUS_SUCCESS,
    STATUS_INVALID_PARAMETER,
    STATUS_NO_SUCH_DEVICE,
    STATUS_INVALID_DEVICE_REQUEST,
    STATUS_NO_MEDIA_IN_DEVICE,
    STATUS_BUFFER_TOO_SMALL,
    STATUS_CRC_ERROR,
    STATUS_INSUFFICIENT_RESOURCES
};

const char *status_text(enum status status);

/* What the filter notes while a request is under way. */
struct context {
    enum status status;
    uint32_t sectors; /* read, written or trimmed */
};

/* A request: allocated by whoever submits it, answered by a worker, freed by the completion thread. */
struct request {
    struct request *next;
    const struct trace_entry *entry;
    struct context *context; /* NULL iff there was no memory for one */
};

/* What stands at the front of every ioctl's buffer; the answer follows. Because it says which request it belongs to, a
 * block that is still there at the end says where it comes from. */
struct ioctl_header {
    const struct trace_entry *entry;
    enum status status;
};

struct volume;

struct driver {
    bool fixed;                  /* without the two planted bugs */
    struct volume *volumes[26];  /* by drive letter; each is touched by one worker only */
};

/* Detaches what is still attached: a volume whose detach request came to nothing, for want of memory, must go too. Call it when
 * no request is under way. */
void driver_unload(struct driver *driver);

/* Answers one request and returns its status. */
enum status driver_dispatch(struct driver *driver, struct request *request);

#endif
