/* SPDX-License-Identifier: MIT
 *
 * sysinfo.c: answers of NtQuerySystemInformation() about pools.
 *
 * Answers are written entry by entry while there is room, and counted on: what changes meanwhile costs no more than a second
 * question. The caller's buffer need not be aligned.
 */
#include "service/sysinfo.h"

#include "ledger/driver.h"
#include "ledger/ledger.h"
#include "memory/owner.h"
#include "pool/pool.h"
#include "pool/verify.h"
#include "service/force.h"
#include "service/lookaside.h"
#include "service/slist.h"
#include "tagpool/wdk/sysinfo.h"
#include "view/rows.h"

#define SYSINFO_COUNTED_HEADER offsetof(SYSTEM_POOLTAG_INFORMATION, TagInfo) /* the count, and what aligns the entries */

_Static_assert(sizeof(SYSTEM_POOLTAG) == (sizeof(void *) == 8 ? 0x28 : 0x1C), "as documented");
_Static_assert(sizeof(SYSTEM_BIGPOOL_ENTRY) == (sizeof(void *) == 8 ? 0x18 : 0xC), "as documented");
_Static_assert(sizeof(SYSTEM_VERIFIER_INFORMATION) == (sizeof(void *) == 8 ? 0x80 : 0x68), "as documented");
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

/* One side's sums, what went out read first, so that no difference is below 0. */
static void describe_side(const struct driver_side *side, ULONG *blocks, ULONG *peak_blocks, SIZE_T *bytes, SIZE_T *peak_bytes)
{
    uint64_t frees = LOAD_ACQUIRE(&side->frees);
    uint64_t bytes_out = LOAD_ACQUIRE(&side->bytes_out);
    *blocks = (ULONG)(LOAD(&side->allocs) - frees);
    *bytes = (SIZE_T)(LOAD(&side->bytes_in) - bytes_out);
    *peak_blocks = (ULONG)LOAD(&side->peak_blocks);
    *peak_bytes = (SIZE_T)LOAD(&side->peak_bytes);
}

/* What is the same in all entries. */
static void describe_verifier(SYSTEM_VERIFIER_INFORMATION *entry)
{
    struct tagpool_verifier_counters counters;
    verify_counters(&counters);
    memset(entry, 0, sizeof *entry);
    entry->Level = verify_level() | (LOAD(&wdk_policy.force_irql) != 0 ? 2u : 0);
    entry->AllocationsAttempted = (ULONG)counters.attempted;
    entry->AllocationsSucceeded = (ULONG)counters.succeeded;
    entry->AllocationsSucceededSpecialPool = (ULONG)counters.succeeded_special;
    entry->AllocationsWithNoTag = (ULONG)counters.with_no_tag;
    entry->AllocationsFailed = (ULONG)counters.failed;
    entry->AllocationsFailedDeliberately = (ULONG)counters.failed_deliberately;
    entry->TrimRequests = (ULONG)force_trims();
    entry->Trims = entry->TrimRequests;
}

static void answer_driver(struct answer *answer, SYSTEM_VERIFIER_INFORMATION *entry, const struct driver *driver, bool is_last)
{
    struct {
        USHORT text[DRIVER_NAME_MOST + 1 + sizeof(void *) / sizeof(USHORT)]; /* with room to align the next entry */
    } name = {{0}};
    size_t length = string_length(driver->name);
    size_t bytes = round_up((length + 1) * sizeof name.text[0], sizeof(void *));
    for (size_t i = 0; i < length; i++)
        name.text[i] = (unsigned char)driver->name[i];
    entry->NextEntryOffset = is_last ? 0 : (ULONG)(sizeof *entry + bytes);
    entry->DriverName.Length = (USHORT)(length * sizeof name.text[0]);
    entry->DriverName.MaximumLength = (USHORT)(entry->DriverName.Length + sizeof name.text[0]);
    entry->DriverName.Buffer = (USHORT *)((uintptr_t)answer->buffer + answer->length + sizeof *entry);
    entry->Loads = (ULONG)driver->loads;
    entry->Unloads = (ULONG)driver->unloads;
    describe_side(&driver->side[TAGPOOL_PAGED], &entry->CurrentPagedPoolAllocations, &entry->PeakPagedPoolAllocations,
                  &entry->PagedPoolUsageInBytes, &entry->PeakPagedPoolUsageInBytes);
    describe_side(&driver->side[TAGPOOL_NONPAGED], &entry->CurrentNonPagedPoolAllocations, &entry->PeakNonPagedPoolAllocations,
                  &entry->NonPagedPoolUsageInBytes, &entry->PeakNonPagedPoolUsageInBytes);
    answer_add(answer, entry, sizeof *entry);
    answer_add(answer, name.text, bytes);
}

static void answer_drivers(struct answer *answer)
{
    SYSTEM_VERIFIER_INFORMATION entry;
    size_t count = 0;
    while (driver_at(count) != NULL)
        count++;
    describe_verifier(&entry);
    for (size_t i = 0; i < count; i++)
        answer_driver(answer, &entry, driver_at(i), i + 1 == count);
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
    case SystemVerifierInformation:
        answer_drivers(&answer);
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
