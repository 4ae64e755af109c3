/* SPDX-License-Identifier: MIT
 *
 * means.c: medians of samples and means of rows.
 */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(const double *samples, size_t count)
{
    double *sorted = calloc(count != 0 ? count : 1, sizeof *sorted);
    size_t good = 0;
    if (sorted == NULL) {
        fprintf(stderr, "bench: no memory for %zu samples\n", count);
        exit(1);
    }
    for (size_t i = 0; i < count; i++) {
        if (!isnan(samples[i])) {
            sorted[good++] = samples[i];
        }
    }
    qsort(sorted, good, sizeof sorted[0], compare);
    double median = good != 0 ? (sorted[(good - 1) / 2] + sorted[good / 2]) / 2 : NAN;
    free(sorted);
    return median;
}

static double geomean(const struct bench_run *run, size_t contender, size_t base, unsigned threads, bool traces)
{
    double sum = 0;
    unsigned count = 0;
    for (size_t i = 0; i < run->cells_count; i++) {
        const struct bench_cell *cell = &run->cells[i];
        double ratio = cell->median[contender] / cell->median[base];
        bool fits = cell->row->kind != BENCH_RSS && (cell->row->kind == BENCH_TRACE) == traces;
        if (!fits || (threads != 0 && cell->threads != threads) || isnan(ratio)) {
            continue;
        }
        sum += log(ratio);
        count++;
    }
    return count == 0 ? NAN : exp(sum / count);
}

double bench_geomean(const struct bench_run *run, size_t contender, size_t base, unsigned threads)
{
    return geomean(run, contender, base, threads, false);
}

double bench_geomean_traces(const struct bench_run *run, size_t contender, size_t base, unsigned threads)
{
    return geomean(run, contender, base, threads, true);
}

double bench_scaling(const struct bench_run *run, size_t contender, const char *row)
{
    double sum = 0;
    unsigned count = 0;
    for (size_t i = 0; i + 1 < run->cells_count; i++) {
        const struct bench_cell *one = &run->cells[i], *two = &run->cells[i + 1];
        double ratio = two->median[contender] / one->median[contender];
        bool wanted = row == NULL ? one->row->kind != BENCH_TRACE : strcmp(one->row->name, row) == 0;
        if (one->row != two->row || isnan(ratio) || !wanted) {
            continue;
        }
        sum += log(ratio);
        count++;
    }
    return count == 0 ? NAN : exp(sum / count);
}

double bench_share(const struct bench_run *run, unsigned threads)
{
    static double shares[BENCH_CELLS * BENCH_ROUNDS];
    size_t count = 0;
    for (size_t i = 0; i < run->cells_count; i++) {
        const struct bench_cell *cell = &run->cells[i];
        for (unsigned round = 0; round < run->rounds; round++) {
            if (cell->threads == threads && cell->row->kind != BENCH_PIPE) {
                shares[count++] = cell->share[run->contenders.base][round];
            }
        }
    }
    return bench_median(shares, count);
}
