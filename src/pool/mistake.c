/* SPDX-License-Identifier: MIT
 *
 * mistake.c: what the front door does not let through: finds out which mistake a call makes and reports it.
 *
 * Reports are made without a lock, and before anything has changed: a handler may return, longjmp or throw.
 */
#include "base/tag.h"
#include "pool/guard.h"
#include "pool/pattern.h"
#include "pool/pool.h"
#include "report/option.h"

bool pool_is_legal(const struct request *request)
{
    struct tagpool_bugcheck bugcheck;
    enum tag_fault fault = tag_check(request->tag);
    if (request->is_ours || (request->pool < POOLS && fault == TAG_FINE))
        return true;
    uintptr_t caller = (uintptr_t)request->caller;
    if (request->pool >= POOLS) {
        bugcheck_describe(MISTAKE_POOL_TYPE, &bugcheck);
        bugcheck.parameter[1] = request->pool;
        bugcheck.parameter[2] = request->bytes;
        bugcheck.parameter[3] = request->tag;
    } else if (fault == TAG_UNREADABLE) {
        bugcheck_describe(MISTAKE_TAG_UNREADABLE, &bugcheck);
        bugcheck.parameter[1] = request->tag;
        bugcheck.parameter[2] = request->pool;
        bugcheck.parameter[3] = caller;
    } else {
        bugcheck_describe(fault == TAG_ZERO ? MISTAKE_TAG_ZERO : MISTAKE_TAG_RESERVED, &bugcheck);
        bugcheck.parameter[1] = request->pool;
        bugcheck.parameter[2] = request->bytes;
        bugcheck.parameter[3] = caller;
    }
    bugcheck_raise(&bugcheck);
    return false;
}

void pool_describe(const struct place *place, struct tagpool_block *block)
{
    bool is_live = place->kind == PLACE_LIVE;
    *block = (struct tagpool_block){.address = (void *)place->start,
                                    .bytes = place->bytes,
                                    .charged = place->charged,
                                    .tag = place->tag_index < LEDGER_ROWS ? ledger_tag_of(place->tag_index) : 0,
                                    .pool = place->pool == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED,
                                    .is_protected = is_live && (pool_flags(place) & RECORD_PROTECTED) != 0};
}

/* The tag that a live block was allocated with, TAG_PROTECTED included. */
static uint32_t full_tag(const struct place *place)
{
    return ledger_tag_of(place->tag_index) | ((pool_flags(place) & RECORD_PROTECTED) != 0 ? TAG_PROTECTED : 0);
}

static void report_block(enum mistake mistake, const struct place *place, const void *block, uint32_t tag, bool stops)
{
    struct tagpool_bugcheck bugcheck;
    struct guard_story story;
    uintptr_t address = (uintptr_t)block;
    bool has_block = (place->kind == PLACE_LIVE || place->kind == PLACE_FREED) && place->charged != 0;
    bugcheck_describe(mistake, &bugcheck);
    bugcheck.stops = stops;
    bugcheck.parameter[1] = address;
    switch (mistake) {
    case MISTAKE_FREE_TWICE:
        bugcheck.parameter[1] = 0;
        bugcheck.parameter[2] = place->note;
        bugcheck.parameter[3] = address;
        break;
    case MISTAKE_FREE_PAGED_INSIDE:
        bugcheck.parameter[1] = 0;
        bugcheck.parameter[3] = (address - arena.base - arena.bytes / POOLS) >> PAGE_SHIFT;
        break;
    case MISTAKE_FREE_WRONG_TAG:
    case MISTAKE_FREE_PROTECTED:
        bugcheck.parameter[2] = full_tag(place);
        bugcheck.parameter[3] = tag;
        break;
    case MISTAKE_WRITE_PAST_END:
        bugcheck.parameter[2] = place->bytes;
        bugcheck.parameter[3] = pattern_tail_damage(block, place->bytes, place->charged);
        break;
    default:
        break;
    }
    bugcheck.has_block = has_block;
    if (has_block)
        pool_describe(place, &bugcheck.block);
    guard_tell(place->special, &story, &bugcheck);
    bugcheck_raise(&bugcheck);
}

