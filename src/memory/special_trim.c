/* SPDX-License-Identifier: MIT
 *
 * special_trim.c: makes live runs of special pool inaccessible for a while, for force-IRQL checking (service/force.h).
 *
 * Whoever changes what is accessible of a run owns its gate meanwhile, so that a run that is freed at the same moment ends up as
 * freed runs are. Trimming and untrimming is one thread's business at a time, under special pool's lock so that no run comes or
 * goes; only a fault may page in beside it, and takes no lock, for it can come at any instruction.
 */
#include "memory/special_runs.h"

static bool protect_run(const struct special_block *block, bool accessible)
{
    return port_protect((void *)special_data(block), special_charged(block), accessible);
}

void special_gate_open(struct special_block *block)
{
    STORE_RELEASE(&block->gate, SPECIAL_GATE_OPEN);
}

void special_gate_shut(struct special_block *block)
{
    uint32_t gate = LOAD_ACQUIRE(&block->gate);
    while (gate == SPECIAL_GATE_CHANGING || !compare_exchange_u32(&block->gate, &gate, SPECIAL_GATE_SHUT)) {
        if (gate == SPECIAL_GATE_CHANGING) {
            port_yield();
            gate = LOAD_ACQUIRE(&block->gate);
        }
    }
    if (gate == SPECIAL_GATE_TRIMMED)
        (void)protect_run(block, true);
}

static bool trim_run(struct special_block *block, void *unused)
{
    (void)unused;
    uint32_t gate = SPECIAL_GATE_OPEN;
    if (!compare_exchange_u32(&block->gate, &gate, SPECIAL_GATE_CHANGING))
        return true;
    bool done = protect_run(block, false);
    STORE_RELEASE(&block->gate, done ? SPECIAL_GATE_TRIMMED : SPECIAL_GATE_OPEN);
    return true;
}

void special_trim(unsigned pool)
{
    special_lock();
    (void)special_walk(pool, trim_run, NULL);
    special_unlock();
}

/* Where somebody else owns the gate it will be open, or shut, in a moment, or trimmed, and then a touch faults again. */
static bool untrim_run(struct special_block *block, void *unused)
{
    (void)unused;
    uint32_t gate = SPECIAL_GATE_TRIMMED;
    if (!compare_exchange_u32(&block->gate, &gate, SPECIAL_GATE_CHANGING))
        return true;
    (void)protect_run(block, true);
    STORE_RELEASE(&block->gate, SPECIAL_GATE_OPEN);
    return true;
}

void special_untrim(unsigned pool)
{
    special_lock();
    (void)special_walk(pool, untrim_run, NULL);
    special_unlock();
}

static struct special_block *find_data(uintptr_t address)
{
    struct special_block *block = special_find(address);
    return block != NULL && address - special_data(block) < special_charged(block) ? block : NULL;
}

enum special_gate special_gate_at(uintptr_t address)
{
    const struct special_block *block = find_data(address);
    return block != NULL ? (enum special_gate)LOAD_ACQUIRE(&block->gate) : SPECIAL_GATE_SHUT;
}

void special_page_in(uintptr_t address)
{
    struct special_block *block = find_data(address);
    if (block != NULL)
        (void)untrim_run(block, NULL);
}
