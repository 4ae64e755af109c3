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

struct record {
    uintptr_t address; /* of the block */
    uint32_t flags;
    size_t quota;
    void *process;
};

/* Adds a record, or replaces that of the same address. False iff there is no memory. */
INTERNAL bool record_put(const struct record *record);

/* The record of the block at `address`; all zero, and false, if it has none. record_take() removes it. */
INTERNAL bool record_get(uintptr_t address, struct record *record);
INTERNAL bool record_take(uintptr_t address, struct record *record);

INTERNAL size_t record_count(void);

/* Around a fork: nobody changes records between the two. The lock is taken last of all. */
INTERNAL void record_lock(void);
INTERNAL void record_unlock(void);

#endif
