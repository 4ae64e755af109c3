/* SPDX-License-Identifier: MIT
 *
 * verify.c: asks and tells the verifier's services (contracts in verify.h).
 */
#include "pool/verify.h"

#include "ledger/depot.h"
#include "ledger/fault.h"
#include "ledger/hit.h"

#define TAG_NONE TAGPOOL_TAG('N', 'o', 'n', 'e')

static struct {
    aligned_u64 sequence;
    aligned_u64 attempted, succeeded, failed, failed_deliberately, succeeded_special, with_no_tag;
    aligned_u64 *nth; /* allocations by tag index; NULL until the verifier was first switched on */
} verify;

/* How many allocations of the tag there were with this one. */
static uint64_t next_of_tag(uint32_t tag_index)
{
    return verify.nth != NULL ? add_fetch_u64(&verify.nth[tag_index], 1) : 0;
}

static void verify_prepare(void)
{
    size_t bytes = round_up(LEDGER_ROWS * sizeof *verify.nth, PORT_UNIT_BYTES);
    if (verify.nth != NULL)
        return;
    aligned_u64 *nth = port_reserve(bytes);
    if (nth != NULL && !port_commit(nth, bytes)) {
        port_release(nth, bytes);
        nth = NULL;
    }
    STORE_RELEASE(&verify.nth, nth);
}

void verify_options(const struct verifier_options *options)
{
    hit_options(options);
    fault_options(options);
    bool on = hit_masks != 0 || fault_is_on();
    if (on)
        verify_prepare();
    pool_feature(FEATURE_VERIFIER, on);
}

static void event_begin(struct event *event, unsigned pool, size_t bytes, uint32_t tag_index, const void *caller, const void *frame)
{
    *event = (struct event){.pool = pool,
                            .bytes = bytes,
                            .tag = ledger_tag_of(tag_index),
                            .tag_index = tag_index,
                            .caller = caller,
                            .frame = frame,
                            .thread = port_thread_number(),
                            .sequence = add_fetch_u64(&verify.sequence, 1)};
}

bool verify_alloc_begin(struct event *event, const struct request *request, uint32_t tag_index)
{
    event_begin(event, request->pool, request->bytes, tag_index, request->caller, request->frame);
    event->nth = next_of_tag(tag_index);
    (void)add_fetch_u64(&verify.attempted, 1);
    if (event->tag == TAG_NONE)
        (void)add_fetch_u64(&verify.with_no_tag, 1);
    if (!fault_is_on() || !fault_wanted(event))
        return true;
    (void)add_fetch_u64(&verify.failed_deliberately, 1);
    return false;
}

void verify_alloc_end(struct event *event, bool is_special)
{
    (void)add_fetch_u64(event->block != NULL ? &verify.succeeded : &verify.failed, 1);
    if (is_special)
        (void)add_fetch_u64(&verify.succeeded_special, 1);
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
    (void)event;
}

/* What was attempted is read last: an allocation under way is in none of the others, so no sum is ever above it. */
void verify_counters(struct tagpool_verifier_counters *counters)
{
    counters->succeeded = LOAD(&verify.succeeded);
    counters->failed = LOAD(&verify.failed);
    counters->failed_deliberately = LOAD(&verify.failed_deliberately);
    counters->succeeded_special = LOAD(&verify.succeeded_special);
    counters->with_no_tag = LOAD(&verify.with_no_tag);
    counters->attempted = LOAD(&verify.attempted);
}
