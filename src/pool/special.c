/* SPDX-License-Identifier: MIT
 *
 * special.c: what is special about single blocks, and said by their records (ledger/record.h).
 */
#include "pool/pool.h"
#include "pool/scrub.h"

INTERNAL bool (*pool_lookaside_hook)(const struct tagpool_block *block);
INTERNAL void (*pool_quota_hook)(const struct record *record, unsigned pool);

uint32_t pool_flags(const struct place *place)
{
    if (!note_is_recorded(place->note))
        return place->note & (NOTE_PROTECTED | NOTE_PATTERNED);
    return record_flags(place->start);
}

static void copy_tracked(struct record *record, const struct record *from)
{
    record->stack = from->stack;
    record->sequence = from->sequence;
    record->nth = from->nth;
    record->site_nth = from->site_nth;
    record->thread = from->thread;
    record->driver = from->driver;
    record->file = from->file;
    record->line = from->line;
    record->trial = from->trial;
}

bool pool_record(const void *address, const struct record *addition)
{
    struct place place;
    struct record record;
    memset(&place, 0, sizeof place);
    if (LOAD_ACQUIRE(&pool_state.started) != 0)
        owner_find((uintptr_t)address, &place);
    if (place.kind != PLACE_LIVE)
        return false;
    if (!note_is_recorded(place.note) || !record_get(place.start, &record)) {
        record.address = place.start;
        record.flags = place.note & (NOTE_PROTECTED | NOTE_PATTERNED);
    }
    record.flags |= addition->flags;
    if ((addition->flags & RECORD_QUOTA) != 0) {
        record.process = addition->process;
        record.quota = addition->quota;
    }
    if ((addition->flags & RECORD_TRACKED) != 0)
        copy_tracked(&record, addition);
    scrub_begin(place.start);
    bool fits = record_put(&record);
    if (fits)
        STORE(place.slot_note, (place.note & ~NOTE_STATE_MASK) | NOTE_RECORDED);
    scrub_end(place.start);
    return fits;
}

bool pool_watch(const void *address)
{
    return pool_record(address, &(struct record){.flags = RECORD_WATCHED});
}
