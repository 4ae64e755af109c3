/* SPDX-License-Identifier: MIT
 *
 * tracking.c: tests of what is kept of tracked blocks, of the log, and of call sites. */
#include "test.h"

#include "tagpool/verifier.h"

#include <pthread.h>

static int end_tracking(void **state)
{
    same(tagpool_start("track=none,stack_frames=16,log=65536"), 0);
    return end(state);
}

#define track_test(name) cmocka_unit_test_setup_teardown(name, begin, end_tracking)

/* A function whose calls are all of one address. */
#ifdef __clang__
#define APART __attribute__((noinline))
#else
#define APART __attribute__((noinline, noclone))
#endif

static struct tagpool_operation origin(const void *address, uint64_t *site_nth)
{
    struct tagpool_operation operation;
    same(tagpool_origin(address, &operation, site_nth), TAGPOOL_OK);
    return operation;
}

static APART void *one_site(size_t bytes, uint32_t tag)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, bytes, tag);
    __asm__ volatile("" ::: "memory"); /* no jump instead of the call */
    return block;
}

/* "keeps for each matching block: caller, stack, sequence number, thread, driver, file and line" */
static void what_is_kept(void **state)
{
    uint32_t tag = fresh_tag();
    uint64_t site_nth;
    (void)state;
    same(tagpool_start("track=t*"), 0);
    void *first = one_site(100, tag), *second = one_site(200, tag);
    struct tagpool_operation a = origin(first, NULL), b = origin((char *)second + 199, &site_nth);
    check(!a.is_free && a.block == first && a.bytes == 100 && a.tag == tag && a.pool == TAGPOOL_PAGED);
    check(b.block == second && b.bytes == 200 && b.sequence == a.sequence + 1);
    check(a.thread != 0 && a.thread == b.thread && a.driver == NULL && a.file == NULL);
    check(b.nth == a.nth + 1 && site_nth >= 1);
    check(a.frame_count >= 1 && a.frames[0] == b.frames[0]);
    check(a.frames[0] - (uintptr_t)one_site < 200); /* the call in there */
    tagpool_free(first);
    tagpool_free(second);
}

/* "tagpool_alloc() that notes file and line of the call" */
static void file_and_line(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    same(tagpool_start("track=t*"), 0);
    void *block = TAGPOOL_ALLOC(TAGPOOL_NONPAGED, 100, tag);
    unsigned line = __LINE__ - 1;
    struct tagpool_operation operation = origin(block, NULL);
    check(operation.file != NULL && strcmp(operation.file, __FILE__) == 0 && operation.line == line);
    tagpool_free(block);
    same(tagpool_start("track=none"), 0);
    block = TAGPOOL_ALLOC(TAGPOOL_NONPAGED, 100, tag); /* without tracking it is tagpool_alloc() */
    check(tagpool_size(block) == 100 && tagpool_tag(block) == tag);
    tagpool_free(block);
}

/* "Fails iff the byte belongs to no outstanding block, or its block was not tracked, as one from before tracking began." */
static void not_tracked(void **state)
{
    uint32_t tag = fresh_tag();
    struct tagpool_operation operation;
    (void)state;
    void *early = tagpool_alloc(TAGPOOL_PAGED, 10, tag);
    same(tagpool_start("track=t*"), 0);
    void *other = tagpool_alloc(TAGPOOL_PAGED, 10, TAGPOOL_TAG('x', 'y', 'z', '0'));
    void *block = tagpool_alloc(TAGPOOL_PAGED, 10, tag);
    same(tagpool_origin(early, &operation, NULL), TAGPOOL_ENOTFOUND);
    same(tagpool_origin(other, &operation, NULL), TAGPOOL_ENOTFOUND);
    same(tagpool_origin(&operation, &operation, NULL), TAGPOOL_ENOTFOUND);
    same(tagpool_origin(NULL, &operation, NULL), TAGPOOL_ENOTFOUND);
    check(operation.block == NULL && operation.frame_count == 0);
    same(tagpool_start("track=none"), 0);
    check(origin(block, NULL).block == block); /* what was kept stays as long as the block */
    tagpool_free(block);
    same(tagpool_origin(block, &operation, NULL), TAGPOOL_ENOTFOUND);
    tagpool_free(early);
    tagpool_free(other);
}

