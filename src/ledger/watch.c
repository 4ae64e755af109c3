/* SPDX-License-Identifier: MIT
 *
 * watch.c: what one thread allocates (contracts in watch.h).
 */
#include "ledger/watch.h"

#include "ledger/depot.h"

INTERNAL PORT_THREAD_LOCAL struct watch watch;

void watch_start(const struct tag_masks *of, const struct driver *driver, uint64_t fail_at)
{
    watch.of = *of;
    watch.driver = driver;
    watch.matching = 0;
    watch.fail_at = fail_at;
    watch.failed = (struct watch_request){.tag = 0};
    watch.is_failing = true;
}

void watch_stop(void)
{
    watch.is_failing = false;
}

void watch_note(void)
{
    watch.noted = (struct watch_request){.tag = 0};
    watch.is_noting = true;
}

static void note_request(struct watch_request *request, struct event *event, unsigned frames)
{
    *request = (struct watch_request){.tag = event->tag,
                                      .pool = event->pool,
                                      .bytes = event->bytes,
                                      .stack = event_stack(event, frames),
                                      .file = event->file,
                                      .line = event->line};
}

static bool is_watched(const struct event *event)
{
    return (watch.of.count == 0 || masks_match(&watch.of, event->tag)) &&
           (watch.driver == NULL || watch.driver == event->driver);
}

bool watch_asks(struct event *event, bool can_fail, unsigned frames)
{
    watch.asked++;
    if (watch.is_noting)
        note_request(&watch.noted, event, frames);
    watch.is_noting = false;
    if (!watch.is_failing || !can_fail || !is_watched(event) || ++watch.matching != watch.fail_at)
        return false;
    note_request(&watch.failed, event, frames);
    return true;
}
