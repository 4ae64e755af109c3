/* SPDX-License-Identifier: MIT
 *
 * guard.c: takes blocks from special pool and gives them back (contracts in guard.h).
 *
 * A block in a region without inaccessible pages has patterns where they would be, and its data is filled when it is freed.
 */
#include "pool/guard.h"

#include "ledger/depot.h"
#include "ledger/driver.h"
#include "ledger/fault.h"
#include "pool/checker.h"
#include "pool/pattern.h"
#include "report/output.h"

/* So many of a hundred allocations must be served, or the user is told. */
#define SERVED_LEAST 95u

static struct {
    struct verifier_options options;
    uint64_t seed;
    aligned_u64 wanted, served;
    aligned_u64 watched; /* the millisecond in which faults were last taken over */
    uint32_t is_told;    /* that too few are served */
} guard = {.options = {.special_pages = 1 << 18}};

INTERNAL PORT_THREAD_LOCAL uint64_t guard_countdown;

static PORT_THREAD_LOCAL uint64_t guard_draws; /* of this thread */

bool guard_is_on(void)
{
    return guard.options.special.count != 0 || guard.options.special_driver.count != 0;
}

bool guard_is_sampling(void)
{
    return guard_is_on() && guard.options.special_sample > 1;
}

/* Turns come after 1 to 2 N - 1 allocations, N on average: each allocation's chance is one in N, whatever its tag and size. */
bool guard_draw(void)
{
    uint64_t number = fault_mix(guard.seed, thread_self != NULL ? thread_self->number : 0, ++guard_draws);
    uint64_t range = 2 * guard.options.special_sample - 1;
    uint64_t turn = number - divide(number, range) * range;
    guard_countdown = turn;
    return turn == 0;
}

static void say_seed(void)
{
    struct text line;
    text_clear(&line);
    text_string(&line, "tagpool: special pool samples 1 in ");
    text_decimal(&line, guard.options.special_sample, 0);
    text_string(&line, " with special_seed=");
    text_decimal(&line, guard.seed, 0);
    output_line(&line);
}

void guard_options(const struct verifier_options *options)
{
    bool was_sampling = guard_is_sampling();
    uint64_t seed = options->special_seed;
    if (seed == 0)
        seed = was_sampling ? guard.seed : 1 + (uint32_t)port_milliseconds() % 1000000u;
    if (options->special_pages != guard.options.special_pages)
        STORE(&guard.is_told, 0);
    guard.options = *options;
    guard.seed = seed;
    special_limits(options->special_pages, (enum special_guard)options->special_guard);
    if (!guard_is_on())
        return;
    if (special_start())
        guard_watch();
    if (options->special_sample > 1 && options->special_seed == 0 && !was_sampling)
        say_seed();
}

aligned_u64 guard_wanted_count(void)
{
    return LOAD(&guard.wanted);
}

aligned_u64 guard_served_count(void)
{
    return LOAD(&guard.served);
}

/* ---- which allocations ---- */

static bool is_named(const struct driver *driver)
{
    const struct name_list *names = &guard.options.special_driver;
    for (uint64_t i = 0; driver != NULL && i < names->count; i++) {
        const char *name = names->name[i];
        size_t length = string_length(name);
        if ((length == 1 && name[0] == '*') || (length == string_length(driver->name) && memcmp(name, driver->name, length) == 0))
            return true;
    }
    return false;
}

/* Whether special pool is to serve the request, and on which side the block goes. */
static bool is_chosen(const struct request *request, const struct event *event, bool is_due, enum special_edge *edge)
{
    const struct verifier_options *options = &guard.options;
    const struct tag_mask *mask = masks_find(&options->special, event->tag);
    unsigned way = request->edge != 0 ? request->edge : mask != NULL ? mask->way : 0;
    *edge = way != 0 ? (enum special_edge)(way - 1) : (enum special_edge)options->special_edge;
    if (request->special)
        return true;
    if (request->bytes < options->special_least || request->bytes > options->special_most)
        return false;
    if (mask == NULL && !is_named(event->driver))
        return false;
    if (options->special_sample <= 1 || is_due)
        return true;
    uint64_t chance = fault_mix(guard.seed, event->tag, event->nth);
    return chance - divide(chance, options->special_sample) * options->special_sample == 0;
}

static void warn_if_few(void)
{
    uint64_t wanted = LOAD(&guard.wanted);
    uint64_t served = LOAD(&guard.served);
    struct text line;
    if (served * 100 >= wanted * SERVED_LEAST || exchange_u32(&guard.is_told, 1) != 0)
        return;
    text_clear(&line);
    text_string(&line, "tagpool: special pool has served ");
    text_decimal(&line, served, 0);
    text_string(&line, " of ");
    text_decimal(&line, wanted, 0);
    text_string(&line, " allocations, less than 95 %; normal pool served the others (option special_pages, now ");
    text_decimal(&line, guard.options.special_pages, 0);
    text_char(&line, ')');
    output_line(&line);
}