/* Tracked blocks are like others: protection, size, realloc, all statistics. */
static void like_other_blocks(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    same(tagpool_start("track=*"), 0);
    char *block = tagpool_alloc(TAGPOOL_PAGED, 100, tag | TAGPOOL_PROTECTED);
    check(query(block).is_protected && tagpool_size(block) == 100);
    tagpool_free(block);
    check(mistake(0xC2, 0x0A));
    fill(block, 100, 9);
    block = tagpool_realloc(block, 5000);
    check(filled(block, 100, 9) && query(block).is_protected && origin(block, NULL).bytes == 5000);
    block = tagpool_realloc(block, 300000);
    check(filled(block, 100, 9) && origin(block, NULL).bytes == 300000);
    tagpool_free_tag(block, tag | TAGPOOL_PROTECTED);
    struct tagpool_stats stats = stats_of(tag, TAGPOOL_PAGED);
    check(stats.allocs == 3 && stats.frees == 3 && stats.bytes == 0);
    tagpool_free(block);
    check(mistake(0xC2, 0x07));
}

/* ---- stacks ---- */

static APART void *nested(int depth, uint32_t tag)
{
    void *block = depth == 0 ? one_site(10, tag) : nested(depth - 1, tag);
    __asm__ volatile("" ::: "memory");
    return block;
}

/* "how many frames of a stack are kept, 0 to 64; 0 keeps the caller only; default 16". This file may be compiled without frame
 * pointers: then there is the caller at least. */
static void frames(void **state)
{
    static const struct {
        const char *option;
        unsigned most;
    } cases[] = {{"stack_frames=0", 1}, {"stack_frames=1", 1}, {"stack_frames=5", 5}, {"stack_frames=16", 16},
                 {"stack_frames=64", 64}};
    uint32_t tag = fresh_tag();
    (void)state;
    same(tagpool_start("track=t*"), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        same(tagpool_start(cases[i].option), 0);
        void *block = nested(30, tag);
        struct tagpool_operation operation = origin(block, NULL);
        check(operation.frame_count >= 1 && operation.frame_count <= cases[i].most);
        check(operation.frames[0] - (uintptr_t)one_site < 200);
        tagpool_free(block);
    }
}

/* ---- the log ---- */

struct heard {
    struct tagpool_operation operation[40];
    size_t count, most;
};

static bool hear(const struct tagpool_operation *operation, void *context)
{
    struct heard *heard = context;
    heard->operation[heard->count++] = *operation;
    return heard->count < heard->most;
}

/* "Visits the operations that the log has kept, newest first": allocations and frees, "returns true to go on". */
static void the_log(void **state)
{
    static struct heard heard;
    uint32_t tag = fresh_tag();
    (void)state;
    same(tagpool_start("track=t*"), 0);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 33, tag);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 33, TAGPOOL_TAG('n', 'o', 'n', 'e'))); /* not tracked */
    tagpool_free(block);
    heard = (struct heard){.most = 2};
    tagpool_log_walk(hear, &heard);
    same(heard.count, 2);
    const struct tagpool_operation *newest = &heard.operation[0], *before = &heard.operation[1];
    check(newest->is_free && newest->block == block && newest->bytes == 33 && newest->tag == tag && newest->frame_count >= 1);
    check(!before->is_free && before->block == block && before->sequence < newest->sequence);
}

/* "how many operations the log keeps, the newest; 0 for none" */
static void a_short_log(void **state)
{
    static struct heard heard;
    uint32_t tag = fresh_tag();
    (void)state;
    same(tagpool_start("track=t* log=32"), 0);
    for (size_t i = 1; i <= 100; i++)
        tagpool_free(tagpool_alloc(TAGPOOL_PAGED, i, tag));
    heard = (struct heard){.most = 40};
    tagpool_log_walk(hear, &heard);
    same(heard.count, 32);
    for (size_t i = 0; i < 32; i++)
        check(heard.operation[i].bytes == 100 - i / 2 && heard.operation[i].is_free == (i % 2 == 0));
    same(tagpool_start("log=0"), 0);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, tag));
    heard = (struct heard){.most = 40};
    tagpool_log_walk(hear, &heard);
    same(heard.count, 0);
}

/* ---- call sites ---- */

static APART void *other_site(size_t bytes, uint32_t tag)
{
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, bytes, tag);
    __asm__ volatile("" ::: "memory");
    return block;
}

