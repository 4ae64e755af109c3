/* SPDX-License-Identifier: MIT
 *
 * lookaside_threads.c: lookaside lists under random operations, against a naive model; and by several threads at once, while
 * reports are made. */
#include "lookaside.h"

#include <pthread.h>

#define TAG TAGPOOL_TAG('L', 'T', 'h', 'r')

enum { LISTS = 4, HELD = 600, STEPS = 100000 };

/* A list as a stack, after the documentation. */
struct model {
    PVOID stack[256];
    unsigned count;
    ULONG allocates, misses, frees, free_misses;
};

static unsigned allocated; /* by the custom functions, less what they freed */

static PVOID TAGPOOL_WDK_CALL counted_allocate(POOL_TYPE type, SIZE_T bytes, ULONG tag, PLOOKASIDE_LIST_EX list)
{
    (void)list;
    allocated++;
    return ExAllocatePoolWithTag(type, bytes, tag);
}

static VOID TAGPOOL_WDK_CALL counted_free(PVOID entry, PLOOKASIDE_LIST_EX list)
{
    (void)list;
    allocated--;
    ExFreePool(entry);
}

static void model_free(struct model *model, PLOOKASIDE_LIST_EX list, PVOID entry)
{
    unsigned before = allocated;
    bool kept = model->count < list->L.Depth;
    ExFreeToLookasideListEx(list, entry);
    model->frees++;
    if (kept)
        model->stack[model->count++] = entry;
    else
        model->free_misses++;
    same(allocated, before - !kept);
}

static PVOID model_allocate(struct model *model, PLOOKASIDE_LIST_EX list)
{
    unsigned before = allocated;
    bool hit = model->count != 0;
    PVOID entry = ExAllocateFromLookasideListEx(list);
    model->allocates++;
    if (hit)
        check(entry == model->stack[--model->count]);
    else
        model->misses++;
    same(allocated, before + !hit);
    return entry;
}

/* Whatever is done to a list, it does what the documentation says, its counters say so, and nothing is lost. */
static void random_operations(void **state)
{
    static LOOKASIDE_LIST_EX lists[LISTS];
    static struct model models[LISTS];
    static struct {
        PVOID entry;
        unsigned list;
    } held[HELD];
    unsigned held_count = 0, random = 4711;
    (void)state;
    memset(models, 0, sizeof models);
    for (unsigned l = 0; l < LISTS; l++)
        same(ExInitializeLookasideListEx(&lists[l], counted_allocate, counted_free, (POOL_TYPE)(l % 2), 0, 16 << l, TAG, 0), 0);
    for (int step = 0; step < STEPS; step++) {
        random = random * 1103515245 + 12345;
        unsigned l = (random >> 16) % LISTS, what = (random >> 20) % 1000;
        bool grows = step / 2000 % 2 == 0; /* waves, so that lists run empty and full */
        if (what == 0) {
            ExFlushLookasideListEx(&lists[l]);
            models[l].count = 0;
        } else if (what == 1) {
            ExAdjustLookasideDepth();
        } else if (what == 2) {
            ExDeleteLookasideListEx(&lists[l]);
            same(ExInitializeLookasideListEx(&lists[l], counted_allocate, counted_free, (POOL_TYPE)(l % 2), 0, 16 << l, TAG, 0),
                 0);
            memset(&models[l], 0, sizeof models[l]);
        } else if (held_count < HELD && (held_count == 0 || what % 100 < (grows ? 60 : 40))) {
            held[held_count].entry = model_allocate(&models[l], &lists[l]);
            same(tagpool_size(held[held_count].entry), 16 << l);
            held[held_count++].list = l;
        } else {
            unsigned victim = (random >> 8) % held_count;
            model_free(&models[held[victim].list], &lists[held[victim].list], held[victim].entry);
            held[victim] = held[--held_count];
        }
        same(ExQueryDepthSList(&lists[l].L.ListHead), models[l].count);
        same(lists[l].L.TotalAllocates, models[l].allocates);
        same(lists[l].L.AllocateMisses, models[l].misses);
        same(lists[l].L.TotalFrees, models[l].frees);
        same(lists[l].L.FreeMisses, models[l].free_misses);
        check(lists[l].L.Depth >= 4 && lists[l].L.Depth <= 256);
    }
    while (held_count != 0) {
        held_count--;
        model_free(&models[held[held_count].list], &lists[held[held_count].list], held[held_count].entry);
    }
    unsigned cached = 0;
    for (unsigned l = 0; l < LISTS; l++)
        cached += models[l].count;
    same(allocated, cached);
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    for (unsigned l = 0; l < LISTS; l++)
        ExDeleteLookasideListEx(&lists[l]);
    same(allocated, 0);
}

