/* SPDX-License-Identifier: MIT
 *
 * segment.c: include/tagpool/segment.h: the layout in numbers, for it is frozen, and a reader that knows only these numbers.
 */
#include "unit.h"

#include "ledger/ledger.h"
#include "tagpool.h"
#include "tagpool/segment.h"

#include <pthread.h>
#include <string.h>

#define EXPECT(type, field, offset, bytes) \
    assert_int_equal(offsetof(struct type, field), offset); \
    assert_int_equal(sizeof(((struct type *)0)->field), bytes)

/* "All integers have fixed width; sizes of rows are in the header": the same on every target. */
static void layout_is_frozen(void **state)
{
    (void)state;
    EXPECT(tagpool_segment, magic, 0, 8);
    EXPECT(tagpool_segment, byte_order, 8, 4);
    EXPECT(tagpool_segment, version, 12, 4);
    EXPECT(tagpool_segment, header_bytes, 16, 4);
    EXPECT(tagpool_segment, tag_bytes, 20, 4);
    EXPECT(tagpool_segment, counts_bytes, 24, 4);
    EXPECT(tagpool_segment, pointer_bytes, 28, 4);
    EXPECT(tagpool_segment, segment_bytes, 32, 8);
    EXPECT(tagpool_segment, used_bytes, 40, 8);
    EXPECT(tagpool_segment, tag_capacity, 48, 4);
    EXPECT(tagpool_segment, tag_count, 52, 4);
    EXPECT(tagpool_segment, shard_capacity, 56, 4);
    EXPECT(tagpool_segment, shard_count, 60, 4);
    EXPECT(tagpool_segment, tags_offset, 64, 8);
    EXPECT(tagpool_segment, shards_offset, 72, 8);
    EXPECT(tagpool_segment, shard_bytes, 80, 4);
    EXPECT(tagpool_segment, settled_bytes, 84, 4);
    EXPECT(tagpool_segment, sequence, 88, 4);
    EXPECT(tagpool_segment, overflowed, 92, 4);
    EXPECT(tagpool_segment, process, 96, 8);
    EXPECT(tagpool_segment, pools, 104, 64);
    EXPECT(tagpool_segment, peaks_offset, 168, 16);
    EXPECT(tagpool_segment, peaks_bytes, 184, 4);
    EXPECT(tagpool_segment, reserved, 188, 836);
    assert_int_equal(sizeof(struct tagpool_segment), 1024);
    EXPECT(tagpool_segment_pool, base, 0, 8);
    EXPECT(tagpool_segment_pool, bytes, 8, 8);
    EXPECT(tagpool_segment_pool, limit, 16, 8);
    EXPECT(tagpool_segment_pool, reserved, 24, 8);
    assert_int_equal(sizeof(struct tagpool_segment_pool), 32);
    EXPECT(tagpool_segment_tag, tag, 0, 4);
    EXPECT(tagpool_segment_tag, writer, 4, 4);
    assert_int_equal(sizeof(struct tagpool_segment_tag), 8);
    EXPECT(tagpool_segment_peaks, blocks, 0, 8);
    EXPECT(tagpool_segment_peaks, charged, 8, 8);
    EXPECT(tagpool_segment_peaks, failures, 16, 8);
    assert_int_equal(sizeof(struct tagpool_segment_peaks), 24);
    EXPECT(tagpool_segment_counts, in, 0, 8);
    EXPECT(tagpool_segment_counts, out, 8, 8);
    EXPECT(tagpool_segment_counts, guard, 16, 8);
    EXPECT(tagpool_segment_counts, sequence, 24, 4);
    EXPECT(tagpool_segment_counts, sole, 28, 4);
    assert_int_equal(sizeof(struct tagpool_segment_counts), 32);
    EXPECT(tagpool_segment_sums, blocks, 0, 8);
    EXPECT(tagpool_segment_sums, charged, 8, 8);
    EXPECT(tagpool_segment_sums, slack, 16, 8);
    EXPECT(tagpool_segment_settled, in, 0, 24);
    EXPECT(tagpool_segment_settled, out, 24, 24);
    assert_int_equal(sizeof(struct tagpool_segment_settled), 48);
    EXPECT(tagpool_segment_shard, in_use, 0, 4);
    EXPECT(tagpool_segment_shard, reserved, 4, 4);
    EXPECT(tagpool_segment_shard, thread, 8, 8);
    EXPECT(tagpool_segment_shard, counts_offset, 16, 16);
    EXPECT(tagpool_segment_shard, settled_offset, 32, 16);
    EXPECT(tagpool_segment_shard, reserved_more, 48, 16);
    assert_int_equal(sizeof(struct tagpool_segment_shard), 64);
    assert_true(TAGPOOL_SEGMENT_SLACK_SHIFT == 20 && TAGPOOL_SEGMENT_CHARGED_SHIFT == 44 && TAGPOOL_SEGMENT_GRANULE == 16);
    assert_int_equal(TAGPOOL_SEGMENT_VERSION, 7);
}

