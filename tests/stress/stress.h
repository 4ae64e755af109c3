/* SPDX-License-Identifier: MIT
 *
 * stress.h: what the stress programs share: require(), work scaled to the machine, a seeded generator, sizes at the borders
 * of classes, tags by number, patterns in blocks, and checks of where blocks lie and of what statistics say. */
#ifndef TAGPOOL_TESTS_STRESS_H
#define TAGPOOL_TESTS_STRESS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* fork, mincore and friends beside -std=c11 */
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tagpool.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STRESS_TSAN 1
#elif __has_feature(address_sanitizer)
#define STRESS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define STRESS_TSAN 1
#elif defined(__SANITIZE_ADDRESS__)
#define STRESS_ASAN 1
#endif

/* Works on any thread and in forked children, where cmocka's assertions must not be used: abort() fails the program, and a
 * parent that waits for the child sees it. */
#define require(condition) ((condition) ? (void)0 : require_failed(#condition, __FILE__, __LINE__))

static inline void require_failed(const char *condition, const char *file, int line)
{
    fflush(stdout);
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    fflush(stderr);
    abort();
}

/* ---- How much work --------------------------------------------------------------------------------------------- */

static inline unsigned long long number_from_environment(const char *name, unsigned long long otherwise)
{
    const char *text = getenv(name);
    return text != NULL && *text != '\0' ? strtoull(text, NULL, 0) : otherwise;
}

/* `amount` times TAGPOOL_SCALE percent, at least `least`. Sanitizers cost 5 to 20 times, so they get less by default. */
static inline size_t scaled(size_t amount, size_t least)
{
#if defined(STRESS_TSAN)
    unsigned long long percent = number_from_environment("TAGPOOL_SCALE", 10);
#elif defined(STRESS_ASAN)
    unsigned long long percent = number_from_environment("TAGPOOL_SCALE", 30);
#else
    unsigned long long percent = number_from_environment("TAGPOOL_SCALE", 100);
#endif
    size_t result = (size_t)((double)amount * (double)percent / 100.0);
    return result < least ? least : result;
}

/* ---- Random numbers (xorshift64*) ------------------------------------------------------------------------------ */

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
    rng->state ^= rng->state >> 12;
    rng->state ^= rng->state << 25;
    rng->state ^= rng->state >> 27;
    return rng->state * UINT64_C(0x2545F4914F6CDD1D);
}

static inline size_t rng_below(struct rng *rng, size_t limit)
{
    return (size_t)((rng_next(rng) >> 32) % limit);
}

/* A generator for stream number `stream` of a run: splitmix spreads near seeds far apart, and the state is never 0. */
static inline struct rng rng_of(uint64_t seed, uint64_t stream)
{
    uint64_t mixed = seed + (stream + 1) * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return (struct rng){(mixed ^ mixed >> 31) | 1};
}

/* The seed of the run: TAGPOOL_SEED, or a new one each time; printed, so that a failure can be run again. */
static inline uint64_t seed_of_run(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned long long fresh = (unsigned long long)now.tv_sec * 1000003 ^ (unsigned long long)now.tv_nsec ^ (unsigned)getpid();
    unsigned long long seed = number_from_environment("TAGPOOL_SEED", fresh);
    printf("TAGPOOL_SEED=%llu\n", seed);
    fflush(stdout);
    return seed;
}

/* A size from 0 to 4 MiB: half of them log-uniform, the others at the borders of classes, pages and common buffers. */
static inline size_t rng_size(struct rng *rng)
{
    static const size_t borders[] = {2048, 4064, 4088, 4096, 8192, 32768, 65536, 131072, 1 << 20};
    size_t kind = rng_below(rng, 16);
    if (kind < 5) {
        return 16 * (1 + rng_below(rng, 128)) - 1 + rng_below(rng, 3);
    }
    if (kind < 8) {
        /* a megabyte is drawn less often than the rest: its pages cost more than everything else together */
        size_t which = rng_below(rng, 8) + (rng_below(rng, 64) == 0);
        return borders[which] - 1 + rng_below(rng, 3);
    }
    unsigned bits = (unsigned)rng_below(rng, rng_below(rng, 8) == 0 ? 22 : 13);
    size_t size = ((size_t)1 << bits) + rng_below(rng, (size_t)1 << bits);
    return rng_below(rng, 256) == 0 ? 0 : size;
}

/* ---- Tags by number -------------------------------------------------------------------------------------------- */

