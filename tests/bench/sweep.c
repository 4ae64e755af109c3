/* SPDX-License-Identifier: MIT
 *
 * sweep.c: does the cost of an operation stay the same while the number of tags, the live bytes, or the number of threads grow,
 * and does every thread get its part?
 *
 *   sweep FOLDER CSV      FOLDER has the workers; CSV is the file for the results
 *
 * Environment: as bench.c says, without ROWS; CONTENDERS is tagpool unless told, and the base always takes part. Other defaults:
 *   ROUNDS=3
 *   MICROSECONDS=200000   for each phase of each point, and more for many threads
 *
 * Every point is measured with all contenders in turn, as the bench does. What does not fit in memory is left out, and said.
 */
#define _GNU_SOURCE

#include "sweep.h"

#include "resident.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS_DEFAULT 3u
#define MICROSECONDS_DEFAULT 200000u
#define MICROSECONDS_QUICK 1000u
#define MICROSECONDS_PER_THREAD 100000u /* so that each of many threads has its turns, of some milliseconds each */
#define LIVE_QUICK (UINT64_C(16) << 20)
#define LIVE_FIXED (UINT64_C(16) << 20) /* where something else grows */
#define TAGS_FIXED 64u
#define MEDIAN_FIXED 80u

const char *const sweep_phases[SWEEP_PHASES] = {"replace", "pair"};

#define MIB(n) ((uint64_t)(n) << 20)
static const struct sweep_scan scans[] = {
    {"tags", "tags in use; 16 MiB live, one thread", 't', MEDIAN_FIXED, {1, 16, 64, 256, 1024, 4096}, 6},
    {"live",
     "live bytes; blocks of 146 bytes in the mean, 64 tags, one thread",
     'b',
     MEDIAN_FIXED,
     {MIB(1), MIB(16), MIB(256), MIB(2048), MIB(8192)},
     5},
    {"live-2K",
     "live bytes; blocks of 3.7 KiB in the mean, 64 tags, one thread",
     'b',
     2048,
     {MIB(1), MIB(16), MIB(256), MIB(2048), MIB(8192)},
     5},
    {"threads", "threads; 16 MiB live in all, 64 tags", 'n', MEDIAN_FIXED, {1, 2, 4, 8, 16, 32, 64}, 7},
};

void sweep_point_name(const struct sweep_scan *scan, unsigned point, char *text, size_t capacity)
{
    uint64_t number = scan->points[point];
    if (scan->grows != 'b') {
        snprintf(text, capacity, "%" PRIu64, number);
    } else if (number < MIB(1024)) {
        snprintf(text, capacity, "%" PRIu64 " MiB", number >> 20);
    } else {
        snprintf(text, capacity, "%" PRIu64 " GiB", number >> 30);
    }
}

/* Half as much again as is live, and the table of pointers. */
static uint64_t needs(uint64_t live, uint32_t median)
{
    return live + live / 2 + live / median * sizeof(void *);
}

/* Says why not, if not. */
static bool fits(const struct sweep_scan *scan, unsigned point, bool quick)
{
    char name[32];
    if (scan->grows != 'b') {
        return true;
    }
    sweep_point_name(scan, point, name, sizeof name);
    uint64_t need = needs(scan->points[point], scan->median), possible = resident_possible();
    if (quick && scan->points[point] > LIVE_QUICK) {
        printf("%s %s: skipped, because QUICK is set\n", scan->name, name);
        return false;
    }
    if (need > possible || need > SIZE_MAX / 3) {
        printf("%s %s: skipped, needs %" PRIu64 " MiB of memory, %" PRIu64 " MiB are %s\n", scan->name, name, need >> 20,
               (need > possible ? possible : (uint64_t)SIZE_MAX / 3) >> 20, need > possible ? "available" : "addressable");
        return false;
    }
    return true;
}

static bool measure(const struct bench_run *run, const struct sweep_scan *scan, unsigned point, size_t who,
                    struct sweep_result result[SWEEP_PHASES])
{
    char tags[24], live[24], median[24], threads[24], microseconds[24], line[256];
    const char *const arguments[] = {"scale", tags, live, median, threads, microseconds, NULL};
    uint64_t value = scan->points[point], time = run->microseconds;
    if (scan->grows == 'n' && time > MICROSECONDS_QUICK && time < value * MICROSECONDS_PER_THREAD) {
        time = value * MICROSECONDS_PER_THREAD;
    }
    snprintf(tags, sizeof tags, "%" PRIu64, scan->grows == 't' ? value : TAGS_FIXED);
    snprintf(live, sizeof live, "%" PRIu64, scan->grows == 'b' ? value : LIVE_FIXED);
    snprintf(median, sizeof median, "%" PRIu32, scan->median);
    snprintf(threads, sizeof threads, "%" PRIu64, scan->grows == 'n' ? value : 1);
    snprintf(microseconds, sizeof microseconds, "%" PRIu64, time);
    const struct bench_contender *contender = &run->contenders.list[who];
    if (bench_contender_run(run, contender, arguments, line, sizeof line) &&
        sscanf(line, "replace %lf %lf %lf %lf %lf pair %lf %lf %lf %lf %lf", &result[0].ns, &result[0].slowest,
               &result[0].fastest, &result[0].rate, &result[0].share, &result[1].ns, &result[1].slowest, &result[1].fastest,
               &result[1].rate, &result[1].share) == 10 &&
        result[0].ns > 0 && result[1].ns > 0 && isfinite(result[0].ns) && isfinite(result[1].ns)) {
        return true;
    }
    fprintf(stderr, "bench: %s failed in scan %s at %" PRIu64 "\n", contender->name, scan->name, value);
    for (unsigned phase = 0; phase < SWEEP_PHASES; phase++) {
        result[phase] = (struct sweep_result){NAN, NAN, NAN, NAN, NAN};
    }
    return false;
}