/* ---- Threads ------------------------------------------------------------------------------------------------------- */

enum { THREADS = 3, ROUNDS = 20000, HANDFUL = 16 };
static NPAGED_LOOKASIDE_LIST shared;
static PAGED_LOOKASIDE_LIST shared_paged;

/* Every entry that this thread holds has its own mark in it. */
static void *work(void *argument)
{
    uintptr_t *held[HANDFUL] = {NULL};
    unsigned random = 1 + (unsigned)(uintptr_t)argument;
    for (int round = 0; round < ROUNDS; round++) {
        random = random * 1103515245 + 12345;
        unsigned i = (random >> 16) % HANDFUL;
        bool paged = i % 2 != 0;
        if (held[i] == NULL) {
            held[i] = paged ? ExAllocateFromPagedLookasideList(&shared_paged) : ExAllocateFromNPagedLookasideList(&shared);
            if (held[i] == NULL)
                return "no entry";
            held[i][0] = held[i][1] = (uintptr_t)argument * HANDFUL + i;
            continue;
        }
        if (held[i][0] != (uintptr_t)argument * HANDFUL + i || held[i][1] != held[i][0])
            return "somebody else has the same entry";
        if (paged)
            ExFreeToPagedLookasideList(&shared_paged, held[i]);
        else
            ExFreeToNPagedLookasideList(&shared, held[i]);
        held[i] = NULL;
    }
    for (unsigned i = 0; i < HANDFUL; i++)
        if (held[i] != NULL && i % 2 != 0)
            ExFreeToPagedLookasideList(&shared_paged, held[i]);
        else if (held[i] != NULL)
            ExFreeToNPagedLookasideList(&shared, held[i]);
    return NULL;
}

/* "Any number may allocate and free at the same time", and "the report must be callable while threads run". */
static void threads(void **state)
{
    pthread_t thread[THREADS];
    struct tagpool_stats stats;
    uint32_t tag = fresh_tag();
    (void)state;
    ExInitializeNPagedLookasideList(&shared, NULL, NULL, 0, 40, tag, 0);
    ExInitializePagedLookasideList(&shared_paged, NULL, NULL, 0, 600, tag, 0);
    for (uintptr_t t = 0; t < THREADS; t++)
        same(pthread_create(&thread[t], NULL, work, (void *)t), 0);
    for (int i = 0; i < 50; i++) {
        output_clear();
        check(tagpool_verdict() != TAGPOOL_NOT_CHECKED);
        ExAdjustLookasideDepth();
        if (i % 10 == 5)
            same(tagpool_start("lookaside=bypass"), 0);
        if (i % 10 == 8)
            same(tagpool_start("lookaside=cache"), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        void *wrong;
        same(pthread_join(thread[t], &wrong), 0);
        if (wrong != NULL)
            fprintf(stderr, "%s\n", (const char *)wrong);
        check(wrong == NULL);
    }
    output_clear();
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    same(tagpool_tag_stats(tag, TAGPOOL_NONPAGED, &stats), 0);
    same(stats.blocks, ExQueryDepthSList(&shared.L.ListHead));
    same(stats_of(tag, TAGPOOL_PAGED).blocks, ExQueryDepthSList(&shared_paged.L.ListHead));
    ExDeleteNPagedLookasideList(&shared);
    ExDeletePagedLookasideList(&shared_paged);
}

/* A forked child has lists of its own with the same entries. */
static void forks(void **state)
{
    int status;
    (void)state;
    ExInitializeNPagedLookasideList(&shared, NULL, NULL, 0, 40, TAG, 0);
    PVOID entry = ExAllocateFromNPagedLookasideList(&shared);
    ExFreeToNPagedLookasideList(&shared, entry);
    pid_t pid = fork();
    check(pid >= 0);
    if (pid == 0) {
        bool right = ExAllocateFromNPagedLookasideList(&shared) == entry;
        ExFreeToNPagedLookasideList(&shared, entry);
        ExDeleteNPagedLookasideList(&shared);
        _exit(right && stats_of(TAG, TAGPOOL_NONPAGED).blocks == 0 ? 0 : 1);
    }
    same(waitpid(pid, &status, 0), pid);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    check(ExAllocateFromNPagedLookasideList(&shared) == entry);
    ExFreeToNPagedLookasideList(&shared, entry);
    ExDeleteNPagedLookasideList(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {test(random_operations), test(threads), test(forks)};
    return cmocka_run_group_tests_name("lookaside lists, at random and by threads", tests, NULL, NULL);
}
