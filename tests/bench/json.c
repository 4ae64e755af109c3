/* SPDX-License-Identifier: MIT
 *
 * json.c: the results for programs.
 */
#include "bench.h"

#include <math.h>

static void text_write(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', file);
        }
        fputc((unsigned char)*text < 0x20 ? '?' : *text, file);
    }
    fputc('"', file);
}

static void number_write(FILE *file, double number)
{
    if (isnan(number)) {
        fputs("null", file);
    } else {
        fprintf(file, "%.4f", number);
    }
}

static void contenders_write(FILE *file, const struct bench_contenders *contenders)
{
    fprintf(file, "  \"contenders\": [\n");
    for (size_t i = 0; i < contenders->count; i++) {
        fprintf(file, "    {\"name\": ");
        text_write(file, contenders->list[i].name);
        fprintf(file, ", \"entry\": ");
        text_write(file, contenders->list[i].entry);
        fprintf(file, ", \"malloc\": ");
        text_write(file, contenders->list[i].malloc_from);
        fprintf(file, "}%s\n", i + 1 < contenders->count ? "," : "");
    }
    fprintf(file, "  ],\n");
}

static void cell_write(FILE *file, const struct bench_run *run, const struct bench_cell *cell)
{
    const struct bench_row *row = cell->row;
    fprintf(file, "    {\"row\": \"%s\", \"threads\": %u, \"bytes\": %zu, \"tags\": %u, \"unit\": \"%s\", \"results\": {",
            row->name, cell->threads, row->bytes, row->tags, row->kind == BENCH_RSS ? "resident/live" : "ns");
    for (size_t i = 0; i < run->contenders.count; i++) {
        fprintf(file, "%s\n      \"%s\": {\"median\": ", i == 0 ? "" : ",", run->contenders.list[i].name);
        number_write(file, cell->median[i]);
        fprintf(file, ", \"ratio\": ");
        number_write(file, cell->median[i] / cell->median[run->contenders.base]);
        fprintf(file, ", \"samples\": [");
        for (unsigned round = 0; round < run->rounds; round++) {
            fputs(round == 0 ? "" : ", ", file);
            number_write(file, cell->samples[i][round]);
        }
        fprintf(file, "]}");
    }
    fprintf(file, "}}");
}

typedef double mean(const struct bench_run *run, size_t contender, size_t base, unsigned threads);

static void means_write(FILE *file, const struct bench_run *run, const char *name, mean *mean_of, unsigned threads)
{
    fprintf(file, "    \"%s\": {", name);
    for (size_t i = 0; i < run->contenders.count; i++) {
        fprintf(file, "%s\"%s\": ", i == 0 ? "" : ", ", run->contenders.list[i].name);
        number_write(file, mean_of(run, i, run->contenders.base, threads));
    }
    fprintf(file, "}");
}

int bench_json_write(const struct bench_run *run, const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return -1;
    }
    fprintf(file, "{\n  \"rounds\": %u,\n  \"microseconds\": %lu,\n", run->rounds, run->microseconds);
    fprintf(file, "  \"linkage\": \"%s\",\n", bench_linkage(run));
    fprintf(file, "  \"base\": \"%s\",\n", run->contenders.list[run->contenders.base].name);
    contenders_write(file, &run->contenders);
    fprintf(file, "  \"rows\": [\n");
    for (size_t i = 0; i < run->cells_count; i++) {
        cell_write(file, run, &run->cells[i]);
        fprintf(file, "%s\n", i + 1 < run->cells_count ? "," : "");
    }
    fprintf(file, "  ],\n  \"processor_share\": {\"one_thread\": ");
    number_write(file, bench_share(run, 1));
    fprintf(file, ", \"two_threads\": ");
    number_write(file, bench_share(run, 2));
    fprintf(file, "},\n  \"geomean\": {\n");
    means_write(file, run, "one_thread", bench_geomean, 1);
    fprintf(file, ",\n");
    means_write(file, run, "two_threads", bench_geomean, 2);
    fprintf(file, ",\n");
    means_write(file, run, "traces_one_thread", bench_geomean_traces, 1);
    fprintf(file, ",\n");
    means_write(file, run, "traces_two_threads", bench_geomean_traces, 2);
    fprintf(file, ",\n    \"two_threads_to_one\": {");
    for (size_t i = 0; i < run->contenders.count; i++) {
        fprintf(file, "%s\"%s\": ", i == 0 ? "" : ", ", run->contenders.list[i].name);
        number_write(file, bench_scaling(run, i, NULL));
    }
    fprintf(file, "}\n  }\n}\n");
    return fclose(file) == 0 ? 0 : -1;
}
