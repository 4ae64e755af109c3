/* SPDX-License-Identifier: MIT
 *
 * wrap.h: what the hand-made accounting wrappers over malloc have in common: a header in front of each block with its size
 * and tag, counts per tag, and these three functions. Each wrapper is a shared library of its own, as tagpool is.
 */
#ifndef BENCH_WRAP_H
#define BENCH_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WRAP_API __attribute__((visibility("default")))

WRAP_API void *wrap_alloc(size_t bytes, uint32_t tag);
WRAP_API void wrap_free(void *block);

/* Totals of all tags while no other thread allocates or frees; false if the wrapper does not count. */
WRAP_API bool wrap_counts(uint64_t *allocs, uint64_t *frees);

#define WRAP_ROWS 8192u /* of the hash table, a power of two; the bench uses up to 4,096 tags */

/* In front of each block; keeps malloc's alignment. */
struct wrap_header {
    _Alignas(max_align_t) size_t bytes;
    uint32_t tag; /* or its row in the table */
};

/* Where the search for a tag's row begins. */
static inline uint32_t wrap_hash(uint32_t tag)
{
    return (tag * 2654435761u >> 16) % WRAP_ROWS;
}

#endif
