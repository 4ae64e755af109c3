/* SPDX-License-Identifier: MIT
 *
 * table.c: the table for people.
 */
#include "bench.h"

#include <math.h>
#include <string.h>

#define FIRST_COLUMN 24
#define SHARE_FAIR 0.95

static void heading_print(const struct bench_run *run, const char *text)
{
    printf("\n%-*s", FIRST_COLUMN, text);
    for (size_t i = 0; i < run->contenders.count; i++) {
        printf(" %14s", run->contenders.list[i].name);
    }
    printf("\n");
}

static void number_print(double number)
{
    if (isnan(number)) {
        printf(" %14s", "-");
    } else {
        printf(" %14.2f", number);
    }
}

static void cell_print(const struct bench_run *run, const struct bench_cell *cell)
{
    double base = cell->median[run->contenders.base];
    printf("%-*s", FIRST_COLUMN, cell->row->name);
    for (size_t i = 0; i < run->contenders.count; i++) {
        double value = cell->median[i];
        if (cell->row->kind == BENCH_RSS || isnan(value)) {
            number_print(value);
        } else if (isnan(base)) {
            printf(" %7.1f    -   ", value);
        } else {
            printf(" %7.1f (%4.2f)", value, value / base);
        }
    }
    printf("\n");
}

/* The position of our own column, or `count` if it does not take part. */
static size_t ours(const struct bench_run *run)
{
    size_t i = 0;
    while (i < run->contenders.count && strcmp(run->contenders.list[i].name, "tagpool") != 0) {
        i++;
    }
    return i;
}

typedef double mean(const struct bench_run *run, size_t contender, size_t base, unsigned threads);

/* A mean with all contenders to the base, and to ourselves. Nothing if no row belongs to it. */
static void means_print(const struct bench_run *run, const char *name, mean *mean_of, unsigned threads)
{
    size_t own = ours(run);
    if (isnan(mean_of(run, run->contenders.base, run->contenders.base, threads))) {
        return;
    }
    printf("%-*s", FIRST_COLUMN, name);
    for (size_t i = 0; i < run->contenders.count; i++) {
        number_print(mean_of(run, i, run->contenders.base, threads));
    }
    printf("\n");
    if (own == run->contenders.count) {
        return;
    }
    printf("%-*s", FIRST_COLUMN, "times tagpool");
    for (size_t i = 0; i < run->contenders.count; i++) {
        number_print(mean_of(run, i, own, threads));
    }
    printf("\n");
}

static void share_print(const struct bench_run *run, unsigned threads)
{
    double share = bench_share(run, threads);
    printf("Each thread had %.0f %% of a processor.%s\n", 100 * share,
           share < SHARE_FAIR ? " Others used the machine: do not trust these numbers." : "");
}

static bool has_cells(const struct bench_run *run, bool rss, unsigned threads)
{
    for (size_t i = 0; i < run->cells_count; i++) {
        const struct bench_cell *cell = &run->cells[i];
        if ((cell->row->kind == BENCH_RSS) == rss && cell->threads == threads) {
            return true;
        }
    }
    return false;
}

static void section_print(const struct bench_run *run, const char *title, bool rss, unsigned threads)
{
    if (!has_cells(run, rss, threads)) {
        return;
    }
    heading_print(run, title);
    for (size_t i = 0; i < run->cells_count; i++) {
        const struct bench_cell *cell = &run->cells[i];
        if ((cell->row->kind == BENCH_RSS) == rss && cell->threads == threads) {
            cell_print(run, cell);
        }
    }
    if (!rss) {
        means_print(run, "geometric mean of ratios", bench_geomean, threads);
        means_print(run, "that of real traces", bench_geomean_traces, threads);
        share_print(run, threads);
    }
}

static void scaling_print(const struct bench_run *run)
{
    static const char *const rows[] = {"pair-64-1tag", "pair-64-16tag", NULL};
    if (!has_cells(run, false, 1) || !has_cells(run, false, 2)) {
        return;
    }
    heading_print(run, "two threads / one");
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        printf("%-*s", FIRST_COLUMN, rows[r] == NULL ? "all rows" : rows[r]);
        for (size_t i = 0; i < run->contenders.count; i++) {
            number_print(bench_scaling(run, i, rows[r]));
        }
        printf("\n");
    }
}

void bench_table_print(const struct bench_run *run)
{
    const struct bench_contenders *contenders = &run->contenders;
    printf("Nanoseconds per allocation and free, median of %u rounds; in brackets the ratio to %s.\n", run->rounds,
           contenders->list[contenders->base].name);
    printf("Linkage: %s\n", run->is_static ? "static, every allocator is part of the program that calls it."
                                           : "shared, every allocator is a shared library.");
    for (size_t i = 0; i < contenders->count; i++) {
        const struct bench_contender *contender = &contenders->list[i];
        printf("  %-14s %s", contender->name, contender->entry);
        if (strcmp(contender->program, "malloc") != 0 && strcmp(contender->program, "tagpool") != 0) {
            printf(" over %s", contender->malloc_from);
        }
        printf("\n");
    }
    section_print(run, "one thread", false, 1);
    section_print(run, "two threads", false, 2);
    scaling_print(run);
    section_print(run, "resident / live bytes", true, 1);
}
