/* SPDX-License-Identifier: MIT
 *
 * churn.c: fills and replaces.
 */
#define _GNU_SOURCE

#include "churn.h"

#include "draw.h"
#include "target.h"
#include "verify.h"

#include <stdio.h>
#include <sys/mman.h>

#define SIZES 16384u
#define SIZE_LEAST 16u
#define SIZE_MOST (256u << 10)
#define BIG_LEAST_SHIFT 12u /* 4 KiB, */
#define BIG_SHIFTS 6u       /* up to 256 KiB, each power of two as often */
#define PLACES 64u
#define LEAVE_EVERY 16u
#define PAIR_BYTES 64u
#define PAGE 4096u

static uint32_t sizes[SIZES];
static uint32_t tags[CHURN_TAGS];
static double sizes_mean;

/* Where blocks are left for others. Each place has a cache line of its own. */
static struct {
    _Alignas(64) _Atomic(void *) block;
} places[PLACES];

void churn_start(const struct churn_plan *plan)
{
    uint64_t state = 20231;
    double sum = 0;
    for (uint32_t i = 0; i < SIZES; i++) {
        sizes[i] = draw_size(&state, plan->median, SIZE_LEAST, SIZE_MOST);
        if (plan->big != 0 && i % plan->big == 0) {
            uint32_t power = (uint32_t)1 << (BIG_LEAST_SHIFT + draw_below(&state, BIG_SHIFTS));
            sizes[i] = power + draw_below(&state, power + 1);
        }
        sum += sizes[i];
    }
    sizes_mean = sum / SIZES;
    for (uint32_t i = 0; i < CHURN_TAGS; i++) {
        tags[i] = draw_tag(i);
    }
}

bool churn_open(struct churn *churn, const struct churn_plan *plan, unsigned index)
{
    churn->plan = plan;
    churn->random = 4711 + index;
    churn->count = (size_t)((double)plan->live / plan->threads / sizes_mean) + 1;
    void *table = mmap(NULL, churn->count * sizeof *churn->blocks, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    churn->blocks = table == MAP_FAILED ? NULL : table;
    return churn->blocks != NULL;
}

static void weigh(struct churn *churn, uint64_t bytes)
{
    uint64_t before = atomic_load_explicit(&churn->live_bytes, memory_order_relaxed);
    atomic_store_explicit(&churn->live_bytes, before + bytes, memory_order_relaxed);
}

/* A block of the size that bits 0 to 13 of `draw` pick and with the tag that bits 14 to 31 pick. */
static void *block_make(struct churn *churn, uint64_t draw)
{
    uint32_t bytes = sizes[draw % SIZES];
    uint32_t tag = tags[(draw >> 14 & 0x3FFFFu) * churn->plan->tags >> 18];
    void *block = target_alloc(bytes, tag);
    if (block == NULL) {
        fprintf(stderr, "bench worker: no memory for the live set\n");
        exit(1);
    }
    target_touch(block, bytes);
    for (uint32_t at = PAGE; at < bytes; at += PAGE) { /* all of it is in use */
        *((volatile char *)block + at) = 1;
    }
    churn->allocs++;
    if (churn->plan->weigh) {
        weigh(churn, bytes);
    }
    return block;
}

static void block_free(struct churn *churn, void *block)
{
    if (churn->plan->weigh) {
        size_t bytes; /* target_touch() has put it there */
        memcpy(&bytes, block, sizeof bytes);
        weigh(churn, 0 - (uint64_t)bytes);
    }
    target_free(block);
    churn->frees++;
}

void churn_fill(struct churn *churn)
{
    for (size_t i = 0; i < churn->count; i++) {
        churn->blocks[i] = block_make(churn, draw_next(&churn->random));
    }
}

void churn_replace(struct churn *churn)
{
    for (unsigned i = 0; i < CHURN_CHUNK; i++) {
        uint64_t draw = draw_next(&churn->random);
        void **slot = &churn->blocks[(draw >> 32) * churn->count >> 32];
        void *block = *slot;
        if (i % LEAVE_EVERY == 0) {
            block = atomic_exchange_explicit(&places[draw % PLACES].block, block, memory_order_acq_rel);
        }
        if (block != NULL) {
            block_free(churn, block);
        }
        *slot = block_make(churn, draw);
    }
}

void churn_pairs(struct churn *churn)
{
    uint64_t draw = draw_next(&churn->random);
    for (unsigned i = 0; i < CHURN_CHUNK; i++, draw = draw << 13 | draw >> 51) {
        void *block = target_alloc(PAIR_BYTES, tags[(draw & 0x3FFFFu) * churn->plan->tags >> 18]);
        target_touch(block, PAIR_BYTES);
        target_free(block);
    }
    churn->allocs += CHURN_CHUNK;
    churn->frees += CHURN_CHUNK;
}

void churn_end(struct churn *churns, unsigned threads)
{
    for (unsigned i = 0; i < PLACES; i++) {
        void *block = atomic_exchange(&places[i].block, NULL);
        if (block != NULL) {
            block_free(&churns[0], block);
        }
    }
    uint64_t allocs = 0, frees = 0;
    for (unsigned i = 0; i < threads; i++) {
        allocs += churns[i].allocs;
        frees += churns[i].frees;
    }
    verify_counts(allocs, frees);
}
