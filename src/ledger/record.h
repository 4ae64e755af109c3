/* SPDX-License-Identifier: MIT
 *
 * record.h: what is kept of the few blocks about which a note cannot say all: quota, and what to ask before they are freed.
 *
 * A block has a record iff its note's state is NOTE_RECORDED. Whoever takes the record out acts on it, so that of two frees of
 * one block only one does.
 */
#ifndef LEDGER_RECORD_H
#define LEDGER_RECORD_H

#include "port/port.h"

/* What the note would have said, as its bits; then what only a record can say. */
#define RECORD_PROTECTED 2u
#define RECORD_PATTERNED 4u
#define RECORD_QUOTA 0x100u   /* `quota` bytes are charged to `process` */
#define RECORD_WATCHED 0x200u /* may not be freed without asking */
#define RECORD_TRACKED 0x400u /* all that follows `process` is known */

struct driver;

struct record {
    uintptr_t address; /* of the block */
    uint32_t flags;
    uint32_t stack;    /* in the depot */
    size_t quota;
    void *process;
    uint64_t sequence; /* of the allocation; see struct event */
    uint64_t nth;
    uint64_t site_nth; /* which allocation of its tag at its stack */
    uint64_t thread;
    struct driver *driver; /* to whom it is charged; NULL for nobody */
    const char *file;
    unsigned line;
    uint32_t trial; /* the test in which it was allocated (trial.h) */
};

/* Adds a record, or replaces that of the same address. False iff there is no memory. */
INTERNAL bool record_put(const struct record *record);

/* The record of the block at `address`; all zero, and false, if it has none. record_take() removes it. */
INTERNAL bool record_get(uintptr_t address, struct record *record);
INTERNAL bool record_take(uintptr_t address, struct record *record);

/* The flags of the record of the block at `address`; 0 if it has none. */
INTERNAL uint32_t record_flags(uintptr_t address);

INTERNAL size_t record_count(void);

/* Calls `visit` for each record, under a lock: it may not use records. It may change what is not flags or address. */
INTERNAL void record_walk(void (*visit)(struct record *record, void *context), void *context);

/* Around a fork: nobody changes records between the two. These locks are taken after those of the arena. */
INTERNAL void record_lock(void);
INTERNAL void record_unlock(void);

#endif