/* ---- patterns ---- */

/* The memory around a block: of its pages, and where there are patterns, of those between runs. */
struct surroundings {
    uintptr_t before, data, start, end, data_end, behind;
};

static void find_surroundings(const struct special_block *special, struct surroundings *around)
{
    bool is_patterned = special_is_patterned(special);
    around->data = special_data(special);
    around->data_end = around->data + special_charged(special);
    around->start = special->start;
    around->end = special->start + special->bytes;
    around->before = around->data - (is_patterned ? special_page_bytes() : 0);
    around->behind = around->data_end + (is_patterned ? special_between(special) : 0);
}

static void fill_surroundings(const struct special_block *special)
{
    struct surroundings around;
    find_surroundings(special, &around);
    memset((void *)around.data, special->fill, around.start - around.data);
    memset((void *)around.end, special->fill, around.data_end - around.end);
}

/* The first address in a range that does not hold the value; `end` if all do. */
static uintptr_t first_damaged(uintptr_t start, uintptr_t end, uint8_t value)
{
    const unsigned char *bytes = (const unsigned char *)start;
    size_t count = end - start;
    if (count == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, count - 1) == 0))
        return end;
    while (*bytes == value)
        bytes++;
    return (uintptr_t)bytes;
}

/* Whether one bit of one byte differs. */
static bool is_one_bit(uintptr_t damaged, uintptr_t end, uint8_t value)
{
    unsigned difference = *(const unsigned char *)damaged ^ (unsigned)value;
    return (difference & (difference - 1)) == 0 && first_damaged(damaged + 1, end, value) == end;
}

/* The sub-code of 0xC1 and the address; 0 if nothing is damaged. What lies in the block's own pages comes first: its neighbours
 * share the rest. */
static uint32_t find_damage(const struct special_block *special, uintptr_t *damaged)
{
    struct surroundings around;
    find_surroundings(special, &around);
    *damaged = first_damaged(around.end, around.data_end, special->fill);
    if (*damaged != around.data_end)
        return 0x24;
    *damaged = first_damaged(around.data, around.start, special->fill);
    if (*damaged != around.start)
        return is_one_bit(*damaged, around.start, special->fill) ? 0x32 : 0x23;
    *damaged = first_damaged(around.data_end, around.behind, SPECIAL_BETWEEN_BYTE);
    if (*damaged != around.behind)
        return 0x24;
    *damaged = first_damaged(around.before, around.data, SPECIAL_BETWEEN_BYTE);
    return *damaged != around.data ? 0x23 : 0;
}

/* ---- reports ---- */

static const struct tagpool_operation *tell_event(const struct special_block *special, bool is_free,
                                                  struct tagpool_operation *operation)
{
    const struct special_event *event = is_free ? &special->freed : &special->allocated;
    uint64_t sequence = LOAD_ACQUIRE(&event->sequence);
    if (sequence == 0)
        return NULL;
    uint32_t tag_index = note_tag_index(LOAD(&special->note));
    event_describe(&(struct event){.is_free = is_free,
                                   .pool = special_pool_at(special->start),
                                   .bytes = special->bytes,
                                   .tag = ledger_tag_of(tag_index),
                                   .tag_index = tag_index,
                                   .block = (void *)special->start,
                                   .stack = event->stack,
                                   .thread = event->thread,
                                   .driver = event->driver,
                                   .sequence = sequence,
                                   .nth = event->nth,
                                   .file = event->file,
                                   .line = event->line},
                   operation);
    return operation;
}

void guard_tell(const struct special_block *special, struct guard_story *story, struct tagpool_bugcheck *bugcheck)
{
    if (special == NULL)
        return;
    bugcheck->allocated = tell_event(special, false, &story->allocated);
    bugcheck->freed = tell_event(special, true, &story->freed);
}

void guard_tell_touch(const struct place *place, uintptr_t touched, struct guard_story *story, struct tagpool_bugcheck *bugcheck)
{
    bugcheck->has_block = true;
    pool_describe(place, &bugcheck->block);
    bugcheck->touched = (void *)touched;
    guard_tell(place->special, story, bugcheck);
}

/* Raises 0xC1 with a sub-code. */
static void report_corruption(uint32_t sub_code, uintptr_t p1, uintptr_t p2, uintptr_t p3, const struct place *place,
                              uintptr_t touched)
{
    struct guard_story story;
    struct tagpool_bugcheck bugcheck = {.code = 0xC1, .parameter = {p1, p2, p3, sub_code}, .stops = true};
    bugcheck_look_up(&bugcheck);
    if (place->special != NULL)
        guard_tell_touch(place, touched, &story, &bugcheck);
    bugcheck_raise(&bugcheck);
}

