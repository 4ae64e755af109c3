/* SPDX-License-Identifier: MIT
 *
 * churn.h: live blocks of log-normal sizes, replaced at random, drawn as it goes: for live sets of any size and any number of
 * threads. One replaced block in 16 is freed by whichever thread comes next to the place where it was left.
 */
#ifndef BENCH_CHURN_H
#define BENCH_CHURN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHURN_THREADS 64u
#define CHURN_TAGS 4096u
#define CHURN_CHUNK 64u /* operations of churn_replace() and churn_pairs() */

struct churn_plan {
    uint64_t live;    /* requested bytes that all threads hold, about */
    uint32_t median;  /* of the sizes */
    uint32_t big;     /* one size in so many is 4 to 256 KiB; 0: none */
    uint32_t tags;    /* in use, up to CHURN_TAGS */
    unsigned threads; /* up to CHURN_THREADS */
    bool weigh;       /* keep live_bytes, for which a block's first word is read before it is freed */
};

/* One thread's part. Only this thread writes; the atomics are for a reader that watches. */
struct churn {
    _Alignas(128) void **blocks;
    size_t count;
    uint64_t random;
    const struct churn_plan *plan;
    uint64_t allocs, frees;
    atomic_uint_fast64_t live_bytes; /* allocated less freed by this thread: below zero if it frees what others allocated */
};

/* Draws sizes and tags. Once for each process. */
void churn_start(const struct churn_plan *plan);

/* Gives thread `index` its table of blocks: memory from the system, resident at once. False if there is none. */
bool churn_open(struct churn *churn, const struct churn_plan *plan, unsigned index);

/* Allocates the live set. */
void churn_fill(struct churn *churn);

/* Replaces blocks at random, CHURN_CHUNK times. */
void churn_replace(struct churn *churn);

/* Allocates and frees 64 bytes, beside the live set, CHURN_CHUNK times. */
void churn_pairs(struct churn *churn);

/* After all threads have ended: frees what was left for others, and compares the allocator's counts with what was done. */
void churn_end(struct churn *churns, unsigned threads);

#endif
