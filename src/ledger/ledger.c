/* SPDX-License-Identifier: MIT
 *
 * ledger.c: the segment: its birth, its growth, tags and shards.
 *
 * From the start of the segment: header, tag rows, shard directories, the chunks of counters of shard 0, then those of all
 * other shards, which are added as they meet tags. Address space is reserved for all of it. Shard 0 has its chunks from the
 * start, so that a free can always be counted; like everything, they cost memory only once they are touched.
 */
#include "ledger/ledger.h"

INTERNAL struct ledger ledger = {.lock = PORT_LOCK_INITIAL, .common = PORT_LOCK_INITIAL};

_Static_assert(sizeof(struct tagpool_segment) == 1024, "the header's size is part of the format");
_Static_assert(sizeof(struct tagpool_segment_tag) == 64, "a tag row's size is part of the format");
_Static_assert(sizeof(struct tagpool_segment_counts) == 64, "a row of counters fills a cache line");
_Static_assert(TAGPOOL_SEGMENT_CHUNK_TAGS == 16, "TAGPOOL_TAGS is a multiple of a chunk's tags");

#define CHUNK_BYTES (TAGPOOL_SEGMENT_CHUNK_TAGS * 2 * sizeof(struct tagpool_segment_counts))

/* Twice as many places as tags, as a power of two, so that a search ends soon. */
#define INDEX_BITS (TAGPOOL_TAGS > 16384 ? 17 : TAGPOOL_TAGS > 1024 ? 15 : 11)
#define INDEX_PLACES ((uint32_t)1 << INDEX_BITS)

static void change_begin(void)
{
    STORE(&ledger.segment->sequence, ledger.segment->sequence + 1);
}

static void change_end(void)
{
    STORE_RELEASE(&ledger.segment->sequence, ledger.segment->sequence + 1);
}

static bool commit_to(size_t end)
{
    while (ledger.committed < end) {
        if (ledger.committed >= ledger.segment->segment_bytes ||
            !port_commit((char *)ledger.segment + ledger.committed, PORT_UNIT_BYTES))
            return false;
        ledger.committed += PORT_UNIT_BYTES;
    }
    return true;
}

/* Adds `bytes` zero bytes to the segment; their offset in grains, or 0. pre: the lock is held. */
static uint32_t extend(size_t bytes)
{
    size_t offset = (size_t)ledger.segment->used_bytes;
    if (bytes > ledger.segment->segment_bytes - offset || !commit_to(offset + bytes))
        return 0;
    ledger.segment->used_bytes = offset + bytes;
    return (uint32_t)(offset / TAGPOOL_SEGMENT_GRAIN);
}

static void fill_header(struct tagpool_segment *segment, size_t bytes, size_t fixed_bytes)
{
    memcpy(segment->magic, TAGPOOL_SEGMENT_MAGIC, sizeof segment->magic);
    segment->byte_order = TAGPOOL_SEGMENT_BYTE_ORDER;
    segment->version = TAGPOOL_SEGMENT_VERSION;
    segment->header_bytes = sizeof *segment;
    segment->tag_bytes = sizeof(struct tagpool_segment_tag);
    segment->counts_bytes = sizeof(struct tagpool_segment_counts);
    segment->pointer_bytes = sizeof(void *);
    segment->segment_bytes = bytes;
    segment->used_bytes = fixed_bytes;
    segment->tag_capacity = LEDGER_ROWS;
    segment->shard_capacity = TAGPOOL_THREADS;
    segment->tags_offset = sizeof *segment;
    segment->shards_offset = sizeof *segment + LEDGER_ROWS * sizeof(struct tagpool_segment_tag);
    segment->shard_bytes = LEDGER_SHARD_BYTES;
    segment->chunk_tags = TAGPOOL_SEGMENT_CHUNK_TAGS;
    segment->process = port_process_number();
}

bool ledger_start(uint64_t counters_bytes)
{
    size_t common = sizeof(struct tagpool_segment) + LEDGER_ROWS * sizeof(struct tagpool_segment_tag) +
                    TAGPOOL_THREADS * LEDGER_SHARD_BYTES;
    size_t fixed = common + LEDGER_CHUNKS * CHUNK_BYTES;
    size_t bytes = round_up(fixed + (size_t)counters_bytes, PORT_UNIT_BYTES);
    size_t index_bytes = round_up(INDEX_PLACES * sizeof *ledger.index, PORT_UNIT_BYTES);
    struct tagpool_segment *segment = port_reserve(bytes);
    uint32_t *index = segment != NULL ? port_reserve(index_bytes) : NULL;
    ledger.committed = round_up(fixed, PORT_UNIT_BYTES);
    if (index == NULL || !port_commit(segment, ledger.committed) || !port_commit(index, index_bytes)) {
        if (index != NULL)
            port_release(index, index_bytes);
        if (segment != NULL)
            port_release(segment, bytes);
        return false;
    }
    fill_header(segment, bytes, fixed);
    ledger.segment = segment;
    ledger.tags = (void *)((char *)segment + segment->tags_offset);
    ledger.shards = (char *)segment + segment->shards_offset;
    ledger.index = index;
    ledger.common_chunks = (uint32_t)(common / TAGPOOL_SEGMENT_GRAIN);
    ledger.tags[LEDGER_OVERFLOW].tag = 'B' | 'I' << 8 | 'G' << 16 | (uint32_t)' ' << 24;
    ledger_shard_open(0);
    return true;
}

