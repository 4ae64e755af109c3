/* SPDX-License-Identifier: MIT
 *
 * wrap_lock.c: accounting over malloc with one global lock and a hash table of tags.
 */
#include "wrap.h"

#include <pthread.h>
#include <stdlib.h>

struct row {
    uint32_t tag; /* 0: empty */
    uint64_t allocs, frees, bytes, peak_bytes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct row rows[WRAP_ROWS];

static struct row *row_of(uint32_t tag)
{
    uint32_t i = wrap_hash(tag);
    for (uint32_t probes = 1; rows[i].tag != tag && rows[i].tag != 0; probes++) {
        if (probes == WRAP_ROWS) {
            abort();
        }
        i = (i + 1) % WRAP_ROWS;
    }
    rows[i].tag = tag;
    return &rows[i];
}

void *wrap_alloc(size_t bytes, uint32_t tag)
{
    struct wrap_header *header = malloc(sizeof *header + bytes);
    if (header == NULL) {
        return NULL;
    }
    header->bytes = bytes;
    header->tag = tag;
    pthread_mutex_lock(&lock);
    struct row *row = row_of(tag);
    row->allocs++;
    row->bytes += bytes;
    if (row->bytes > row->peak_bytes) {
        row->peak_bytes = row->bytes;
    }
    pthread_mutex_unlock(&lock);
    return header + 1;
}

void wrap_free(void *block)
{
    struct wrap_header *header = (struct wrap_header *)block - 1;
    pthread_mutex_lock(&lock);
    struct row *row = row_of(header->tag);
    row->frees++;
    row->bytes -= header->bytes;
    pthread_mutex_unlock(&lock);
    free(header);
}

bool wrap_counts(uint64_t *allocs, uint64_t *frees)
{
    *allocs = *frees = 0;
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < WRAP_ROWS; i++) {
        *allocs += rows[i].allocs;
        *frees += rows[i].frees;
    }
    pthread_mutex_unlock(&lock);
    return true;
}
