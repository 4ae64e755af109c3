/* SPDX-License-Identifier: MIT
 *
 * tag_cache.h: the indices of tags that one thread has counted: the first thing that an allocation looks for.
 *
 * A tag has a place, by its hash. If two have the same, the newer one takes it, and the other moves aside, within the cache line:
 * so a fast path looks at one place, and who does not find it there at one line. With 4,096 tags every eighth is aside, and one
 * in some thousands finds no room in its line, and must be looked for in the ledger.
 */
#ifndef POOL_TAG_CACHE_H
#define POOL_TAG_CACHE_H

#include "base/atomic.h"
#include "memory/note.h"

/* A tag without its protected bit, and its index as notes have it (note_tag_part()). */
struct tag_entry {
    uint32_t tag, part;
};

#define TAG_LINE (64 / sizeof(struct tag_entry))

/* Invariants (asserted by tag_cache_check()):
 *     each entry is empty, or in the line of its tag's place
 *     a tag has one entry; if that is not in its place, another tag is there */
struct tag_cache {
    _Alignas(64) struct tag_entry entry[TAGPOOL_TAG_CACHE];
};

/* Makes a cache whose bytes are all 0 an empty one. */
INTERNAL void tag_cache_start(struct tag_cache *cache);

/* Puts in a tag that is not there. pre: it is neither 0 nor protected. */
INTERNAL void tag_cache_enter(struct tag_cache *cache, uint32_t tag, uint32_t tag_index);

/* Checks the invariants; NULL or what is wrong. */
INTERNAL const char *tag_cache_check(const struct tag_cache *cache);

/* The high bits of a product, each of which hangs on all bits of the tag. */
INLINE size_t tag_cache_place(uint32_t tag)
{
    return tag * 0x2C1B3C6Du / (UINT32_MAX / TAGPOOL_TAG_CACHE + 1);
}

/* False iff the tag is not in its place. */
INLINE bool tag_cache_find(const struct tag_cache *cache, uint32_t tag, uint32_t *tag_part)
{
    size_t place = tag_cache_place(tag);
    if (UNLIKELY(cache->entry[place].tag != tag))
        return false;
    FORGET(place); /* compilers would take a register for the address of both, and an instruction */
    *tag_part = cache->entry[place].part;
    return true;
}

/* False iff the tag is not aside; soon if it is in its place. */
INLINE bool tag_cache_find_aside(const struct tag_cache *cache, uint32_t tag, uint32_t *tag_part)
{
    size_t place = tag_cache_place(tag);
    if (cache->entry[place].tag == tag)
        return false;
    const struct tag_entry *line = &cache->entry[place / TAG_LINE * TAG_LINE];
    uint32_t found = 0; /* the part, and 1 */
    for (size_t i = 0; i < TAG_LINE; i++) /* to the end: where the tag is, nobody can foresee */
        found |= line[i].tag == tag ? line[i].part | 1 : 0;
    *tag_part = found - 1;
    return found != 0;
}

/* False iff the tag is not in the cache. */
static inline bool tag_cache_find_anywhere(const struct tag_cache *cache, uint32_t tag, uint32_t *tag_part)
{
    return tag_cache_find(cache, tag, tag_part) || tag_cache_find_aside(cache, tag, tag_part);
}

#endif
