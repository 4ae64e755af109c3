/* SPDX-License-Identifier: MIT
 *
 * log.c: the ring of operations.
 *
 * No thread waits for another. Each operation takes the next place, which is a cache line of its own, marks it as being written
 * to, fills it, and sets its stamp, the operation's sequence number. A reader that finds the same stamp before and after has
 * read that operation whole, however the ring turned meanwhile. Should the ring come round while a place is still being
 * written to, the operation takes the next one.
 */
#include "ledger/log.h"

#include "base/atomic.h"
#include "ledger/driver.h"
#include "port/port.h"

#define LOG_WRITING UINT64_MAX
#define LOG_TRIES 16
#define LOG_STRIPES 64u

enum { LOG_BLOCK, LOG_BYTES, LOG_NTH, LOG_THREAD, LOG_FILE, LOG_TAG_STACK, LOG_LINE_DRIVER, LOG_WORDS };

#define LOG_FREE (UINT64_C(1) << 63)
#define LOG_PAGED (UINT64_C(1) << 62)

_Static_assert(DRIVERS_MOST < 0xFFFF, "a driver's number does not fit beside the line");

struct log_place {
    _Alignas(64) aligned_u64 stamp; /* 0: nothing was ever written */
    aligned_u64 word[LOG_WORDS];
};

static struct {
    struct log_place *ring;
    size_t entries; /* that are kept */
    size_t places;  /* in use: at least as many, a multiple of LOG_STRIPES */
    size_t room;    /* for so many places */
} operations_log;

/* The place with a number, from 1. Two that follow each other lie far apart: processors fetch what lies behind a line that
 * is written to, and would take it from each other. */
static struct log_place *place_at(struct log_place *ring, size_t places, uint64_t number)
{
    size_t i = (size_t)(number - 1) % places;
    return &ring[i % LOG_STRIPES * (places / LOG_STRIPES) + i / LOG_STRIPES];
}

/* In a cache line of its own, which every thread writes at each operation: what it waits for is the line, not the additions. */
static struct {
    _Alignas(64) aligned_u64 sequence;
    aligned_u64 added; /* places that were given */
} operations_count;

void log_number(struct event *event, bool is_logged)
{
    event->sequence = add_fetch_u64(&operations_count.sequence, 1);
    size_t places = LOAD_ACQUIRE(&operations_log.places);
    event->log_place = 0;
    if (!is_logged || places == 0)
        return;
    event->log_place = add_fetch_u64(&operations_count.added, 1);
    FETCH_TO_WRITE(place_at(LOAD_ACQUIRE(&operations_log.ring), places, event->log_place));
}

uint64_t log_mark(void)
{
    return add_fetch_u64(&operations_count.sequence, 1);
}

uint64_t log_last_number(void)
{
    return LOAD(&operations_count.sequence);
}

/* Forgets all but what is being written at this moment. */
static void forget(struct log_place *ring, size_t room)
{
    for (size_t i = 0; i < room; i++) {
        uint64_t stamp = LOAD(&ring[i].stamp);
        if (stamp != 0 && stamp != LOG_WRITING)
            (void)compare_exchange_u64(&ring[i].stamp, &stamp, 0);
    }
}

/* A ring that is too small is left behind, for other threads may be writing to it; those that are left behind are not larger than
 * the last one in all. On bare metal there are none. */
static bool make_room(size_t places)
{
    size_t bytes = round_up(places * sizeof(struct log_place), PORT_UNIT_BYTES);
    size_t old_bytes = operations_log.room * sizeof(struct log_place);
    if (places <= operations_log.room)
        return true;
    if (!TAGPOOL_BARE && bytes < 2 * old_bytes)
        bytes = 2 * old_bytes;
    struct log_place *ring = port_obtain(bytes);
    if (ring == NULL)
        return false;
    if (TAGPOOL_BARE && old_bytes != 0)
        port_release(operations_log.ring, old_bytes);
    operations_log.room = bytes / sizeof *ring;
    STORE_RELEASE(&operations_log.ring, ring);
    return true;
}

