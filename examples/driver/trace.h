/* SPDX-License-Identifier: MIT
 *
 * trace.h: a text file of requests, read into memory. The format is described at the top of trace.txt.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trace_kind {
    TRACE_ATTACH, TRACE_READ, TRACE_WRITE, TRACE_FLUSH, TRACE_TRIM, TRACE_IOCTL, TRACE_DECAY, TRACE_DETACH, TRACE_KINDS
};

struct trace_entry {
    unsigned line;      /* in the file, from 1 */
    unsigned time;      /* milliseconds */
    enum trace_kind kind;
    char volume;        /* 'A' to 'Z' */
    uint32_t offset;    /* read, write, trim, decay: bytes */
    uint32_t length;    /* read, write, trim, ioctl: bytes; attach: the size of the volume */
    char word[32];      /* attach: the name; ioctl: the function */
};

struct trace {
    struct trace_entry *entries;
    size_t count;
};

/* Reads a file. On failure says on standard error in which line, what was expected and what was found, and returns false;
 * the trace is then empty. */
bool trace_read(const char *path, struct trace *trace);

void trace_free(struct trace *trace);

/* "attach" and so on. */
const char *trace_kind_text(enum trace_kind kind);

#endif
