/* SPDX-License-Identifier: MIT
 *
 * wrap_thread.c: accounting over malloc with counters of each thread's own, per tag. Counts no peaks: that needs more.
 */
#include "wrap_tags.h"

#include <pthread.h>

struct row {
    uint64_t allocs, frees, bytes; /* bytes wraps below zero in a thread that frees what another allocated */
};

struct shard {
    struct shard *next;
    struct row rows[WRAP_ROWS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shard *shards; /* of all threads that ever counted; they stay when a thread ends */
static _Thread_local struct shard *own __attribute__((tls_model("initial-exec")));

static __attribute__((noinline)) struct shard *shard_make(void)
{
    struct shard *shard = calloc(1, sizeof *shard);
    if (shard == NULL) {
        abort();
    }
    pthread_mutex_lock(&lock);
    shard->next = shards;
    shards = shard;
    pthread_mutex_unlock(&lock);
    return own = shard;
}

static inline struct row *row_at(uint32_t i)
{
    struct shard *shard = own;
    if (shard == NULL) {
        shard = shard_make();
    }
    return &shard->rows[i];
}

void *wrap_alloc(size_t bytes, uint32_t tag)
{
    struct wrap_header *header = malloc(sizeof *header + bytes);
    if (header == NULL) {
        return NULL;
    }
    header->bytes = bytes;
    header->tag = wrap_row_of(tag);
    struct row *row = row_at(header->tag);
    row->allocs++;
    row->bytes += bytes;
    return header + 1;
}

void wrap_free(void *block)
{
    struct wrap_header *header = (struct wrap_header *)block - 1;
    struct row *row = row_at(header->tag);
    row->frees++;
    row->bytes -= header->bytes;
    free(header);
}

bool wrap_counts(uint64_t *allocs, uint64_t *frees)
{
    *allocs = *frees = 0;
    pthread_mutex_lock(&lock);
    for (struct shard *shard = shards; shard != NULL; shard = shard->next) {
        for (uint32_t i = 0; i < WRAP_ROWS; i++) {
            *allocs += shard->rows[i].allocs;
            *frees += shard->rows[i].frees;
        }
    }
    pthread_mutex_unlock(&lock);
    return true;
}
