/* SPDX-License-Identifier: MIT
 *
 * drivers.c: tests of drivers: in whose name memory is taken, what each has, what is said and done when one goes. */
#include "test.h"

#include "tagpool/verifier.h"

#include <pthread.h>

static struct tagpool_driver *driver;

static int begin_driver(void **state)
{
    (void)begin(state);
    driver = tagpool_driver_load("disk.sys");
    check(driver != NULL);
    return 0;
}

static int end_driver(void **state)
{
    (void)tagpool_driver_enter(NULL);
    same(tagpool_start("unload=stop"), 0);
    return end(state);
}

#define driver_test(name) cmocka_unit_test_setup_teardown(name, begin_driver, end_driver)

static struct tagpool_driver_stats stats_now(void)
{
    struct tagpool_driver_stats stats;
    tagpool_driver_read(driver, &stats);
    return stats;
}

/* "A thread works for one driver at a time, or for nobody; what it allocates meanwhile is the driver's, whoever frees it." */
static void in_its_name(void **state)
{
    uint32_t tag = fresh_tag();
    struct tagpool_driver_stats before = stats_now();
    (void)state;
    void *nobodys = tagpool_alloc(TAGPOOL_PAGED, 1, tag);
    check(tagpool_driver_enter(driver) == NULL);
    void *paged = tagpool_alloc(TAGPOOL_PAGED, 100, tag), *nonpaged = tagpool_alloc(TAGPOOL_NONPAGED, 5000, tag);
    check(tagpool_driver_enter(NULL) == driver);
    struct tagpool_driver_stats now = stats_now();
    check(now.is_loaded && strcmp(now.name, "disk.sys") == 0);
    same(now.pool[TAGPOOL_PAGED].blocks - before.pool[TAGPOOL_PAGED].blocks, 1);
    same(now.pool[TAGPOOL_PAGED].bytes - before.pool[TAGPOOL_PAGED].bytes, 100);
    same(now.pool[TAGPOOL_NONPAGED].bytes - before.pool[TAGPOOL_NONPAGED].bytes, 5000);
    struct tagpool_operation operation;
    same(tagpool_origin(paged, &operation, NULL), TAGPOOL_OK);
    check(operation.driver != NULL && strcmp(operation.driver, "disk.sys") == 0);
    tagpool_free(paged);
    tagpool_free(nonpaged);
    tagpool_free(nobodys);
    now = stats_now();
    same(now.pool[TAGPOOL_PAGED].bytes, before.pool[TAGPOOL_PAGED].bytes);
    same(now.pool[TAGPOOL_NONPAGED].blocks, before.pool[TAGPOOL_NONPAGED].blocks);
    same(now.pool[TAGPOOL_NONPAGED].frees - before.pool[TAGPOOL_NONPAGED].frees, 1);
}

/* Peaks, "exact if one thread at a time works for it", are not lowered by frees. */
static void peaks(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    driver = tagpool_driver_load("peak.sys");
    (void)tagpool_driver_enter(driver);
    void *blocks[3];
    for (int i = 0; i < 3; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_NONPAGED, 1000, tag);
    for (int i = 0; i < 3; i++)
        tagpool_free(blocks[i]);
    tagpool_free(tagpool_alloc(TAGPOOL_NONPAGED, 10, tag));
    struct tagpool_driver_use use = stats_now().pool[TAGPOOL_NONPAGED];
    check(use.peak_blocks == 3 && use.peak_bytes == 3000 && use.blocks == 0 && use.bytes == 0 && use.allocs == 4);
    (void)tagpool_driver_enter(NULL);
    same(tagpool_driver_unload(driver), TAGPOOL_CLEAN);
}

