/* SPDX-License-Identifier: MIT
 *
 * random.h: numbers for random tests, the same in every run.
 */
#ifndef TAGPOOL_UNIT_RANDOM_H
#define TAGPOOL_UNIT_RANDOM_H

#include <stdint.h>

/* Weyl sequence, well mixed. */
static inline uint64_t random_u64(uint64_t *seed)
{
    uint64_t x = *seed += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    x = (x ^ x >> 32) * UINT64_C(0xD6E8FEB86659FD93);
    return x ^ x >> 32;
}

/* 0 to limit - 1. */
static inline uint32_t random_below(uint64_t *seed, uint32_t limit)
{
    return (uint32_t)((random_u64(seed) >> 32) * limit >> 32);
}

#endif