void guard_report_address(uintptr_t address, const struct place *place)
{
    if (place->kind == PLACE_LIVE)
        report_corruption(0x21, address, place->bytes, place->charged, place, address);
    else
        report_corruption(0x20, address, 0, 0, place, address);
}

/* While it looks, the block passes for freed: another thread that frees it too must not make it inaccessible meanwhile. */
bool guard_is_whole(const struct place *place)
{
    uintptr_t damaged;
    uint32_t live = place->note;
    if (!compare_exchange_u32(&place->special->note, &live, note_freed(live))) {
        pool_report_freed_twice((void *)place->start);
        return false;
    }
    uint32_t sub_code = find_damage(place->special, &damaged);
    STORE_RELEASE(&place->special->note, live);
    if (sub_code != 0)
        report_corruption(sub_code, place->start, damaged, 0, place, damaged);
    return sub_code == 0;
}

/* A run that was written to after its block was freed goes to the end of the quarantine; then the write is reported. */
static void report_written(struct special_block *special)
{
    struct place place;
    struct guard_story story;
    struct tagpool_bugcheck bugcheck;
    uintptr_t data = special_data(special);
    uintptr_t damaged = data + pattern_freed_damage((void *)data, special_charged(special));
    owner_find(special->start, &place);
    bugcheck_describe(MISTAKE_WRITE_AFTER_FREE, &bugcheck);
    bugcheck.parameter[0] = damaged;
    bugcheck.parameter[1] = 1; /* a write */
    guard_tell_touch(&place, damaged, &story, &bugcheck);
    special->is_filled = 0;
    special_give(special);
    bugcheck_raise(&bugcheck);
}

/* ---- take and give ---- */

/* The sequence number is set last: two threads may free one block, and the one that is late tells of the other's free. */
static void keep_event(struct special_event *kept, const struct event *event)
{
    kept->nth = event->nth;
    kept->thread = event->thread;
    kept->driver = event->driver;
    kept->file = event->file;
    kept->line = event->line;
    kept->stack = event->stack;
    STORE_RELEASE(&kept->sequence, event->sequence);
}

static struct special_block *take_guarded(const struct request *request, enum special_edge edge, bool *zeroed)
{
    if (!special_start())
        return NULL;
    struct special_block *special = special_take(request->pool, request->bytes, request->alignment, edge, zeroed);
    if (special != NULL && special->is_filled && !pattern_is_freed((void *)special_data(special), special_charged(special))) {
        report_written(special);
        return NULL;
    }
    return special;
}

/* Faults are taken over anew for each first block, for a test runner may have taken the signals over since; but not more than
 * once in a millisecond. */
static void watch_again(const struct special_block *special)
{
    if (special_live_pages() != special->pages)
        return;
    uint64_t now = port_milliseconds();
    if (now == LOAD(&guard.watched))
        return;
    STORE(&guard.watched, now);
    guard_watch();
}

struct special_block *guard_take(const struct request *request, struct event *event, bool is_due, bool *zeroed)
{
    enum special_edge edge;
    if (!is_chosen(request, event, is_due, &edge))
        return NULL;
    (void)add_fetch_u64(&guard.wanted, 1);
    struct special_block *special = take_guarded(request, edge, zeroed);
    if (special == NULL) {
        warn_if_few();
        return NULL;
    }
    watch_again(special);
    (void)add_fetch_u64(&guard.served, 1);
    (void)event_stack(event, (unsigned)guard.options.stack_frames);
    special_place(special, request->bytes, request->alignment, edge);
    special->fill = (uint8_t)(fault_mix(guard.seed, special->start, event->sequence) | 1);
    keep_event(&special->allocated, event);
    STORE(&special->freed.sequence, 0);
    if (checker_is_on())
        checker_open(special);
    fill_surroundings(special);
    return special;
}

void guard_publish(struct special_block *special, uint32_t note)
{
    STORE_RELEASE(&special->note, note);
}

void guard_cancel(struct special_block *special)
{
    STORE(&special->note, 0);
    (void)add_fetch_u64(&guard.served, (uint64_t)-1);
    special_give(special);
    warn_if_few();
}

bool guard_take_back(const struct place *place, struct event *event)
{
    struct special_block *special = place->special;
    uint32_t live = place->note;
    (void)event_stack(event, (unsigned)guard.options.stack_frames);
    if (!compare_exchange_u32(&special->note, &live, note_freed(live)))
        return false;
    keep_event(&special->freed, event);
    if (special_is_patterned(special)) {
        pattern_fill_freed((void *)special_data(special), special_charged(special));
        special->is_filled = 1;
    }
    special_give(special);
    return true;
}
