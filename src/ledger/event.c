/* SPDX-License-Identifier: MIT
 *
 * event.c: an event as the public sees it.
 */
#include "ledger/event.h"

#include "ledger/depot.h"
#include "ledger/driver.h"
#include "port/port.h"
#include "tagpool/verifier.h"

void event_describe(const struct event *event, struct tagpool_operation *operation)
{
    *operation = (struct tagpool_operation){
        .is_free = event->is_free,
        .pool = event->pool == 0 ? TAGPOOL_NONPAGED : TAGPOOL_PAGED,
        .tag = event->tag,
        .block = event->block,
        .bytes = event->bytes,
        .sequence = event->sequence,
        .nth = event->nth,
        .thread = event->thread,
        .driver = event->driver != NULL ? event->driver->name : NULL,
        .file = event->file,
        .line = event->line,
    };
    operation->frame_count = depot_frames(event->stack, &operation->frames);
}