/* ---- the reader: offsets and nothing else ---- */

static const unsigned char *segment_bytes;

static uint32_t u32_at(uint64_t offset)
{
    uint32_t value;
    memcpy(&value, segment_bytes + offset, 4);
    return value;
}

static uint64_t u64_at(uint64_t offset)
{
    uint64_t value;
    memcpy(&value, segment_bytes + offset, 8);
    return value;
}

/* Sums what went in, or out (1), under tag row `row` in one pool over all shards: blocks, charged, slack. */
static void sum_of(uint32_t row, unsigned pool, unsigned out, uint64_t sums[3])
{
    memset(sums, 0, 3 * sizeof *sums);
    for (uint32_t shard = 0; shard < u32_at(60); shard++) {
        uint64_t description = u64_at(72) + (uint64_t)shard * u32_at(80);
        uint64_t newest = u64_at(description + 16 + 8 * pool) + (uint64_t)row * u32_at(24);
        uint64_t settled = u64_at(description + 32 + 8 * pool) + (uint64_t)row * u32_at(84) + out * 24;
        uint64_t packed = u64_at(newest + out * 8);
        assert_int_equal(u32_at(newest + 24) % 2, 0);
        sums[0] += (packed & 0xFFFFF) + u64_at(settled);
        bool is_in_use = u64_at(newest + 16) != 0;
        sums[1] += (packed >> 44) * 16 + u64_at(settled + 8) - (out && is_in_use ? 4 << 20 : 0);
        sums[2] += (packed >> 20 & 0xFFFFFF) + u64_at(settled + 16);
    }
}

/* "If one shard only counts the tag (writer), and says that it is the sole one, what may be outstanding there." True iff so. */
static bool raise_to_limits(uint32_t row, unsigned pool, struct tagpool_stats *stats)
{
    uint32_t writer = u32_at(u64_at(64) + (uint64_t)row * u32_at(20) + 4);
    if (writer == 0 || writer == UINT32_MAX)
        return false;
    uint64_t description = u64_at(72) + (uint64_t)(writer - 1) * u32_at(80);
    uint64_t newest = u64_at(description + 16 + 8 * pool) + (uint64_t)row * u32_at(24);
    uint64_t settled = u64_at(description + 32 + 8 * pool) + (uint64_t)row * u32_at(84);
    if (u32_at(newest + 28) != 1)
        return false;
    int64_t guard = (int64_t)u64_at(newest + 16);
    int64_t blocks = guard & 0xFFFFF;
    blocks = blocks < 1 << 19 ? blocks : blocks - (1 << 20);
    int64_t charged = 16 * ((1 << 18) + ((guard - blocks) >> 44)) + (int64_t)(u64_at(settled + 8) - u64_at(settled + 32));
    blocks += (int64_t)(u64_at(settled) - u64_at(settled + 24));
    stats->peak_blocks = blocks > (int64_t)stats->peak_blocks ? (uint64_t)blocks : stats->peak_blocks;
    stats->peak_charged = charged > (int64_t)stats->peak_charged ? (uint64_t)charged : stats->peak_charged;
    return true;
}