void log_resize(size_t entries)
{
    size_t places = round_up(entries, LOG_STRIPES);
    if (entries == operations_log.entries)
        return;
    STORE(&operations_log.places, 0);
    forget(operations_log.ring, operations_log.room);
    STORE(&operations_count.added, 0);
    bool fits = make_room(places);
    STORE(&operations_log.entries, fits ? entries : 0);
    STORE_RELEASE(&operations_log.places, fits ? places : 0);
}

void log_forked(void)
{
    for (size_t i = 0; i < operations_log.room; i++)
        if (LOAD(&operations_log.ring[i].stamp) == LOG_WRITING)
            STORE(&operations_log.ring[i].stamp, 0);
}

void log_add(const struct event *event)
{
    size_t places = LOAD_ACQUIRE(&operations_log.places);
    struct log_place *ring = LOAD_ACQUIRE(&operations_log.ring);
    struct log_place *place = NULL;
    for (unsigned i = 0; places != 0 && place == NULL && i < LOG_TRIES; i++) {
        uint64_t number = i == 0 && event->log_place != 0 ? event->log_place : add_fetch_u64(&operations_count.added, 1);
        place = place_at(ring, places, number);
        if (exchange_u64(&place->stamp, LOG_WRITING) == LOG_WRITING)
            place = NULL;
    }
    if (place == NULL)
        return;
    FENCE_AT_EXCHANGE();
    STORE(&place->word[LOG_BLOCK], (uintptr_t)event->block);
    STORE(&place->word[LOG_BYTES], event->bytes);
    STORE(&place->word[LOG_NTH], event->nth);
    STORE(&place->word[LOG_THREAD], event->thread);
    STORE(&place->word[LOG_FILE], (uintptr_t)event->file);
    STORE(&place->word[LOG_TAG_STACK], event->tag | (uint64_t)event->stack << 32);
    STORE(&place->word[LOG_LINE_DRIVER], event->line | (uint64_t)driver_number(event->driver) << 32 |
                                             (event->pool != 0 ? LOG_PAGED : 0) | (event->is_free ? LOG_FREE : 0));
    STORE_RELEASE(&place->stamp, event->sequence);
}

/* False iff nothing was ever written there, or another thread is writing. */
static bool read_place(struct log_place *place, struct event *event)
{
    aligned_u64 word[LOG_WORDS];
    uint64_t stamp = LOAD_ACQUIRE(&place->stamp);
    for (unsigned i = 0; i < LOG_WORDS; i++)
        word[i] = LOAD_ACQUIRE(&place->word[i]);
    if (stamp == 0 || stamp == LOG_WRITING || LOAD(&place->stamp) != stamp)
        return false;
    uint64_t last = word[LOG_LINE_DRIVER];
    *event = (struct event){.is_free = (last & LOG_FREE) != 0,
                            .pool = (last & LOG_PAGED) != 0,
                            .bytes = (size_t)word[LOG_BYTES],
                            .tag = (uint32_t)word[LOG_TAG_STACK],
                            .block = (void *)(uintptr_t)word[LOG_BLOCK],
                            .stack = (uint32_t)(word[LOG_TAG_STACK] >> 32),
                            .thread = word[LOG_THREAD],
                            .driver = driver_numbered(last >> 32 & 0xFFFF),
                            .sequence = stamp,
                            .nth = word[LOG_NTH],
                            .file = (const char *)(uintptr_t)word[LOG_FILE],
                            .line = (uint32_t)last};
    return true;
}

void log_walk(bool (*visit)(const struct event *event, void *context), void *context)
{
    size_t places = LOAD_ACQUIRE(&operations_log.places);
    size_t kept = LOAD(&operations_log.entries);
    struct log_place *ring = LOAD_ACQUIRE(&operations_log.ring);
    uint64_t added = LOAD(&operations_count.added);
    for (uint64_t i = 0; i < kept && i < places && i < added; i++) {
        struct event event;
        if (read_place(place_at(ring, places, added - i), &event) && !visit(&event, context))
            return;
    }
}