void ledger_stop(void)
{
    port_release(ledger.index, round_up(INDEX_PLACES * sizeof *ledger.index, PORT_UNIT_BYTES));
    port_release(ledger.segment, (size_t)ledger.segment->segment_bytes);
}

/* ---- tags ---- */

static uint32_t index_start(uint32_t tag)
{
    return tag * 0x9E3779B1u >> (32 - INDEX_BITS);
}

/* The tag's index + 1, or 0 and the empty place where it belongs (unless another thread is faster, if the lock is not held). */
static uint32_t index_find(uint32_t tag, uint32_t **place)
{
    for (uint32_t i = index_start(tag);; i = (i + 1) & (INDEX_PLACES - 1)) {
        uint32_t found = LOAD_ACQUIRE(&ledger.index[i]);
        *place = &ledger.index[i];
        if (found == 0 || ledger.tags[found - 1].tag == tag)
            return found;
    }
}

static uint32_t overflow(bool *overflowed)
{
    if (ledger.segment->overflowed == 0) {
        change_begin();
        STORE_RELEASE(&ledger.segment->overflowed, 1);
        change_end();
        *overflowed = true;
    }
    return LEDGER_OVERFLOW;
}

uint32_t ledger_tag(uint32_t tag, bool *overflowed)
{
    uint32_t *place;
    uint32_t found = index_find(tag, &place);
    *overflowed = false;
    if (found != 0)
        return found - 1;
    port_lock(&ledger.lock);
    found = index_find(tag, &place);
    uint32_t tag_index = found - 1;
    if (found == 0) {
        tag_index = ledger.segment->tag_count;
        if (tag_index == TAGPOOL_TAGS) {
            tag_index = overflow(overflowed);
        } else {
            change_begin();
            ledger.tags[tag_index].tag = tag;
            STORE_RELEASE(&ledger.segment->tag_count, tag_index + 1);
            change_end();
            STORE_RELEASE(place, tag_index + 1);
        }
    }
    port_unlock(&ledger.lock);
    return tag_index;
}

uint32_t ledger_find(uint32_t tag)
{
    uint32_t *place;
    uint32_t found = index_find(tag, &place);
    if (found != 0)
        return found - 1;
    return tag == ledger_tag_of(LEDGER_OVERFLOW) && ledger_overflowed() ? LEDGER_OVERFLOW : LEDGER_ROWS;
}

/* ---- shards ---- */

void ledger_shard_open(uint32_t shard)
{
    struct tagpool_segment_shard *directory = ledger_shard(shard);
    port_lock(&ledger.lock);
    change_begin();
    directory->in_use = 1;
    directory->thread = shard == 0 ? 0 : port_thread_number();
    if (shard >= ledger.segment->shard_count)
        STORE_RELEASE(&ledger.segment->shard_count, shard + 1);
    change_end();
    port_unlock(&ledger.lock);
}

void ledger_shard_close(uint32_t shard)
{
    ledger_shard(shard)->in_use = 0;
}

struct tagpool_segment_counts *ledger_rows(uint32_t shard, uint32_t tag_index)
{
    struct tagpool_segment_counts *rows = ledger_rows_if_any(shard, tag_index);
    if (rows != NULL)
        return rows;
    port_lock(&ledger.lock);
    uint32_t *place = &ledger_shard(shard)->chunks[tag_index / TAGPOOL_SEGMENT_CHUNK_TAGS];
    if (*place == 0) {
        uint32_t number = tag_index / TAGPOOL_SEGMENT_CHUNK_TAGS;
        uint32_t common = ledger.common_chunks + number * (uint32_t)(CHUNK_BYTES / TAGPOOL_SEGMENT_GRAIN);
        uint32_t chunk = shard == 0 ? common : extend(CHUNK_BYTES);
        if (chunk != 0) {
            change_begin();
            STORE_RELEASE(place, chunk);
            change_end();
        }
    }
    port_unlock(&ledger.lock);
    return ledger_rows_if_any(shard, tag_index);
}

void ledger_join(uint32_t shard, uint32_t tag_index)
{
    uint32_t *writer = &ledger.tags[tag_index].writer;
    if (ledger_is_joined(shard, tag_index))
        return;
    port_lock(&ledger.lock);
    STORE(writer, *writer == 0 || *writer == shard + 1 ? shard + 1 : UINT32_MAX);
    port_unlock(&ledger.lock);
}