/* The median of one number of the samples. */
static double median_of(const struct bench_run *run, const struct sweep_result *samples, size_t offset)
{
    double numbers[BENCH_ROUNDS];
    for (unsigned round = 0; round < run->rounds; round++) {
        numbers[round] = *(const double *)((const char *)&samples[round] + offset);
    }
    return bench_median(numbers, run->rounds);
}

static void medians(const struct bench_run *run, struct sweep_point *point)
{
    for (size_t who = 0; who < run->contenders.count; who++) {
        for (unsigned phase = 0; phase < SWEEP_PHASES; phase++) {
            const struct sweep_result *samples = point->samples[who][phase];
            point->medians[who][phase] = (struct sweep_result){
                median_of(run, samples, offsetof(struct sweep_result, ns)),
                median_of(run, samples, offsetof(struct sweep_result, slowest)),
                median_of(run, samples, offsetof(struct sweep_result, fastest)),
                median_of(run, samples, offsetof(struct sweep_result, rate)),
                median_of(run, samples, offsetof(struct sweep_result, share)),
            };
        }
    }
}

/* Returns how many measurements failed. */
static unsigned scan_run(const struct bench_run *run, const struct sweep_scan *scan, struct sweep_point *points, bool quick)
{
    const bool tell = isatty(STDERR_FILENO) == 1;
    unsigned failed = 0;
    for (unsigned i = 0; i < scan->count; i++) {
        points[i].measured = fits(scan, i, quick);
    }
    for (unsigned round = 0; round < run->rounds; round++) {
        for (unsigned i = 0; i < scan->count; i++) {
            if (tell) {
                fprintf(stderr, "\rround %u of %u: %s %-24" PRIu64, round + 1, run->rounds, scan->name, scan->points[i]);
            }
            for (size_t turn = 0; points[i].measured && turn < run->contenders.count; turn++) {
                size_t who = (turn + round) % run->contenders.count;
                struct sweep_result result[SWEEP_PHASES];
                failed += !measure(run, scan, i, who, result);
                for (unsigned phase = 0; phase < SWEEP_PHASES; phase++) {
                    points[i].samples[who][phase][round] = result[phase];
                }
            }
        }
    }
    if (tell) {
        fprintf(stderr, "\r%60s\r", "");
    }
    for (unsigned i = 0; i < scan->count; i++) {
        medians(run, &points[i]);
    }
    return failed;
}

int main(int count, char **arguments)
{
    static struct bench_run run;
    static struct sweep_point points[SWEEP_POINTS];
    if (count != 3) {
        fprintf(stderr, "usage: sweep FOLDER CSV\n");
        return 1;
    }
    const bool quick = bench_quick();
    const char *wanted = getenv("CONTENDERS");
    run.folder = arguments[1];
    run.is_static = bench_static();
    run.rounds = (unsigned)bench_number("ROUNDS", quick ? 1 : ROUNDS_DEFAULT, BENCH_ROUNDS);
    run.microseconds = bench_number("MICROSECONDS", quick ? MICROSECONDS_QUICK : MICROSECONDS_DEFAULT, 60000000);
    bench_contenders_find(&run, getenv("PEERS"), getenv("BASE"), wanted == NULL || *wanted == '\0' ? "tagpool" : wanted);
    FILE *csv = fopen(arguments[2], "w");
    if (csv == NULL) {
        perror(arguments[2]);
        return 1;
    }
    printf("Nanoseconds of a processor per allocation and free, median of %u rounds; in brackets the ratio to %s.\n", run.rounds,
           run.contenders.list[run.contenders.base].name);
    printf("replace: a block of the live set, picked at random; pair: 64 bytes beside the live set. Linkage: %s.\n",
           bench_linkage(&run));
    fprintf(csv, "scan,point,phase,contender,nanoseconds,ratio,slowest_thread,fastest_thread,lowest_rate,share\n");
    unsigned failed = 0;
    for (size_t i = 0; i < sizeof scans / sizeof scans[0]; i++) {
        printf("\n%s: %s\n", scans[i].name, scans[i].title);
        failed += scan_run(&run, &scans[i], points, quick);
        sweep_print(&run, &scans[i], points);
        sweep_csv(csv, &run, &scans[i], points);
        fflush(stdout);
    }
    if (fclose(csv) != 0) {
        perror(arguments[2]);
        return 1;
    }
    if (failed != 0) {
        fprintf(stderr, "bench: %u measurements failed\n", failed);
        return 1;
    }
    return 0;
}
