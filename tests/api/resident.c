/* SPDX-License-Identifier: MIT
 *
 * resident.c: tests of the options that decide which memory is in RAM: prefault, lock and cache. Each test runs in a child whose
 * library was never started. */
#include "test.h"

#include <sys/mman.h>

#define TAG TAGPOOL_TAG('R', 'e', 's', 'i')

/* How many pages of a block are in memory. */
static size_t resident(void *block, size_t bytes)
{
    static unsigned char map[1024];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0;
    check(bytes / page <= sizeof map);
    same(mincore(block, bytes, map), 0);
    for (size_t i = 0; i < bytes / page; i++)
        count += map[i] & 1;
    return count;
}

/* "prefault: nonpaged memory is touched when it is committed"; paged memory is not. */
static void prefaulted_memory_is_there(void)
{
    same(tagpool_start("prefault=on"), TAGPOOL_OK);
    void *nonpaged = tagpool_alloc(TAGPOOL_NONPAGED, 1 << 20, TAG), *paged = tagpool_alloc(TAGPOOL_PAGED, 1 << 20, TAG);
    size_t pages = (1 << 20) / (size_t)sysconf(_SC_PAGESIZE);
    same(resident(nonpaged, 1 << 20), pages);
    check(resident(paged, 1 << 20) < pages);
    tagpool_free(nonpaged);
    tagpool_free(paged);
}

/* Does the system let this process lock as much as the test wants? */
static bool may_lock(void)
{
    static char memory[8 << 20];
    bool may = mlock(memory, sizeof memory) == 0;
    munlock(memory, sizeof memory);
    return may;
}

/* "lock: nonpaged memory is locked into RAM when it is committed", so it is there before it is touched. */
static void locked_memory_is_there(void)
{
    if (INSTRUMENTED || !may_lock())
        skip_because("this process may not lock memory");
    same(tagpool_start("lock=on"), TAGPOOL_OK);
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, 1 << 20, TAG);
    check(block != NULL);
    same(resident(block, 1 << 20), (1 << 20) / (size_t)sysconf(_SC_PAGESIZE));
    tagpool_free(block);
}

/* "unused memory that each pool keeps before it goes back to the system": with cache=0 a freed big block leaves memory. */
static void no_cache_keeps_nothing(void)
{
    same(tagpool_start("cache=0"), TAGPOOL_OK);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 2 << 20, TAG);
    memset(block, 1, 2 << 20);
    tagpool_free(block);
    same(resident(block, 2 << 20), 0);
}

static void a_cache_keeps_a_block(void)
{
    same(tagpool_start("cache=16M"), TAGPOOL_OK);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 2 << 20, TAG);
    memset(block, 1, 2 << 20);
    tagpool_free(block);
    check(resident(block, 2 << 20) > 0);
    check(tagpool_trim() >= 2 << 20);
    same(resident(block, 2 << 20), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(prefaulted_memory_is_there),
        fresh_test(locked_memory_is_there),
        fresh_test(no_cache_keeps_nothing),
        fresh_test(a_cache_keeps_a_block),
    };
    unsetenv("TAGPOOL_OPTIONS");
    return cmocka_run_group_tests_name("memory in RAM", tests, NULL, NULL);
}
