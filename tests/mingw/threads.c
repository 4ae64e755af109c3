/* SPDX-License-Identifier: MIT
 *
 * threads.c: threads come and go: what one leaves behind is the next one's, and counts are exact when all have stopped.
 */
#include <windows.h>

#include "check.h"
#include "tagpool.h"

#define TAG TAGPOOL_TAG('T', 'h', 'r', 'd')
#define AT_ONCE 8
#define ROUNDS 40
#define BLOCKS 1000

static DWORD WINAPI take_and_give(void *first)
{
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, 48, TAG);
    tagpool_free(block);
    *(void **)first = block;
    return 0;
}

static DWORD WINAPI many(void *unused)
{
    void *block[BLOCKS];
    (void)unused;
    for (int i = 0; i < BLOCKS; i++)
        CHECK((block[i] = tagpool_alloc(TAGPOOL_PAGED, (size_t)i, TAG)) != NULL);
    for (int i = 0; i < BLOCKS; i += 2)
        tagpool_free(block[i]);
    return 0;
}

static void run(LPTHREAD_START_ROUTINE routine, void *argument, int threads)
{
    HANDLE handle[AT_ONCE];
    for (int i = 0; i < threads; i++)
        CHECK((handle[i] = CreateThread(NULL, 0, routine, argument, 0, NULL)) != NULL);
    CHECK(WaitForMultipleObjects((DWORD)threads, handle, TRUE, INFINITE) == WAIT_OBJECT_0);
    for (int i = 0; i < threads; i++)
        CloseHandle(handle[i]);
}

int main(void)
{
    struct tagpool_stats stats;
    void *first = NULL;
    void *next;
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, TAG));

    /* A thread takes over the heap of the one that has exited: the block that one freed last lies on top of it. */
    run(take_and_give, &first, 1);
    for (int i = 0; i < ROUNDS; i++) {
        run(take_and_give, &next, 1);
        CHECK(next == first);
    }
    for (int i = 0; i < ROUNDS; i++)
        run(many, NULL, AT_ONCE);
    CHECK(tagpool_validate() == TAGPOOL_OK);
    tagpool_total_stats(&stats);
    CHECK(stats.allocs == 2 + ROUNDS + (uint64_t)ROUNDS * AT_ONCE * BLOCKS);
    CHECK(stats.frees == 2 + ROUNDS + (uint64_t)ROUNDS * AT_ONCE * BLOCKS / 2);
    return 0;
}
