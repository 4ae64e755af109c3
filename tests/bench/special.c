/* SPDX-License-Identifier: MIT
 *
 * special.c: measures a pair of allocate and free in special pool, for each way in which its pages become inaccessible, beside a
 * pair of bare mprotect() calls on a page that is written to in between; and a pair of normal pool while one in 10,000 is
 * a sample, beside the same with nothing on. Prints processor time of the calling thread, medians of rounds taken in turn.
 *
 * A page that is a mapping of its own, once it has been accessible, costs the system less than half of one that joins the
 * inaccessible pages around it each time. Those of special pool do, or the process would run out of mappings: "in reserve" is
 * beside bare pairs of that kind.
 *
 * Each line runs in a process of its own. ROUNDS (default 41; 1 with QUICK) and PAIRS in each (default 2000) are variables. */
#define _GNU_SOURCE

#include "bench.h"
#include "clock.h"

#include "tagpool.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGES 64u /* that the bare pairs go through, every second one */
#define TAG TAGPOOL_TAG('W', 'a', 'v', 'e')

static unsigned long rounds, pairs;

static void protect_pairs(int flags)
{
    static char *memory;
    if (memory == NULL)
        memory = mmap(NULL, 2 * PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    for (unsigned long i = 0; i < pairs; i++) {
        char *page = memory + 2 * (i % PAGES) * PAGE;
        if (mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0)
            abort();
        *(volatile char *)page = 1;
        if (mprotect(page, PAGE, PROT_NONE) != 0)
            abort();
    }
}

static void bare_pairs(void)
{
    protect_pairs(0);
}

/* Memory that is not accounted for when it becomes accessible is the same as its neighbours when it no longer is. */
static void reserve_pairs(void)
{
    protect_pairs(MAP_NORESERVE);
}

static void pool_pairs(void)
{
    for (unsigned long i = 0; i < pairs; i++) {
        volatile char *block = tagpool_alloc(TAGPOOL_NONPAGED, 100, TAG);
        *block = 1;
        tagpool_free((void *)block);
    }
}

static double timed(void (*run)(void))
{
    uint64_t start = clock_read(CLOCK_THREAD_CPUTIME_ID);
    run();
    return (double)(clock_read(CLOCK_THREAD_CPUTIME_ID) - start) / (double)pairs;
}

/* The second pair with `options` on; the first is a bare one, or the same with `otherwise` on. */
static void measure(const char *name, const char *options, const char *otherwise, void (*bare)(void))
{
    double *first = calloc(2 * rounds, sizeof *first), *second = first + rounds;
    for (unsigned i = 0; i < rounds; i++) {
        if (otherwise != NULL)
            tagpool_start(otherwise);
        first[i] = timed(otherwise != NULL ? pool_pairs : bare);
        tagpool_start(options);
        second[i] = timed(pool_pairs);
    }
    double a = bench_median(first, rounds), b = bench_median(second, rounds);
    printf("%-28s %10.1f %10.1f %8.2f\n", name, a, b, b / a);
    fflush(stdout);
    free(first);
}

static void discard(const char *text, size_t length, void *context)
{
    (void)text, (void)length, (void)context;
}

int main(void)
{
    static const struct {
        const char *name, *options, *otherwise;
        void (*bare)(void);
    } lines[] = {
        {"special, markers", "special=Wave special_seed=1", NULL, bare_pairs},
        {"special, 100 pages", "special=Wave special_seed=1 special_pages=100", NULL, bare_pairs},
        {"special, caller only", "special=Wave special_seed=1 stack_frames=0", NULL, bare_pairs},
        {"special, protection", "special=Wave special_seed=1 special_guard=protect", NULL, bare_pairs},
        {"special, in reserve", "special=Wave special_seed=1 special_guard=protect", NULL, reserve_pairs},
        {"special, patterns", "special=Wave special_seed=1 special_guard=pattern special_pages=1000", NULL, bare_pairs},
        {"samples, 1 in 10,000", "special=* special_seed=1 special_sample=10000", "special=none", NULL},
        {"samples, 1 in 1,000,000", "special=* special_seed=1 special_sample=1000000", "special=none", NULL},
    };
    rounds = bench_number("ROUNDS", bench_quick() ? 1 : 41, 100000);
    pairs = bench_number("PAIRS", 2000, 1000000);
    printf("%-28s %10s %10s %8s\n", "nanoseconds of a pair", "without", "with", "ratio");
    fflush(stdout);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            tagpool_sink_set(discard, NULL);
            measure(lines[i].name, lines[i].options, lines[i].otherwise, lines[i].bare);
            _exit(0);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            return 1;
    }
    printf("\"without\" is a pair of bare mprotect() calls, for samples a pair with nothing on\n");
    return 0;
}
