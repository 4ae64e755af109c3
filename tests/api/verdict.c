/* SPDX-License-Identifier: MIT
 *
 * verdict.c: tests of the verdict and of shutdown. Each test runs in a child whose library was never started. */
#include "test.h"

#define TAG TAGPOOL_TAG('L', 'e', 'a', 'k')

/* The report's line for one tag and pool: how many blocks and bytes, requested and charged. */
static bool has_row(const char *tag, const char *pool, unsigned long long blocks, unsigned long long bytes)
{
    unsigned long long found_blocks, found_bytes, found_charged;
    char start[40];
    snprintf(start, sizeof start, "tagpool:   %s %s ", tag, pool);
    const char *line = strstr(output, start);
    return line && sscanf(line + strlen(start), "%llu %llu %llu\n", &found_blocks, &found_bytes, &found_charged) == 3 &&
           found_blocks == blocks && found_bytes == bytes && found_charged >= bytes;
}

/* "there was nothing to check: never started". */
static void never_started(void)
{
    same(tagpool_verdict(), TAGPOOL_NOT_CHECKED);
    check(printed("not checked"));
    output_clear();
    same(tagpool_shutdown(), TAGPOOL_NOT_CHECKED);
    check(printed("not checked"));
}

/* "nothing is outstanding". */
static void clean(void)
{
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 100, TAG));
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    check(printed("clean") && !printed("Leak"));
    output_clear();
    same(tagpool_start(NULL), 0);
    same(tagpool_shutdown(), TAGPOOL_CLEAN);
    check(printed("clean"));
}

/* A library that was started and never used is clean, not unchecked. */
static void started_and_unused(void)
{
    same(tagpool_start(""), 0);
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    same(tagpool_shutdown(), TAGPOOL_CLEAN);
}

/* "a verdict line; for each tag and pool the blocks and bytes; then the blocks themselves [...]. The library goes on." */
static void leak(void)
{
    void *a = tagpool_alloc(TAGPOOL_PAGED, 1111, TAG), *b = tagpool_alloc(TAGPOOL_PAGED, 22, TAG);
    void *c = tagpool_alloc(TAGPOOL_NONPAGED, 333, TAG);
    void *d = tagpool_alloc(TAGPOOL_PAGED, 44444, TAGPOOL_TAG('O', 't', 'h', 'r'));
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 5, TAGPOOL_TAG('F', 'i', 'n', 'e')));
    for (int round = 0; round < 2; round++) {
        output_clear();
        same(tagpool_verdict(), TAGPOOL_LEAK);
        check(printed("tagpool: verdict: leak: 4 blocks, 45910 bytes "));
        check(has_row("Leak", "Paged", 2, 1133));
        check(has_row("Leak", "Nonp", 1, 333));
        check(has_row("Othr", "Paged", 1, 44444));
        check(has_hex(output, (uintptr_t)a) && has_hex(output, (uintptr_t)b) && has_hex(output, (uintptr_t)c) &&
              has_hex(output, (uintptr_t)d));
        check(!printed("Fine") && !printed("not listed"));
    }
    tagpool_free(a);
    tagpool_free(b);
    tagpool_free(c);
    tagpool_free(d);
    same(tagpool_verdict(), TAGPOOL_CLEAN);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 5, TAG));
}

/* "as many as option leak_blocks allows, and how many were cut". */
static void the_list_is_cut(void)
{
    static const char *const options[] = {"leak_blocks=0", "leak_blocks=1", "leak_blocks=7", "leak_blocks=39",
                                          "leak_blocks=40"};
    static const size_t kept[] = {0, 1, 7, 39, 40};
    void *blocks[40];
    char text[50];
    for (size_t i = 0; i < 40; i++)
        blocks[i] = tagpool_alloc(i % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, 10 + i, TAG);
    for (size_t o = 0; o < 5; o++) {
        size_t listed = 0;
        same(tagpool_start(options[o]), 0);
        output_clear();
        same(tagpool_verdict(), TAGPOOL_LEAK);
        for (size_t i = 0; i < 40; i++)
            listed += has_hex(output, (uintptr_t)blocks[i]);
        same(listed, kept[o]);
        const char *noun = 40 - kept[o] == 1 ? "more block" : kept[o] != 0 ? "more blocks" : "blocks";
        snprintf(text, sizeof text, "  %zu %s not listed", 40 - kept[o], noun);
        check(printed(text) == (kept[o] < 40));
        check(printed("40 blocks"));
    }
    for (size_t i = 0; i < 40; i++)
        tagpool_free(blocks[i]);
}

/* By default 16 blocks are listed. */
static void sixteen_are_listed(void)
{
    void *blocks[20];
    size_t listed = 0;
    for (size_t i = 0; i < 20; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, 3000 * i, TAG);
    same(tagpool_verdict(), TAGPOOL_LEAK);
    for (size_t i = 0; i < 20; i++)
        listed += has_hex(output, (uintptr_t)blocks[i]);
    same(listed, 16);
    check(printed("4 more"));
    for (size_t i = 0; i < 20; i++)
        tagpool_free(blocks[i]);
}

