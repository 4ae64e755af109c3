/* SPDX-License-Identifier: MIT
 *
 * check.c: pool/check through tagpool_validate(): whole after use of every kind, also in a child of fork(); and what it says when
 * data of any floor is damaged.
 */
#include "unit.h"

#include "damage.h"
#include "memory/big.h"
#include "pool/checker.h"
#include "pool/pool.h"
#include "random.h"
#include "tagpool.h"

#include <pthread.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAG TAGPOOL_TAG('C', 'h', 'k', ' ')

static const char *what_is_wrong(void)
{
    return pool_check();
}

static char said[400];

static void listen(const char *text, size_t length, void *context)
{
    (void)context;
    size_t so_far = strlen(said);
    if (so_far + length < sizeof said)
        memcpy(said + so_far, text, length);
}

/* "Whole" by its return value, and without a word. */
static void expect_whole(void)
{
    memset(said, 0, sizeof said);
    tagpool_sink_set(listen, NULL);
    int result = tagpool_validate();
    tagpool_sink_set(NULL, NULL);
    if (result != TAGPOOL_OK)
        fail_msg("%d: %s", result, said);
    assert_string_equal(said, "");
}

enum { MOST = 600 };

static void *shared[4][MOST];

/* Requests of every kind of size. */
static size_t any_size(uint64_t *seed)
{
    static const uint32_t limits[] = {64, 1000, 5000, 40000, 300000, 3000000};
    return random_below(seed, limits[random_below(seed, 100) < 90 ? random_below(seed, 3) : random_below(seed, 6)]);
}

static void *fill_and_free(void *context)
{
    void **mine = context;
    uint64_t seed = (uint64_t)((void *(*)[MOST])context - shared) + 5;
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < MOST; i++)
            if (mine[i] != NULL && random_below(&seed, 2) == 0) {
                tagpool_free(mine[i]);
                mine[i] = NULL;
            } else if (mine[i] == NULL && random_below(&seed, 3) != 0) {
                mine[i] = tagpool_alloc((enum tagpool_pool)random_below(&seed, 2), any_size(&seed),
                                        TAGPOOL_TAG('t', 'a' + random_below(&seed, 20), ' ', ' '));
            }
    return NULL;
}