/* "Writes up to `capacity` call sites, those with most outstanding bytes first, and returns how many there are." */
static void sites(void **state)
{
    static struct tagpool_site all[5000];
    uint32_t tag = fresh_tag();
    void *blocks[6];
    uint64_t site_nth;
    (void)state;
    same(tagpool_start("track=t* stack_frames=0"), 0);
    for (size_t i = 0; i < 5; i++)
        blocks[i] = one_site(1000, tag);
    blocks[5] = other_site(100000, tag);
    (void)origin(blocks[3], &site_nth);
    same(site_nth, 4);
    tagpool_free(blocks[0]);
    tagpool_free(blocks[1]);
    size_t count = tagpool_sites(all, 5000);
    check(count >= 2 && count < 5000);
    check(all[0].tag == tag && all[0].bytes == 100000 && all[0].blocks == 1 && all[0].frame_count == 1);
    check(all[1].tag == tag && all[1].bytes == 3000 && all[1].blocks == 3 && all[1].allocs == 5 && all[1].frees == 2);
    check(all[1].frames[0] - (uintptr_t)one_site < 200);
    struct tagpool_site largest[1];
    same(tagpool_sites(largest, 1), count);
    check(largest[0].bytes == 100000);
    same(tagpool_sites(NULL, 0), count);
    for (size_t i = 2; i < 6; i++)
        tagpool_free(blocks[i]);
}

/* ---- threads ---- */

static void *churn(void *tag)
{
    void *blocks[64] = {NULL};
    for (unsigned i = 0; i < 20000; i++) {
        void **slot = &blocks[i * 7 % 64];
        if (*slot != NULL)
            tagpool_free(*slot);
        *slot = tagpool_alloc(i % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, i % 300, *(uint32_t *)tag);
    }
    for (unsigned i = 0; i < 64; i++)
        tagpool_free(blocks[i]);
    return NULL;
}

/* Nothing is lost among threads, and nothing is left of blocks that are gone. */
static void threads(void **state)
{
    static struct tagpool_site all[5000];
    uint32_t tag = fresh_tag();
    pthread_t thread[3];
    (void)state;
    same(tagpool_start("track=t*"), 0);
    for (int i = 0; i < 3; i++)
        same(pthread_create(&thread[i], NULL, churn, &tag), 0);
    for (int i = 0; i < 3; i++)
        same(pthread_join(thread[i], NULL), 0);
    size_t count = tagpool_sites(all, 5000);
    uint64_t allocs = 0;
    for (size_t i = 0; i < count && i < 5000; i++)
        if (all[i].tag == tag) {
            allocs += all[i].allocs;
            check(all[i].blocks == 0 && all[i].bytes == 0);
        }
    same(allocs, 60000);
}

struct writer {
    uint32_t tag;
    size_t bytes; /* of each of its blocks */
    bool *ends;
};

static void *fill_log(void *context)
{
    const struct writer *writer = context;
    while (!__atomic_load_n(writer->ends, __ATOMIC_RELAXED))
        tagpool_free(tagpool_alloc(TAGPOOL_PAGED, writer->bytes, writer->tag));
    return NULL;
}

struct reader {
    const struct writer *writer;
    size_t writers, whole, other;
};

static bool is_whole(const struct tagpool_operation *operation, void *context)
{
    struct reader *reader = context;
    size_t i = 0;
    while (i < reader->writers && operation->tag != reader->writer[i].tag)
        i++;
    if (i == reader->writers || operation->bytes != reader->writer[i].bytes || operation->block == NULL ||
        operation->sequence == 0 || (operation->nth == 0) != operation->is_free || operation->frame_count == 0)
        reader->other++;
    reader->whole++;
    return true;
}

/* "Visits the operations that the log has kept": each of them whole, while threads add others in its few places. */
static void the_log_of_threads(void **state)
{
    struct writer writer[3];
    pthread_t thread[3];
    bool ends = false;
    (void)state;
    same(tagpool_start("track=t* log=48"), 0);
    for (size_t i = 0; i < 3; i++) {
        writer[i] = (struct writer){fresh_tag(), 10 + 100 * i, &ends};
        same(pthread_create(&thread[i], NULL, fill_log, &writer[i]), 0);
    }
    struct reader reader = {.writer = writer, .writers = 3};
    while (reader.whole < 20000)
        tagpool_log_walk(is_whole, &reader);
    __atomic_store_n(&ends, true, __ATOMIC_RELAXED);
    for (size_t i = 0; i < 3; i++)
        same(pthread_join(thread[i], NULL), 0);
    same(reader.other, 0);
    /* At rest all places are full. */
    reader = (struct reader){.writer = writer, .writers = 3};
    tagpool_log_walk(is_whole, &reader);
    check(reader.whole == 48 && reader.other == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        track_test(what_is_kept), track_test(file_and_line), track_test(not_tracked), track_test(like_other_blocks),
        track_test(frames),       track_test(the_log),       track_test(a_short_log), track_test(sites),
        track_test(threads),      track_test(the_log_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
