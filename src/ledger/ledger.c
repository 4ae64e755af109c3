/* SPDX-License-Identifier: MIT
 *
 * ledger.c: the segment: its birth, its growth, tags and shards.
 *
 * From the start of the segment: header, tags, their peaks in each pool, descriptions of shards, the rows of shard 0, of
 * shard 1, and so on. Address space is reserved for all of it; rows become usable when their shard is opened, and cost memory
 * once they are touched.
 */
#include "ledger/ledger.h"

INTERNAL struct ledger ledger = {.lock = PORT_LOCK_INITIAL};

_Static_assert(sizeof(struct tagpool_segment) == 1024, "the header's size is part of the format");
_Static_assert(sizeof(struct tagpool_segment_tag) == 8, "a tag row's size is part of the format");
_Static_assert(sizeof(struct tagpool_segment_counts) == 32, "a row of counters fills half a cache line");
_Static_assert(sizeof(struct tagpool_segment_peaks) == 24, "a row of peaks has a size that is part of the format");
_Static_assert(sizeof(struct tagpool_segment_settled) == 48, "a row of settled counters has a size that is part of the format");
_Static_assert(sizeof(struct tagpool_segment_shard) == 64, "a shard's description has a size that is part of the format");

/* In a shard: newest counts of the nonpaged and of the paged pool, then settled ones. Each begins a cache line. */
#define COUNTS_BYTES round_up(LEDGER_COUNTS_BYTES, 64)
#define SETTLED_BYTES round_up(LEDGER_SETTLED_BYTES, 64)
#define SHARD_BYTES round_up(PORT_COLOUR_ROWS + 2 * (COUNTS_BYTES + SETTLED_BYTES), PORT_UNIT_BYTES)

/* The hash from tags to indices. It grows four times larger before it is half full, so that a search ends soon and a few tags
 * touch little memory. Each size has a place of its own in one range, from twice its bytes on, so that who still searches a
 * smaller one finds what it held. */
#define INDEX_FIRST_BITS 9
#define INDEX_LAST_BITS (TAGPOOL_TAGS > 16384 ? 17 : TAGPOOL_TAGS > 4096 ? 15 : TAGPOOL_TAGS > 256 ? 13 : 9)
#define INDEX_BYTES round_up((size_t)4 << INDEX_LAST_BITS, PORT_UNIT_BYTES)

_Static_assert(LEDGER_ROWS <= UINT16_MAX, "an index does not fit into the hash");

/* Where the parts of the segment begin that are there from the start. */
#define TAGS_OFFSET sizeof(struct tagpool_segment)
#define PEAKS_OFFSET(pool) (round_up(TAGS_OFFSET + LEDGER_ROWS * sizeof(struct tagpool_segment_tag), 64) + \
                            (pool) * LEDGER_ROWS * sizeof(struct tagpool_segment_peaks))
#define SHARDS_OFFSET round_up(PEAKS_OFFSET(2), 64)
#define FIXED_BYTES round_up(SHARDS_OFFSET + TAGPOOL_THREADS * sizeof(struct tagpool_segment_shard), PORT_UNIT_BYTES)

static void change_begin(void)
{
    STORE(&ledger.segment->sequence, ledger.segment->sequence + 1);
}

static void change_end(void)
{
    STORE_RELEASE(&ledger.segment->sequence, ledger.segment->sequence + 1);
}

static void fill_header(struct tagpool_segment *segment, size_t bytes)
{
    memcpy(segment->magic, TAGPOOL_SEGMENT_MAGIC, sizeof segment->magic);
    segment->byte_order = TAGPOOL_SEGMENT_BYTE_ORDER;
    segment->version = TAGPOOL_SEGMENT_VERSION;
    segment->header_bytes = sizeof *segment;
    segment->tag_bytes = sizeof(struct tagpool_segment_tag);
    segment->counts_bytes = sizeof(struct tagpool_segment_counts);
    segment->settled_bytes = sizeof(struct tagpool_segment_settled);
    segment->pointer_bytes = sizeof(void *);
    segment->segment_bytes = bytes;
    segment->used_bytes = FIXED_BYTES;
    segment->tag_capacity = LEDGER_ROWS;
    segment->shard_capacity = (uint32_t)((bytes - FIXED_BYTES) / SHARD_BYTES);
    segment->tags_offset = TAGS_OFFSET;
    for (unsigned pool = 0; pool < 2; pool++)
        segment->peaks_offset[pool] = PEAKS_OFFSET(pool);
    segment->peaks_bytes = sizeof(struct tagpool_segment_peaks);
    segment->shards_offset = SHARDS_OFFSET;
    segment->shard_bytes = sizeof(struct tagpool_segment_shard);
    segment->process = port_process_number();
}

