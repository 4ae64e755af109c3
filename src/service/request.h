/* SPDX-License-Identifier: MIT
 *
 * request.h: one allocation as the WDK's routines ask for it, whichever of them was called.
 */
#ifndef SERVICE_REQUEST_H
#define SERVICE_REQUEST_H

#include "base/internal.h"

/* The NTSTATUS values that allocations raise. */
#define RAISE_INVALID_PARAMETER 0xC000000Du
#define RAISE_QUOTA_EXCEEDED 0xC0000044u
#define RAISE_NO_RESOURCES 0xC000009Au

#define REQUEST_CACHE_LINE 64u

enum request_contents { CONTENTS_UNKNOWN, CONTENTS_ZERO };

/* From where a routine was called. The routine keeps a request of its own on its stack, so that its frame is there to be walked
 * from while the request is served. */
struct wdk_site {
    const void *caller, *frame;
};

#define WDK_SITE ((struct wdk_site){CALLER, FRAME})

struct wdk_request {
    uintptr_t type; /* POOL_TYPE or POOL_FLAGS as given, for reports */
    unsigned pool;
    size_t bytes;
    uint32_t tag;
    size_t alignment; /* 1 for the natural one */
    enum request_contents contents;
    bool is_legacy;   /* tag 0 is a finding or bug check */
    bool has_quota;
    bool raises;
    bool hides_quota; /* a quota that is exceeded raises the status of no memory */
    unsigned spare;   /* this and the next three: of struct request */
    bool is_promised;
    bool special;
    uint8_t edge;
    struct wdk_site site;
};

/* Checks the rules that all routines share, charges quota, allocates, and fills: the block, or NULL, or raises. */
INTERNAL void *request_allocate(const struct wdk_request *request);

/* Fails a request before it came to an allocation: counts a failure of its tag, raises the status if the request says so;
 * NULL. */
INTERNAL void *request_refuse(const struct wdk_request *request, uint32_t status);

/* Reports 0xC2/0x9A (type, bytes, tag) with a sentence; `stops` false for a finding. */
INTERNAL void request_report_type(const struct wdk_request *request, const char *sentence, bool stops);

/* Notes what a priority keeps free, whether it promises success, and on which side special pool is to put the block. False iff it
 * is no EX_POOL_PRIORITY. */
INTERNAL bool request_priority(struct wdk_request *request, unsigned priority);

/* What a fresh block with unknown contents finds in it, by option. */
INTERNAL void *request_fill(void *block, size_t bytes);

#endif
