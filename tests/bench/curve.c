/* SPDX-License-Identifier: MIT
 *
 * curve.c: lets one allocator churn for a long time, and says from the recorded curve whether resident memory creeps.
 *
 *   soak FOLDER CSV TIME      FOLDER has the workers; CSV is the file for the curve; TIME is in seconds, or in minutes as 10m
 *
 * Environment
 *   CONTENDER=tagpool         who churns; another allocator's curve goes beside CSV, to name-CONTENDER.csv
 *   PEERS, BASE, LINKAGE      as bench.c says
 *
 * Every block of the live set is replaced many times a second, and its size stays the same but for chance. What is judged is a
 * straight line through the resident bytes of all seconds after the warm-up; the one through the live bytes is told beside it.
 */
#define _GNU_SOURCE

#include "bench.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_LEAST 4u
#define SECONDS_MOST 1000000u
#define WARM_SECONDS 10u /* or a quarter of all */

struct sample {
    double seconds, resident, live, speed;
};

/* A straight line through resident or live bytes. */
struct line {
    double slope; /* per second */
    double rise;  /* from its first point to its last, relative to the first */
};

static void die(const char *what, const char *which)
{
    fprintf(stderr, "soak: %s: %s\n", which, what);
    exit(1);
}

static size_t samples_read(const char *path, struct sample *samples, size_t capacity)
{
    FILE *file = fopen(path, "r");
    char text[256];
    size_t count = 0;
    if (file == NULL || fgets(text, sizeof text, file) == NULL) {
        die("cannot be read", path);
    }
    while (count < capacity && fgets(text, sizeof text, file) != NULL) {
        struct sample *sample = &samples[count++];
        if (sscanf(text, "%lf,%lf,%lf,%lf", &sample->seconds, &sample->resident, &sample->live, &sample->speed) != 4 ||
            !(sample->live > 0)) {
            die("a line that is not four numbers, or nothing live", path);
        }
    }
    fclose(file);
    return count;
}

/* Least squares through the numbers at `offset` in each sample. */
static struct line line_through(const struct sample *samples, size_t count, size_t offset)
{
    double x = 0, y = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < count; i++) {
        x += samples[i].seconds / (double)count;
        y += *(const double *)((const char *)&samples[i] + offset) / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        double away = samples[i].seconds - x;
        xx += away * away;
        xy += away * (*(const double *)((const char *)&samples[i] + offset) - y);
    }
    double slope = xx > 0 ? xy / xx : 0, first = y + slope * (samples[0].seconds - x);
    return (struct line){slope, first > 0 ? slope * (samples[count - 1].seconds - samples[0].seconds) / first : 0};
}

static void sample_print(const char *when, const struct sample *sample)
{
    printf("%-9s %6.0f s  %8.1f MiB resident  %8.1f MiB live  %.3f resident / live  %6.2f million operations / s\n", when,
           sample->seconds, sample->resident / 1048576, sample->live / 1048576, sample->resident / sample->live,
           sample->speed / 1e6);
}

static void verdict_print(const char *name, const char *path, unsigned long seconds)
{
    struct sample *samples = calloc(seconds, sizeof *samples);
    if (samples == NULL) {
        die("no memory", path);
    }
    size_t count = samples_read(path, samples, seconds), warm = seconds / 4 < WARM_SECONDS ? seconds / 4 : WARM_SECONDS;
    if (count != seconds) {
        die("has not one line for each second", path);
    }
    const struct sample *steady = samples + warm;
    struct line resident = line_through(steady, count - warm, offsetof(struct sample, resident));
    struct line live = line_through(steady, count - warm, offsetof(struct sample, live));
    double minutes = (steady[count - warm - 1].seconds - steady[0].seconds) / 60;
    printf("%s, curve in %s\n", name, path);
    sample_print("warm", &steady[0]);
    sample_print("end", &samples[count - 1]);
    printf("slope     %+.1f KiB resident per minute, %+.1f KiB live\n", resident.slope * 60 / 1024, live.slope * 60 / 1024);
    printf("creep: %+.2f %% over %.1f minutes (live bytes: %+.2f %%)\n", 100 * resident.rise, minutes, 100 * live.rise);
    free(samples);
}

/* CSV itself for us, name-CONTENDER.csv for others. */
static void path_make(char *path, size_t capacity, const char *csv, const char *name)
{
    const char *dot = strrchr(csv, '.'), *slash = strrchr(csv, '/');
    size_t stem = dot == NULL || (slash != NULL && dot < slash) ? strlen(csv) : (size_t)(dot - csv);
    if (strcmp(name, "tagpool") == 0) {
        snprintf(path, capacity, "%s", csv);
    } else {
        snprintf(path, capacity, "%.*s-%s%s", (int)stem, csv, name, csv + stem);
    }
}

static unsigned long seconds_of(const char *time)
{
    char *end;
    unsigned long number = strtoul(time, &end, 10);
    bool minutes = strcmp(end, "m") == 0;
    if (end == time || *time == '-' || (*end != '\0' && !minutes) || number > SECONDS_MOST) {
        number = 0;
    }
    number *= minutes ? 60 : 1;
    if (number < SECONDS_LEAST || number > SECONDS_MOST) {
        fprintf(stderr, "soak: \"%s\" should be from %u to %u seconds, or minutes, as 10m\n", time, SECONDS_LEAST, SECONDS_MOST);
        exit(1);
    }
    return number;
}

int main(int count, char **arguments)
{
    static struct bench_run run;
    if (count != 4) {
        fprintf(stderr, "usage: soak FOLDER CSV TIME\n");
        return 1;
    }
    char path[BENCH_PATH], text[24], output[256];
    unsigned long seconds = seconds_of(arguments[3]);
    snprintf(text, sizeof text, "%lu", seconds);
    const char *name = getenv("CONTENDER");
    name = name == NULL || *name == '\0' ? "tagpool" : name;
    run.folder = arguments[1];
    run.is_static = bench_static();
    bench_contenders_find(&run, getenv("PEERS"), getenv("BASE"), name);
    const struct bench_contender *contender = NULL;
    for (size_t i = 0; i < run.contenders.count; i++) {
        contender = strcmp(run.contenders.list[i].name, name) == 0 ? &run.contenders.list[i] : contender;
    }
    if (contender == NULL || !contender->makes_blocks) {
        die("is not there", name);
    }
    path_make(path, sizeof path, arguments[2], name);
    const char *const worker[] = {"soak", text, path, NULL};
    if (!bench_contender_run(&run, contender, worker, output, sizeof output) || strncmp(output, "soak ", 5) != 0) {
        die("failed", name);
    }
    verdict_print(name, path, seconds);
    return 0;
}