static bool read_stats(uint32_t row, unsigned pool, struct tagpool_stats *stats)
{
    uint64_t peaks = u64_at(168 + 8 * pool) + (uint64_t)row * u32_at(184);
    uint64_t in[3], out[3];
    sum_of(row, pool, 1, out);
    sum_of(row, pool, 0, in);
    stats->frees = out[0];
    stats->allocs = in[0];
    stats->blocks = in[0] - out[0];
    stats->charged = in[1] - out[1];
    stats->bytes = stats->charged - (in[2] - out[2]);
    stats->peak_blocks = u64_at(peaks);
    stats->peak_charged = u64_at(peaks + 8);
    stats->failures = u64_at(peaks + 16);
    return raise_to_limits(row, pool, stats);
}

static void *held[4][400];

/* Waits until four threads have come, so that none takes over the shard of another. */
static void meet(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t all_are_here = PTHREAD_COND_INITIALIZER;
    static int here;
    (void)pthread_mutex_lock(&lock);
    if (++here == 4)
        (void)pthread_cond_broadcast(&all_are_here);
    while (here < 4)
        (void)pthread_cond_wait(&all_are_here, &lock);
    (void)pthread_mutex_unlock(&lock);
}

static void *use_pools(void *context)
{
    void **mine = context;
    unsigned number = (unsigned)((void *(*)[400])context - held);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, TAGPOOL_TAG('m', 'e', 'e', 't')));
    meet();
    for (unsigned i = 0; i < 400; i++)
        mine[i] = tagpool_alloc((enum tagpool_pool)(i % 2), (i * 37 + number) % (i % 50 == 0 ? 200000 : 3000),
                                TAGPOOL_TAG('s', '0' + i % 50 / 10, '0' + i % 10, i % 3 ? ' ' : 'a' + number));
    for (unsigned i = 0; i < 400; i += 3)
        tagpool_free(mine[i]);
    return NULL;
}

/* "One table that any reader can follow": for each tag in each pool it says what tagpool_tag_stats() says, after several threads
 * have allocated, freed each other's blocks, and failed. */
static void independent_reader(void **state)
{
    pthread_t threads_made[3];
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads_made[i], NULL, use_pools, held[i]), 0);
    (void)use_pools(held[3]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads_made[i], NULL), 0);
    for (unsigned i = 1; i < 400; i += 3)
        tagpool_free(held[i % 4][i]);
    assert_null(tagpool_alloc(TAGPOOL_PAGED, PTRDIFF_MAX, TAGPOOL_TAG('f', 'a', 'i', 'l')));
    segment_bytes = (const unsigned char *)ledger.segment;
    assert_memory_equal(segment_bytes, "TAGPOOL", 8);
    assert_true(u32_at(8) == 0x01020304 && u32_at(12) == 7 && u32_at(16) == 1024 && u32_at(28) == sizeof(void *));
    assert_true(u32_at(88) % 2 == 0 && u64_at(40) <= u64_at(32) && u32_at(60) <= u32_at(56) && u32_at(52) < u32_at(48));
    size_t rows = 0, soles = 0;
    for (uint32_t row = 0; row < u32_at(52); row++)
        for (unsigned pool = 0; pool < 2; pool++) {
            struct tagpool_stats said, found = {0};
            uint32_t tag = u32_at(u64_at(64) + (uint64_t)row * u32_at(20));
            assert_int_equal(tagpool_tag_stats(tag, (enum tagpool_pool)pool, &said), 0);
            soles += read_stats(row, pool, &found);
            assert_memory_equal(&found, &said, sizeof said);
            rows += (found.allocs | found.failures) != 0;
        }
    assert_true(rows > 60 && (ledger.may_be_sole ? soles > 20 && soles < rows : soles == 0));
    assert_int_equal(tagpool_rows(NULL, 0, TAGPOOL_BY_TAG), rows);
    assert_int_equal(u32_at(u64_at(64) + (uint64_t)(u32_at(48) - 1) * u32_at(20)), TAGPOOL_TAG_OVERFLOW);
}

/* Each place that the header and the shards name lies in what is in use, apart from all others: header, tag rows, two tables of
 * peaks, descriptions, four tables of rows for each shard. Shards are in the order of their opening; this thread holds one,
 * nobody alone holds 0. */
