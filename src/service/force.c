/* SPDX-License-Identifier: MIT
 *
 * force.c: force-IRQL checking (contracts in force.h).
 *
 * While a thread is at DISPATCH_LEVEL or above, paged pool is trimmed: what of it is committed cannot be accessed, and a
 * touch faults. A thread below DISPATCH_LEVEL pages the unit in, which stays accessible, to all, until the next thread is
 * raised. A thread at or above it makes a mistake: bug check 0xD1; if the handler returns, the access is let through. When the
 * last thread is low again all is accessible. So with one thread at a time every first touch of a unit is caught; with several
 * a touch goes unseen where another thread has paged in the unit since.
 *
 * Blocks of special pool are trimmed and paged in one by one; who touches what is around them, or a freed one, hears of that
 * only.
 *
 * Who changes what. Protection changes under `lock`, but for paging in, which only makes memory accessible and needs none:
 * a fault can come at any instruction of the caller's. The arena commits only above its frontier and publishes the frontier after
 * that, and only what lies below a published frontier is touched here, so that no commit meets a trim. Decommitting
 * (madvise) does not look at protection, and neither does the kernel where it takes pages away. The library's own data is
 * never in paged memory: heaps, spans, notes and rows have ranges of their own. It touches paged blocks only where the caller
 * asks for that, at the caller's level and without a lock: to zero, to copy, to write and check patterns.
 *
 * A page-in between two trims is not overlooked: `paged_in` is cleared before memory becomes inaccessible and counted after
 * a unit became accessible, so that it is not 0 for long while the next trim has something to do.
 *
 * Faults that are none of ours. `changes` is odd while memory is being made inaccessible, and even else. If an access that
 * was let through at one even value faults at that same value again, no trim is to blame, and whoever else wants the fault
 * may have it.
 */
#include "service/force.h"

#include "base/atomic.h"
#include "pool/pool.h"
#include "report/output.h"
#include "service/irql.h"

#define DRIVER_IRQL_NOT_LESS_OR_EQUAL 0xD1u

/* So many units are paged in one by one; then all at once, for each may cost the system two mappings more. */
#define PAGE_INS_MOST 1024u

static struct {
    struct port_lock lock;
    size_t raised;     /* threads that are counted as being at DISPATCH_LEVEL or above */
    size_t trimmed;    /* so many bytes from the start of paged pool have been made inaccessible; 0: all is accessible */
    aligned_u64 trims;
    uint32_t paged_in; /* units made accessible since */
    uint32_t changes;
    uint32_t is_special_trimmed; /* blocks of paged special pool, too */
    bool is_prepared;  /* fork is taken care of */
} force = {.lock = PORT_LOCK_INITIAL};

/* The access that this thread was let through last. */
static PORT_THREAD_LOCAL struct {
    uintptr_t address, instruction;
    uint32_t changes;
} let_through = {0, 0, 1};

static uintptr_t force_base(void)
{
    return arena.base + arena.bytes / POOLS;
}

static size_t force_bytes(void)
{
    return LOAD_ACQUIRE(&pool_state.started) != 0 ? LOAD_ACQUIRE(&arena.half[POOLS - 1].frontier) << UNIT_SHIFT : 0;
}

static bool force_open_all(void)
{
    return port_protect((void *)force_base(), force_bytes(), true);
}

/* Both: pre: the lock is held. A system that refuses may have done a part: so what it was asked for counts as trimmed. */
static void force_trim(void)
{
    size_t bytes = force_bytes();
    bool is_due = bytes != 0 && (bytes != force.trimmed || LOAD(&force.paged_in) != 0);
    bool has_special = special_live_pages() != 0;
    if (!is_due && !has_special)
        return;
    __atomic_add_fetch(&force.changes, 1, __ATOMIC_SEQ_CST);
    if (is_due) {
        STORE(&force.paged_in, 0);
        STORE(&force.trimmed, bytes);
        (void)port_protect((void *)force_base(), bytes, false);
    }
    if (has_special) {
        STORE(&force.is_special_trimmed, true);
        special_trim(POOLS - 1);
    }
    __atomic_add_fetch(&force.changes, 1, __ATOMIC_SEQ_CST);
}

static void force_untrim(void)
{
    if (force.trimmed != 0 && force_open_all())
        STORE(&force.trimmed, 0);
    if (force.is_special_trimmed) {
        special_untrim(POOLS - 1);
        STORE(&force.is_special_trimmed, false);
    }
}

static bool force_is_trimmed(bool is_special)
{
    return is_special ? LOAD(&force.is_special_trimmed) != 0 : LOAD(&force.trimmed) != 0;
}

