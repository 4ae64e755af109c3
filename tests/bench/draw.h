/* SPDX-License-Identifier: MIT
 *
 * draw.h: random numbers, tags and sizes, the same ones in each process.
 */
#ifndef BENCH_DRAW_H
#define BENCH_DRAW_H

#include <stdint.h>

/* splitmix64 */
static inline uint64_t draw_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline uint32_t draw_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)((draw_next(state) >> 32) * bound >> 32);
}

/* The tag of number 0 to 46,655: "B" and three characters of 0-9 and a-z. */
uint32_t draw_tag(uint32_t number);

/* A log-normal size with this median and sigma 1.1, so that the mean is 1.8 times the median; cut to least..most. */
uint32_t draw_size(uint64_t *state, double median, uint32_t least, uint32_t most);

#endif
