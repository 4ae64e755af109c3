/* SPDX-License-Identifier: MIT
 *
 * draw.c: draws tags and sizes.
 */
#include "draw.h"

#include <math.h>

#define SIZE_SIGMA 1.1

uint32_t draw_tag(uint32_t number)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint32_t tag = 'B';
    for (unsigned shift = 8; shift < 32; shift += 8) {
        tag |= (uint32_t)(unsigned char)digits[number % 36] << shift;
        number /= 36;
    }
    return tag;
}

/* From a normal number by the method of Box and Muller. */
uint32_t draw_size(uint64_t *state, double median, uint32_t least, uint32_t most)
{
    double u = ((double)(draw_next(state) >> 11) + 1) * 0x1p-53;
    double v = (double)(draw_next(state) >> 11) * 0x1p-53;
    double normal = sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
    double bytes = median * exp(SIZE_SIGMA * normal);
    if (bytes < least) {
        return least;
    }
    return bytes > most ? most : (uint32_t)bytes;
}