/* ---- faults ---- */

static bool force_page_in(uintptr_t address)
{
    uintptr_t unit = address & ~(uintptr_t)(UNIT_BYTES - 1);
    bool done = (LOAD(&force.paged_in) >= PAGE_INS_MOST && force_open_all()) ||
                port_protect((void *)unit, UNIT_BYTES, true) || force_open_all();
    __atomic_add_fetch(&force.paged_in, 1, __ATOMIC_SEQ_CST);
    return done;
}

/* The handler sees memory as it is, of this block and all others, and may be left by longjmp. */
static void force_report(const struct port_fault *fault)
{
    static const uintptr_t accesses[] = {[PORT_READ] = 0, [PORT_WRITE] = 1, [PORT_EXECUTE] = 8, [PORT_ACCESS_UNKNOWN] = 0};
    const uintptr_t parameter[4] = {fault->address, irql_now(), accesses[fault->access], fault->instruction};
    struct place place;
    struct tagpool_block block;
    owner_find(fault->address, &place);
    bool has_block = (place.kind == PLACE_LIVE || place.kind == PLACE_FREED) && place.charged != 0;
    if (has_block)
        pool_describe(&place, &block);
    port_lock(&force.lock);
    force_untrim();
    port_unlock(&force.lock);
    bugcheck_report(DRIVER_IRQL_NOT_LESS_OR_EQUAL, parameter, has_block ? &block : NULL, true);
    port_lock(&force.lock);
    if (force.raised != 0)
        force_trim();
    port_unlock(&force.lock);
}

static uint32_t force_changes(void)
{
    return __atomic_load_n(&force.changes, __ATOMIC_SEQ_CST);
}

static bool force_on_fault(const struct port_fault *fault)
{
    enum special_gate gate = special_gate_at(fault->address);
    bool is_special = gate != SPECIAL_GATE_SHUT && special_pool_at(fault->address) == POOLS - 1;
    if (gate == SPECIAL_GATE_CHANGING) { /* another thread is about it; what comes of that the next touch will show */
        port_yield();
        return true;
    }
    if (!is_special && fault->address - force_base() >= force_bytes())
        return false;
    uint32_t changes = force_changes();
    if (changes % 2 == 0 && let_through.changes == changes && let_through.address == fault->address &&
        let_through.instruction == fault->instruction)
        return false;
    if (force_is_trimmed(is_special) && irql_now() >= IRQL_DISPATCH) {
        force_report(fault);
        changes = force_changes();
    }
    let_through.address = fault->address;
    let_through.instruction = fault->instruction;
    let_through.changes = changes;
    /* Nothing is trimmed: it was, a moment ago, or never. */
    if (changes % 2 == 0 && !force_is_trimmed(is_special))
        return true;
    if (is_special)
        special_page_in(fault->address);
    return is_special || force_page_in(fault->address);
}

/* ---- threads come and go ---- */

static void force_before_fork(void)
{
    port_lock(&force.lock);
}

static void force_after_fork(void)
{
    port_unlock(&force.lock);
}

/* Of all threads the child has one. */
static void force_after_fork_in_child(void)
{
    force.raised = irql_self.is_forced;
    if (force.raised == 0)
        force_untrim();
    port_unlock(&force.lock);
}

/* False iff the platform cannot. Faults are taken over anew for each first thread: a test runner may have taken the signals
 * since. pre: the lock is held. */
static bool force_prepare(void)
{
    if (force.raised != 0)
        return true;
    if (!port_on_fault(force_on_fault))
        return false;
    if (!force.is_prepared)
        force.is_prepared = port_on_fork(force_before_fork, force_after_fork, force_after_fork_in_child);
    return force.is_prepared;
}

/* Says once that nothing is checked. */
static void force_complain(void)
{
    static uint32_t said;
    struct text line;
    if (exchange_u32(&said, 1) != 0)
        return;
    text_clear(&line);
    text_string(&line, "tagpool: force_irql=on has no effect: the platform shows the library no access to protected memory");
    output_line(&line);
}

void force_raise(void)
{
    if (irql_self.is_forced)
        return;
    port_lock(&force.lock);
    bool done = force_prepare();
    if (done) {
        irql_self.is_forced = true;
        force.raised++;
        STORE(&force.trims, force.trims + 1);
        force_trim();
    }
    port_unlock(&force.lock);
    if (!done)
        force_complain();
}

void force_lower(void)
{
    irql_self.is_forced = false;
    port_lock(&force.lock);
    if (--force.raised == 0)
        force_untrim();
    port_unlock(&force.lock);
}

uint64_t force_trims(void)
{
    return LOAD(&force.trims);
}
