/* SPDX-License-Identifier: MIT
 *
 * worker.c: measures one row with the one allocator that it was compiled for, in a process of its own.
 *
 *   worker ROW THREADS MICROSECONDS   runs for about that long; prints "ns" and nanoseconds per operation, "share" and how
 *                                     much of a processor each thread had, "ops" and the operations of the first thread
 *   worker ROW THREADS ops=N          does N operations per thread, rounded up to whole chunks
 *   worker scale ...                  one point of `make bench-scale`: scale.h
 *   worker soak ...                   `make soak`: soak.h
 *   worker who                        prints the shared objects or archives that the allocator and malloc come from
 *
 * A row rss-* needs ops=N and prints "rss" and resident bytes per live requested byte. When the allocator counts, its counts
 * must agree with what was done: a wrong count fails the run.
 */
#define _GNU_SOURCE

#include "clock.h"
#include "loops.h"
#include "pipe.h"
#include "resident.h"
#include "scale.h"
#include "soak.h"
#include "target.h"
#include "verify.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define SECONDS_AT_MOST 60u /* beyond the budget; then something hangs */

struct runner {
    struct work work;
    unsigned index;
    uint64_t operations;
    uint64_t start, end;
    uint64_t processor; /* nanoseconds of processor time between start and end */
};

static struct runner runners[BENCH_THREADS];
static uint64_t budget;           /* nanoseconds to run for, */
static uint64_t operations_fixed; /* unless this says how many operations */
static pthread_barrier_t barrier;

static void die(const char *what)
{
    fprintf(stderr, "bench worker: %s\n", what);
    exit(1);
}

/* Chunks until the budget or the number of operations is spent. */
static void run_chunks(struct runner *runner)
{
    runner->operations = 0;
    runner->start = clock_now();
    do {
        runner->operations += loops_chunk(&runner->work);
        runner->end = clock_now();
    } while (operations_fixed != 0 ? runner->operations < operations_fixed : runner->end - runner->start < budget);
}

static void *run_thread(void *argument)
{
    struct runner *runner = argument;
    bool is_pipe = runner->work.row->kind == BENCH_PIPE;
    loops_open(&runner->work);
    uint64_t warm_end = clock_now() + budget / 8;
    if (is_pipe) {
        pipe_side(&runner->work, 0, runner->index, budget / 8);
    } else {
        do {
            loops_chunk(&runner->work);
        } while (clock_now() < warm_end);
    }
    pthread_barrier_wait(&barrier);
    uint64_t processor = clock_thread();
    if (is_pipe) {
        runner->start = clock_now();
        runner->operations = pipe_side(&runner->work, 1, runner->index, budget);
        runner->end = clock_now();
    } else {
        run_chunks(runner);
    }
    runner->processor = clock_thread() - processor;
    return NULL;
}

/* Nanoseconds per operation: each thread's own, averaged; of a pipe, wall time per block of a sender. */
static double nanoseconds(const struct bench_row *row, unsigned threads)
{
    double sum = 0;
    if (row->kind == BENCH_PIPE) {
        for (unsigned i = 0; i < threads; i++) {
            sum += (double)runners[i].operations;
        }
        uint64_t start = runners[0].start < runners[1].start ? runners[0].start : runners[1].start;
        uint64_t end = runners[0].end > runners[1].end ? runners[0].end : runners[1].end;
        return (double)(end - start) / (row->both_ways ? sum / 2 : sum);
    }
    for (unsigned i = 0; i < threads; i++) {
        sum += (double)(runners[i].end - runners[i].start) / (double)runners[i].operations;
    }
    return sum / threads;
}

/* Processor time to wall time. Less than 1 tells of waiting: for a lock, or for a processor that others use. */
static double share(unsigned threads)
{
    double processor = 0, wall = 0;
    for (unsigned i = 0; i < threads; i++) {
        processor += (double)runners[i].processor;
        wall += (double)(runners[i].end - runners[i].start);
    }
    return processor / wall;
}

static void run_timed(const struct bench_row *row, unsigned threads)
{
    pthread_t ids[BENCH_THREADS];
    if (pthread_barrier_init(&barrier, NULL, threads) != 0) {
        die("no barrier");
    }
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, run_thread, &runners[i]) != 0) {
            die("no thread");
        }
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    printf("ns %.4f share %.4f ops %" PRIu64 "\n", nanoseconds(row, threads), share(threads), runners[0].operations);
}