/* Each thread works on what it held before, or on what another did: `shift` further. */
static void run_threads(unsigned shift)
{
    pthread_t threads[3];
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fill_and_free, shared[(i + shift) % 4]), 0);
    (void)fill_and_free(shared[(3 + shift) % 4]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* Several threads that free each other's blocks; between their turns, and after everything has been freed, all agrees. */
static void whole_after_use(void **state)
{
    (void)state;
    expect_whole();
    for (unsigned round = 0; round < 5; round++) {
        run_threads(round);
        expect_whole();
        (void)tagpool_trim();
        expect_whole();
    }
    for (int i = 0; i < 4 * MOST; i++)
        if (shared[i / MOST][i % MOST] != NULL)
            tagpool_free(shared[i / MOST][i % MOST]);
    memset(shared, 0, sizeof shared);
    expect_whole();
}

/* Tags that push each other out of one place of the thread's cache, and of the one beside it: each block counts for its own. */
static void tags_that_share_a_place(void **state)
{
    enum { SAME = 6 };
    uint32_t tags[SAME];
    uint64_t blocks[SAME] = {0}, bytes[SAME] = {0}, seed = 29;
    static struct {
        void *block;
        uint32_t which;
    } held[MOST];
    size_t place = tag_cache_place(TAG);
    uint32_t count = 0;
    (void)state;
    for (uint32_t i = 0; count < SAME; i++) {
        uint32_t tag = TAGPOOL_TAG('a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26, 'a' + i / 17576 % 26);
        size_t at = tag_cache_place(tag);
        if (at == place || (at == (place ^ 1) && count >= SAME / 2))
            tags[count++] = tag;
    }
    for (int step = 0; step < 20000; step++) {
        uint32_t i = random_below(&seed, MOST);
        if (held[i].block == NULL) {
            uint32_t which = held[i].which = random_below(&seed, SAME);
            held[i].block = tagpool_alloc(TAGPOOL_PAGED, 1 + random_below(&seed, 16) * 16, tags[which]);
            bytes[which] += tagpool_size(held[i].block);
            blocks[which]++;
        } else {
            bytes[held[i].which] -= tagpool_size(held[i].block);
            blocks[held[i].which]--;
            tagpool_free_tag(held[i].block, tags[held[i].which]);
            held[i].block = NULL;
        }
        struct tagpool_stats stats;
        uint32_t any = random_below(&seed, SAME);
        if (tagpool_tag_stats(tags[any], TAGPOOL_PAGED, &stats) == TAGPOOL_OK)
            assert_true(stats.blocks == blocks[any] && stats.bytes == bytes[any]);
    }
    for (int i = 0; i < MOST; i++)
        if (held[i].block != NULL)
            tagpool_free(held[i].block);
    expect_whole();
}

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int stage;
} meeting = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

static void reach(int stage)
{
    (void)pthread_mutex_lock(&meeting.lock);
    meeting.stage = stage;
    (void)pthread_cond_broadcast(&meeting.changed);
    (void)pthread_mutex_unlock(&meeting.lock);
}

static void wait_for(int stage)
{
    (void)pthread_mutex_lock(&meeting.lock);
    while (meeting.stage < stage)
        (void)pthread_cond_wait(&meeting.changed, &meeting.lock);
    (void)pthread_mutex_unlock(&meeting.lock);
}

/* Frees half of what the main thread allocated, takes as many, frees those: whatever it keeps of the other's is in its hands
 * while the main thread forks. */
static void *free_for_another(void *context)
{
    void **others = context;
    static void *mine[MOST];
    for (int i = 0; i < MOST; i += 2)
        tagpool_free(others[i]);
    for (int i = 0; i < MOST; i++)
        mine[i] = tagpool_alloc(TAGPOOL_PAGED, 100, TAG);
    for (int i = 0; i < MOST; i++)
        tagpool_free(mine[i]);
    reach(1);
    wait_for(2);
    return NULL;
}

/* "The child keeps every block and count": what a thread that it does not have held at hand does not make its memory look
 * damaged, before and after the child has freed the rest. */
static void whole_in_a_child(void **state)
{
    static void *mine[MOST];
    pthread_t thread;
    int status = -1;
    (void)state;
    for (int i = 0; i < MOST; i++)
        mine[i] = tagpool_alloc(TAGPOOL_PAGED, 100, TAG);
    assert_int_equal(pthread_create(&thread, NULL, free_for_another, mine), 0);
    wait_for(1);
    expect_whole();
    pid_t child = fork();
    if (child == 0) {
        int before = tagpool_validate();
        for (int i = 1; i < MOST; i += 2)
            tagpool_free(mine[i]);
        int after = tagpool_validate();
        _exit(before == TAGPOOL_OK && after == TAGPOOL_OK ? 0 : before == TAGPOOL_OK ? 2 : 1);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    reach(2);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    for (int i = 1; i < MOST; i += 2)
        tagpool_free(mine[i]);
    expect_whole();
}

/* Each sentence of check.c about ledger and walk: counters that are off by little, in either direction, and peaks. */
static void ledger_that_disagrees(void **state)
{
    void *blocks[3] = {tagpool_alloc(TAGPOOL_PAGED, 100, TAG), tagpool_alloc(TAGPOOL_PAGED, 70000, TAG),
                       tagpool_alloc(TAGPOOL_PAGED, 5000, TAG)};
    uint32_t index = ledger_find(TAG);
    struct tagpool_segment_counts *row = thread_row(thread_self, 1, index);
    const uint64_t block = 1;
    const uint64_t slack = (uint64_t)1 << TALLY_SLACK_SHIFT;
    const uint64_t granule = (uint64_t)1 << TALLY_CHARGED_SHIFT;
    (void)state;
    assert_true(index < ledger_tag_count());
    EXPECT_DAMAGE(row->in, row->in + block, "a tag's count of blocks disagrees with a walk over all blocks");
    EXPECT_DAMAGE(row->out, row->out + block, "a tag's count of blocks disagrees with a walk over all blocks");
    EXPECT_DAMAGE(row->in, row->in + granule, "a tag's bytes disagree with a walk over all blocks");
    EXPECT_DAMAGE(row->out, row->out + granule, "a tag's bytes disagree with a walk over all blocks");
    EXPECT_DAMAGE(row->in, row->in + slack, "a tag's bytes disagree with a walk over all blocks");
    EXPECT_DAMAGE(row->out, row->out + slack, "a tag's bytes disagree with a walk over all blocks");
    for (int i = 0; i < 3; i++)
        tagpool_free(blocks[i]);
    uint32_t mine = ledger_find(TAGPOOL_TAG('P', 'e', 'a', 'k'));
    assert_int_equal(mine, LEDGER_ROWS);
    tagpool_free(tagpool_alloc(TAGPOOL_NONPAGED, 100, TAGPOOL_TAG('P', 'e', 'a', 'k')));
    mine = ledger_find(TAGPOOL_TAG('P', 'e', 'a', 'k'));
    struct tagpool_segment_counts *peaked = thread_row(thread_self, 0, mine);
    if (ledger.may_be_sole)
        EXPECT_DAMAGE(peaked->guard, peaked->guard - block, "a tag has a peak of bytes but none of blocks");
    else
        EXPECT_DAMAGE(ledger.peaks[0][mine].blocks, 0, "a tag has a peak of bytes but none of blocks");
    expect_whole();
}

/* Notes and entries that a walk reads: a tag that is another, a slack that is off, a size. */
static void blocks_that_disagree(void **state)
{
    char *small = tagpool_alloc(TAGPOOL_NONPAGED, 100, TAG);
    char *big = tagpool_alloc(TAGPOOL_NONPAGED, 70000, TAG);
    struct place place;
    (void)state;
    tagpool_free(tagpool_alloc(TAGPOOL_NONPAGED, 100, TAGPOOL_TAG('E', 'l', 's', 'e')));
    uint32_t other = ledger_find(TAGPOOL_TAG('E', 'l', 's', 'e'));
    owner_find((uintptr_t)small, &place);
    EXPECT_DAMAGE(*place.slot_note, note_live(other, place.charged - place.bytes, 0),
                  "a tag's count of blocks disagrees with a walk over all blocks");
    EXPECT_DAMAGE(*place.slot_note, note_live(place.tag_index, place.charged - place.bytes + 1, 0),
                  "a tag's bytes disagree with a walk over all blocks");
    EXPECT_DAMAGE(*place.slot_note, NOTE_FREED, "a span's slots disagree with its notes");
    EXPECT_DAMAGE(place.span->used, (uint16_t)(place.span->used - 1),
                  "a span's count of used slots disagrees with its free list");
    EXPECT_DAMAGE(place.span->key, place.span->key + 1, "a unit's key is not its owner's");
    EXPECT_DAMAGE(place.span->key, 0, "a unit's key is not its owner's");
    owner_find((uintptr_t)big, &place);
    EXPECT_DAMAGE(place.span[1].key, 1, "a unit's key is not its owner's");
    EXPECT_DAMAGE(*place.slot_note, note_add_slack(place.note, 1), "a tag's bytes disagree with a walk over all blocks");
    EXPECT_DAMAGE(place.span->bytes, place.span->bytes + PAGE_BYTES, "a tag's bytes disagree with a walk over all blocks");
    EXPECT_DAMAGE(*place.slot_note, NOTE_FREED, "a tag's count of blocks disagrees with a walk over all blocks");
    EXPECT_DAMAGE(place.span->units, 0, "a run of units has an impossible length");
    tagpool_free(small);
    tagpool_free(big);
    expect_whole();
}

/* A sentence of heap, arena and ledger each, as people see them: "the library's own data is damaged", and why; TAGPOOL_EINVAL. */
static void damage_is_told(void **state)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, TAG);
    struct half *half = &arena.half[1];
    uint32_t *kept = &thread_self->heap.kept_units;
    tagpool_count *in = &thread_row(thread_self, 1, ledger_find(TAG))->in;
    const uint64_t block_more = 1;
    const char *sentences[] = {"a heap keeps too many runs", "the arena's counts disagree with its runs",
                               "a tag's count of blocks disagrees with a walk over all blocks"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        char expected[200] = "tagpool: the library's own data is damaged: ";
        strcat(strcat(expected, sentences[i]), "\n");
        *kept += i == 0 ? KEPT_UNITS_MOST + 1 : 0;
        half->dirty_units += i == 1;
        *in += i == 2 ? block_more : 0;
        memset(said, 0, sizeof said);
        tagpool_sink_set(listen, NULL);
        int result = tagpool_validate();
        tagpool_sink_set(NULL, NULL);
        *kept -= i == 0 ? KEPT_UNITS_MOST + 1 : 0;
        half->dirty_units -= i == 1;
        *in -= i == 2 ? block_more : 0;
        assert_int_equal(result, TAGPOOL_EINVAL);
        assert_string_equal(said, expected);
        expect_whole();
    }
    tagpool_free(block);
}

