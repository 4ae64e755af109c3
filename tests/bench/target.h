/* SPDX-License-Identifier: MIT
 *
 * target.h: the allocator that a worker is compiled for, each called directly, in a shared library or linked statically.
 *
 *   TARGET_MALLOC   malloc and free of the C library, or of a peer that LD_PRELOAD or the linker puts before it; no tags
 *   TARGET_TAGPOOL  tagpool; with TARGET_WITHOUT a build that leaves a part out (without/), whose counts mean nothing
 *   TARGET_WRAP     one of the accounting wrappers (wrap.h), or the wrapper that does nothing
 */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(TARGET_TAGPOOL)

#include "tagpool.h"

#define TARGET_ENTRY tagpool_alloc

static inline void *target_alloc(size_t bytes, uint32_t tag)
{
    return tagpool_alloc(TAGPOOL_NONPAGED, bytes, tag);
}

static inline void target_free(void *block)
{
    tagpool_free(block);
}

/* What the target itself counted; false if it counts nothing. */
static inline bool target_counts(uint64_t *allocs, uint64_t *frees)
{
    struct tagpool_stats stats;
    tagpool_total_stats(&stats);
    *allocs = stats.allocs;
    *frees = stats.frees;
#ifdef TARGET_WITHOUT
    return false;
#else
    return true;
#endif
}

#elif defined(TARGET_WRAP)

#include "wrap.h"

#define TARGET_ENTRY wrap_alloc

static inline void *target_alloc(size_t bytes, uint32_t tag)
{
    return wrap_alloc(bytes, tag);
}

static inline void target_free(void *block)
{
    wrap_free(block);
}

static inline bool target_counts(uint64_t *allocs, uint64_t *frees)
{
    return wrap_counts(allocs, frees);
}

#elif defined(TARGET_MALLOC)

#define TARGET_ENTRY malloc

static inline void *target_alloc(size_t bytes, uint32_t tag)
{
    /* The loop shall read the tag as it does for the others, so that its own cost is the same. */
    __asm__ volatile("" : : "r"(tag));
    return malloc(bytes);
}

static inline void target_free(void *block)
{
    free(block);
}

static inline bool target_counts(uint64_t *allocs, uint64_t *frees)
{
    (void)allocs;
    (void)frees;
    return false;
}

#else
#error "say which target: TARGET_MALLOC, TARGET_TAGPOOL or TARGET_WRAP"
#endif

/* Writes the first and the last word of a block, as its user would; the compiler cannot see that nobody reads them. */
static inline void target_touch(void *block, size_t bytes)
{
    size_t word = bytes;
    memcpy(block, &word, sizeof word);
    memcpy((char *)block + bytes - sizeof word, &word, sizeof word);
    __asm__ volatile("" : : "r"(block) : "memory");
}

#endif
