/* SPDX-License-Identifier: MIT
 *
 * checked.c: nothing is wrong: whatever the library itself reads and writes behind blocks and in freed ones goes unseen.
 * Patterns, the scrubber, special pool, other threads, memory given back, the WDK's routines and lists.
 *
 * memcheck: all is well
 * memcheck: ERROR SUMMARY: 0 errors
 * asan: all is well
 * asan: clean */
#include "checkers.h"
#include "tagpool/verifier.h"
#include "tagpool/wdk/lookaside.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCKS = 300 };

static char *blocks[BLOCKS];

static size_t size_of(size_t i)
{
    return i * i * i % 70000 / (i % 7 + 1);
}

static void *free_all(void *unused)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        tagpool_free_tag(blocks[i], i % 3 == 1 ? TAG | TAGPOOL_PROTECTED : TAG);
        blocks[i] = NULL;
    }
    return unused;
}

static void allocate_all(void)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        enum tagpool_pool pool = i % 2 == 0 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED;
        blocks[i] = i % 3 == 0   ? tagpool_zalloc(pool, size_of(i), TAG)
                    : i % 3 == 1 ? tagpool_alloc(pool, size_of(i), TAG | TAGPOOL_PROTECTED)
                                 : tagpool_aligned_alloc(pool, (size_t)1 << i % 13, size_of(i), TAG);
        memset(blocks[i], 0x55, size_of(i));
        if (i % 5 == 0) {
            blocks[i] = tagpool_realloc(blocks[i], size_of(i) + 10);
            memset(blocks[i], 0x66, size_of(i) + 10);
        }
    }
}

static void scrub_all(void)
{
    size_t findings;
    while (tagpool_scrub(1000, &findings) == 1000 || findings != 0)
        if (findings != 0)
            abort();
}

static void use_pools(const char *options)
{
    pthread_t thread;
    if (tagpool_start(options) != TAGPOOL_OK)
        abort();
    for (int round = 0; round < 3; round++) {
        allocate_all();
        scrub_all();
        if (round == 1) {
            if (pthread_create(&thread, NULL, free_all, NULL) != 0 || pthread_join(thread, NULL) != 0)
                abort();
        } else {
            free_all(NULL);
        }
        scrub_all();
        (void)tagpool_trim();
        if (tagpool_validate() != TAGPOOL_OK)
            abort();
    }
}

static void use_list(void)
{
    PAGED_LOOKASIDE_LIST list;
    void *entries[10];
    ExInitializePagedLookasideList(&list, NULL, NULL, 0, 100, TAG, 0);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 10; i++)
            memset(entries[i] = ExAllocateFromPagedLookasideList(&list), 1, 100);
        for (int i = 0; i < 10; i++)
            ExFreeToPagedLookasideList(&list, entries[i]);
    }
    ExDeletePagedLookasideList(&list);
}

int main(void)
{
    use_pools("");
    use_pools("tail_check=on free_check=on");
    use_pools("tail_check=off free_check=off special=* special_pages=100 stack_frames=0");
    use_pools("special_guard=pattern");
    use_pools("special=none track=* stack_frames=4");
    use_list();
    if (tagpool_shutdown() != TAGPOOL_CLEAN)
        abort();
    puts("all is well");
    return 0;
}
