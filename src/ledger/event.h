/* SPDX-License-Identifier: MIT
 *
 * event.h: one allocation or free, as the verifier's services see it while any of them is on.
 */
#ifndef LEDGER_EVENT_H
#define LEDGER_EVENT_H

#include "base/internal.h"

struct driver;
struct tagpool_operation;

struct event {
    bool is_free;
    bool is_tracked;    /* the tag is one that is tracked */
    unsigned pool;
    size_t bytes;       /* requested */
    uint32_t tag;       /* without TAG_PROTECTED */
    uint32_t tag_index;
    void *block;        /* NULL while it is not known, or if the allocation failed */
    const void *caller; /* where the operation was called from */
    const void *frame;  /* the frame from which the stack is walked; NULL: the caller only */
    uint32_t stack;     /* in the depot; 0 until event_stack() has captured it */
    uint64_t thread;
    struct driver *driver; /* in whose name the thread runs; NULL for nobody's */
    uint64_t sequence;  /* of all operations since the verifier was switched on, from 1 */
    uint64_t nth;       /* of the allocations of this tag since the program started, from 1; 0 for a free */
    uint64_t site_nth;  /* of the allocations of this tag at this stack, from 1; 0 for a free, or if it is not tracked */
    const char *file;   /* of the macro form; NULL otherwise */
    unsigned line;
};

/* Which of `count` stripes a thread uses. Numbers of threads follow each other, or are multiples of 4. */
static inline size_t thread_stripe(uint64_t thread, unsigned count)
{
    return (size_t)(thread + thread / 4) % count;
}

/* The event as the public sees it. */
INTERNAL void event_describe(const struct event *event, struct tagpool_operation *operation);

#endif