static void places_in_the_segment(void **state)
{
    uint64_t end = u64_at(64) + (uint64_t)u32_at(48) * u32_at(20);
    bool is_mine = false;
    (void)state;
    assert_true(u64_at(64) >= u32_at(16) && u64_at(64) % 8 == 0);
    for (unsigned pool = 0; pool < 2; pool++) {
        assert_true(u64_at(168 + 8 * pool) >= end && u64_at(168 + 8 * pool) % 8 == 0);
        end = u64_at(168 + 8 * pool) + (uint64_t)u32_at(48) * u32_at(184);
    }
    assert_true(u64_at(72) >= end && u64_at(72) % 8 == 0);
    end = u64_at(72) + (uint64_t)u32_at(56) * u32_at(80);
    assert_true(u32_at(60) >= 4);
    for (uint32_t shard = 0; shard < u32_at(60); shard++) {
        uint64_t at = u64_at(72) + (uint64_t)shard * u32_at(80);
        for (unsigned table = 0; table < 4; table++) {
            uint64_t rows = u64_at(at + 16 + 8 * table);
            assert_true(rows >= end && rows % 64 == 0);
            end = rows + (uint64_t)u32_at(48) * u32_at(table < 2 ? 24 : 84);
            assert_true(end <= u64_at(40));
        }
        assert_int_equal(u32_at(at + 4), 0);
        is_mine = is_mine || (u32_at(at) == 1 && u64_at(at + 8) == port_thread_number());
    }
    assert_true(is_mine && u64_at(u64_at(72) + 8) == 0);
}

/* "`sequence` grows with every addition and every change of `pools`", and is even again; not with what changes nothing. */
static void sequence_grows(void **state)
{
    (void)state;
    uint32_t before = u32_at(88);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, TAGPOOL_TAG('s', 'e', 'q', ' ')));
    assert_true(u32_at(88) > before && u32_at(88) % 2 == 0);
    before = u32_at(88);
    tagpool_free(tagpool_alloc(TAGPOOL_NONPAGED, 1, TAGPOOL_TAG('s', 'e', 'q', ' ')));
    assert_int_equal(u32_at(88), before);
    before = u32_at(88);
    assert_int_equal(tagpool_limit_set(TAGPOOL_NONPAGED, 1 << 30), TAGPOOL_OK);
    assert_true(u32_at(88) > before && u32_at(88) % 2 == 0);
    assert_int_equal(tagpool_limit_set(TAGPOOL_NONPAGED, 0), TAGPOOL_OK);
}

/* The pools' ranges and limits; "reserved bytes, which are zero". */
static void header_of_the_segment(void **state)
{
    void *blocks[2] = {tagpool_alloc(TAGPOOL_NONPAGED, 1, TAGPOOL_TAG('h', 0, 0, 0)),
                       tagpool_alloc(TAGPOOL_PAGED, 1, TAGPOOL_TAG('h', 0, 0, 0))};
    (void)state;
    segment_bytes = (const unsigned char *)ledger.segment;
    assert_int_equal(tagpool_limit_set(TAGPOOL_PAGED, 123456789), 0);
    for (unsigned pool = 0; pool < 2; pool++) {
        assert_true((uintptr_t)blocks[pool] - u64_at(104 + 32 * pool) < u64_at(112 + 32 * pool));
        assert_true(u64_at(120 + 32 * pool) == (pool == 1 ? 123456789 : 0) && u64_at(128 + 32 * pool) == 0);
        tagpool_free(blocks[pool]);
    }
    assert_int_equal(tagpool_limit_set(TAGPOOL_PAGED, 0), 0);
    for (unsigned i = 188; i < 1024; i++)
        assert_int_equal(segment_bytes[i], 0);
    assert_true(u64_at(96) == port_process_number());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_is_frozen),
        cmocka_unit_test(independent_reader),
        cmocka_unit_test(places_in_the_segment),
        cmocka_unit_test(sequence_grows),
        cmocka_unit_test(header_of_the_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
