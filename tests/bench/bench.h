/* SPDX-License-Identifier: MIT
 *
 * bench.h: what the parts of the driver share: contenders, cells, samples.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "rows.h"

#include <stdio.h>

#define BENCH_CONTENDERS 32u
#define BENCH_CELLS 128u
#define BENCH_ROUNDS 99u
#define BENCH_NAME 32u
#define BENCH_PATH 1024u

/* One allocator: a worker program, and what is loaded before the C library. */
struct bench_contender {
    char name[BENCH_NAME];
    const char *program;      /* worker-<program>, or with static linkage worker-static-<name> */
    char preload[BENCH_PATH]; /* LD_PRELOAD; "" for none, as always with static linkage */
    char entry[BENCH_PATH];   /* the object that the measured functions come from */
    char malloc_from[BENCH_PATH];
    bool makes_blocks; /* false: gives one block again and again, and cannot run live sets */
};

struct bench_contenders {
    struct bench_contender list[BENCH_CONTENDERS];
    size_t count;
    size_t base; /* the one that ratios refer to */
};

/* One line of the table. */
struct bench_cell {
    const struct bench_row *row;
    unsigned threads;
    double samples[BENCH_CONTENDERS][BENCH_ROUNDS]; /* NAN: failed, or does not apply */
    double median[BENCH_CONTENDERS];
    double share[BENCH_CONTENDERS][BENCH_ROUNDS]; /* of a processor, that each thread had */
};

struct bench_run {
    const char *folder; /* of the workers */
    bool is_static;     /* each allocator is linked into its worker; otherwise each is a shared library. Never mixed. */
    unsigned rounds;
    unsigned long microseconds; /* for each cell */
    unsigned long rss_operations;
    struct bench_contenders contenders;
    struct bench_cell cells[BENCH_CELLS];
    size_t cells_count;
};

/* options.c */

/* The number in environment variable `name`, or `otherwise`. Exits if it is not from 1 to `most`. */
unsigned long bench_number(const char *name, unsigned long otherwise, unsigned long most);

/* QUICK is set, and not to 0. */
bool bench_quick(void);

/* LINKAGE says static. Exits if it says neither that nor shared. */
bool bench_static(void);

/* "static" or "shared" */
const char *bench_linkage(const struct bench_run *run);

/* contenders.c */

/* True iff the comma-separated `patterns` (NULL: everything) have one that matches `name`. */
bool bench_matches(const char *patterns, const char *name);

/* Finds who takes part: ours, the C library, the installed peers, those in `peers` (comma-separated, path or name=path), and
 * the wrappers over `base`. `wanted` picks from them by pattern; the base always takes part. Exits if something asked for is
 * not there. */
void bench_contenders_find(struct bench_run *run, const char *peers, const char *base, const char *wanted);

/* Runs the contender's worker with these arguments and gives its first line of output. False if it failed. */
bool bench_contender_run(const struct bench_run *run, const struct bench_contender *contender, const char *const arguments[],
                         char *line, size_t capacity);

/* means.c, table.c, json.c */

/* Geometric mean of the ratios to `base` over the timed cells with so many threads that both did; 0 threads: all. NAN if
 * there are none. The second one is over the cells that replay traces, which the first one leaves out. */
double bench_geomean(const struct bench_run *run, size_t contender, size_t base, unsigned threads);
double bench_geomean_traces(const struct bench_run *run, size_t contender, size_t base, unsigned threads);

/* Geometric mean, over rows that run on one and on two threads, of two threads' time to one thread's; `row` picks one. All rows
 * leaves out those that replay traces. */
double bench_scaling(const struct bench_run *run, size_t contender, const char *row);

/* Median share of a processor that each of the base's threads had, over rows without pipes; NAN if there are none. The base
 * waits for no lock: less than 1 means that others used the machine, and that two threads did not really run together. */
double bench_share(const struct bench_run *run, unsigned threads);

void bench_table_print(const struct bench_run *run);

/* The middle one of `count` samples, leaving out NAN; NAN if there is none. */
double bench_median(const double *samples, size_t count);

/* Returns 0, or -1 if the file could not be written. */
int bench_json_write(const struct bench_run *run, const char *path);

#endif
