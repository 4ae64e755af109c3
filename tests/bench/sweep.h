/* SPDX-License-Identifier: MIT
 *
 * sweep.h: the scans of `make bench-scale`, and what was measured at their points.
 */
#ifndef BENCH_SWEEP_H
#define BENCH_SWEEP_H

#include "bench.h"

#include <stdint.h>

#define SWEEP_POINTS 8u
#define SWEEP_PHASES 2u

/* Of one phase at one point. */
struct sweep_result {
    double ns;      /* of a processor per operation */
    double slowest; /* operations of the slowest and of the fastest thread, relative to the mean */
    double fastest;
    double rate; /* operations for its processor time, of the thread that has the fewest, relative to the mean */
    double share; /* of the processor time that the threads had */
};

/* One number grows, the others stay. */
struct sweep_scan {
    const char *name, *title;
    char grows;      /* t: tags, b: live bytes, n: threads */
    uint32_t median; /* of the block sizes */
    uint64_t points[SWEEP_POINTS];
    unsigned count;
};

struct sweep_point {
    bool measured;
    struct sweep_result samples[BENCH_CONTENDERS][SWEEP_PHASES][BENCH_ROUNDS];
    struct sweep_result medians[BENCH_CONTENDERS][SWEEP_PHASES];
};

extern const char *const sweep_phases[SWEEP_PHASES];

/* "16 MiB", or the number */
void sweep_point_name(const struct sweep_scan *scan, unsigned point, char *text, size_t capacity);

/* sweep_print.c */
void sweep_print(const struct bench_run *run, const struct sweep_scan *scan, const struct sweep_point *points);
void sweep_csv(FILE *csv, const struct bench_run *run, const struct sweep_scan *scan, const struct sweep_point *points);

#endif
