/* SPDX-License-Identifier: MIT
 *
 * wrap_atomic.c: accounting over malloc with shared relaxed atomics per tag.
 */
#include "wrap_tags.h"

struct row {
    _Alignas(64) atomic_size_t allocs; /* a line for each row, so that only the same tag contends */
    atomic_size_t frees, bytes, peak_bytes;
};

static struct row rows[WRAP_ROWS];

static void add(atomic_size_t *counter, size_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

void *wrap_alloc(size_t bytes, uint32_t tag)
{
    struct wrap_header *header = malloc(sizeof *header + bytes);
    if (header == NULL) {
        return NULL;
    }
    header->bytes = bytes;
    header->tag = wrap_row_of(tag);
    struct row *row = &rows[header->tag];
    add(&row->allocs, 1);
    size_t now = atomic_fetch_add_explicit(&row->bytes, bytes, memory_order_relaxed) + bytes;
    size_t peak = atomic_load_explicit(&row->peak_bytes, memory_order_relaxed);
    while (now > peak &&
           !atomic_compare_exchange_weak_explicit(&row->peak_bytes, &peak, now, memory_order_relaxed, memory_order_relaxed)) {
    }
    return header + 1;
}

void wrap_free(void *block)
{
    struct wrap_header *header = (struct wrap_header *)block - 1;
    struct row *row = &rows[header->tag];
    add(&row->frees, 1);
    atomic_fetch_sub_explicit(&row->bytes, header->bytes, memory_order_relaxed);
    free(header);
}

bool wrap_counts(uint64_t *allocs, uint64_t *frees)
{
    *allocs = *frees = 0;
    for (uint32_t i = 0; i < WRAP_ROWS; i++) {
        *allocs += atomic_load_explicit(&rows[i].allocs, memory_order_relaxed);
        *frees += atomic_load_explicit(&rows[i].frees, memory_order_relaxed);
    }
    return true;
}
