/* SPDX-License-Identifier: MIT
 *
 * driver_faults.c: every allocation of the example driver fails in turn. The driver (examples/driver, without its planted
 * bugs, its threads included) answers the whole trace with the 1st, 2nd, 3rd ... allocation failing, until a run is
 * through without a failure; after each run it has unloaded, and has left nothing. Then the same for its call stacks, by
 * systematic faults. The driver's own objects are linked in (stress.mk). */
#include "stress.h"

#include "../../examples/driver/engine.h"
#include "tagpool/verifier.h"

#define OFF "fault_nth=0 fault_stacks=off fault_log=none"

static void fail_on_bugcheck(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    tagpool_bugcheck_print(bugcheck);
    require_failed("the driver makes no mistake", __FILE__, __LINE__);
}

/* Verdicts say that they are clean, hundreds of times. */
static void say_nothing(const char *text, size_t length, void *context)
{
    (void)text;
    (void)length;
    (void)context;
}

/* Runs the trace with one worker, so that allocations come in nearly the same order each time; returns how many requests
 * failed. */
static unsigned run_driver(const struct trace *trace)
{
    struct driver driver = {.fixed = true};
    unsigned failed = 0;
    struct engine *engine = engine_start(&driver, 1);
    require(engine != NULL);
    for (size_t i = 0; i < trace->count; i++) {
        engine_submit(engine, &trace->entries[i]);
        if (i % 8 == 7)
            engine_wait_idle(engine);
    }
    engine_wait_idle(engine);
    for (int kind = 0; kind < TRACE_KINDS; kind++)
        failed += engine_tally(engine, (enum trace_kind)kind).failed;
    engine_stop(engine);
    driver_unload(&driver);
    return failed;
}

static void require_clean(const char *what, unsigned long long number)
{
    struct tagpool_stats total;
    tagpool_total_stats(&total);
    if (tagpool_verdict() != TAGPOOL_CLEAN || total.blocks != 0) {
        tagpool_sink_set(NULL, NULL);
        (void)tagpool_verdict();
        fprintf(stderr, "the driver leaks when %s %llu fails\n", what, number);
        require_failed("the driver leaks nothing", __FILE__, __LINE__);
    }
    require(tagpool_validate() == TAGPOOL_OK);
}

static uint64_t injected(void)
{
    struct tagpool_verifier_counters counters;
    tagpool_verifier_read(&counters);
    return counters.failed_deliberately;
}

/* "fails the K-th matching allocation, and no other": for each K there is. */
static void each_allocation(void **state)
{
    struct trace trace;
    uint64_t before;
    unsigned long long nth = 0;
    unsigned most_failed = 0;
    char options[60];
    (void)state;
    require(trace_read("examples/driver/trace.txt", &trace));
    unsigned failed_without = run_driver(&trace);
    require_clean("allocation", 0);
    unsigned long long step = 100 / scaled(100, 1);
    do {
        nth += nth == 0 ? 1 : step;
        before = injected();
        snprintf(options, sizeof options, OFF " fault_nth=%llu", nth);
        require(tagpool_start(options) == TAGPOOL_OK);
        unsigned failed = run_driver(&trace);
        require(tagpool_start(OFF) == TAGPOOL_OK);
        require_clean("allocation", nth);
        require(injected() - before <= 1);
        most_failed = failed > most_failed ? failed : most_failed;
    } while (injected() != before);
    printf("%llu allocations failed in turn; of %zu requests %u failed without, up to %u with one\n", nth - 1, trace.count,
           failed_without, most_failed);
    require(nth > trace.count && most_failed > failed_without);
    trace_free(&trace);
}

/* Each call stack fails once; from run to run the log remembers which did. At the end each has, and nothing ever leaked. */
static void each_call_stack(void **state)
{
    char path[] = "/tmp/tagpool-driver-XXXXXX", options[100];
    struct trace trace;
    uint64_t before;
    unsigned runs = 0;
    (void)state;
    int file = mkstemp(path);
    require(file >= 0 && close(file) == 0);
    require(trace_read("examples/driver/trace.txt", &trace));
    snprintf(options, sizeof options, "fault_stacks=fail fault_log=%s", path);
    uint64_t first = injected();
    do {
        before = injected();
        require(tagpool_start(options) == TAGPOOL_OK);
        (void)run_driver(&trace);
        require(tagpool_start(OFF) == TAGPOOL_OK);
        require_clean("run", ++runs);
    } while (injected() != before);
    printf("%llu call stacks failed in %u runs\n", (unsigned long long)(injected() - first), runs - 1);
    require(runs > 1 && injected() - first >= 7); /* the driver allocates under seven tags */
    trace_free(&trace);
    require(unlink(path) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation), cmocka_unit_test(each_call_stack)};
    tagpool_sink_set(say_nothing, NULL);
    tagpool_bugcheck_handler_set(fail_on_bugcheck, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
