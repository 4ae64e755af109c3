/* SPDX-License-Identifier: MIT
 *
 * watch.c: what one thread allocates (contracts in watch.h).
 */
#include "ledger/watch.h"

#include "ledger/depot.h"

INTERNAL PORT_THREAD_LOCAL struct watch watch;

void watch_start(const struct tag_mask *of, uint64_t fail_at)
{
    watch.of.mask[0] = *of;
    watch.of.count = 1;
    watch.matching = 0;
    watch.fail_at = fail_at;
    watch.failed_tag = 0;
    watch.is_failing = true;
}

void watch_stop(void)
{
    watch.is_failing = false;
}

bool watch_asks(struct event *event, bool can_fail, unsigned frames)
{
    watch.asked++;
    watch.last_tag = event->tag;
    if (!watch.is_failing || !can_fail || !masks_match(&watch.of, event->tag) || ++watch.matching != watch.fail_at)
        return false;
    watch.failed_tag = event->tag;
    watch.failed_bytes = event->bytes;
    watch.failed_stack = event_stack(event, frames);
    return true;
}