/* "one of that name that was loaded before comes back, with its counts"; loads and unloads are counted. */
static void load_and_unload(void **state)
{
    (void)state;
    struct tagpool_driver *first = tagpool_driver_load("twice.sys");
    same(tagpool_driver_unload(first), TAGPOOL_CLEAN);
    same(tagpool_driver_unload(first), TAGPOOL_NOT_CHECKED);
    check(tagpool_driver_load("twice.sys") == first);
    struct tagpool_driver_stats stats;
    tagpool_driver_read(first, &stats);
    check(stats.loads == 2 && stats.unloads == 1 && stats.is_loaded);
    same(tagpool_driver_unload(first), TAGPOOL_CLEAN);
    bool found = false;
    for (size_t i = 0; tagpool_driver_at(i) != NULL; i++)
        found = found || tagpool_driver_at(i) == first;
    check(found);
}

/* "Fails iff the name is empty or longer than 63 characters" */
static void bad_names(void **state)
{
    char name[65];
    (void)state;
    memset(name, 'n', sizeof name);
    name[64] = 0;
    check(tagpool_driver_load("") == NULL);
    check(tagpool_driver_load(name) == NULL);
    name[63] = 0;
    check(tagpool_driver_load(name) != NULL);
}

/* ---- what is left ---- */

static void *leave(uint32_t tag, void **second)
{
    (void)tagpool_driver_enter(driver);
    void *first = tagpool_alloc(TAGPOOL_PAGED, 100, tag);
    *second = tagpool_alloc(TAGPOOL_NONPAGED, 200, tag);
    (void)tagpool_driver_enter(NULL);
    return first;
}

/* "`stop`, bug check 0xC4/0x62 (name, 0, number of blocks)"; "listed through the sink, with where each was allocated" */
static void stop(void **state)
{
    void *second;
    (void)state;
    void *first = leave(fresh_tag(), &second);
    same(tagpool_driver_unload(driver), TAGPOOL_LEAK);
    check(mistake(0xC4, 0x62));
    check(strcmp((const char *)caught.parameter[1], "disk.sys") == 0 && caught.parameter[2] == 0 && caught.parameter[3] == 2);
    check(printed("driver disk.sys is unloaded with 2 blocks outstanding: 100 paged bytes, 200 nonpaged bytes"));
    check(has_hex(output, (uintptr_t)first) && has_hex(output, (uintptr_t)second));
    check(!stats_now().is_loaded && stats_now().pool[TAGPOOL_PAGED].blocks == 1); /* "they stay the driver's" */
    tagpool_free(first);
    tagpool_free(second);
    same(stats_now().pool[TAGPOOL_PAGED].blocks, 0);
}

/* "`report`, a finding of that code, and they stay the driver's" */
static void report_only(void **state)
{
    void *second;
    (void)state;
    same(tagpool_start("unload=report"), 0);
    void *first = leave(fresh_tag(), &second);
    same(tagpool_driver_unload(driver), TAGPOOL_LEAK);
    check(finding(0xC4, 0x62));
    same(stats_now().pool[TAGPOOL_NONPAGED].bytes, 200);
    tagpool_free(first);
    tagpool_free(second);
}

/* "`adopt`, a finding, and they are nobody's from now on" */
static void adopt(void **state)
{
    void *second;
    struct tagpool_operation operation;
    (void)state;
    same(tagpool_start("unload=adopt"), 0);
    void *first = leave(fresh_tag(), &second);
    same(tagpool_driver_unload(driver), TAGPOOL_LEAK);
    check(finding(0xC4, 0x62));
    same(stats_now().pool[TAGPOOL_NONPAGED].bytes, 0);
    same(stats_now().pool[TAGPOOL_PAGED].blocks, 0);
    same(tagpool_origin(first, &operation, NULL), TAGPOOL_OK);
    check(operation.driver == NULL);
    check(tagpool_driver_load("disk.sys") == driver);
    same(tagpool_driver_unload(driver), TAGPOOL_CLEAN);
    tagpool_free(first);
    tagpool_free(second);
}

