/* SPDX-License-Identifier: MIT
 *
 * hit.c: finds hits, and tells the handler, a debugger, or the sink.
 */
#include "ledger/hit.h"

#include "ledger/depot.h"
#include "port/port.h"
#include "report/output.h"

#define HIT_OFF 0xFFFFFF0Fu

INTERNAL uint32_t hit_tag;

/* The name for debuggers. Programs do not refer to it: an executable would get a copy of its own. */
extern TAGPOOL_API uint32_t PoolHitTag __attribute__((alias("hit_tag")));

INTERNAL uint64_t hit_masks;

static struct {
    struct tag_masks masks;
    uint64_t nth;
    struct hit_site site;
    unsigned frames;
    aligned_u64 count;
    tagpool_hit_handler *handler;
    void *context;
} hit;

/* Where on the stack the handler was called from last, while it runs: what it does itself is no hit, and comes from further in. A
 * handler that was left by longjmp or a C++ exception leaves its mark behind; what comes from further out ends it. */
static PORT_THREAD_LOCAL uintptr_t hit_told_from;

void hit_options(const struct verifier_options *options)
{
    hit.nth = options->hit_nth;
    hit.site = options->hit_site;
    hit.frames = (unsigned)options->stack_frames;
    masks_set(&hit.masks, &options->hit);
    STORE_RELEASE(&hit_masks, options->hit.count + (hit.site.hash != 0));
}

void hit_handler_set(tagpool_hit_handler *handler, void *context)
{
    hit.context = context;
    hit.handler = handler;
}

/* An allocation whose block is tracked, at the call site that was asked for. */
static bool is_site_hit(const struct event *event)
{
    if (hit.site.hash == 0 || event->is_free || event->site_nth == 0)
        return false;
    return (hit.site.nth == 0 || event->site_nth == hit.site.nth) && depot_hash(event->stack) == hit.site.hash;
}

static bool is_hit(const struct event *event)
{
    uint32_t tag = LOAD(&hit_tag);
    if (tag == HIT_OFF) {
        /* The fast paths know one word for off. */
        (void)compare_exchange_u32(&hit_tag, &tag, 0);
        tag = 0;
    }
    if (tag != 0 && tag == event->tag)
        return true;
    bool is_nth = hit.nth == 0 || (!event->is_free && event->nth == hit.nth);
    return (is_nth && masks_match(&hit.masks, event->tag)) || is_site_hit(event);
}

static void print_hit(const struct event *event, uint64_t count)
{
    struct text line;
    const uintptr_t *frames;
    unsigned frame_count = depot_frames(event->stack, &frames);
    text_clear(&line);
    text_string(&line, "tagpool: hit ");
    text_decimal(&line, count, 0);
    text_string(&line, event->is_free ? ": free of " : ": allocation of ");
    text_hex(&line, (uintptr_t)event->block);
    text_string(&line, ", tag ");
    text_tag(&line, event->tag);
    text_string(&line, event->pool == 0 ? ", nonpaged, " : ", paged, ");
    text_plural(&line, event->bytes, "byte");
    if (!event->is_free) {
        text_string(&line, ", number ");
        text_decimal(&line, event->nth, 0);
        text_string(&line, " of the tag");
    }
    if (event->site_nth != 0) {
        text_string(&line, ", ");
        text_decimal(&line, event->site_nth, 0);
        text_string(&line, " of its call site");
    }
    output_line(&line);
    for (unsigned i = 0; i < frame_count; i++) {
        text_string(&line, "tagpool:   ");
        text_hex(&line, frames[i]);
        output_line(&line);
    }
}

void hit_event(struct event *event)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (here < hit_told_from || event->block == NULL || !is_hit(event))
        return;
    uint64_t count = add_fetch_u64(&hit.count, 1);
    (void)event_stack(event, hit.frames);
    hit_told_from = here;
    if (hit.handler != NULL) {
        struct tagpool_operation operation;
        event_describe(event, &operation);
        hit.handler(&operation, count, hit.context);
    } else if (!port_break()) {
        print_hit(event, count);
    }
    hit_told_from = 0;
}