static unsigned reports, freed_twice;

static void note_report(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    reports++;
    freed_twice += bugcheck->code == 0xC2 && bugcheck->parameter[0] == 7;
}

/* "An entry of nobody's, which may be all zero, leads there, and a free need not ask": addresses that by their keys look as if
 * they were in a unit of this thread's, but whose entries are nobody's; and NULL. */
static void frees_that_lead_to_nobody(void **state)
{
    static const uintptr_t offsets[] = {0, 8, 16, 4096, UNIT_BYTES - 16, UNIT_BYTES - 1};
    (void)state;
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, TAG));
    tagpool_bugcheck_handler_set(note_report, NULL);
    reports = 0;
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        tagpool_free((void *)(offsets[i] - free_way.key));
        tagpool_free_tag((void *)(offsets[i] - free_way.key), TAG);
    }
    tagpool_free(NULL);
    tagpool_bugcheck_handler_set(NULL, NULL);
    assert_int_equal(reports, 13);
    expect_whole();
}

/* "An entry that was taken stays where it is": also when its block was put back elsewhere. The note tells that the block is free
 * then, and a second free is a mistake like any other. */
static void freed_twice_above_the_top(void **state)
{
    void *first = tagpool_alloc(TAGPOOL_PAGED, 3000, TAG);
    void *second = tagpool_alloc(TAGPOOL_PAGED, 3000, TAG);
    struct bin *bin = span_bin(span_at(first));
    struct tagpool_stats stats;
    (void)state;
    tagpool_free(second);
    tagpool_free(first);
    if (checker_is_on())
        skip(); /* nothing takes the fast paths then */
    bin_look(bin, true);
    assert_ptr_equal(tagpool_alloc(TAGPOOL_PAGED, 3000, TAG), first);
    assert_ptr_equal(tagpool_alloc(TAGPOOL_PAGED, 3000, TAG), second);
    assert_true(bin->top[2].block == first && bin->top[1].block == second);
    tagpool_free(first); /* goes to where the second was */
    assert_true(bin_looks(bin) && bin->top->block == first && bin->top[1].block == first);
    tagpool_bugcheck_handler_set(note_report, NULL);
    tagpool_free(first);
    tagpool_bugcheck_handler_set(NULL, NULL);
    assert_int_equal(freed_twice, 1);
    tagpool_free(second);
    assert_int_equal(tagpool_tag_stats(TAG, TAGPOOL_PAGED, &stats), TAGPOOL_OK);
    assert_int_equal(stats.allocs - stats.frees, stats.blocks);
    expect_whole();
}

