/* SPDX-License-Identifier: MIT
 *
 * commit.c: what the library takes of the memory that Windows counts: little at first, and its large tables part by part. In the
 * usual case without a fault, at which a debugger would stop.
 */
#include <windows.h>

#include "check.h"
#include "tagpool.h"

static int faults;

static LONG CALLBACK count_faults(EXCEPTION_POINTERS *exception)
{
    faults += exception->ExceptionRecord->ExceptionCode == EXCEPTION_ACCESS_VIOLATION;
    return EXCEPTION_CONTINUE_SEARCH;
}

static size_t committed(void)
{
    MEMORY_BASIC_INFORMATION memory;
    size_t bytes = 0;
    for (char *p = NULL; VirtualQuery(p, &memory, sizeof memory) != 0; p = (char *)memory.BaseAddress + memory.RegionSize)
        if (memory.Type == MEM_PRIVATE && memory.State == MEM_COMMIT)
            bytes += memory.RegionSize;
    return bytes;
}

static uint32_t tag_number(int i)
{
    return TAGPOOL_TAG('A' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26, '.');
}

static void use_tags(int from, int to)
{
    for (int i = from; i < to; i++) {
        void *block = tagpool_alloc(TAGPOOL_PAGED, 32, tag_number(i));
        CHECK(block != NULL);
        tagpool_free(block);
    }
}

/* Frees in waves, for which magazines grow. */
static void use_waves(void)
{
    static void *blocks[5000];
    for (int wave = 0; wave < 4; wave++) {
        for (int i = 0; i < 5000; i++)
            CHECK((blocks[i] = tagpool_alloc(TAGPOOL_PAGED, 64, tag_number(0))) != NULL);
        for (int i = 0; i < 5000; i++)
            tagpool_free(blocks[i]);
    }
}

static DWORD WINAPI use_some(void *unused)
{
    (void)unused;
    use_tags(0, 100);
    return 0;
}

static void run_thread(void)
{
    HANDLE thread = CreateThread(NULL, 0, use_some, NULL, 0, NULL);
    CHECK(thread != NULL && WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
    CloseHandle(thread);
}

int main(void)
{
    struct tagpool_block block;
    size_t before = committed();
    CHECK(tagpool_start(NULL) == TAGPOOL_OK);
    CHECK(AddVectoredExceptionHandler(1, count_faults) != NULL);
    CHECK(committed() - before < (size_t)32 << 20);

    use_tags(0, 500);
    size_t of_one = committed();
    run_thread();
    CHECK(committed() - of_one < ((size_t)4 << 20) + ((size_t)512 << 10)); /* 4 MiB for blocks; of its own a thread has little */
    use_waves();
    void *big = tagpool_alloc(TAGPOOL_NONPAGED, (size_t)100 << 20, tag_number(0));
    CHECK(big != NULL);
    CHECK(tagpool_validate() == TAGPOOL_OK);
    CHECK(faults == 0);

    /* Where the tables have never been used: many tags, an address that no block has had yet. */
    use_tags(500, 5000);
    CHECK(tagpool_query((char *)big + ((size_t)10 << 30), &block) == TAGPOOL_ENOTFOUND);
    CHECK(faults > 0);
    for (int i = 0; i < 5000; i++) {
        struct tagpool_stats stats;
        CHECK(tagpool_tag_stats(tag_number(i), TAGPOOL_PAGED, &stats) == TAGPOOL_OK);
        CHECK(stats.allocs == (i == 0 ? 20002 : i < 100 ? 2 : 1) && stats.blocks == 0);
    }
    tagpool_free(big);
    CHECK(tagpool_validate() == TAGPOOL_OK);
    return 0;
}
