/* SPDX-License-Identifier: MIT
 *
 * hunt.c: how to find a leak: snapshots around each request name the kind, walking the blocks names the requests.
 */
#include <stdio.h>
#include <stdlib.h>
#include "hunt.h"

enum { TAGS_MAX = 8, LEAKS_MAX = 1000 };

/* A tag of which blocks are outstanding, and what each kind of request added to them in the replay. */
struct suspect {
    uint32_t tag;
    enum tagpool_pool pool;
    unsigned requests[TRACE_KINDS]; /* that changed the number of blocks */
    long long blocks[TRACE_KINDS], bytes[TRACE_KINDS];
};

struct suspects {
    size_t count;
    struct suspect list[TAGS_MAX];
};

/* For tagpool_walk(): one suspect for each tag and pool that has a block. */
static bool add_suspect(const struct tagpool_block *block, void *context)
{
    struct suspects *suspects = context;
    for (size_t i = 0; i < suspects->count; i++)
        if (suspects->list[i].tag == block->tag && suspects->list[i].pool == block->pool)
            return true;
    suspects->list[suspects->count++] = (struct suspect){.tag = block->tag, .pool = block->pool};
    return suspects->count < TAGS_MAX;
}

/* Books the difference of two snapshots under the kind of request that ran between them. */
static void book(struct suspects *suspects, enum trace_kind kind, const struct tagpool_snapshot *before,
                 const struct tagpool_snapshot *after) {
    struct tagpool_change changes[32];
    size_t count = tagpool_snapshot_diff(before, after, changes, 32);

    for (size_t i = 0; i < count && i < 32; i++)
        for (size_t j = 0; j < suspects->count; j++) {
            struct suspect *suspect = &suspects->list[j];
            if (suspect->tag != changes[i].tag || suspect->pool != changes[i].pool || changes[i].blocks == 0)
                continue;
            suspect->requests[kind]++;
            suspect->blocks[kind] += changes[i].blocks;
            suspect->bytes[kind] += changes[i].bytes;
        }
}

/* One request at a time, so that whatever changed between two snapshots was its doing. */
static bool replay(struct engine *engine, const struct trace *trace, struct suspects *suspects)
{
    struct tagpool_snapshot *before = tagpool_snapshot_take();

    for (size_t i = 0; i < trace->count && before != NULL; i++) {
        engine_submit(engine, &trace->entries[i]);
        engine_wait_idle(engine);
        struct tagpool_snapshot *after = tagpool_snapshot_take();
        if (after != NULL)
            book(suspects, trace->entries[i].kind, before, after);
        tagpool_snapshot_release(before);
        before = after;
    }
    tagpool_snapshot_release(before);
    return before != NULL;
}

static void print_suspect(const struct suspect *suspect)
{
    char text[5];
    tagpool_tag_text(suspect->tag, text);
    printf("   request    requests that kept %s    blocks     bytes\n", text);
    for (int kind = 0; kind < TRACE_KINDS; kind++)
        if (suspect->requests[kind] != 0)
            printf("   %-10s %23u  %+8lld  %+8lld\n", trace_kind_text((enum trace_kind)kind), suspect->requests[kind],
                   suspect->blocks[kind], suspect->bytes[kind]);
}

/* The requests that the ioctl buffers left over belong to. */
struct owners {
    size_t count;
    const struct ioctl_header *list[LEAKS_MAX];
};

/* For tagpool_walk(): reads the header that device_control() put at the front of the block. */
static bool add_owner(const struct tagpool_block *block, void *context)
{
    struct owners *owners = context;
    if (block->tag == TAG_IOCTL)
        owners->list[owners->count++] = block->address;
    return owners->count < LEAKS_MAX;
}

static int by_line(const void *left, const void *right)
{
    const struct ioctl_header *const *a = left, *const *b = right;
    return (*a)->entry->line < (*b)->entry->line ? -1 : (*a)->entry->line > (*b)->entry->line;
}

static void print_owners(struct owners *owners)
{
    size_t failed = 0;

    qsort(owners->list, owners->count, sizeof *owners->list, by_line); /* addresses depend on the scheduling of threads */
    for (size_t i = 0; i < owners->count; i++) {
        const struct ioctl_header *header = owners->list[i];
        const struct trace_entry *entry = header->entry;
        failed += header->status != STATUS_SUCCESS;
        printf("   line %3u, at %6u ms: %s %c: %-17s %4u  %s\n", entry->line, entry->time, trace_kind_text(entry->kind),
               entry->volume, entry->word, (unsigned)entry->length, status_text(header->status));
    }
    printf("\n   %zu of these %zu blocks belong to ioctls that failed.\n", failed, owners->count);
    if (failed == owners->count)
        printf("   So look at the error returns of device_control() in driver.c: one of them forgets the buffer.\n");
}

bool hunt(struct engine *engine, const struct trace *trace)
{
    static struct owners owners; /* large */
    struct suspects suspects = {0};

    owners.count = 0;
    tagpool_walk(add_suspect, &suspects);
    tagpool_walk(add_owner, &owners); /* before the replay leaks as much again */

    printf("\nHow to find it\n\n1. Snapshots. The trace again, one request at a time, a snapshot before and after each:\n\n");
    if (!replay(engine, trace, &suspects)) {
        fputs("driver: no memory for snapshots\n", stderr);
        return false;
    }
    for (size_t i = 0; i < suspects.count; i++)
        print_suspect(&suspects.list[i]);

    if (owners.count != 0) {
        printf("\n2. Walk. What the blocks of tag SumI in the verdict say about themselves, by line of the trace:\n\n");
        print_owners(&owners);
    }
    return true;
}
