/* SPDX-License-Identifier: MIT
 *
 * driver.h: in whose name memory is taken: drivers come and go, and what each has outstanding is counted.
 */
#ifndef LEDGER_DRIVER_H
#define LEDGER_DRIVER_H

#include "base/atomic.h"
#include "port/port.h"

#define DRIVER_NAME_MOST 63u
#define DRIVERS_MOST (TAGPOOL_BARE ? 4u : 1024u)

/* Both sums only grow; outstanding = in - out. Peaks are exact for one thread, for several never too high. */
struct driver_side {
    aligned_u64 allocs, frees;
    aligned_u64 bytes_in, bytes_out; /* requested */
    aligned_u64 peak_blocks, peak_bytes;
};

/* Stays for ever: records of blocks point to it. A driver that is loaded again gets the one of its name back. */
struct driver {
    char name[DRIVER_NAME_MOST + 1];
    uint32_t is_loaded;
    uint64_t loads, unloads;
    struct driver_side side[2]; /* by pool */
};

INTERNAL_OBJECT PORT_THREAD_LOCAL struct driver *driver_current; /* of this thread */

/* The driver of that name, loaded. NULL iff the name is empty or longer than DRIVER_NAME_MOST, or there are too many. */
INTERNAL struct driver *driver_load(const char *name);
INTERNAL void driver_unload(struct driver *driver);

/* The i-th driver there ever was, or NULL. */
INTERNAL struct driver *driver_at(size_t i);

/* A number below 65,536 for a driver, and the driver of that number; 0 for NULL. */
INTERNAL unsigned driver_number(const struct driver *driver);
INTERNAL struct driver *driver_numbered(uint64_t number);

INTERNAL void driver_charge(struct driver *driver, unsigned pool, size_t bytes);
INTERNAL void driver_discharge(struct driver *driver, unsigned pool, size_t bytes);

/* Around a fork: see record.h. */
INTERNAL void driver_lock(void);
INTERNAL void driver_unlock(void);

#endif
