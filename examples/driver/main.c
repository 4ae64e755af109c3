/* SPDX-License-Identifier: MIT
 *
 * main.c: runs the filter on a trace file, then asks the library what it thinks of the driver.
 *
 * Exit status: 0 when the trace ran, whatever was found (the leak is the point); 1 for a bad trace or no memory to
 * start; 2 for a bad command line.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "engine.h"
#include "hunt.h"

struct options {
    const char *path;
    unsigned workers;
    bool fixed;
};

/* What the bug-check handler keeps. */
struct mistakes {
    atomic_uint caught;
    bool quiet; /* changed only while the engine is idle */
};

static const char usage[] =
    "usage: driver [--fixed] [--workers N] TRACE\n"
    "  --fixed      without the two bugs that are planted in driver.c\n"
    "  --workers N  threads that answer requests, 1 to 16 (default 4)\n"
    "  TRACE        a file of requests such as examples/driver/trace.txt\n";

static bool read_workers(const char *text, unsigned *workers)
{
    char *end;
    unsigned long value = text != NULL ? strtoul(text, &end, 10) : 0;
    if (value < 1 || value > ENGINE_WORKERS_MAX || *end != '\0')
        return false;
    *workers = (unsigned)value;
    return true;
}

static bool read_options(char *argv[], struct options *options)
{
    *options = (struct options){.workers = 4};
    while (*++argv != NULL) {
        if (strcmp(*argv, "--fixed") == 0)
            options->fixed = true;
        else if (strcmp(*argv, "--workers") == 0) {
            if (!read_workers(argv[1], &options->workers)) {
                fprintf(stderr, "driver: expected a number from 1 to %d after --workers\n", ENGINE_WORKERS_MAX);
                return false;
            }
            argv++;
        } else if (**argv == '-' || options->path != NULL) {
            fprintf(stderr, "driver: did not expect \"%s\"\n", *argv);
            return false;
        } else
            options->path = *argv;
    }
    if (options->path == NULL)
        fputs("driver: expected the name of a trace file\n", stderr);
    return options->path != NULL;
}

/* Reports go where the other output goes, so that they stay in order. */
static void to_stdout(const char *text, size_t length, void *context)
{
    (void)context;
    fwrite(text, 1, length, stdout);
}

/* A kernel would stop here. This handler returns, so the mistaken call has no effect and the driver goes on. */
static void on_bugcheck(const struct tagpool_bugcheck *bugcheck, void *context)
{
    struct mistakes *mistakes = context;
    atomic_fetch_add(&mistakes->caught, 1);
    if (mistakes->quiet)
        return;
    printf("A mistake was caught while the driver ran:\n\n");
    tagpool_bugcheck_print(bugcheck);
    printf("\n");
}

static void print_tallies(const struct engine *engine)
{
    printf("request     count    failed   sectors\n");
    for (int kind = 0; kind < TRACE_KINDS; kind++) {
        struct tally tally = engine_tally(engine, (enum trace_kind)kind);
        if (tally.requests != 0)
            printf("%-8s %8u %9u %9u\n", trace_kind_text((enum trace_kind)kind), tally.requests, tally.failed, tally.sectors);
    }
    printf("\n");
}

static const char *verdict_text(enum tagpool_verdict verdict)
{
    return verdict == TAGPOOL_CLEAN ? "clean" : verdict == TAGPOOL_LEAK ? "leak" : "not checked";
}

static int run(const struct options *options, const struct trace *trace)
{
    struct mistakes mistakes = {0, false};
    struct driver driver = {.fixed = options->fixed};

    tagpool_sink_set(to_stdout, NULL);
    tagpool_bugcheck_handler_set(on_bugcheck, &mistakes);
    if (tagpool_start(NULL) == TAGPOOL_ENOMEM) {
        fputs("driver: no address space for the pools\n", stderr);
        return EXIT_FAILURE;
    }
    struct engine *engine = engine_start(&driver, options->workers);
    if (engine == NULL)
        return EXIT_FAILURE;

    printf("sumfilter: %zu requests from %s, %u workers\n\n", trace->count, options->path, options->workers);
    for (size_t i = 0; i < trace->count; i++)
        engine_submit(engine, &trace->entries[i]);
    engine_wait_idle(engine);
    driver_unload(&driver);

    print_tallies(engine);
    tagpool_print(TAGPOOL_BY_TAG);
    printf("\n");
    enum tagpool_verdict verdict = tagpool_verdict();
    unsigned caught = atomic_load(&mistakes.caught);
    mistakes.quiet = true;
    bool good = verdict != TAGPOOL_LEAK || hunt(engine, trace);
    engine_stop(engine);

    printf("\nMistakes caught: %u. Verdict: %s.", caught, verdict_text(verdict));
    bool found = caught != 0 || verdict != TAGPOOL_CLEAN;
    printf("%s\n", found && !options->fixed ? " Both bugs are planted; without them: driver --fixed" : "");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct options options;
    struct trace trace;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!read_options(argv, &options)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!trace_read(options.path, &trace))
        return EXIT_FAILURE;
    int status = run(&options, &trace);
    trace_free(&trace);
    return status;
}