/* Tag number `index` of 262,144: a letter and three of the 64 characters from '0' on. */
static inline uint32_t tag_of(char letter, size_t index)
{
    return TAGPOOL_TAG(letter, '0' + (index & 63), '0' + (index >> 6 & 63), '0' + (index >> 12 & 63));
}

static inline size_t tag_index(uint32_t tag)
{
    return (tag >> 8 & 255) - '0' + ((tag >> 16 & 255) - '0') * 64 + ((tag >> 24 & 127) - '0') * (size_t)4096;
}

/* ---- Patterns -------------------------------------------------------------------------------------------------- */

enum { PATTERN_ALL = 256, PATTERN_EDGE = 64, PATTERN_PROBES = 16 };

/* Range number `k` of the bytes that carry the pattern: everything in a small block; head, tail and 16 words between in a
 * larger one, so that a large block costs no more than the pages it must touch. Returns the offset. */
static inline size_t pattern_range(size_t bytes, unsigned k, size_t *length)
{
    if (bytes <= PATTERN_ALL) {
        *length = k == 0 ? bytes : 0;
        return 0;
    }
    *length = k < 2 ? PATTERN_EDGE : 8;
    return k == 0 ? 0 : k == 1 ? bytes - PATTERN_EDGE : (bytes - 8) / (PATTERN_PROBES + 1) * (k - 1);
}

static inline unsigned char pattern_byte(uint64_t seed, size_t offset)
{
    return (unsigned char)((seed >> (offset & 7) * 8) + (offset >> 3) * 37);
}

static inline void pattern_write(void *block, size_t bytes, uint64_t seed)
{
    unsigned char *at = block;
    for (unsigned k = 0; k < PATTERN_PROBES + 2; k++) {
        size_t length, offset = pattern_range(bytes, k, &length);
        for (size_t i = offset; i < offset + length; i++) {
            at[i] = pattern_byte(seed, i);
        }
    }
}

/* True iff the first `limit` bytes of a block that was written with `bytes` bytes still carry its pattern. */
static inline bool pattern_holds(const void *block, size_t bytes, size_t limit, uint64_t seed)
{
    const unsigned char *at = block;
    for (unsigned k = 0; k < PATTERN_PROBES + 2; k++) {
        size_t length, offset = pattern_range(bytes, k, &length);
        for (size_t i = offset; i < offset + length && i < limit; i++) {
            if (at[i] != pattern_byte(seed, i)) {
                return false;
            }
        }
    }
    return true;
}

static inline bool is_all_zero(const void *block, size_t bytes)
{
    const unsigned char *at = block;
    return bytes == 0 || (at[0] == 0 && memcmp(at, at + 1, bytes - 1) == 0);
}

/* ---- What the header promises of each block -------------------------------------------------------------------- */

/* The rules of alignment and pages for a block of `bytes` bytes at `address`. */
static inline bool is_placed_well(const void *address, size_t bytes, size_t alignment)
{
    const bool is_wide = sizeof(void *) > 4;
    uintptr_t at = (uintptr_t)address, in_page = at % TAGPOOL_PAGE_SIZE;
    if (at == 0 || at % (is_wide ? 16 : 8) != 0 || (alignment != 0 && at % alignment != 0)) {
        return false;
    }
    if (bytes > TAGPOOL_PAGE_SIZE - (is_wide ? 32 : 8)) {
        return in_page == 0;
    }
    return in_page + bytes <= TAGPOOL_PAGE_SIZE;
}

static inline size_t whole_pages(size_t bytes)
{
    return (bytes + TAGPOOL_PAGE_SIZE - 1) / TAGPOOL_PAGE_SIZE * TAGPOOL_PAGE_SIZE;
}

/* True iff `charged` can be what a block of `bytes` bytes takes: a class up to half a page, whole pages above. */
static inline bool is_charged_well(size_t bytes, size_t charged)
{
    return charged >= bytes && charged > 0 && (bytes <= TAGPOOL_PAGE_SIZE / 2 || charged % TAGPOOL_PAGE_SIZE == 0);
}

/* Bug check handler for programs that make no mistakes: every report is a failure of the test. */
static inline void on_unexpected_bugcheck(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    tagpool_bugcheck_print(bugcheck);
    require_failed("no bug check was expected", __FILE__, __LINE__);
}

/* ---- Statistics ------------------------------------------------------------------------------------------------ */

static inline struct tagpool_stats stats_of(uint32_t tag, enum tagpool_pool pool)
{
    struct tagpool_stats stats;
    tagpool_tag_stats(tag, pool, &stats);
    return stats;
}

