/* SPDX-License-Identifier: MIT
 *
 * log.c: the rings of operations.
 *
 * Threads are spread over a few rings, so that they seldom write to memory that another one has just written to. Each ring keeps
 * as many operations as the whole log; a reader merges them by their sequence numbers.
 *
 * No thread waits for another. Each operation takes the next place of its ring, which is a cache line of its own, marks it as
 * being written to, fills it, and sets its stamp, the operation's sequence number. A reader that finds the same stamp before
 * and after has read that operation whole, however the ring turned meanwhile. Should the ring come round while a place is
 * still being written to, the operation takes the next one.
 */
#include "ledger/log.h"

#include "base/atomic.h"
#include "ledger/driver.h"
#include "port/port.h"

#define LOG_WRITING UINT64_MAX
#define LOG_TRIES 16
#define LOG_RINGS (TAGPOOL_BARE ? 1u : 4u)

enum { LOG_BLOCK, LOG_BYTES, LOG_NTH, LOG_THREAD, LOG_FILE, LOG_TAG_STACK, LOG_LINE_DRIVER, LOG_WORDS };

#define LOG_FREE (UINT64_C(1) << 63)
#define LOG_PAGED (UINT64_C(1) << 62)

_Static_assert(DRIVERS_MOST < 0xFFFF, "a driver's number does not fit beside the line");

struct log_place {
    _Alignas(64) aligned_u64 stamp; /* 0: nothing was ever written */
    aligned_u64 word[LOG_WORDS];
};

struct log_ring {
    _Alignas(64) aligned_u64 added; /* operations: the newest has this number, from 1 */
    struct log_place *place;        /* the n-th operation is at n % entries */
};

static struct {
    size_t entries; /* that are kept */
    size_t room;    /* places that each ring has */
    struct log_ring ring[LOG_RINGS];
    _Alignas(64) aligned_u64 sequence; /* every thread writes it at each operation */
} operations_log;

uint64_t log_next_number(void)
{
    return add_fetch_u64(&operations_log.sequence, 1);
}

uint64_t log_last_number(void)
{
    return LOAD(&operations_log.sequence);
}

/* Forgets all but what is being written at this moment. */
static void forget_ring(struct log_ring *ring)
{
    uint64_t added = LOAD(&ring->added);
    for (size_t i = 0; i <= added && i < operations_log.room; i++) {
        uint64_t stamp = LOAD(&ring->place[i].stamp);
        if (stamp != 0 && stamp != LOG_WRITING)
            (void)compare_exchange_u64(&ring->place[i].stamp, &stamp, 0);
    }
    STORE(&ring->added, 0);
}

/* Rings that are too small are left behind, for other threads may be writing to them; all of those together are not larger than
 * the last ones. On bare metal there are none. */
static bool make_log_room(size_t entries)
{
    size_t bytes = round_up(entries * sizeof(struct log_place), PORT_UNIT_BYTES);
    size_t old_bytes = operations_log.room * sizeof(struct log_place);
    struct log_place *place[LOG_RINGS];
    if (entries <= operations_log.room)
        return true;
    if (!TAGPOOL_BARE && bytes < 2 * old_bytes)
        bytes = 2 * old_bytes;
    for (unsigned i = 0; i < LOG_RINGS; i++) {
        place[i] = port_obtain(bytes);
        if (place[i] != NULL)
            continue;
        while (i-- > 0)
            port_release(place[i], bytes);
        return false;
    }
    for (unsigned i = 0; i < LOG_RINGS; i++) {
        if (TAGPOOL_BARE && old_bytes != 0)
            port_release(operations_log.ring[i].place, old_bytes);
        STORE_RELEASE(&operations_log.ring[i].place, place[i]);
    }
    operations_log.room = bytes / sizeof **place;
    return true;
}

void log_resize(size_t entries)
{
    if (entries == operations_log.entries)
        return;
    STORE(&operations_log.entries, 0);
    for (unsigned i = 0; i < LOG_RINGS; i++)
        forget_ring(&operations_log.ring[i]);
    if (make_log_room(entries))
        STORE_RELEASE(&operations_log.entries, entries);
}

void log_forked(void)
{
    for (unsigned i = 0; i < LOG_RINGS; i++)
        for (size_t j = 0; j < operations_log.room; j++)
            if (LOAD(&operations_log.ring[i].place[j].stamp) == LOG_WRITING)
                STORE(&operations_log.ring[i].place[j].stamp, 0);
}

void log_add(const struct event *event)
{
    struct log_ring *ring = &operations_log.ring[thread_stripe(event->thread, LOG_RINGS)];
    size_t entries = LOAD_ACQUIRE(&operations_log.entries);
    struct log_place *places = LOAD_ACQUIRE(&ring->place), *place = NULL;
    for (unsigned i = 0; entries != 0 && place == NULL && i < LOG_TRIES; i++) {
        place = &places[(size_t)add_fetch_u64(&ring->added, 1) % entries];
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
    FETCH_TO_WRITE(place + 1); /* the next one's, most likely */
}

/* False iff nothing was ever written there, or another thread is writing. */
static bool read_place(const struct log_place *place, struct event *event)
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

/* How far a walk has come in a ring: `event` is the newest that was not visited yet, unless its sequence number is 0. */
struct log_cursor {
    const struct log_ring *ring;
    uint64_t number, last; /* the next one to be read, and where to end */
    struct event event;
};

static void read_next(struct log_cursor *cursor, size_t entries)
{
    struct log_place *places = LOAD_ACQUIRE(&cursor->ring->place);
    cursor->event.sequence = 0;
    while (cursor->number > cursor->last && cursor->event.sequence == 0)
        if (!read_place(&places[(size_t)cursor->number-- % entries], &cursor->event))
            cursor->event.sequence = 0;
}

void log_walk(bool (*visit)(const struct event *event, void *context), void *context)
{
    struct log_cursor cursor[LOG_RINGS];
    size_t entries = LOAD_ACQUIRE(&operations_log.entries);
    for (unsigned i = 0; i < LOG_RINGS && entries != 0; i++) {
        cursor[i].ring = &operations_log.ring[i];
        cursor[i].number = LOAD(&cursor[i].ring->added);
        cursor[i].last = cursor[i].number > entries ? cursor[i].number - entries : 0;
        read_next(&cursor[i], entries);
    }
    for (size_t visited = 0; visited < entries; visited++) {
        struct log_cursor *newest = cursor;
        for (unsigned i = 1; i < LOG_RINGS; i++)
            if (cursor[i].event.sequence > newest->event.sequence)
                newest = &cursor[i];
        if (newest->event.sequence == 0 || !visit(&newest->event, context))
            return;
        read_next(newest, entries);
    }
}
