/* SPDX-License-Identifier: MIT
 *
 * slist.c: SLists (contracts in slist.h and tagpool/wdk/slist.h).
 *
 * A pop must read the next pointer of an entry that another thread may just have popped and freed, and must not be fooled by one
 * that came back meanwhile. A spin lock rules out both, wherever entries lie; it is chosen by the header's address and names
 * the list that it is held for, so that a forked child can mend what another thread of its parent was changing.
 */
#include "service/slist.h"

#include "base/atomic.h"
#include "memory/owner.h"
#include "port/port.h"
#include "report/bugcheck.h"
#include "service/irql.h"
#include "service/raise.h"

#define SLIST_STRIPES 64u
#define SLIST_LOOKS 100u /* at a lock that is held, before other threads may run */
#define SLIST_MISALIGNED 0x80000002u
#define SLIST_ALIGNMENT (sizeof(void *) == 8 ? (uintptr_t)16 : (uintptr_t)1)

struct slist_entry {
    struct slist_entry *next;
} __attribute__((may_alias));

/* The header as its owner: `first` is the DDK's NextEntry in its place, for entries are aligned to 16. */
struct slist_head {
#if UINTPTR_MAX > 0xFFFFFFFFu
    uint64_t counts; /* depth in the lower 16 bits, sequence above */
    struct slist_entry *first;
#else
    struct slist_entry *first;
    uint16_t depth;
    uint16_t sequence;
#endif
} __attribute__((may_alias));

_Static_assert(sizeof(struct slist_head) == sizeof(SLIST_HEADER), "the header is the DDK's");

struct slist_stripe {
    struct slist_head *head; /* the list that the lock is held for, or NULL */
    uint32_t empty_pops;     /* since the last call of the hook */
} __attribute__((aligned(64)));

static struct slist_stripe slist_stripes[SLIST_STRIPES];
static uint32_t slist_has_fork_hook;
INTERNAL void (*slist_empty_hook)(PSLIST_HEADER header);

static struct slist_stripe *slist_stripe_of(const struct slist_head *head)
{
    return &slist_stripes[(uint32_t)((uintptr_t)head >> 3) * 0x9E3779B1u >> 26];
}

/* The lock that this thread holds. It is held still at the next call if touching an entry was a fault and a handler of signals
 * left by longjmp, as test runners do: no list has changed then. */
static PORT_THREAD_LOCAL struct slist_stripe *slist_held;

