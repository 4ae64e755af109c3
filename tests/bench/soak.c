/* SPDX-License-Identifier: MIT
 *
 * soak.c: churns and watches.
 */
#define _GNU_SOURCE

#include "soak.h"

#include "churn.h"
#include "clock.h"
#include "resident.h"
#include "verify.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 2u
#define FIRST_TAG 0x6B616F53u /* "Soak" */
#define SECONDS_MOST 1000000u
#define SECONDS_AT_MOST 120u /* beyond that; then something hangs */

/* About two thirds of the bytes are in small blocks, the others in one block of 1,024 that is large. */
static const struct churn_plan plan = {
    .live = 64u << 20, .median = 80, .big = 1024, .tags = 64, .threads = THREADS, .weigh = true};

static struct churn churns[THREADS];
static atomic_uint_fast64_t operations[THREADS][16]; /* only [0] is used: each has its cache line */
static pthread_barrier_t barrier;
static atomic_bool stop;

static void *run_thread(void *argument)
{
    struct churn *churn = argument;
    atomic_uint_fast64_t *done = operations[churn - churns];
    churn_fill(churn);
    pthread_barrier_wait(&barrier);
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        churn_replace(churn);
        atomic_store_explicit(done, atomic_load_explicit(done, memory_order_relaxed) + CHURN_CHUNK, memory_order_relaxed);
    }
    return NULL;
}

static uint64_t operations_done(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        sum += atomic_load_explicit(&operations[i][0], memory_order_relaxed);
    }
    return sum;
}

static uint64_t live_bytes(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        sum += atomic_load_explicit(&churns[i].live_bytes, memory_order_relaxed);
    }
    return sum;
}

/* One line per second, at the full second however long a look takes. `before` is what was resident without the live set. */
static void watch(FILE *csv, uint64_t seconds, uint64_t before)
{
    uint64_t start = clock_now(), last = start, done = operations_done();
    fprintf(csv, "seconds,resident_bytes,live_bytes,operations_per_second\n");
    for (uint64_t second = 1; second <= seconds; second++) {
        uint64_t due = start + second * 1000000000u;
        struct timespec time = {.tv_sec = (time_t)(due / 1000000000u), .tv_nsec = (long)(due % 1000000000u)};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0) {
        }
        uint64_t live = live_bytes(), resident = resident_bytes(), now = clock_now(), sum = operations_done();
        fprintf(csv, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.0f\n", second, resident - (before < resident ? before : resident),
                live, (double)(sum - done) * 1e9 / (double)(now - last));
        fflush(csv);
        last = now;
        done = sum;
    }
}

int soak_main(int count, char **arguments)
{
    char *end = NULL;
    uint64_t seconds = count == 4 ? strtoull(arguments[2], &end, 10) : 0;
    if (count != 4 || *end != '\0' || seconds == 0 || seconds > SECONDS_MOST) {
        fprintf(stderr, "usage: worker soak SECONDS CSV, with 1 to %u seconds\n", SECONDS_MOST);
        return 1;
    }
    FILE *csv = fopen(arguments[3], "w");
    if (csv == NULL) {
        perror(arguments[3]);
        return 1;
    }
    alarm((unsigned)seconds + SECONDS_AT_MOST);
    churn_start(&plan);
    pthread_t ids[THREADS];
    bool good = pthread_barrier_init(&barrier, NULL, THREADS + 1) == 0;
    for (unsigned i = 0; i < THREADS; i++) {
        good = good && churn_open(&churns[i], &plan, i);
    }
    verify_first_block(FIRST_TAG);
    uint64_t before = resident_bytes();
    for (unsigned i = 0; i < THREADS && good; i++) {
        good = pthread_create(&ids[i], NULL, run_thread, &churns[i]) == 0;
    }
    if (!good || before == 0) {
        fprintf(stderr, "bench worker: no memory, no thread, or the system does not tell resident memory\n");
        exit(1);
    }
    pthread_barrier_wait(&barrier);
    watch(csv, seconds, before);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
    }
    churn_end(churns, THREADS);
    printf("soak %" PRIu64 "\n", operations_done());
    if (fclose(csv) != 0) {
        perror(arguments[3]);
        return 1;
    }
    return 0;
}
