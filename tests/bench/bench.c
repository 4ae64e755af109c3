/* SPDX-License-Identifier: MIT
 *
 * bench.c: runs all rows with all contenders, interleaved, and prints the table.
 *
 *   bench FOLDER JSON     FOLDER has the workers; JSON is the file for the results
 *
 * Environment
 *   ROUNDS=5              how often everything is measured; the table shows medians
 *   MICROSECONDS=40000    how long one row runs with one contender in one round
 *   ROWS=pattern,...      which rows, as "pair-*,live-64tag"
 *   CONTENDERS=pattern,.. which contenders; also "null" (cost of loop and call), "lock-glibc", "atomic-glibc",
 *                         "thread-glibc" (the wrappers over glibc), and with shared linkage "without-counts" and
 *                         "without-peaks" (ours without what counts, or looks for peaks), which otherwise do not take part
 *   PEERS=path.so,...     further allocators that replace malloc; name=path.so gives them a name
 *   BASE=mimalloc         what ratios refer to, and what the wrappers wrap
 *   LINKAGE=shared        each allocator is a shared library; static: each is linked into its worker, worker-static-NAME, which
 *                         tests/bench/static.sh makes; of PEERS=name=path.a,... only the names count here
 *   TRACE=path.trace      a recorded trace of your own, replayed in the rows trace-own (record/recorder.c says how to record)
 *   QUICK=1               one short round: a smoke test, no measurement
 *
 * One round measures row after row, and each row with all contenders in turn, each in a process of its own; the turn starts
 * with another contender each round. So whatever disturbs the machine for some seconds disturbs all alike.
 */
#define _GNU_SOURCE

#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS_DEFAULT 5u
#define MICROSECONDS_DEFAULT 40000u
#define MICROSECONDS_QUICK 1000u
#define RSS_OPERATIONS 1048576u
#define RSS_OPERATIONS_QUICK 65536u

static void cells_make(struct bench_run *run, const char *rows)
{
    for (size_t i = 0; i < bench_rows_count; i++) {
        const struct bench_row *row = &bench_rows[i];
        const char *own = getenv("TRACE");
        if (strcmp(row->name, BENCH_ROW_OWN) == 0 && (own == NULL || *own == '\0')) {
            continue;
        }
        for (unsigned n = row->threads_min; n <= row->threads_max && bench_matches(rows, row->name); n++) {
            if (run->cells_count == BENCH_CELLS) {
                fprintf(stderr, "bench: more than %u cells\n", BENCH_CELLS);
                exit(1);
            }
            run->cells[run->cells_count].row = row;
            run->cells[run->cells_count++].threads = n;
        }
    }
    if (run->cells_count == 0) {
        fprintf(stderr, "bench: ROWS=%s matches no row\n", rows);
        exit(1);
    }
}

static bool applies(const struct bench_contender *contender, const struct bench_row *row)
{
    return contender->makes_blocks || (row->kind != BENCH_LIVE && row->kind != BENCH_RSS && row->kind != BENCH_TRACE);
}

/* One sample, or NAN; and the share of a processor, or NAN. */
static double cell_measure(const struct bench_run *run, const struct bench_cell *cell, const struct bench_contender *contender,
                           double *share)
{
    char threads[16], amount[32], line[256];
    const char *const arguments[] = {cell->row->name, threads, amount, NULL};
    bool is_rss = cell->row->kind == BENCH_RSS;
    snprintf(threads, sizeof threads, "%u", cell->threads);
    snprintf(amount, sizeof amount, is_rss ? "ops=%lu" : "%lu", is_rss ? run->rss_operations : run->microseconds);
    double sample;
    *share = NAN;
    if (!bench_contender_run(run, contender, arguments, line, sizeof line) ||
        sscanf(line, is_rss ? "rss %lf" : "ns %lf share %lf", &sample, share) != (is_rss ? 1 : 2) || !(sample > 0)) {
        fprintf(stderr, "bench: %s failed in row %s with %u thread(s)\n", contender->name, cell->row->name, cell->threads);
        return NAN;
    }
    return sample;
}

/* Returns how many samples failed. */
static unsigned rounds_run(struct bench_run *run)
{
    const size_t contenders = run->contenders.count;
    const bool tell = isatty(STDERR_FILENO) == 1;
    unsigned failed = 0;
    for (unsigned round = 0; round < run->rounds; round++) {
        for (size_t c = 0; c < run->cells_count; c++) {
            struct bench_cell *cell = &run->cells[c];
            if (tell) {
                fprintf(stderr, "\rround %u of %u: %-24s", round + 1, run->rounds, cell->row->name);
            }
            for (size_t turn = 0; turn < contenders; turn++) {
                size_t who = (turn + round) % contenders;
                const struct bench_contender *contender = &run->contenders.list[who];
                bool does = applies(contender, cell->row);
                double *share = &cell->share[who][round];
                *share = NAN;
                cell->samples[who][round] = does ? cell_measure(run, cell, contender, share) : NAN;
                failed += does && isnan(cell->samples[who][round]);
            }
        }
    }
    if (tell) {
        fprintf(stderr, "\r%60s\r", "");
    }
    for (size_t c = 0; c < run->cells_count; c++) {
        for (size_t who = 0; who < contenders; who++) {
            run->cells[c].median[who] = bench_median(run->cells[c].samples[who], run->rounds);
        }
    }
    return failed;
}

int main(int count, char **arguments)
{
    static struct bench_run run;
    if (count != 3) {
        fprintf(stderr, "usage: bench FOLDER JSON\n");
        return 1;
    }
    bool quick = bench_quick();
    run.folder = arguments[1];
    run.is_static = bench_static();
    run.rounds = (unsigned)bench_number("ROUNDS", quick ? 1 : ROUNDS_DEFAULT, BENCH_ROUNDS);
    run.microseconds = bench_number("MICROSECONDS", quick ? MICROSECONDS_QUICK : MICROSECONDS_DEFAULT, 60000000);
    run.rss_operations = quick ? RSS_OPERATIONS_QUICK : RSS_OPERATIONS;
    cells_make(&run, getenv("ROWS"));
    bench_contenders_find(&run, getenv("PEERS"), getenv("BASE"), getenv("CONTENDERS"));
    unsigned failed = rounds_run(&run);
    bench_table_print(&run);
    if (bench_json_write(&run, arguments[2]) != 0) {
        perror(arguments[2]);
        return 1;
    }
    if (failed != 0) {
        fprintf(stderr, "bench: %u measurements failed\n", failed);
        return 1;
    }
    return 0;
}
