/* SPDX-License-Identifier: MIT
 *
 * log.c: the ring of operations.
 *
 * An entry is written under the lock of its place, one of a few, and says by its sequence number which operation it is of:
 * a reader takes it for what it is, however the ring turned meanwhile.
 */
#include "ledger/log.h"

#include "base/atomic.h"
#include "port/port.h"

#define LOG_LOCKS 16u

static struct {
    struct event *ring;
    size_t entries;
    size_t bytes;
    aligned_u64 added;
    struct port_lock lock[LOG_LOCKS];
} operations_log = {.lock = {PORT_LOCK_INITIAL, PORT_LOCK_INITIAL, PORT_LOCK_INITIAL, PORT_LOCK_INITIAL,
                             PORT_LOCK_INITIAL, PORT_LOCK_INITIAL, PORT_LOCK_INITIAL, PORT_LOCK_INITIAL,
                             PORT_LOCK_INITIAL, PORT_LOCK_INITIAL, PORT_LOCK_INITIAL, PORT_LOCK_INITIAL,
                             PORT_LOCK_INITIAL, PORT_LOCK_INITIAL, PORT_LOCK_INITIAL, PORT_LOCK_INITIAL}};

void log_lock(void)
{
    for (unsigned i = 0; i < LOG_LOCKS; i++)
        port_lock(&operations_log.lock[i]);
}

void log_unlock(void)
{
    for (unsigned i = 0; i < LOG_LOCKS; i++)
        port_unlock(&operations_log.lock[i]);
}

void log_resize(size_t entries)
{
    entries = round_up(entries, LOG_LOCKS); /* so that all operations of a place have one lock */
    if (entries == operations_log.entries)
        return;
    size_t bytes = round_up(entries * sizeof(struct event), PORT_UNIT_BYTES);
    struct event *ring = entries != 0 ? port_obtain(bytes) : NULL;
    log_lock();
    struct event *old = operations_log.ring;
    size_t old_bytes = operations_log.bytes;
    operations_log.ring = ring;
    operations_log.bytes = bytes;
    operations_log.entries = ring != NULL ? entries : 0;
    operations_log.added = 0;
    log_unlock();
    if (old != NULL)
        port_release(old, old_bytes);
}

/* The place of the n-th operation, from 0; its lock is taken. */
static struct event *log_place(uint64_t n)
{
    struct port_lock *lock = &operations_log.lock[n % LOG_LOCKS];
    port_lock(lock);
    return operations_log.entries != 0 ? &operations_log.ring[(size_t)n % operations_log.entries] : NULL;
}

void log_add(const struct event *event)
{
    uint64_t n = add_fetch_u64(&operations_log.added, 1) - 1;
    struct event *place = log_place(n);
    if (place != NULL)
        *place = *event;
    port_unlock(&operations_log.lock[n % LOG_LOCKS]);
}

void log_walk(bool (*visit)(const struct event *event, void *context), void *context)
{
    uint64_t added = LOAD(&operations_log.added);
    size_t kept = LOAD(&operations_log.entries);
    for (uint64_t i = 0; i < kept && i < added; i++) {
        struct event copy = {.sequence = 0};
        struct event *place = log_place(added - 1 - i);
        if (place != NULL)
            copy = *place;
        port_unlock(&operations_log.lock[(added - 1 - i) % LOG_LOCKS]);
        if (copy.sequence != 0 && !visit(&copy, context))
            return;
    }
}