/* What a process has resident anyway is so before: the harness's own pages, and the allocator's first ones. */
static void run_rss(void)
{
    struct work *work = &runners[0].work;
    memset(work->blocks, 0xFF, sizeof work->blocks);
    verify_first_block(work->trace.first[0].tag);
    uint64_t before = resident_bytes();
    loops_open(work);
    run_chunks(&runners[0]);
    uint64_t after = resident_bytes();
    loops_close(work);
    if (before == 0 || after <= before) {
        die("the system does not tell resident memory");
    }
    printf("rss %.4f\n", (double)(after - before) / (double)work->live_bytes);
}

/* Compares the target's own counts with what the loops did. */
static void verify(unsigned threads)
{
    uint64_t allocs = 0, frees = 0;
    for (unsigned i = 0; i < threads; i++) {
        allocs += runners[i].work.allocs;
        frees += runners[i].work.frees;
    }
    verify_counts(allocs, frees);
}

/* Loads the trace of a row that replays: the user's own, or one from the folder traces beside this program. */
static void replay_open(struct work *work, const char *program)
{
    char path[4096], error[REPLAY_ERROR];
    const char *slash = strrchr(program, '/'), *own = getenv("TRACE");
    int folder = slash == NULL ? 0 : (int)(slash + 1 - program);
    if (strcmp(work->row->name, BENCH_ROW_OWN) == 0) {
        snprintf(path, sizeof path, "%s", own == NULL ? "" : own);
    } else {
        snprintf(path, sizeof path, "%.*straces/%s.trace", folder, program, work->row->name + strlen("trace-"));
    }
    if (!replay_load(&work->replay, path, error)) {
        fprintf(stderr, "bench worker: trace \"%s\": %s\n", path, error);
        exit(1);
    }
}

#ifdef BENCH_STATIC
/* Written by tests/bench/static.sh: what the linker took the functions from. */
extern const char linked_entry[], linked_malloc[];
#endif

static const char *object_of(const char *symbol)
{
#ifdef BENCH_STATIC
    return strcmp(symbol, "malloc") == 0 ? linked_malloc : linked_entry;
#else
    Dl_info info;
    void *address = dlsym(RTLD_DEFAULT, symbol);
    return address != NULL && dladdr(address, &info) != 0 ? info.dli_fname : "?";
#endif
}

#define TEXT_OF(name) TEXT(name)
#define TEXT(name) #name

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "who") == 0) {
        printf("%s %s\n", object_of(TEXT_OF(TARGET_ENTRY)), object_of("malloc"));
        return 0;
    }
    if (count >= 2 && (strcmp(arguments[1], "scale") == 0 || strcmp(arguments[1], "soak") == 0)) {
        int status = strcmp(arguments[1], "scale") == 0 ? scale_main(count, arguments) : soak_main(count, arguments);
        fflush(stdout);
        _exit(status);
    }
    const struct bench_row *row = count == 4 ? bench_row_find(arguments[1]) : NULL;
    if (row == NULL) {
        die("usage: worker ROW THREADS MICROSECONDS|ops=N, or worker who");
    }
    unsigned threads = (unsigned)strtoul(arguments[2], NULL, 10);
    if (threads < row->threads_min || threads > row->threads_max) {
        die("this row does not run with so many threads");
    }
    if (strncmp(arguments[3], "ops=", 4) == 0) {
        operations_fixed = strtoull(arguments[3] + 4, NULL, 10);
    } else {
        budget = strtoull(arguments[3], NULL, 10) * 1000;
    }
    if ((budget == 0 || row->kind == BENCH_RSS) && (operations_fixed == 0 || row->kind == BENCH_PIPE)) {
        die("this row wants the other of MICROSECONDS and ops=N");
    }
    alarm(SECONDS_AT_MOST + (unsigned)(budget / 1000000000u));
    for (unsigned i = 0; i < threads; i++) {
        runners[i].index = i;
        runners[i].work.row = row;
        trace_draw(&runners[i].work.trace, row, i);
        if (row->kind == BENCH_TRACE) {
            replay_open(&runners[i].work, arguments[0]);
        }
    }
    if (row->kind == BENCH_RSS) {
        run_rss();
    } else {
        run_timed(row, threads);
    }
    verify(threads);
    fflush(stdout);
    _exit(0);
}
