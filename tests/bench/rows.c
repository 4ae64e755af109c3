/* SPDX-License-Identifier: MIT
 *
 * rows.c: the table of rows.
 */
#include "rows.h"

#include <string.h>

#define PAIR(text, size, tags) \
    { \
        "pair-" text "-" #tags "tag", BENCH_PAIR, size, tags, BENCH_LIFO, false, 1, BENCH_THREADS \
    }
#define BATCH(text, order, size, tags) \
    { \
        "batch-" text "-" #size "-" #tags "tag", BENCH_BATCH, size, tags, order, false, 1, BENCH_THREADS \
    }
#define LIVE(tags) \
    { \
        "live-" #tags "tag", BENCH_LIVE, 0, tags, BENCH_LIFO, false, 1, BENCH_THREADS \
    }
#define PIPE(text, size, both) \
    { \
        "pipe-" text "-" #size, BENCH_PIPE, size, 1, BENCH_FIFO, both, 2, 2 \
    }
#define REPLAY(text) \
    { \
        "trace-" text, BENCH_TRACE, 0, 0, BENCH_LIFO, false, 1, BENCH_THREADS \
    }
#define RSS(tags) \
    { \
        "rss-" #tags "tag", BENCH_RSS, 0, tags, BENCH_LIFO, false, 1, 1 \
    }

const struct bench_row bench_rows[] = {
    PAIR("16", 16, 1),
    PAIR("64", 64, 1),
    PAIR("256", 256, 1),
    PAIR("1K", 1024, 1),
    PAIR("4K", 4096, 1),
    PAIR("64K", 65536, 1),
    PAIR("1M", 1048576, 1),
    PAIR("16", 16, 16),
    PAIR("64", 64, 16),
    PAIR("256", 256, 16),
    PAIR("1K", 1024, 16),
    PAIR("4K", 4096, 16),
    PAIR("64K", 65536, 16),
    PAIR("1M", 1048576, 16),
    BATCH("lifo", BENCH_LIFO, 64, 1),
    BATCH("fifo", BENCH_FIFO, 64, 1),
    BATCH("random", BENCH_RANDOM, 64, 1),
    BATCH("random", BENCH_RANDOM, 256, 1),
    BATCH("lifo", BENCH_LIFO, 64, 16),
    BATCH("fifo", BENCH_FIFO, 64, 16),
    BATCH("random", BENCH_RANDOM, 64, 16),
    BATCH("random", BENCH_RANDOM, 256, 16),
    LIVE(1),
    LIVE(64),
    LIVE(1024),
    PIPE("oneway", 64, false),
    PIPE("oneway", 256, false),
    PIPE("bothways", 64, true),
    PIPE("bothways", 256, true),
    REPLAY("cc1"),
    REPLAY("python"),
    REPLAY("sqlite"),
    REPLAY("redis"),
    REPLAY("own"),
    RSS(1),
    RSS(64),
    RSS(1024),
    RSS(4096),
};

const size_t bench_rows_count = sizeof bench_rows / sizeof bench_rows[0];

const struct bench_row *bench_row_find(const char *name)
{
    for (size_t i = 0; i < bench_rows_count; i++) {
        if (strcmp(bench_rows[i].name, name) == 0) {
            return &bench_rows[i];
        }
    }
    return NULL;
}
