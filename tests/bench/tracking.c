/* SPDX-License-Identifier: MIT
 *
 * tracking.c: measures pairs of allocate and free while they are tracked, with a call stack of 16 frames, on one thread and on
 * two at once, beside the same with nothing on. Prints millions of pairs per second of wall time, medians of rounds taken in
 * turn, and which share of a processor each thread had: less than 1 if it waited, or others were at work.
 *
 * Threads share one tag and one call site: nothing keeps their counts apart. ROUNDS (default 201; 1 with QUICK) and PAIRS of each
 * thread in each round (default 2000, with nothing on ten times as many) are variables. Rounds are so short that many have the
 * processors to themselves even if others are at work.
 */
#define _GNU_SOURCE

#include "bench.h"
#include "clock.h"

#include "tagpool/verifier.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define TAG TAGPOOL_TAG('W', 'a', 'v', 'e')
#define FRAMES 16u
#define THREADS_MOST 2u
#define WARM_PAIRS 1000u /* that are not measured */

static const struct {
    const char *name, *options;
    unsigned frames; /* that must be kept of each block; 0: it is not tracked */
} lines[] = {
    {"nothing on", "track=none", 0},
    {"tracked, 16 frames", "track=* stack_frames=16 log=65536", FRAMES},
    {"tracked, 16 frames, no log", "track=* stack_frames=16 log=0", FRAMES},
    {"tracked, caller only", "track=* stack_frames=0 log=65536", 1},
};

#define LINES (sizeof lines / sizeof *lines)

static unsigned long rounds, pairs;
static unsigned running, arrived; /* threads */

/* What one thread is to do, and did. */
struct work {
    unsigned number; /* of the thread */
    bool is_parted;  /* from the others */
    size_t line;
    unsigned long pairs;
    uint64_t start, end, processor;
};

static void pool_pairs(unsigned long count)
{
    for (unsigned long i = 0; i < count; i++) {
        volatile char *block = tagpool_alloc(TAGPOOL_NONPAGED, 100, TAG);
        *block = 1;
        tagpool_free((void *)block);
    }
}

/* All threads go on at once: what is measured is too short for the system to wake them. */
static void wait_for_others(void)
{
    (void)__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < running)
        (void)sched_yield();
}

/* Sees that what is measured is what it is said to be, and measures it. */
static __attribute__((noinline)) void do_work(struct work *work)
{
    unsigned frames = lines[work->line].frames;
    struct tagpool_operation operation;
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, 100, TAG);
    bool is_tracked = tagpool_origin(block, &operation, NULL) == TAGPOOL_OK;
    tagpool_free(block);
    if (is_tracked != (frames != 0) || (is_tracked && operation.frame_count != frames)) {
        fprintf(stderr, "tracking: %u frames were kept, should be %u\n", is_tracked ? operation.frame_count : 0, frames);
        exit(1);
    }
    pool_pairs(WARM_PAIRS);
    wait_for_others();
    uint64_t processor = clock_thread();
    work->start = clock_now();
    pool_pairs(work->pairs);
    work->end = clock_now();
    work->processor = clock_thread() - processor;
}

/* So deep that a whole stack of 16 frames is there to be walked. */
static __attribute__((noinline)) void nested(unsigned depth, struct work *work)
{
    if (depth == 0)
        do_work(work);
    else
        nested(depth - 1, work);
    __asm__ volatile("" ::: "memory"); /* no jump instead of the call */
}

/* Each thread has a processor of its own, if there are so many: they run too shortly to be parted by the system. */
static void part(unsigned number)
{
    cpu_set_t allowed, own;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &allowed) && number-- == 0) {
            CPU_ZERO(&own);
            CPU_SET(i, &own);
            (void)sched_setaffinity(0, sizeof own, &own);
        }
}

static void *run(void *context)
{
    struct work *work = context;
    if (work->is_parted)
        part(work->number);
    nested(FRAMES, work);
    return NULL;
}

/* Millions of pairs per second of all threads together, from the first one's start to the last one's end; *share, of one
 * processor, is what each thread had of it. */
static double measure(size_t line, unsigned threads, double *share)
{
    pthread_t thread[THREADS_MOST];
    struct work work[THREADS_MOST];
    unsigned long each = lines[line].frames == 0 ? 10 * pairs : pairs;
    running = threads;
    arrived = 0;
    for (unsigned i = 0; i < threads; i++) {
        work[i] = (struct work){.number = i, .is_parted = threads > 1, .line = line, .pairs = each};
        if (pthread_create(&thread[i], NULL, run, &work[i]) != 0)
            exit(1);
    }
    uint64_t start = UINT64_MAX, end = 0, processor = 0;
    for (unsigned i = 0; i < threads; i++) {
        (void)pthread_join(thread[i], NULL);
        start = work[i].start < start ? work[i].start : start;
        end = work[i].end > end ? work[i].end : end;
        processor += work[i].processor;
    }
    *share = (double)processor / (double)(end - start) / threads;
    return (double)(threads * each) * 1e3 / (double)(end - start);
}

/* What was measured of one line. */
struct samples {
    double *rate[THREADS_MOST], *share[THREADS_MOST];
};

int main(void)
{
    struct samples samples[LINES];
    rounds = bench_number("ROUNDS", bench_quick() ? 1 : 201, 100000);
    pairs = bench_number("PAIRS", 2000, 100000000);
    double *room = calloc(2 * LINES * THREADS_MOST * rounds, sizeof *room);
    if (room == NULL)
        return 1;
    for (size_t i = 0; i < LINES * THREADS_MOST; i++) {
        samples[i / THREADS_MOST].rate[i % THREADS_MOST] = room + 2 * i * rounds;
        samples[i / THREADS_MOST].share[i % THREADS_MOST] = room + (2 * i + 1) * rounds;
    }
    for (unsigned long round = 0; round < rounds; round++)
        for (size_t line = 0; line < LINES; line++) {
            (void)tagpool_start(lines[line].options);
            for (unsigned i = 0; i < THREADS_MOST; i++)
                samples[line].rate[i][round] = measure(line, i + 1, &samples[line].share[i][round]);
        }
    printf("%-28s %12s %12s %10s  %s\n", "million pairs per second", "one thread", "two threads", "two / one",
           "share of a processor");
    for (size_t line = 0; line < LINES; line++) {
        double one = bench_median(samples[line].rate[0], rounds), two = bench_median(samples[line].rate[1], rounds);
        printf("%-28s %12.2f %12.2f %10.2f  %.2f, %.2f\n", lines[line].name, one, two, two / one,
               bench_median(samples[line].share[0], rounds), bench_median(samples[line].share[1], rounds));
    }
    free(room);
    return 0;
}
