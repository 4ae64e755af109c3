/* SPDX-License-Identifier: MIT
 *
 * sysinfo.c: answers of NtQuerySystemInformation() about pools.
 *
 * Answers are written entry by entry while there is room, and counted on: what changes meanwhile costs no more than a second
 * question. The caller's buffer need not be aligned.
 */
#include "service/sysinfo.h"

#include "ledger/ledger.h"
#include "memory/owner.h"
#include "pool/pool.h"
#include "service/lookaside.h"
#include "service/slist.h"
#include "tagpool/wdk/sysinfo.h"
#include "view/rows.h"

#define SYSINFO_COUNTED_HEADER offsetof(SYSTEM_POOLTAG_INFORMATION, TagInfo) /* the count, and what aligns the entries */

_Static_assert(sizeof(SYSTEM_POOLTAG) == (sizeof(void *) == 8 ? 0x28 : 0x1C), "as documented");
_Static_assert(sizeof(SYSTEM_BIGPOOL_ENTRY) == (sizeof(void *) == 8 ? 0x18 : 0xC), "as documented");
_Static_assert(sizeof(SYSTEM_LOOKASIDE_INFORMATION) == 32, "as documented");
_Static_assert(offsetof(SYSTEM_BIGPOOL_INFORMATION, AllocatedInfo) == SYSINFO_COUNTED_HEADER, "both begin alike");

struct answer {
    char *buffer;
    size_t room;
    size_t length;
    ULONG count;
};

static void answer_add(struct answer *answer, const void *entry, size_t bytes)
{
    if (answer->length + bytes <= answer->room)
        memcpy(answer->buffer + answer->length, entry, bytes);
    answer->length += bytes;
    answer->count++;
}

static void answer_begin_counted(struct answer *answer)
{
    answer->length = SYSINFO_COUNTED_HEADER;
    if (answer->length <= answer->room)
        memset(answer->buffer, 0, answer->length);
}

static void answer_end_counted(struct answer *answer)
{
    if (sizeof answer->count <= answer->room)
        memcpy(answer->buffer, &answer->count, sizeof answer->count);
}

static void answer_tags(struct answer *answer)
{
    uint32_t indices = LOAD_ACQUIRE(&pool_state.started) != 0 ? rows_indices() : 0;
    answer_begin_counted(answer);
    for (uint32_t i = 0; i < indices; i++) {
        struct tagpool_stats nonpaged, paged;
        (void)rows_stats(rows_index(i), TAGPOOL_NONPAGED, &nonpaged);
        (void)rows_stats(rows_index(i), TAGPOOL_PAGED, &paged);
        if ((nonpaged.allocs | paged.allocs) == 0)
            continue;
        const SYSTEM_POOLTAG entry = {.TagUlong = ledger_tag_of(rows_index(i)),
                                      .PagedAllocs = (ULONG)paged.allocs,
                                      .PagedFrees = (ULONG)paged.frees,
                                      .PagedUsed = (SIZE_T)paged.charged,
                                      .NonPagedAllocs = (ULONG)nonpaged.allocs,
                                      .NonPagedFrees = (ULONG)nonpaged.frees,
                                      .NonPagedUsed = (SIZE_T)nonpaged.charged};
        answer_add(answer, &entry, sizeof entry);
    }
    answer_end_counted(answer);
}

static bool answer_block(const struct place *place, void *context)
{
    if (place->charged < PAGE_BYTES)
        return true;
    SYSTEM_BIGPOOL_ENTRY entry;
    memset(&entry, 0, sizeof entry);
    entry.VirtualAddress = (PVOID)(place->start | (place->pool == 0));
    entry.SizeInBytes = place->charged;
    entry.TagUlong = ledger_tag_of(place->tag_index);
    answer_add(context, &entry, sizeof entry);
    return true;
}

static void answer_blocks(struct answer *answer)
{
    answer_begin_counted(answer);
    (void)owner_walk(answer_block, answer);
    answer_end_counted(answer);
}

static void answer_list(lookaside_list *list, void *context)
{
    const SYSTEM_LOOKASIDE_INFORMATION entry = {.CurrentDepth = (USHORT)slist_depth(&list->ListHead),
                                                .MaximumDepth = LOAD(&list->Depth),
                                                .TotalAllocates = LOAD(&list->TotalAllocates),
                                                .AllocateMisses = LOAD(&list->AllocateMisses),
                                                .TotalFrees = LOAD(&list->TotalFrees),
                                                .FreeMisses = LOAD(&list->FreeMisses),
                                                .Type = (ULONG)list->Type,
                                                .Tag = list->Tag,
                                                .Size = list->Size};
    answer_add(context, &entry, sizeof entry);
}

enum sysinfo_result sysinfo_query(unsigned class, void *buffer, size_t buffer_bytes, size_t *length)
{
    const SYSTEM_POOL_ZEROING_INFORMATION zeroing = {.PoolZeroingSupportPresent = TRUE};
    struct answer answer = {.buffer = buffer, .room = buffer_bytes};
    *length = 0;
    switch (class) {
    case SystemPoolTagInformation:
        answer_tags(&answer);
        break;
    case SystemLookasideInformation:
        lookaside_each(answer_list, &answer);
        break;
    case SystemBigPoolInformation:
        answer_blocks(&answer);
        break;
    case SystemPoolZeroingInformation:
        answer_add(&answer, &zeroing, sizeof zeroing);
        break;
    default:
        return SYSINFO_NO_CLASS;
    }
    *length = answer.length;
    return answer.length <= buffer_bytes ? SYSINFO_DONE : SYSINFO_TOO_SMALL;
}
