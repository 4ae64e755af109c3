/* SPDX-License-Identifier: MIT
 *
 * pattern.c: filling and checking known bytes.
 */
#include "pool/pattern.h"

#include "base/atomic.h"
#include "port/port.h"

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

/* What follows touches memory that checkers are told nobody touches (checker.h): it is not instrumented, and calls no function of
 * libc, for sanitizers have their own in its place; `volatile` keeps compilers from making such a call of a loop. */

/* The offset of the first byte from `start` on that is not `value`; `end` if all are. */
PORT_UNCHECKED READS_RACING static size_t first_other(const void *block, size_t start, size_t end, unsigned char value)
{
    const volatile unsigned char *bytes = block;
    port_checkers_pause(true);
    while (start < end && bytes[start] == value)
        start++;
    port_checkers_pause(false);
    return start;
}

PORT_UNCHECKED static unsigned byte_at(const void *block, size_t offset)
{
    port_checkers_pause(true);
    unsigned byte = ((const volatile unsigned char *)block)[offset];
    port_checkers_pause(false);
    return byte;
}

PORT_UNCHECKED static void fill_hidden(void *start, size_t bytes, unsigned char value)
{
    port_checkers_pause(true);
    for (size_t i = 0; i < bytes; i++)
        ((volatile unsigned char *)start)[i] = value;
    port_checkers_pause(false);
}

static void fill_bytes(void *start, size_t bytes, unsigned char value)
{
    if (port_checkers_told() != 0)
        fill_hidden(start, bytes, value);
    else
        memset(start, value, bytes);
}

void pattern_fill_tail(void *block, size_t bytes, size_t charged)
{
    fill_bytes((char *)block + bytes, charged - bytes, TAIL_BYTE);
}

bool pattern_is_tail(const void *block, size_t bytes, size_t charged)
{
    return first_other(block, bytes, charged, TAIL_BYTE) == charged;
}

unsigned pattern_tail_damage(const void *block, size_t bytes, size_t charged)
{
    size_t at = first_other(block, bytes, charged, TAIL_BYTE);
    return at < charged ? byte_at(block, at) : TAIL_BYTE;
}

void pattern_fill_freed(void *block, size_t charged)
{
    fill_bytes(block, charged, FREED_BYTE);
}

bool pattern_is_freed(const void *block, size_t charged)
{
    return first_other(block, 0, charged, FREED_BYTE) == charged;
}

size_t pattern_freed_damage(const void *block, size_t charged)
{
    return first_other(block, 0, charged, FREED_BYTE);
}
