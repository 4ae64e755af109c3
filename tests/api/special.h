/* SPDX-License-Identifier: MIT
 *
 * special.h: what the tests of special pool share: options on and off again, which blocks are special, what can be read. */
#ifndef SPECIAL_H
#define SPECIAL_H

#include "test.h"
#include "tagpool/verifier.h"

#include <errno.h>

#define OFF                                                                                                            \
    "special=none special_driver=none special_least=0 special_most=1G special_sample=1 special_seed=0 special_edge=end " \
    "special_pages=262144 special_guard=mark stack_frames=16 limit_paged=0 limit_nonpaged=0"

/* Sets options, from their defaults. */
static inline void with(const char *options)
{
    same(tagpool_start(OFF), 0);
    same(tagpool_start(options), 0);
}

static inline void off(void)
{
    same(tagpool_start(OFF), 0);
}

/* A block of normal pool of so few bytes never takes a page. */
static inline bool is_special(const void *block)
{
    return query(block).charged % PAGE == 0;
}

static inline bool allocates_special(size_t bytes, uint32_t tag)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, bytes, tag);
    check(block != NULL);
    bool special = is_special(block);
    tagpool_free(block);
    return special;
}

/* Asks the system, which does not die of it. */
static inline bool is_readable(const volatile void *address)
{
    static int ends[2];
    char byte;
    if (ends[1] == 0)
        same(pipe(ends), 0);
    if (write(ends[1], (const void *)address, 1) != 1)
        return false;
    same(read(ends[0], &byte, 1), 1);
    return true;
}

static inline struct tagpool_special_use special_use(void)
{
    struct tagpool_special_use use;
    tagpool_special_read(&use);
    return use;
}

static inline struct tagpool_verifier_counters counters(void)
{
    struct tagpool_verifier_counters read;
    tagpool_verifier_read(&read);
    return read;
}

/* Takes the one report made since the last call: was it 0xC1 with this sub-code for this address? */
static inline bool corrupted(uint32_t sub_code, const volatile void *address)
{
    bool right = caught_count == 1 && caught.code == 0xC1 && caught.parameter[3] == sub_code &&
                 caught.parameter[0] == (uintptr_t)address && caught.stops;
    if (!right)
        fprintf(stderr, "%u reports, the last: 0x%X (0x%jX, 0x%jX, 0x%jX, 0x%jX)\n", caught_count, (unsigned)caught.code,
                (uintmax_t)caught.parameter[0], (uintmax_t)caught.parameter[1], (uintmax_t)caught.parameter[2],
                (uintmax_t)caught.parameter[3]);
    caught_count = 0;
    return right;
}

#endif
