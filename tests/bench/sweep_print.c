/* SPDX-License-Identifier: MIT
 *
 * sweep_print.c: the results of a scan for people and for programs.
 */
#include "sweep.h"

#include <inttypes.h>
#include <math.h>

#define FIRST_COLUMN 24
#define SHARE_FAIR 0.9

static void heading_print(const struct bench_run *run, const char *text)
{
    printf("%-*s", FIRST_COLUMN, text);
    for (size_t i = 0; i < run->contenders.count; i++) {
        printf(" %16s", run->contenders.list[i].name);
    }
    printf("\n");
}

static void label_print(const char *phase, const struct sweep_scan *scan, unsigned point)
{
    char name[32];
    sweep_point_name(scan, point, name, sizeof name);
    printf("%-8s %-*s", phase, FIRST_COLUMN - 9, name);
}

/* How far from flat the curve is. */
static void flatness_print(const struct bench_run *run, const struct sweep_scan *scan, const struct sweep_point *points,
                           unsigned phase)
{
    printf("%-8s %-*s", sweep_phases[phase], FIRST_COLUMN - 9, "highest/lowest");
    for (size_t who = 0; who < run->contenders.count; who++) {
        double highest = 0, lowest = INFINITY;
        for (unsigned i = 0; i < scan->count; i++) {
            double ns = points[i].medians[who][phase].ns;
            if (points[i].measured && !isnan(ns)) {
                highest = ns > highest ? ns : highest;
                lowest = ns < lowest ? ns : lowest;
            }
        }
        printf(" %16.2f", highest / lowest);
    }
    printf("\n");
}

/* Operations of the slowest and of the fastest thread, and the fewest that one had for its own processor time, all relative to
 * the mean. */
static void fairness_print(const struct bench_run *run, const struct sweep_scan *scan, const struct sweep_point *points)
{
    heading_print(run, "min, max, min for time");
    for (unsigned phase = 0; phase < SWEEP_PHASES; phase++) {
        for (unsigned i = 0; i < scan->count; i++) {
            label_print(sweep_phases[phase], scan, i);
            for (size_t who = 0; who < run->contenders.count; who++) {
                const struct sweep_result *result = &points[i].medians[who][phase];
                printf(" %4.2f, %4.2f, %4.2f", result->slowest, result->fastest, result->rate);
            }
            printf("\n");
        }
    }
}

/* The lowest share that the base had anywhere. */
static void share_print(const struct bench_run *run, const struct sweep_scan *scan, const struct sweep_point *points)
{
    double lowest = 1;
    for (unsigned i = 0; i < scan->count; i++) {
        for (unsigned phase = 0; phase < SWEEP_PHASES && points[i].measured; phase++) {
            lowest = fmin(lowest, points[i].medians[run->contenders.base][phase].share);
        }
    }
    printf("The threads of %s had %.0f %% of the processors or more.%s\n", run->contenders.list[run->contenders.base].name,
           100 * lowest, lowest < SHARE_FAIR ? " Others used the machine: do not trust these numbers." : "");
}

void sweep_print(const struct bench_run *run, const struct sweep_scan *scan, const struct sweep_point *points)
{
    heading_print(run, "");
    for (unsigned phase = 0; phase < SWEEP_PHASES; phase++) {
        for (unsigned i = 0; i < scan->count; i++) {
            if (!points[i].measured) {
                continue;
            }
            label_print(sweep_phases[phase], scan, i);
            for (size_t who = 0; who < run->contenders.count; who++) {
                double ns = points[i].medians[who][phase].ns;
                printf(" %9.1f (%4.2f)", ns, ns / points[i].medians[run->contenders.base][phase].ns);
            }
            printf("\n");
        }
        flatness_print(run, scan, points, phase);
    }
    if (scan->grows == 'n') {
        fairness_print(run, scan, points);
    }
    share_print(run, scan, points);
}

void sweep_csv(FILE *csv, const struct bench_run *run, const struct sweep_scan *scan, const struct sweep_point *points)
{
    for (unsigned i = 0; i < scan->count; i++) {
        for (unsigned phase = 0; phase < SWEEP_PHASES && points[i].measured; phase++) {
            double base = points[i].medians[run->contenders.base][phase].ns;
            for (size_t who = 0; who < run->contenders.count; who++) {
                const struct sweep_result *result = &points[i].medians[who][phase];
                fprintf(csv, "%s,%" PRIu64 ",%s,%s,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f\n", scan->name, scan->points[i],
                        sweep_phases[phase], run->contenders.list[who].name, result->ns, result->ns / base, result->slowest,
                        result->fastest, result->rate, result->share);
            }
        }
    }
}
