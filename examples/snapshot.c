/* SPDX-License-Identifier: MIT
 *
 * snapshot.c: which step of a program grows memory? The difference of two snapshots says it, tag by tag.
 */
#include <stdio.h>
#include "tagpool.h"

#define TAG_SESSION TAGPOOL_TAG('S', 'e', 's', 's')
#define TAG_PACKET TAGPOOL_TAG('P', 'a', 'c', 'k')

static void *session, *packets[8];

static void open_session(void)
{
    session = tagpool_zalloc(TAGPOOL_PAGED, 200, TAG_SESSION);
    for (int i = 0; i < 8; i++)
        packets[i] = tagpool_alloc(TAGPOOL_NONPAGED, 1500, TAG_PACKET);
}

static void close_session(void)
{
    for (int i = 0; i < 7; i++) /* one too few */
        tagpool_free_tag(packets[i], TAG_PACKET);
    tagpool_free_tag(session, TAG_SESSION);
}

/* Runs one step between two snapshots and prints what it changed. */
static void measure(const char *name, void (*step)(void))
{
    struct tagpool_change changes[8];
    char text[5];
    struct tagpool_snapshot *before = tagpool_snapshot_take();
    step();
    struct tagpool_snapshot *after = tagpool_snapshot_take();

    size_t count = before && after ? tagpool_snapshot_diff(before, after, changes, 8) : 0;
    for (size_t i = 0; i < count && i < 8; i++)
        printf("%-6s %s %-8s blocks %+3lld  bytes %+6lld\n", name, tagpool_tag_text(changes[i].tag, text),
               changes[i].pool == TAGPOOL_PAGED ? "paged" : "nonpaged", (long long)changes[i].blocks,
               (long long)changes[i].bytes);
    tagpool_snapshot_release(before);
    tagpool_snapshot_release(after);
}

static void visit(void)
{
    open_session();
    close_session();
}

int main(void)
{
    measure("open", open_session);
    measure("close", close_session);
    measure("visit", visit); /* the whole cycle: whatever is not back to +0 blocks grows with every visit */
    return 0;
}