static struct slist_stripe *slist_lock(struct slist_head *head)
{
    struct slist_stripe *stripe = slist_stripe_of(head);
    if (UNLIKELY(slist_held != NULL))
        STORE_RELEASE(&slist_held->head, NULL);
    struct slist_head *nobody = NULL;
    while (UNLIKELY(!__atomic_compare_exchange_n(&stripe->head, &nobody, head, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        for (unsigned looks = 0; (nobody = LOAD(&stripe->head)) != NULL; looks++)
            if (looks >= SLIST_LOOKS)
                port_yield();
    slist_held = stripe;
    return stripe;
}

static void slist_unlock(struct slist_stripe *stripe)
{
    slist_held = NULL;
    STORE_RELEASE(&stripe->head, NULL);
}

/* ---- counts: readers look at them without the lock ---- */

static unsigned slist_depth_of(const struct slist_head *head)
{
#if UINTPTR_MAX > 0xFFFFFFFFu
    return (uint16_t)LOAD(&head->counts);
#else
    return LOAD(&head->depth);
#endif
}

/* Sets the depth and counts one more change. */
static void slist_count(struct slist_head *head, unsigned depth)
{
#if UINTPTR_MAX > 0xFFFFFFFFu
    uint64_t sequence = (head->counts >> 16) + 1;
    STORE(&head->counts, sequence << 16 | (uint16_t)depth);
#else
    STORE(&head->sequence, (uint16_t)(head->sequence + 1));
    STORE(&head->depth, (uint16_t)depth);
#endif
}

/* ---- fork ---- */

/* The list that a thread of the parent was changing has its entries, for one store changes the first, but perhaps not their
 * number. */
static void slist_after_fork_in_child(void)
{
    for (unsigned i = 0; i < SLIST_STRIPES; i++) {
        struct slist_head *head = slist_stripes[i].head;
        if (head == NULL)
            continue;
        unsigned depth = 0;
        for (const struct slist_entry *entry = head->first; entry != NULL && depth < UINT16_MAX; entry = entry->next)
            depth++;
        slist_count(head, depth);
        STORE_RELEASE(&slist_stripes[i].head, NULL);
    }
}

static NOINLINE void slist_hook_fork(void)
{
    if (exchange_u32(&slist_has_fork_hook, 1) == 0)
        (void)port_on_fork(NULL, NULL, slist_after_fork_in_child);
}

/* ---- mistakes ---- */

static NOINLINE void slist_report_misaligned(const void *entry)
{
    const struct tagpool_bugcheck finding = {
        .code = 0x1E,
        .name = "KMODE_EXCEPTION_NOT_HANDLED",
        .parameter = {SLIST_MISALIGNED, 0, 0, (uintptr_t)entry},
        .sentence = "an entry that is not aligned to 16 bytes was put into an SList: 64-bit Windows could not hold its address",
    };
    bugcheck_raise(&finding);
}

static NOINLINE void slist_report_null(void)
{
    bugcheck_report(0xC2, (uintptr_t[4]){0x46}, NULL, true);
}

NOINLINE void slist_report_pushed_twice(const void *entry)
{
    const struct tagpool_bugcheck bugcheck = {
        .code = 0xC2,
        .name = "BAD_POOL_CALLER",
        .parameter = {0x07, 0, 0, (uintptr_t)entry},
        .sentence = "an entry was put into a list that it is in already: it was freed twice",
        .stops = true,
    };
    bugcheck_raise(&bugcheck);
}

/* ---- the list ---- */

bool slist_may_be_at(const SLIST_HEADER *header)
{
    if (LIKELY((uintptr_t)header % SLIST_ALIGNMENT == 0))
        return true;
    raise_status(SLIST_MISALIGNED);
    return false;
}

void slist_initialize(PSLIST_HEADER header)
{
    if (slist_may_be_at(header))
        memset(header, 0, sizeof *header);
}

/* What is empty needs no lock: nobody can tell that the look was not a moment earlier or later. */
static NOINLINE void *slist_popped_empty(struct slist_head *head)
{
    struct slist_stripe *stripe = slist_stripe_of(head);
    uint32_t pops = LOAD(&stripe->empty_pops) + 1;
    void (*hook)(PSLIST_HEADER header) = LOAD_ACQUIRE(&slist_empty_hook);
    STORE(&stripe->empty_pops, pops < SLIST_EMPTY_POPS ? pops : 0);
    if (pops >= SLIST_EMPTY_POPS && hook != NULL)
        hook((PSLIST_HEADER)(void *)head);
    return NULL;
}

static void *slist_take_first(struct slist_head *head)
{
    struct slist_stripe *stripe = slist_lock(head);
    struct slist_entry *first = head->first;
    if (LIKELY(first != NULL)) {
        STORE(&head->first, LOAD(&first->next));
        slist_count(head, slist_depth_of(head) - 1);
    }
    slist_unlock(stripe);
    return first;
}

/* With option force_irql, entries in paged pool cannot be touched at DISPATCH_LEVEL. That is said by touching one before the
 * lock is held, for the bug check's handler may never come back. Then the thread passes for a low one. */
static NOINLINE void *slist_pop_forced(struct slist_head *head)
{
    const struct slist_entry *first = LOAD(&head->first);
    if (first != NULL && owner_is_ours((uintptr_t)first))
        (void)*(struct slist_entry *const volatile *)&first->next;
    unsigned level = irql_self.level;
    irql_self.level = IRQL_PASSIVE;
    void *popped = slist_take_first(head);
    irql_self.level = level;
    return popped;
}

void *slist_pop(PSLIST_HEADER header)
{
    struct slist_head *head = (void *)header;
    if (LOAD(&head->first) == NULL)
        return slist_popped_empty(head);
    return LIKELY(!irql_self.is_forced) ? slist_take_first(head) : slist_pop_forced(head);
}

/* Without effect if the entry is the first already. */
static struct slist_entry *slist_put_first(struct slist_head *head, struct slist_entry *entry)
{
    struct slist_stripe *stripe = slist_lock(head);
    struct slist_entry *first = head->first;
    if (LIKELY(first != entry)) {
        STORE(&entry->next, first);
        STORE(&head->first, entry);
        slist_count(head, slist_depth_of(head) + 1);
    }
    slist_unlock(stripe);
    return first;
}

static NOINLINE struct slist_entry *slist_push_forced(struct slist_head *head, struct slist_entry *entry)
{
    if (LOAD(&head->first) != entry)
        *(struct slist_entry *volatile *)&entry->next = NULL;
    unsigned level = irql_self.level;
    irql_self.level = IRQL_PASSIVE;
    struct slist_entry *first = slist_put_first(head, entry);
    irql_self.level = level;
    return first;
}

void *slist_push(PSLIST_HEADER header, void *pushed)
{
    struct slist_head *head = (void *)header;
    struct slist_entry *entry = pushed;
    if (UNLIKELY(entry == NULL)) {
        slist_report_null();
        return NULL;
    }
    if (UNLIKELY((uintptr_t)entry % SLIST_ALIGNMENT != 0))
        slist_report_misaligned(entry);
    if (UNLIKELY(LOAD(&slist_has_fork_hook) == 0))
        slist_hook_fork();
    struct slist_entry *first = LIKELY(!irql_self.is_forced) ? slist_put_first(head, entry) : slist_push_forced(head, entry);
    if (UNLIKELY(first == entry))
        slist_report_pushed_twice(entry);
    return first;
}

void *slist_flush(PSLIST_HEADER header, unsigned *entries)
{
    struct slist_head *head = (void *)header;
    struct slist_stripe *stripe = slist_lock(head);
    struct slist_entry *first = head->first;
    if (entries != NULL)
        *entries = slist_depth_of(head);
    if (first != NULL) {
        STORE(&head->first, NULL);
        slist_count(head, 0);
    }
    slist_unlock(stripe);
    return first;
}

void *slist_first(const SLIST_HEADER *header)
{
    const struct slist_head *head = (const void *)header;
    return LOAD(&head->first);
}

unsigned slist_depth(const SLIST_HEADER *header)
{
    return slist_depth_of((const void *)header);
}

void slist_walk(PSLIST_HEADER header, slist_visitor *visitor, void *context)
{
    struct slist_head *head = (void *)header;
    unsigned level = irql_self.level;
    irql_self.level = IRQL_PASSIVE; /* to look is no touch of the caller's */
    struct slist_stripe *stripe = slist_lock(head);
    const struct slist_entry *entry = head->first;
    for (unsigned left = slist_depth_of(head); left != 0 && entry != NULL && visitor(entry, context); left--)
        entry = entry->next;
    slist_unlock(stripe);
    irql_self.level = level;
}
