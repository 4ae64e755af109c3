/* SPDX-License-Identifier: MIT
 *
 * convert.h: a recording on its way to a trace: calls.c makes blocks and events of the calls, encode.c makes the file of them.
 */
#ifndef BENCH_RECORD_CONVERT_H
#define BENCH_RECORD_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NONE UINT32_MAX

/* One allocation of the recording, with its one free. */
struct block {
    uint64_t site;
    uint32_t bytes;
    uint32_t kind;
    uint32_t slot;
    uint32_t older, younger; /* among the live, in order of allocation */
    bool used;               /* takes part in the trace */
};

struct event {
    uint32_t block;
    uint32_t younger; /* of a free: live blocks that are younger; NONE: too many to matter */
    bool is_free;
};

struct recording {
    struct block *blocks;
    size_t blocks_count;
    struct event *events;
    size_t events_count;
    size_t left_out; /* blocks too large for a trace */
};

struct encoded {
    size_t allocs, slots, tags, sites, kinds;
    double bytes; /* of all allocations */
    long size;    /* of the file */
};

/* Zeroed memory; does not return without. */
void *convert_room(size_t count, size_t size);

/* Says so, and exits. */
void convert_die(const char *what, const char *name);

/* Reads a recording, of which the first `skip` calls and all after the next `count` (0: none) are left out. */
struct recording calls_read(const char *path, size_t skip, size_t count);

/* Writes the trace. */
struct encoded encode(struct recording *recording, const char *path, size_t tags);

#endif
