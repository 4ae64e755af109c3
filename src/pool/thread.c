/* SPDX-License-Identifier: MIT
 *
 * thread.c: threads come, go, and fork.
 *
 * Lock order: threads.lock, threads.zero, ledger.lock and those of tags and rows, arena.lock, then those of records, faults,
 * depot, trials.
 */
#include "pool/thread.h"

#include "ledger/depot.h"
#include "ledger/driver.h"
#include "ledger/fault.h"
#include "ledger/log.h"
#include "ledger/record.h"
#include "ledger/trial.h"
#include "memory/big.h"
#include "memory/special.h"
#include "pool/scrub.h"

INTERNAL PORT_THREAD_LOCAL struct thread *thread_self;

static void be(struct thread *thread)
{
    thread_self = thread;
    free_way_start(thread != NULL ? &thread->heap : NULL);
}

_Static_assert(LEDGER_ROWS <= NOTE_TAGS, "a tag's index does not fit into a note");
_Static_assert(offsetof(struct thread, heap) == 0, "a heap's address is its thread's");

/* Set once this thread's exit hook has run: what it still does goes through number 0. */
static PORT_THREAD_LOCAL bool thread_is_past_exit;

static struct {
    struct thread *table;
    uint32_t count;     /* numbers handed out so far, from 0 on */
    uint32_t idle;      /* first idle number, or 0 */
    struct port_lock lock;
    struct port_lock zero; /* held while number 0 is in use */
} threads = {.lock = PORT_LOCK_INITIAL, .zero = PORT_LOCK_INITIAL};

/* Takes a structure into use; false iff it is new and there is no memory for it. */
static bool thread_start(uint32_t number)
{
    struct thread *thread = &threads.table[number];
    if (!port_expect(thread, sizeof *thread) || !ledger_shard_open(number))
        return false;
    if (thread->state == THREAD_NEW) {
        for (unsigned pool = 0; pool < POOLS; pool++) {
            thread->heap.bin[pool] = thread->bin[pool];
            thread->heap.rows[pool] = ledger_rows(number, pool);
        }
        if (!heap_start(&thread->heap))
            return false;
        thread->number = number;
        thread->heap.key = HEAP_KEY(number);
        tag_cache_start(&thread->tags);
    }
    thread->state = THREAD_BUSY;
    return true;
}

static void on_thread_exit(void)
{
    struct thread *thread = thread_self;
    thread_is_past_exit = true;
    be(NULL);
    if (thread == NULL)
        return;
    heap_empty(&thread->heap);
    port_lock(&threads.lock);
    ledger_shard_close(thread->number);
    thread->state = THREAD_IDLE;
    thread->next_idle = threads.idle;
    threads.idle = thread->number;
    port_unlock(&threads.lock);
}

/* An idle structure, or a new one; NULL iff there is none. pre: threads.lock is held. */
static struct thread *find_idle_or_new(void)
{
    uint32_t number = threads.idle != 0 ? threads.idle : threads.count;
    if (number == TAGPOOL_THREADS || !thread_start(number))
        return NULL;
    if (number == threads.idle)
        threads.idle = threads.table[number].next_idle;
    else
        threads.count++;
    return &threads.table[number];
}

static struct thread *attach(void)
{
    struct thread *thread = NULL;
    if (thread_is_past_exit || LOAD(&threads.table[0].state) == THREAD_NEW)
        return NULL;
    port_lock(&threads.lock);
    if (port_on_thread_exit(on_thread_exit))
        thread = find_idle_or_new();
    port_unlock(&threads.lock);
    be(thread);
    return thread;
}

struct thread *thread_enter_first(void)
{
    struct thread *thread = attach();
    if (thread == NULL) {
        thread = &threads.table[0];
        port_lock(&threads.zero);
    }
    return thread;
}

void thread_leave_zero(void)
{
    port_unlock(&threads.zero);
}

void threads_empty(void)
{
    if (thread_self != NULL)
        heap_empty(&thread_self->heap);
    port_lock(&threads.lock);
    for (uint32_t number = threads.idle; number != 0; number = threads.table[number].next_idle)
        heap_empty(&threads.table[number].heap);
    port_lock(&threads.zero);
    heap_empty(&threads.table[0].heap);
    port_unlock(&threads.zero);
    port_unlock(&threads.lock);
}

const char *threads_visit(const char *(*visit)(const struct thread *thread, void *context), void *context)
{
    for (uint32_t number = 0; number < threads.count; number++) {
        const char *answer = threads.table[number].state == THREAD_LOST ? NULL : visit(&threads.table[number], context);
        if (answer != NULL)
            return answer;
    }
    return NULL;
}

uint64_t threads_sum(size_t offset)
{
    uint64_t sum = 0;
    port_lock(&threads.lock);
    for (uint32_t number = 0; number < threads.count; number++)
        sum += LOAD((aligned_u64 *)(void *)((char *)&threads.table[number] + offset));
    port_unlock(&threads.lock);
    return sum;
}

bool thread_is_lost(const struct heap *heap)
{
    return ((const struct thread *)(const void *)heap)->state == THREAD_LOST;
}

uint32_t threads_lost(void)
{
    uint32_t lost = 0;
    for (uint32_t number = 0; number < threads.count; number++)
        lost += threads.table[number].state == THREAD_LOST;
    return lost;
}

/* ---- fork: the child finds every lock free and every shared structure whole. Heaps of threads that it does not have may
 * have been in the middle of anything: their blocks are valid and can be freed, but nothing is taken from them again. ---- */

static void before_fork(void)
{
    scrub_lock();
    port_lock(&threads.lock);
    port_lock(&threads.zero);
    ledger_lock();
    port_lock(&arena.lock);
    special_lock();
    record_lock();
    fault_lock();
    driver_lock();
    depot_lock();
    trial_lock();
}

static void after_fork(void)
{
    trial_unlock();
    depot_unlock();
    driver_unlock();
    fault_unlock();
    record_unlock();
    special_unlock();
    port_unlock(&arena.lock);
    ledger_unlock();
    port_unlock(&threads.zero);
    port_unlock(&threads.lock);
    scrub_unlock();
}

static void after_fork_in_child(void)
{
    scrub_forked();
    trial_forked();
    log_forked();
    port_thread_renumber();
    for (uint32_t number = 1; threads.table != NULL && number < threads.count; number++)
        if (threads.table[number].state == THREAD_BUSY && &threads.table[number] != thread_self)
            threads.table[number].state = THREAD_LOST;
    if (threads.table != NULL)
        ledger.segment->process = port_process_number();
    after_fork();
}

bool threads_start(void)
{
    size_t bytes = round_up(TAGPOOL_THREADS * sizeof(struct thread), PORT_UNIT_BYTES);
    struct thread *table = port_reserve(bytes);
    if (table == NULL)
        return false;
    static bool has_fork_hooks;
    has_fork_hooks = has_fork_hooks || port_on_fork(before_fork, after_fork, after_fork_in_child);
    if (!has_fork_hooks || !port_commit_lazily(table, bytes)) {
        port_release(table, bytes);
        return false;
    }
    threads.table = table;
    threads.count = 1;
    if (thread_start(0))
        return true;
    port_release(table, bytes);
    threads.table = NULL;
    return false;
}

void threads_stop(void)
{
    heap_stop(&threads.table[0].heap);
    port_release(threads.table, round_up(TAGPOOL_THREADS * sizeof(struct thread), PORT_UNIT_BYTES));
    threads.table = NULL;
}