/* "`free`, a finding, and they are freed", protected ones too. */
static void free_them(void **state)
{
    void *second;
    uint32_t tag = fresh_tag();
    (void)state;
    same(tagpool_start("unload=free"), 0);
    (void)leave(tag, &second);
    (void)tagpool_driver_enter(driver);
    check(tagpool_alloc(TAGPOOL_PAGED, 70000, tag | TAGPOOL_PROTECTED) != NULL);
    (void)tagpool_driver_enter(NULL);
    same(tagpool_driver_unload(driver), TAGPOOL_LEAK);
    check(finding(0xC4, 0x62));
    same(caught.parameter[3], 3);
    same(stats_of(tag, TAGPOOL_PAGED).blocks, 0);
    same(stats_of(tag, TAGPOOL_NONPAGED).blocks, 0);
}

/* "An allocation in the name of a driver that is not loaded is bug check 0xC4/0x61 (its paged bytes, nonpaged bytes, blocks)." */
static void too_late(void **state)
{
    void *second;
    (void)state;
    same(tagpool_start("unload=report"), 0);
    void *first = leave(fresh_tag(), &second);
    same(tagpool_driver_unload(driver), TAGPOOL_LEAK);
    check(finding(0xC4, 0x62));
    (void)tagpool_driver_enter(driver);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 10, fresh_tag()));
    check(mistake(0xC4, 0x61));
    check(caught.parameter[1] == 100 && caught.parameter[2] == 200 && caught.parameter[3] == 2);
    (void)tagpool_driver_enter(NULL);
    tagpool_free(first);
    tagpool_free(second);
}

/* Option leak_blocks holds here too: "how many blocks a leak report lists". */
static void a_long_list(void **state)
{
    void *blocks[50];
    uint32_t tag = fresh_tag();
    (void)state;
    same(tagpool_start("unload=report leak_blocks=10"), 0);
    (void)tagpool_driver_enter(driver);
    for (int i = 0; i < 50; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, 10, tag);
    (void)tagpool_driver_enter(NULL);
    same(tagpool_driver_unload(driver), TAGPOOL_LEAK);
    check(finding(0xC4, 0x62));
    same(printed_times(" of its call site"), 10);
    check(printed("40 more blocks not listed"));
    for (int i = 0; i < 50; i++) {
        check(has_hex(output, (uintptr_t)blocks[i]) == (i < 10)); /* in the order of allocation */
        tagpool_free(blocks[i]);
    }
    same(tagpool_start("leak_blocks=16"), 0);
}

/* ---- threads ---- */

static void *work(void *tag)
{
    struct tagpool_driver *own = tagpool_driver_load("thread.sys");
    check(tagpool_driver_enter(own) == NULL);
    for (int i = 0; i < 5000; i++)
        tagpool_free(tagpool_alloc(TAGPOOL_NONPAGED, 64, *(uint32_t *)tag));
    (void)tagpool_driver_enter(NULL);
    return NULL;
}

/* Each thread works for its own driver; counts of threads that work for one add up. */
static void threads(void **state)
{
    uint32_t tag = fresh_tag();
    pthread_t thread[3];
    (void)state;
    struct tagpool_driver_stats before = stats_now();
    (void)tagpool_driver_enter(driver);
    for (int i = 0; i < 3; i++)
        same(pthread_create(&thread[i], NULL, work, &tag), 0);
    for (int i = 0; i < 3; i++)
        same(pthread_join(thread[i], NULL), 0);
    same(stats_now().pool[TAGPOOL_NONPAGED].allocs, before.pool[TAGPOOL_NONPAGED].allocs);
    driver = tagpool_driver_load("thread.sys");
    struct tagpool_driver_use use = stats_now().pool[TAGPOOL_NONPAGED];
    check(use.allocs == 15000 && use.frees == 15000 && use.blocks == 0 && use.bytes == 0);
    check(use.peak_blocks >= 1 && use.peak_blocks <= 3 && use.peak_bytes <= 192);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        driver_test(in_its_name), driver_test(peaks),     driver_test(load_and_unload), driver_test(bad_names),
        driver_test(stop),        driver_test(report_only), driver_test(adopt),         driver_test(free_them),
        driver_test(too_late),    driver_test(a_long_list), driver_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
