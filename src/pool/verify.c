/* SPDX-License-Identifier: MIT
 *
 * verify.c: asks and tells the verifier's services (contracts in verify.h).
 */
#include "pool/verify.h"

#include "ledger/depot.h"
#include "ledger/driver.h"
#include "ledger/fault.h"
#include "ledger/hit.h"
#include "ledger/leak.h"
#include "ledger/log.h"
#include "ledger/trial.h"
#include "ledger/watch.h"
#include "pool/guard.h"
#include "pool/unload.h"

#define NTH_COUNT round_up(LEDGER_ROWS, 8)
#define TAG_NONE TAGPOOL_TAG('N', 'o', 'n', 'e')

/* Counters are of what is rare; the others are those of threads. */
static struct {
    _Alignas(64) aligned_u64 failed;
    aligned_u64 failed_deliberately, succeeded_special, with_no_tag;
    aligned_u64 *nth; /* allocations by tag index, failed ones too; NULL until the verifier was first switched on */
    struct tag_masks track;
    unsigned frames;
    bool has_special;
    bool has_log;
    bool has_options; /* an option asks for a service */
    bool is_marked;       /* there was a mark: all blocks are tracked */
    uint64_t first_mark;
    aligned_u64 dropped;  /* the last allocation for whose record there was no memory */
} verify;

/* Where a tag's allocations are counted: in another cache line than those of the tags before and behind it. */
static aligned_u64 *nth_of(uint32_t tag_index)
{
    return &verify.nth[tag_index % (NTH_COUNT / 8) * 8 + tag_index / (NTH_COUNT / 8)];
}

/* How many allocations of the tag there were with this one. */
static uint64_t next_of_tag(uint32_t tag_index)
{
    return verify.nth != NULL ? add_fetch_u64(nth_of(tag_index), 1) : 0;
}

/* What was allocated while the verifier was off is counted as of now: a number then means the same in a run in which it was on
 * from the start. */
static void count_so_far(void)
{
    for (uint32_t position = 0; position <= ledger_tag_count(); position++) {
        uint32_t tag_index = position < ledger_tag_count() ? position : LEDGER_OVERFLOW;
        struct ledger_sum sums[POOLS];
        for (unsigned pool = 0; pool < POOLS; pool++)
            ledger_sum(tag_index, pool, &sums[pool]);
        STORE(nth_of(tag_index), sums[0].allocs + sums[0].failures + sums[1].allocs + sums[1].failures);
    }
}

static void verify_prepare(void)
{
    size_t bytes = round_up(NTH_COUNT * sizeof *verify.nth, PORT_UNIT_BYTES);
    if (verify.nth != NULL)
        return;
    STORE_RELEASE(&verify.nth, (aligned_u64 *)port_obtain(bytes));
}

void verify_switch(void)
{
    bool on = verify.has_options || verify.is_marked || (guard_is_on() && !guard_is_sampling()) || driver_at(0) != NULL;
    if (on || guard_is_on())
        verify_prepare();
    if (on && verify.nth != NULL && (LOAD(&pool_state.features) & FEATURE_VERIFIER) == 0)
        count_so_far();
    pool_feature(FEATURE_VERIFIER, on);
    pool_feature(FEATURE_SAMPLED, guard_is_on() && !on);
}

void verify_options(const struct verifier_options *options)
{
    hit_options(options);
    fault_options(options);
    leak_options(options);
    verify.frames = (unsigned)options->stack_frames;
    verify.has_special = options->special.count != 0;
    verify.has_log = options->track.count != 0 && options->log != 0;
    log_resize(verify.has_log ? (size_t)options->log : 0);
    masks_set(&verify.track, &options->track);
    guard_options(options);
    verify.has_options = hit_masks != 0 || fault_is_on() || options->track.count != 0;
    unload_policy_set((enum unload_policy)options->unload);
    verify_switch();
}

static void event_begin(struct event *event, unsigned pool, size_t bytes, uint32_t tag_index, const void *caller,
                        const void *frame)
{
    uint32_t tag = ledger_tag_of(tag_index);
    event->is_free = false;
    event->is_tracked = LOAD(&verify.is_marked) || masks_match(&verify.track, tag);
    event->pool = pool;
    event->bytes = bytes;
    event->tag = tag;
    event->tag_index = tag_index;
    event->block = NULL;
    event->caller = caller;
    event->frame = frame;
    event->stack = 0;
    event->thread = port_thread_number();
    event->driver = driver_current;
    event->nth = event->site_nth = 0;
    event->file = NULL;
    event->line = 0;
    event->sequence = log_next_number();
}

/* ---- marks ---- */

uint64_t verify_mark(void)
{
    uint64_t mark = log_next_number();
    if (!verify.is_marked) {
        verify.first_mark = mark;
        STORE(&verify.is_marked, true);
        verify_switch();
    }
    return mark;
}

const char *verify_why_not_checked(uint64_t mark)
{
    if (mark > log_last_number())
        return "it is no mark of this process";
    if (!verify.is_marked || mark < verify.first_mark)
        return "the mark is from before blocks were tracked";
    if (LOAD(&verify.dropped) > mark)
        return "there was no memory to track all blocks";
    return NULL;
}

