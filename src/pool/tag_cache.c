/* SPDX-License-Identifier: MIT
 *
 * tag_cache.c: keeps tags in their lines.
 */
#include "pool/tag_cache.h"

#define TAG_ELSEWHERE UINT32_MAX /* no tag that is ever put in; its own place is in the upper half */

_Static_assert(TAGPOOL_TAG_CACHE % TAG_LINE == 0, "a line is cut off");

static bool is_empty(const struct tag_entry *entry)
{
    return entry->tag == 0 || entry->tag == TAG_ELSEWHERE;
}

/* An empty entry looks like that of tag 0, which is no tag: in the line where that would be looked for is something else. */
void tag_cache_start(struct tag_cache *cache)
{
    size_t line = tag_cache_place(0) / TAG_LINE * TAG_LINE;
    for (size_t i = 0; i < TAG_LINE; i++)
        cache->entry[line + i].tag = TAG_ELSEWHERE;
}

/* Where what is in a place can move; the neighbour has to go if there is no room. */
static struct tag_entry *room_aside(struct tag_cache *cache, size_t place)
{
    for (size_t i = 1; i < TAG_LINE; i++)
        if (is_empty(&cache->entry[place ^ i]))
            return &cache->entry[place ^ i];
    return &cache->entry[place ^ 1];
}

void tag_cache_enter(struct tag_cache *cache, uint32_t tag, uint32_t tag_index)
{
    size_t place = tag_cache_place(tag);
    if (!is_empty(&cache->entry[place]))
        *room_aside(cache, place) = cache->entry[place];
    cache->entry[place] = (struct tag_entry){tag, note_of_tag(tag_index)};
}

static const char *check_entry(const struct tag_cache *cache, size_t at)
{
    uint32_t tag = cache->entry[at].tag;
    size_t place = tag_cache_place(tag);
    if (place / TAG_LINE != at / TAG_LINE)
        return "a tag is in another line than its place";
    if (is_empty(&cache->entry[place]))
        return "a tag is aside, and its place is empty";
    for (size_t i = 1; i < TAG_LINE; i++)
        if (cache->entry[at ^ i].tag == tag)
            return "a tag is in its line twice";
    return NULL;
}

const char *tag_cache_check(const struct tag_cache *cache)
{
    const char *wrong = NULL;
    for (size_t at = 0; at < TAGPOOL_TAG_CACHE && wrong == NULL; at++)
        if (!is_empty(&cache->entry[at]))
            wrong = check_entry(cache, at);
    return wrong;
}
