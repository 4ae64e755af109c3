/* SPDX-License-Identifier: MIT
 *
 * shelf.h: what the tests beside it leave, free and fail with: blocks by name. The tests of one framework after the other, in a
 * fixture that takes a block: good; forgets; fails; after_it; forgets_in_tear_down.
 */
#ifndef SHELF_H
#define SHELF_H

#include "tagpool/verifier.h"

static inline void *take(const char *tag, size_t bytes)
{
    return TAGPOOL_ALLOC(TAGPOOL_PAGED, bytes, TAGPOOL_TAG(tag[0], tag[1], tag[2], tag[3]));
}

/* What the fixture, of each test or of all, holds. */
static void *of_test, *of_group;
static bool keeps; /* the tear-down is to forget it */

static inline void shelf_up(void)
{
    of_test = take("Test", 10);
    keeps = false;
}

static inline void shelf_down(void)
{
    if (!keeps)
        tagpool_free(of_test);
    of_test = NULL;
}

/* A group's: taken once, and given back once, or never. */
static inline void group_up(void)
{
    of_group = take("Grup", 20);
    (void)take("Grup", 30);
}

static inline void group_down(void)
{
    tagpool_free(of_group);
}

#endif