/* Adds each field of `part` to `sum`. */
static inline void stats_add(struct tagpool_stats *sum, const struct tagpool_stats *part)
{
    sum->allocs += part->allocs;
    sum->frees += part->frees;
    sum->blocks += part->blocks;
    sum->bytes += part->bytes;
    sum->charged += part->charged;
    sum->peak_blocks += part->peak_blocks;
    sum->peak_charged += part->peak_charged;
    sum->failures += part->failures;
}

static inline bool is_same_count(uint64_t seen, uint64_t expected, const char *what, const char *field)
{
    if (seen != expected) {
        fprintf(stderr, "%s: %s: seen %llu, expected %llu\n", what, field, (unsigned long long)seen,
                (unsigned long long)expected);
    }
    return seen == expected;
}

/* Requires that all counts but the peaks agree, and says which did not. */
static inline void require_same_counts(const struct tagpool_stats *seen, const struct tagpool_stats *expected, const char *what)
{
    bool is_same = is_same_count(seen->allocs, expected->allocs, what, "allocs");
    is_same &= is_same_count(seen->frees, expected->frees, what, "frees");
    is_same &= is_same_count(seen->blocks, expected->blocks, what, "blocks");
    is_same &= is_same_count(seen->bytes, expected->bytes, what, "bytes");
    is_same &= is_same_count(seen->charged, expected->charged, what, "charged");
    is_same &= is_same_count(seen->failures, expected->failures, what, "failures");
    require(is_same);
}

/* The same, and the peaks. */
static inline void require_same_stats(const struct tagpool_stats *seen, const struct tagpool_stats *expected, const char *what)
{
    bool is_same = is_same_count(seen->peak_blocks, expected->peak_blocks, what, "peak_blocks");
    is_same &= is_same_count(seen->peak_charged, expected->peak_charged, what, "peak_charged");
    require_same_counts(seen, expected, what);
    require(is_same);
}

/* Requires of every row that it is consistent in itself, and that the rows add up to the pools and the pools to the total.
 * Other threads must not allocate or free meanwhile. Returns the number of rows. */
static inline size_t require_sums(void)
{
    size_t count = tagpool_rows(NULL, 0, TAGPOOL_BY_TAG);
    struct tagpool_row *rows = calloc(count + 1, sizeof *rows);
    require(rows != NULL && tagpool_rows(rows, count, TAGPOOL_BY_TAG) == count);
    struct tagpool_stats pools[2] = {{0}, {0}}, both = {0}, seen;
    for (size_t i = 0; i < count; i++) {
        const struct tagpool_stats *stats = &rows[i].stats;
        require(stats->blocks == stats->allocs - stats->frees && stats->frees <= stats->allocs);
        require(stats->charged >= stats->bytes && (stats->blocks > 0 || stats->charged == 0));
        require(stats->peak_blocks >= stats->blocks && stats->peak_blocks <= stats->allocs);
        require(stats->peak_charged >= stats->charged);
        stats_add(&pools[rows[i].pool], stats);
    }
    free(rows);
    for (unsigned pool = 0; pool < 2; pool++) {
        require(tagpool_pool_stats((enum tagpool_pool)pool, &seen) == TAGPOOL_OK);
        require_same_stats(&seen, &pools[pool], pool == TAGPOOL_PAGED ? "paged pool" : "nonpaged pool");
        stats_add(&both, &seen);
    }
    tagpool_total_stats(&seen);
    require_same_stats(&seen, &both, "total");
    return count;
}

/* ---- Processes and memory -------------------------------------------------------------------------------------- */

/* Waits for a child and requires that it called exit(0). */
static inline void require_child_passed(pid_t child)
{
    int status = 0;
    require(waitpid(child, &status, 0) == child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "child ended with status 0x%x\n", (unsigned)status);
        require_failed("the child passed", __FILE__, __LINE__);
    }
}

/* Sink for output that a test expects and nobody needs to see. */
static inline void drop_output(const char *text, size_t length, void *context)
{
    (void)text;
    (void)length;
    (void)context;
}

/* True iff what the system says of this process's memory tells about the library, not about a tool. */
static inline bool is_memory_measurable(void)
{
#if defined(STRESS_TSAN) || defined(STRESS_ASAN)
    return false;
#else
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded == NULL || strstr(preloaded, "vgpreload") == NULL;
#endif
}

/* Bytes of this process: address space (`field` 0) or resident (`field` 1). */
static inline size_t memory_of_process(int field)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages[2] = {0, 0};
    require(file != NULL && fscanf(file, "%lu %lu", &pages[0], &pages[1]) == 2);
    fclose(file);
    return (size_t)pages[field] * (size_t)sysconf(_SC_PAGESIZE);
}

#endif
