/* SPDX-License-Identifier: MIT
 *
 * scale.c: runs the phases of one point in all threads at once.
 */
#define _GNU_SOURCE

#include "scale.h"

#include "churn.h"
#include "clock.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PHASES 2u
#define SECONDS_AT_MOST 600u /* for filling the live set; then something hangs */
#define WARM_STEPS 100000u
#define WARM_PART 4u /* and this part of the live set replaced, so that the slots to come are no longer fresh memory */

struct runner {
    struct churn *churn;
    uint64_t operations[PHASES];
    uint64_t start[PHASES], end[PHASES];
    uint64_t processor[PHASES];
};

static struct runner runners[CHURN_THREADS];
static struct churn churns[CHURN_THREADS];
static struct churn_plan plan;
static pthread_barrier_t barrier;
static atomic_bool stop;
static uint64_t stopped[PHASES];

static cpu_set_t allowed; /* processors, from before any thread was bound to one */

static unsigned processors(void)
{
    return CPU_COUNT(&allowed) < 1 ? 1 : (unsigned)CPU_COUNT(&allowed);
}

/* Binds thread `index` of several to one processor, taking turns: otherwise the system may leave one thread alone on a processor
 * for a long time while all others share the rest, and that would look like the allocator's unfairness. */
static void bind(unsigned index)
{
    unsigned turn = index % processors();
    for (int i = 0; i < CPU_SETSIZE && plan.threads > 1; i++) {
        if (CPU_ISSET(i, &allowed) && turn-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(i, &one);
            sched_setaffinity(0, sizeof one, &one); /* if it may not, it runs where it is put */
            return;
        }
    }
}

static void *run_thread(void *argument)
{
    struct runner *runner = argument;
    bind((unsigned)(runner - runners));
    churn_fill(runner->churn);
    for (size_t i = 0; i < WARM_STEPS + runner->churn->count / WARM_PART; i += CHURN_CHUNK) {
        churn_replace(runner->churn);
    }
    for (unsigned phase = 0; phase < PHASES; phase++) {
        pthread_barrier_wait(&barrier);
        uint64_t processor = clock_thread(), operations = 0;
        runner->start[phase] = clock_now();
        do { /* once at least, however late this thread is */
            if (phase == 0) {
                churn_replace(runner->churn);
            } else {
                churn_pairs(runner->churn);
            }
            operations += CHURN_CHUNK;
        } while (!atomic_load_explicit(&stop, memory_order_relaxed));
        runner->end[phase] = clock_now();
        runner->operations[phase] = operations;
        runner->processor[phase] = clock_thread() - processor;
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

/* Lets each phase run for its time. */
static void watch(uint64_t microseconds)
{
    for (unsigned phase = 0; phase < PHASES; phase++) {
        struct timespec time = {.tv_sec = (time_t)(microseconds / 1000000), .tv_nsec = (long)(microseconds % 1000000) * 1000};
        atomic_store(&stop, false);
        pthread_barrier_wait(&barrier);
        clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
        atomic_store(&stop, true);
        stopped[phase] = clock_now();
        pthread_barrier_wait(&barrier);
    }
}

static void phase_print(const char *name, unsigned phase, const char *separator)
{
    uint64_t start = UINT64_MAX, end_own = 0, slowest = UINT64_MAX, fastest = 0;
    double operations = 0, processor = 0, rate = INFINITY;
    for (unsigned i = 0; i < plan.threads; i++) {
        uint64_t own = runners[i].operations[phase];
        start = runners[i].start[phase] < start ? runners[i].start[phase] : start;
        end_own = runners[i].end[phase] > end_own ? runners[i].end[phase] : end_own;
        slowest = own < slowest ? own : slowest;
        fastest = own > fastest ? own : fastest;
        operations += (double)own;
        processor += (double)runners[i].processor[phase];
        rate = fmin(rate, (double)own / (double)(runners[i].processor[phase] + 1)); /* of a short run the clock may show 0 */
    }
    unsigned used = processors() < plan.threads ? processors() : plan.threads;
    /* Threads that wait for a processor notice late that it is over, so their ends count only if all of them started late. */
    uint64_t end = stopped[phase] > start ? stopped[phase] : end_own;
    double wall = (double)(end - start) * used, mean = operations / plan.threads;
    printf("%s %.4f %.4f %.4f %.4f %.4f%s", name, wall / operations, (double)slowest / mean, (double)fastest / mean,
           rate * processor / operations, processor / wall, separator);
}

static uint64_t number(const char *text, const char *name, uint64_t most)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (*end != '\0' || value == 0 || value > most) {
        fprintf(stderr, "bench worker: scale: %s \"%s\" should be a number from 1 to %llu\n", name, text,
                (unsigned long long)most);
        exit(1);
    }
    return value;
}

int scale_main(int count, char **arguments)
{
    pthread_t ids[CHURN_THREADS];
    if (count != 7) {
        fprintf(stderr, "usage: worker scale TAGS LIVE MEDIAN THREADS MICROSECONDS\n");
        return 1;
    }
    plan.tags = (uint32_t)number(arguments[2], "TAGS", CHURN_TAGS);
    plan.live = number(arguments[3], "LIVE", UINT64_C(1) << 40);
    plan.median = (uint32_t)number(arguments[4], "MEDIAN", 65536);
    plan.threads = (unsigned)number(arguments[5], "THREADS", CHURN_THREADS);
    uint64_t microseconds = number(arguments[6], "MICROSECONDS", 600000000);
    alarm(SECONDS_AT_MOST + (unsigned)(microseconds / 500000));
    churn_start(&plan);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        CPU_ZERO(&allowed);
    }
    if (pthread_barrier_init(&barrier, NULL, plan.threads + 1) != 0) {
        fprintf(stderr, "bench worker: no barrier\n");
        return 1;
    }
    for (unsigned i = 0; i < plan.threads; i++) {
        runners[i].churn = &churns[i];
        if (!churn_open(&churns[i], &plan, i) || pthread_create(&ids[i], NULL, run_thread, &runners[i]) != 0) {
            fprintf(stderr, "bench worker: no memory for the table, or no thread\n");
            exit(1);
        }
    }
    watch(microseconds);
    for (unsigned i = 0; i < plan.threads; i++) {
        pthread_join(ids[i], NULL);
    }
    churn_end(churns, plan.threads);
    phase_print("replace", 0, " ");
    phase_print("pair", 1, "\n");
    return 0;
}
