/* SPDX-License-Identifier: MIT
 *
 * rows.h: the rows of the bench table, known to the driver that prints them and the worker that runs them.
 *
 * One operation is an allocation and a free. A row runs with each number of threads from threads_min to threads_max;
 * each thread has blocks of its own (pipes excepted), all threads use the same tags.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_THREADS 2u

enum bench_kind {
    BENCH_PAIR,  /* allocate and free at once */
    BENCH_BATCH, /* allocate 1,000 blocks, then free them in the row's order */
    BENCH_LIVE,  /* 100,000 live blocks of log-normal sizes, one at random replaced by each operation */
    BENCH_PIPE,  /* one thread allocates, the other frees */
    BENCH_TRACE, /* what a real program allocated and freed, replayed; its means are apart */
    BENCH_RSS    /* the live set after much replacing: resident bytes per live byte instead of time */
};

enum bench_order { BENCH_LIFO, BENCH_FIFO, BENCH_RANDOM };

struct bench_row {
    const char *name;
    enum bench_kind kind;
    size_t bytes;           /* of each block; 0 where the trace says it */
    unsigned tags;          /* different tags in use, picked at random; 0 where the trace says it */
    enum bench_order order; /* of the frees of a batch */
    bool both_ways;         /* pipe: both threads allocate, each frees what the other sends */
    unsigned threads_min, threads_max;
};

extern const struct bench_row bench_rows[];
extern const size_t bench_rows_count;

/* Replays the user's own trace: only there if the environment's TRACE names one. */
#define BENCH_ROW_OWN "trace-own"

/* The row of that name, or NULL. */
const struct bench_row *bench_row_find(const char *name);

#endif
