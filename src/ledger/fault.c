/* SPDX-License-Identifier: MIT
 *
 * fault.c: decides and remembers.
 */
#include "ledger/fault.h"

#include "ledger/depot.h"
#include "ledger/fault_stack.h"
#include "port/port.h"
#include "report/output.h"

static struct {
    struct verifier_options options;
    uint64_t seed;    /* 0 before there was one */
    uint64_t started; /* milliseconds */
    aligned_u64 matching;
    aligned_u64 count;
    aligned_u64 recorded;
    struct event kept[FAULTS_KEPT]; /* the last, in a ring */
    struct port_lock lock;          /* of `kept` */
    bool is_on;
    uint32_t stacks; /* enum fault_stacks_policy, as it is followed */
} fault_state = {.lock = PORT_LOCK_INITIAL};

void fault_lock(void)
{
    port_lock(&fault_state.lock);
    fault_stack_lock();
}

void fault_unlock(void)
{
    fault_stack_unlock();
    port_unlock(&fault_state.lock);
}

bool fault_is_on(void)
{
    return LOAD_ACQUIRE(&fault_state.is_on);
}

static bool fault_wants(const struct verifier_options *options)
{
    return (options->fault | options->fault_nth | options->fault_every | options->fault_stacks) != 0;
}

/* The seed given, or one that is said, so that it can be given the next time. */
static void fault_seed(void)
{
    struct text line;
    if (fault_state.options.fault_seed != 0) {
        fault_state.seed = fault_state.options.fault_seed;
        return;
    }
    if (fault_state.seed != 0)
        return;
    fault_state.seed = (uint32_t)(port_milliseconds() << 16 ^ port_process_number()) | 1;
    text_clear(&line);
    text_string(&line, "tagpool: faults are injected; to repeat them: fault_seed=");
    text_decimal(&line, fault_state.seed, 0);
    output_line(&line);
}

void fault_options(const struct verifier_options *options)
{
    bool begins = !fault_state.is_on && fault_wants(options);
    fault_state.options = *options;
    if (begins) {
        fault_state.started = port_milliseconds();
        STORE(&fault_state.matching, 0);
    }
    if (options->fault != 0)
        fault_seed();
    if (fault_stack_options(options)) {
        STORE(&fault_state.stacks, (uint32_t)options->fault_stacks);
    } else {
        struct text line;
        STORE(&fault_state.stacks, FAULT_STACKS_OFF);
        text_clear(&line);
        text_string(&line, "tagpool: fault_stacks: no memory to remember call stacks; expected some megabytes; it stays off");
        output_line(&line);
    }
    STORE_RELEASE(&fault_state.is_on, fault_wants(options));
}

/* A number that hangs on all bits of three others (the finisher of splitmix64, Steele and others 2014). */
uint64_t fault_mix(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t x = a + b * UINT64_C(0x9E3779B97F4A7C15) + c * UINT64_C(0xD1B54A32D192ED03);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static bool is_candidate(const struct event *event)
{
    const struct verifier_options *options = &fault_state.options;
    return (options->fault_tags.count == 0 || masks_match(&options->fault_tags, event->tag)) &&
           event->bytes >= options->fault_least && event->bytes <= options->fault_most &&
           (options->fault_delay == 0 || port_milliseconds() - fault_state.started >= options->fault_delay);
}

static bool is_due(struct event *event, uint64_t nth)
{
    const struct verifier_options *options = &fault_state.options;
    if (options->fault_nth != 0 && nth == options->fault_nth)
        return true;
    if (options->fault_every != 0 && nth == divide(nth, options->fault_every) * options->fault_every)
        return true;
    if (options->fault != 0 && (uint32_t)(fault_mix(fault_state.seed, event->tag, event->nth) >> 32) % 10000u < options->fault)
        return true;
    return false;
}

static void keep_fault(struct event *event)
{
    (void)event_stack(event, (unsigned)fault_state.options.stack_frames);
    port_lock(&fault_state.lock);
    uint64_t number = add_fetch_u64(&fault_state.count, 1);
    fault_state.kept[(number - 1) % FAULTS_KEPT] = *event;
    port_unlock(&fault_state.lock);
}

/* Whether the event's call stack is one at which nothing may fail; *is_due becomes true if it is to fail because it is new. */
static bool is_excluded(struct event *event, bool *is_due)
{
    uint32_t policy = LOAD(&fault_state.stacks);
    if (policy == FAULT_STACKS_OFF)
        return false;
    bool fails = *is_due || policy == FAULT_STACKS_FAIL;
    enum fault_stack stack = fault_stack_meet(event, fails ? FAULT_FAILED : FAULT_RECORDED);
    *is_due = *is_due || (stack == FAULT_STACK_NEW && fails);
    if (stack == FAULT_STACK_NEW && !fails)
        (void)add_fetch_u64(&fault_state.recorded, 1);
    return stack == FAULT_STACK_EXCLUDED;
}

bool fault_wanted(struct event *event)
{
    if (!is_candidate(event))
        return false;
    bool due = is_due(event, add_fetch_u64(&fault_state.matching, 1));
    if (is_excluded(event, &due) || !due)
        return false;
    keep_fault(event);
    return true;
}

uint64_t fault_count(void)
{
    return LOAD(&fault_state.count);
}

uint64_t fault_recorded(void)
{
    return LOAD(&fault_state.recorded);
}

size_t fault_recent(struct event *events, size_t capacity)
{
    port_lock(&fault_state.lock);
    size_t count = LOAD(&fault_state.count) < FAULTS_KEPT ? (size_t)LOAD(&fault_state.count) : FAULTS_KEPT;
    if (count > capacity)
        count = capacity;
    for (size_t i = 0; i < count; i++)
        events[i] = fault_state.kept[(LOAD(&fault_state.count) - 1 - i) % FAULTS_KEPT];
    port_unlock(&fault_state.lock);
    return count;
}