bool ledger_start(uint64_t counters_bytes)
{
    uint64_t shards = divide(counters_bytes, SHARD_BYTES);
    shards = shards < 1 ? 1 : shards > TAGPOOL_THREADS ? TAGPOOL_THREADS : shards;
    size_t bytes = FIXED_BYTES + (size_t)shards * SHARD_BYTES;
    struct tagpool_segment *segment = port_reserve(bytes);
    uint16_t *index = segment != NULL ? port_reserve(INDEX_BYTES) : NULL;
    if (index == NULL || !port_commit(segment, FIXED_BYTES) || !port_commit(index, INDEX_BYTES)) {
        if (index != NULL)
            port_release(index, INDEX_BYTES);
        if (segment != NULL)
            port_release(segment, bytes);
        return false;
    }
    fill_header(segment, bytes);
    ledger.segment = segment;
    ledger.tags = (void *)((char *)segment + TAGS_OFFSET);
    for (unsigned pool = 0; pool < 2; pool++)
        ledger.peaks[pool] = (void *)((char *)segment + PEAKS_OFFSET(pool));
    ledger.shards = (void *)((char *)segment + SHARDS_OFFSET);
    ledger.index = index;
    ledger.index_bits = INDEX_FIRST_BITS;
    ledger.may_be_sole = port_order_threads();
    ledger.tags[LEDGER_OVERFLOW].tag = 'B' | 'I' << 8 | 'G' << 16 | (uint32_t)' ' << 24;
    return true;
}

void ledger_stop(void)
{
    port_release(ledger.index, INDEX_BYTES);
    port_release(ledger.segment, (size_t)ledger.segment->segment_bytes);
}

/* ---- tags ---- */

/* The tag's index + 1 in the hash of that size, or 0 and the empty place where it belongs (unless another thread is faster, if
 * the lock is not held). */
static uint32_t index_search(uint32_t tag, uint32_t bits, uint16_t **place)
{
    uint16_t *places = ledger.index + ((size_t)1 << bits);
    for (uint32_t i = tag * 0x9E3779B1u >> (32 - bits);; i = (i + 1) & (((uint32_t)1 << bits) - 1)) {
        uint32_t found = LOAD_ACQUIRE(&places[i]);
        *place = &places[i];
        if (found == 0 || ledger.tags[found - 1].tag == tag)
            return found;
    }
}

static uint32_t index_find(uint32_t tag)
{
    uint16_t *place;
    return index_search(tag, LOAD_ACQUIRE(&ledger.index_bits), &place);
}

/* pre: the lock is held. */
static void index_add(uint32_t tag_index)
{
    uint32_t bits = ledger.index_bits;
    bool grows = tag_index >= (uint32_t)1 << (bits - 1) && bits < INDEX_LAST_BITS;
    bits += grows ? 2 : 0;
    for (uint32_t i = grows ? 0 : tag_index; i <= tag_index; i++) {
        uint16_t *place;
        (void)index_search(ledger.tags[i].tag, bits, &place);
        STORE_RELEASE(place, (uint16_t)(i + 1));
    }
    STORE_RELEASE(&ledger.index_bits, bits);
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
    uint32_t found = index_find(tag);
    *overflowed = false;
    if (found != 0)
        return found - 1;
    port_lock(&ledger.lock);
    found = index_find(tag);
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
            index_add(tag_index);
        }
    }
    port_unlock(&ledger.lock);
    return tag_index;
}

uint32_t ledger_find(uint32_t tag)
{
    uint32_t found = index_find(tag);
    if (found != 0)
        return found - 1;
    return tag == ledger_tag_of(LEDGER_OVERFLOW) && ledger_overflowed() ? LEDGER_OVERFLOW : LEDGER_ROWS;
}

/* ---- shards ---- */

/* Of each pool's rows the first ones, which a new shard is likely to use, and the last one, which is the overflow's. */
static bool expect_rows(char *rows, size_t row_bytes)
{
    size_t all = LEDGER_ROWS * row_bytes;
    return port_expect(rows, all < PORT_UNIT_BYTES ? all : PORT_UNIT_BYTES) && port_expect(rows + all - row_bytes, row_bytes);
}

/* Makes the rows of the next shard usable. pre: the lock is held. */
static bool add_shard(uint32_t shard)
{
    struct tagpool_segment *segment = ledger.segment;
    struct tagpool_segment_shard *description = &ledger.shards[shard];
    size_t offset = (size_t)segment->used_bytes;
    char *rows = (char *)segment + offset + PORT_COLOUR_ROWS;
    if (shard >= segment->shard_capacity || !port_commit_lazily((char *)segment + offset, SHARD_BYTES))
        return false;
    for (unsigned pool = 0; pool < 2; pool++) {
        char *settled = rows + 2 * COUNTS_BYTES + pool * SETTLED_BYTES;
        char *counts = rows + pool * COUNTS_BYTES;
        if (!expect_rows(counts, sizeof(struct tagpool_segment_counts)) ||
            !expect_rows(settled, sizeof(struct tagpool_segment_settled)))
            return false;
        description->counts_offset[pool] = (size_t)(counts - (char *)segment);
        description->settled_offset[pool] = (size_t)(settled - (char *)segment);
    }
    segment->used_bytes = offset + SHARD_BYTES;
    return true;
}

void ledger_limit(unsigned pool, uint64_t bytes)
{
    port_lock(&ledger.lock);
    change_begin();
    ledger.segment->pools[pool].limit = bytes;
    change_end();
    port_unlock(&ledger.lock);
}

bool ledger_shard_open(uint32_t shard)
{
    port_lock(&ledger.lock);
    change_begin();
    bool done = shard < ledger.segment->shard_count || add_shard(shard);
    if (done) {
        ledger.shards[shard].in_use = 1;
        ledger.shards[shard].thread = shard == 0 ? 0 : port_thread_number();
        if (shard >= ledger.segment->shard_count)
            STORE_RELEASE(&ledger.segment->shard_count, shard + 1);
    }
    change_end();
    port_unlock(&ledger.lock);
    return done;
}

void ledger_shard_close(uint32_t shard)
{
    ledger.shards[shard].in_use = 0;
}
