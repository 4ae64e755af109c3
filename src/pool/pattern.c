/* SPDX-License-Identifier: MIT
 *
 * pattern.c: filling and checking known bytes.
 */
#include "pool/pattern.h"

/* Odd, not zero, not a likely character or pointer byte; different, so that a dump shows which is which. */
#define TAIL_BYTE 0xF7
#define FREED_BYTE 0xD5

/* The scrubber reads bytes that others may be writing, and throws away what it saw then: no race to report. */
#if defined(__has_attribute)
#if __has_attribute(no_sanitize)
#define READS_RACING __attribute__((no_sanitize("thread")))
#endif
#endif
#ifndef READS_RACING
#define READS_RACING
#endif

/* The offset of the first byte from `start` on that is not `value`; `end` if all are. */
READS_RACING static size_t first_other(const unsigned char *bytes, size_t start, size_t end, unsigned char value)
{
    while (start < end && bytes[start] == value)
        start++;
    return start;
}

void pattern_fill_tail(void *block, size_t bytes, size_t charged)
{
    memset((char *)block + bytes, TAIL_BYTE, charged - bytes);
}

bool pattern_is_tail(const void *block, size_t bytes, size_t charged)
{
    return first_other(block, bytes, charged, TAIL_BYTE) == charged;
}

unsigned pattern_tail_damage(const void *block, size_t bytes, size_t charged)
{
    size_t at = first_other(block, bytes, charged, TAIL_BYTE);
    return at < charged ? ((const unsigned char *)block)[at] : TAIL_BYTE;
}

void pattern_fill_freed(void *block, size_t charged)
{
    memset(block, FREED_BYTE, charged);
}

bool pattern_is_freed(const void *block, size_t charged)
{
    return first_other(block, 0, charged, FREED_BYTE) == charged;
}

size_t pattern_freed_damage(const void *block, size_t charged)
{
    return first_other(block, 0, charged, FREED_BYTE);
}