/* "Each settling of a row lets the bin try again": after blocks that came back in their own order, until so many did that the row
 * was settled. Counts are exact all the time. */
static void looks_again_when_a_row_is_settled(void **state)
{
    enum { BYTES = 2000, IN_ORDER = 8 };
    void *blocks[IN_ORDER];
    struct tagpool_stats before, after;
    uint64_t pairs = 0, most = 2 * TALLY_OUT_FIRST_BYTES / BYTES;
    (void)state;
    if (checker_is_on())
        skip(); /* nothing takes the fast paths then */
    assert_int_equal(tagpool_tag_stats(TAG, TAGPOOL_PAGED, &before), TAGPOOL_OK);
    for (int i = 0; i < IN_ORDER; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, BYTES, TAG);
    const struct bin *bin = span_bin(span_at(blocks[0]));
    for (int i = 0; i < IN_ORDER; i++)
        tagpool_free(blocks[i]);
    assert_false(bin_looks(bin));
    for (; !bin_looks(bin) && pairs < most; pairs++)
        tagpool_free(tagpool_alloc(TAGPOOL_PAGED, BYTES, TAG));
    assert_true(bin_looks(bin) && bin->patience == PATIENCE);
    for (int i = 0; i < 100; i++, pairs++)
        tagpool_free(tagpool_alloc(TAGPOOL_PAGED, BYTES, TAG));
    assert_true(bin_looks(bin) && bin->patience == PATIENCE);
    assert_int_equal(tagpool_tag_stats(TAG, TAGPOOL_PAGED, &after), TAGPOOL_OK);
    assert_int_equal(after.allocs - before.allocs, IN_ORDER + pairs);
    assert_int_equal(after.frees - before.frees, IN_ORDER + pairs);
    assert_true(after.blocks == before.blocks && after.bytes == before.bytes);
    expect_whole();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_after_use),       cmocka_unit_test(whole_in_a_child),
        cmocka_unit_test(tags_that_share_a_place),
        cmocka_unit_test(frees_that_lead_to_nobody),
        cmocka_unit_test(freed_twice_above_the_top),
        cmocka_unit_test(looks_again_when_a_row_is_settled),
        cmocka_unit_test(ledger_that_disagrees), cmocka_unit_test(blocks_that_disagree),
        cmocka_unit_test(damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
