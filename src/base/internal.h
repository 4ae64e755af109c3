/* SPDX-License-Identifier: MIT
 *
 * internal.h: words every core file needs: visibility of internal names, branch hints, small arithmetic.
 */
#ifndef BASE_INTERNAL_H
#define BASE_INTERNAL_H

#include "tagpool/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* INTERNAL marks a function or object that several core files share: hidden in the shared library, static in the single-file
 * build, which defines both macros before this point. INTERNAL_OBJECT declares such an object. */
#ifndef INTERNAL
#define INTERNAL __attribute__((visibility("hidden")))
#define INTERNAL_OBJECT extern __attribute__((visibility("hidden")))
#endif

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline, cold))

/* What the compiler knows of a variable ends here. */
#define FORGET(variable) __asm__("" : "+r"(variable))

/* Of fast paths that may end in a jump with their own arguments: up to here these stay in the registers in which they came, and
 * from here on the result, which is not NULL, lies where it is returned. Compilers would rather move aside what they use
 * seldom. */
#if defined(__x86_64__) && defined(__ELF__) /* the calling convention of System V */
#define THREE_STAY(first, second, third) __asm__("" : : "D"(first), "S"(second), "d"(third))
#define FOUR_STAY(first, second, third, fourth) __asm__("" : : "D"(first), "S"(second), "d"(third), "c"(fourth))
#define FORGET_IN_THIRD(variable) __asm__("" : "+d"(variable)) /* FORGET(), in the register of a third argument */
#define RESULT_STAYS(result) \
    do { \
        __asm__("" : "+a"(result)); \
        if ((result) == NULL) \
            __builtin_unreachable(); \
    } while (0)
#else
#define THREE_STAY(first, second, third) ((void)(first), (void)(second), (void)(third))
#define FOUR_STAY(first, second, third, fourth) ((void)(first), (void)(second), (void)(third), (void)(fourth))
#define FORGET_IN_THIRD(variable) FORGET(variable)
#define RESULT_STAYS(result) ((void)(result))
#endif

/* Of functions that are called millions of times a second: they begin a cache line, from which processors fetch faster. */
#if TAGPOOL_BARE
#define HOT
#else
#define HOT __attribute__((aligned(64)))
#endif

/* Inlined into a public function, what called it: the address, and the frame from which its stack is walked. */
#define CALLER __builtin_return_address(0)
#define FRAME __builtin_frame_address(0)

/* Our own mistakes, not the caller's: checked in every build that does not define NDEBUG. */
#ifdef NDEBUG
#define ASSERT(condition) ((void)0)
#else
#define ASSERT(condition) ((condition) ? (void)0 : __builtin_trap())
#endif

#define PAGE_SHIFT 12
#define PAGE_BYTES ((size_t)1 << PAGE_SHIFT)

/* Rounds up to a multiple of `step`, a power of two. The caller guarantees that the result fits. */
static inline size_t round_up(size_t value, size_t step)
{
    return (value + step - 1) & ~(step - 1);
}

/* Division, for reports: bit by bit on firmware, which links no 64-bit division. pre: divisor != 0. */
static inline uint64_t divide(uint64_t dividend, uint64_t divisor)
{
    if (!TAGPOOL_BARE)
        return dividend / divisor;
    uint64_t quotient = 0;
    uint64_t remainder = 0;
    for (int bit = 63; bit >= 0; bit--) {
        bool carry = remainder >> 63 != 0;
        remainder = remainder << 1 | (dividend >> bit & 1);
        if (carry || remainder >= divisor) {
            remainder -= divisor;
            quotient |= UINT64_C(1) << bit;
        }
    }
    return quotient;
}

/* The number of the lowest bit set, by 32-bit halves: some targets would call a function for 64 bits. pre: bits != 0. */
static inline unsigned lowest_bit(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    return (unsigned)(low != 0 ? __builtin_ctz(low) : 32 + __builtin_ctz((uint32_t)(bits >> 32)));
}

/* strlen is not among the four functions that firmware promises to have. */
static inline size_t string_length(const char *string)
{
    size_t length = 0;
    while (string[length] != 0)
        length++;
    return length;
}

static inline bool is_power_of_two(size_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

#endif