bool pool_find(const void *block, struct place *place)
{
    uintptr_t address = (uintptr_t)block;
    enum mistake mistake;
    memset(place, 0, sizeof *place);
    if (LOAD_ACQUIRE(&pool_state.started) != 0)
        owner_find(address, place);
    if (place->kind == PLACE_LIVE && place->start == address)
        return true;
    if (special_is_ours(address) && (place->kind != PLACE_FREED || place->start != address)) {
        guard_report_address(address, place);
        return false;
    }
    if (block == NULL)
        mistake = MISTAKE_FREE_NULL;
    else if (place->kind == PLACE_FOREIGN)
        mistake = MISTAKE_FREE_FOREIGN;
    else if (place->kind == PLACE_UNUSED)
        mistake = place->pool == 0 ? MISTAKE_FREE_NONPAGED_UNUSED : MISTAKE_FREE_PAGED_UNUSED;
    else if (place->start != address)
        mistake = place->pool == 0 ? MISTAKE_FREE_NONPAGED_INSIDE : MISTAKE_FREE_PAGED_INSIDE;
    else
        mistake = MISTAKE_FREE_TWICE;
    report_block(mistake, place, block, 0, true);
    return false;
}

bool pool_is_right_tag(const struct place *place, uint32_t flags, uint32_t tag, bool any_tag)
{
    const void *block = (const void *)place->start;
    uint32_t own = ledger_tag_of(place->tag_index) | ((flags & RECORD_PROTECTED) != 0 ? TAG_PROTECTED : 0);
    bool is_protected = (own & TAG_PROTECTED) != 0;
    if (any_tag || tag == 0) {
        if (is_protected)
            report_block(MISTAKE_FREE_PROTECTED, place, block, 0, true);
        return !is_protected;
    }
    /* What tag an overflow block was allocated with is not known. */
    if (tag == own || (place->tag_index == LEDGER_OVERFLOW && (tag & TAG_PROTECTED) == (own & TAG_PROTECTED)))
        return true;
    enum wrong_tag_policy policy = (enum wrong_tag_policy)LOAD(&pool_state.wrong_tag);
    bool stops = is_protected || policy == WRONG_TAG_STOP;
    if (stops || policy == WRONG_TAG_REPORT)
        report_block(MISTAKE_FREE_WRONG_TAG, place, block, tag, stops);
    return !stops;
}

bool pool_is_tail_whole(const struct place *place, uint32_t flags)
{
    const void *block = (const void *)place->start;
    if (place->special != NULL)
        return guard_is_whole(place);
    if ((flags & RECORD_PATTERNED) == 0 || pattern_is_tail(block, place->bytes, place->charged))
        return true;
    report_block(MISTAKE_WRITE_PAST_END, place, block, 0, true);
    return false;
}

static void report_written_after_free(const struct place *place, bool stops)
{
    struct tagpool_bugcheck bugcheck;
    bugcheck_describe(MISTAKE_WRITE_AFTER_FREE, &bugcheck);
    bugcheck.parameter[0] = place->start + pattern_freed_damage((void *)place->start, place->charged);
    bugcheck.parameter[1] = 1; /* a write */
    bugcheck.stops = stops;
    bugcheck.has_block = true;
    pool_describe(place, &bugcheck.block);
    bugcheck_raise(&bugcheck);
}

void pool_report_damaged(const struct place *place)
{
    if (place->kind == PLACE_LIVE)
        report_block(MISTAKE_WRITE_PAST_END, place, (const void *)place->start, 0, false);
    else
        report_written_after_free(place, false);
}

void pool_report_freed_twice(const void *block)
{
    struct place place;
    owner_find((uintptr_t)block, &place);
    report_block(MISTAKE_FREE_TWICE, &place, block, 0, true);
}

void pool_report_written_after_free(const struct place *place)
{
    report_written_after_free(place, true);
}