/* "closes both pools: allocations fail from now on, frees and statistics still work, blocks stay valid". */
static void shutdown_closes(void)
{
    unsigned char *paged = tagpool_alloc(TAGPOOL_PAGED, 3000, TAG), *big = tagpool_alloc(TAGPOOL_NONPAGED, 1 << 20, TAG);
    fill(paged, 3000, 1);
    fill(big, 1 << 20, 2);
    same(tagpool_shutdown(), TAGPOOL_LEAK);
    check(has_row("Leak", "Paged", 1, 3000) && has_row("Leak", "Nonp", 1, 1048576));
    check(tagpool_alloc(TAGPOOL_PAGED, 10, TAG) == NULL);
    check(tagpool_zalloc(TAGPOOL_PAGED, 0, TAG) == NULL);
    check(tagpool_aligned_alloc(TAGPOOL_NONPAGED, 64, 10, TAG) == NULL);
    check(tagpool_realloc(paged, 100000) == NULL);
    check(filled(paged, 3000, 1) && filled(big, 1 << 20, 2));
    same(stats_of(TAG, TAGPOOL_PAGED).failures, 3);
    same(stats_of(TAG, TAGPOOL_NONPAGED).failures, 1);
    same(stats_of(TAG, TAGPOOL_PAGED).bytes, 3000);
    same(tagpool_size(paged), 3000);
    check(query(big + 5).address == big);
    tagpool_free(paged);
    tagpool_free(paged);
    check(mistake(0xC2, 0x07));
    tagpool_free(big + 1);
    check(mistake(0xC2, 0x99));
    tagpool_free(big);
    same(stats_of(TAG, TAGPOOL_PAGED).blocks, 0);
}

/* "Second calls return TAGPOOL_NOT_CHECKED", as does a verdict "shut down before". */
static void second_shutdown(void)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, 3000, TAG);
    same(tagpool_shutdown(), TAGPOOL_LEAK);
    same(tagpool_shutdown(), TAGPOOL_NOT_CHECKED);
    same(tagpool_verdict(), TAGPOOL_NOT_CHECKED);
    tagpool_free(block);
    same(tagpool_shutdown(), TAGPOOL_NOT_CHECKED);
}

/* "tagpool_start() opens the pools again": blocks and counts are the old ones, a second shutdown checks again. */
static void start_opens_again(void)
{
    unsigned char *block = tagpool_alloc(TAGPOOL_PAGED, 3000, TAG);
    fill(block, 3000, 1);
    for (unsigned round = 1; round <= 3; round++) {
        same(tagpool_shutdown(), TAGPOOL_LEAK);
        check(tagpool_alloc(TAGPOOL_PAGED, 10, TAG) == NULL);
        same(tagpool_start(NULL), 0);
        void *other = tagpool_alloc(TAGPOOL_PAGED, 10, TAG);
        check(other != NULL);
        same(stats_of(TAG, TAGPOOL_PAGED).blocks, 2);
        same(stats_of(TAG, TAGPOOL_PAGED).allocs, round + 1);
        tagpool_free(other);
        check(filled(block, 3000, 1));
    }
    tagpool_free(block);
    same(tagpool_shutdown(), TAGPOOL_CLEAN);
}

/* Only tagpool_start() opens them: no other call does. */
static void nothing_else_opens(void)
{
    struct tagpool_stats stats;
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 10, TAG));
    same(tagpool_shutdown(), TAGPOOL_CLEAN);
    same(tagpool_limit_set(TAGPOOL_PAGED, 0), 0);
    tagpool_total_stats(&stats);
    tagpool_trim();
    same(tagpool_validate(), 0);
    check(tagpool_alloc(TAGPOOL_PAGED, 10, TAG) == NULL);
}

/* Mistakes in allocations are still named after shutdown. */
static void mistakes_after_shutdown(void)
{
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 10, TAG));
    same(tagpool_shutdown(), TAGPOOL_CLEAN);
    check(tagpool_alloc(TAGPOOL_PAGED, 10, 0) == NULL);
    check(mistake(0xC2, 0x9B));
    tagpool_free(NULL);
    check(mistake(0xC2, 0x46));
}

/* A protected block is in the report under its plain tag. */
static void protected_leak(void)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, 77, TAG | TAGPOOL_PROTECTED);
    same(tagpool_shutdown(), TAGPOOL_LEAK);
    check(has_row("Leak", "Paged", 1, 77));
    tagpool_free_tag(block, TAG | TAGPOOL_PROTECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(never_started),           fresh_test(clean),
        fresh_test(started_and_unused),      fresh_test(leak),
        fresh_test(the_list_is_cut),         fresh_test(sixteen_are_listed),
        fresh_test(shutdown_closes),         fresh_test(second_shutdown),
        fresh_test(start_opens_again),       fresh_test(nothing_else_opens),
        fresh_test(mistakes_after_shutdown), fresh_test(protected_leak),
    };
    return cmocka_run_group_tests_name("verdict and shutdown", tests, NULL, NULL);
}