/* ---- tracking ---- */

/* Keeps what is known of a block, if its tag is tracked or a driver took it. Without memory for that the block is as one from
 * before tracking began. */
static void track_alloc(struct event *event)
{
    if (event->driver != NULL)
        driver_charge(event->driver, event->pool, event->bytes);
    if (!event->is_tracked && event->driver == NULL)
        return;
    struct record record;
    record.flags = RECORD_TRACKED;
    record.stack = event_stack(event, verify.frames);
    record.sequence = event->sequence;
    record.nth = event->nth;
    record.site_nth = event->site_nth = depot_charge(record.stack, event->tag, event->bytes);
    record.thread = event->thread;
    record.driver = event->driver;
    record.file = event->file;
    record.line = event->line;
    record.trial = trial_alloc(event->tag_index, event->bytes);
    if (!pool_record(event->block, &record)) {
        STORE(&verify.dropped, event->sequence);
        trial_forget(record.trial, event->tag_index, event->bytes);
        depot_discharge(record.stack, event->tag, event->bytes);
        if (event->driver != NULL)
            driver_discharge(event->driver, event->pool, event->bytes);
    }
}

void verify_origin(struct event *event, const struct place *place, const struct record *record)
{
    *event = (struct event){.pool = place->pool,
                            .bytes = place->bytes,
                            .tag = ledger_tag_of(place->tag_index),
                            .tag_index = place->tag_index,
                            .block = (void *)place->start,
                            .stack = record->stack,
                            .driver = record->driver,
                            .thread = record->thread,
                            .sequence = record->sequence,
                            .nth = record->nth,
                            .file = record->file,
                            .line = record->line};
}

void verify_forget(const struct record *record, const struct place *place)
{
    if ((record->flags & RECORD_TRACKED) == 0)
        return;
    depot_discharge(record->stack, ledger_tag_of(place->tag_index), place->bytes);
    trial_forget(record->trial, place->tag_index, place->bytes);
    if (record->driver != NULL)
        driver_discharge(record->driver, place->pool, place->bytes);
}

static void log_event(struct event *event)
{
    if (!event->is_tracked || !verify.has_log)
        return;
    (void)event_stack(event, verify.frames);
    log_add(event);
}

bool verify_alloc_begin(struct event *event, const struct request *request, uint32_t tag_index)
{
    event_begin(event, request->pool, request->bytes, tag_index, request->caller, request->frame);
    event->nth = next_of_tag(tag_index);
    event->file = request->file;
    event->line = request->line;
    if (event->driver != NULL && LOAD(&event->driver->is_loaded) == 0)
        unload_report_late(event->driver);
    struct thread *thread = thread_enter();
    ADD(&thread->attempted, 1);
    thread_leave(thread);
    if (event->tag == TAG_NONE)
        (void)add_fetch_u64(&verify.with_no_tag, 1);
    bool is_failing = watch != NULL && watch_asks(event, !request->is_promised, verify.frames);
    if (!is_failing && (!fault_is_on() || request->is_promised || !fault_wanted(event)))
        return true;
    (void)add_fetch_u64(&verify.failed_deliberately, 1);
    return false;
}

void verify_alloc_end(struct event *event, bool is_special)
{
    if (event->block != NULL) {
        struct thread *thread = thread_enter();
        ADD(&thread->succeeded, 1);
        thread_leave(thread);
    } else {
        (void)add_fetch_u64(&verify.failed, 1);
    }
    if (is_special)
        (void)add_fetch_u64(&verify.succeeded_special, 1);
    if (event->block != NULL)
        track_alloc(event);
    log_event(event);
    if (hit_is_on())
        hit_event(event);
}

void verify_free_begin(struct event *event, const struct place *place, const void *caller, const void *frame)
{
    event_begin(event, place->pool, place->bytes, place->tag_index, caller, frame);
    event->is_free = true;
    event->block = (void *)place->start;
    if (hit_is_on())
        hit_event(event);
}

void verify_free_end(struct event *event)
{
    trial_free(event->tag_index, event->bytes);
    log_event(event);
}

uint32_t verify_level(void)
{
    bool is_tracking = verify.track.count != 0 || driver_at(0) != NULL;
    return (verify.has_special ? 1u : 0) | (fault_is_on() ? 4u : 0) | (is_tracking ? 8u : 0);
}

/* What was attempted is read last: an allocation under way is in none of the others, so no sum is ever above it. */
void verify_counters(struct tagpool_verifier_counters *counters)
{
    counters->succeeded = threads_sum(offsetof(struct thread, succeeded));
    counters->failed = LOAD(&verify.failed);
    counters->failed_deliberately = LOAD(&verify.failed_deliberately);
    counters->succeeded_special = LOAD(&verify.succeeded_special);
    counters->with_no_tag = LOAD(&verify.with_no_tag);
    counters->faults_recorded = fault_recorded();
    counters->special_wanted = guard_wanted_count();
    counters->attempted = threads_sum(offsetof(struct thread, attempted));
}
