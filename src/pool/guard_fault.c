/* SPDX-License-Identifier: MIT
 *
 * guard_fault.c: explains an access to an inaccessible page of special pool: which block it missed, or that its block was freed.
 *
 * A bug check follows; if its handler returns the page is made accessible until its run is used again, and the access goes on.
 */
#include "ledger/driver.h"
#include "pool/guard.h"

/* In the name of a driver the code is the other one's driver twin. */
#define FREED_SPECIAL_POOL 0xCCu
#define BEYOND_END 0xCDu
#define DRIVER_FREED_SPECIAL_POOL 0xD5u
#define DRIVER_BEYOND_END 0xD6u

/* The fault that this thread was let through last: the same one again is not ours. */
static PORT_THREAD_LOCAL struct {
    uintptr_t address, instruction;
    uint64_t changes;
} let_pass;

/* The place of a run's last block; false if nothing is known of it. */
static bool find_special_block(const struct special_block *special, struct place *place)
{
    if (special == NULL || LOAD(&special->note) == 0)
        return false;
    struct place found;
    owner_find(LOAD(&special->start), &found);
    if (found.special == special)
        *place = found;
    return found.special == special;
}

static uintptr_t distance_to(const struct place *place, uintptr_t address)
{
    return address < place->start ? place->start - address : address - place->start - place->bytes;
}

/* Which block an access to the page between two runs has missed: a live one rather than a freed one, then the nearer one. */
static bool find_missed(uintptr_t address, struct place *place)
{
    struct place other;
    uintptr_t page = address & ~(uintptr_t)(special_page_bytes() - 1);
    const struct special_block *run = special_find(address);
    const struct special_block *next = special_find(page + special_page_bytes());
    bool has_before = run != NULL && page >= special_data(run) + special_charged(run) && find_special_block(run, place);
    bool has_behind = next != run && find_special_block(next, has_before ? &other : place);
    if (has_before && has_behind) {
        bool is_live = place->kind == PLACE_LIVE;
        bool is_nearer = distance_to(&other, address) < distance_to(place, address);
        if (is_live == (other.kind == PLACE_LIVE) ? is_nearer : !is_live)
            *place = other;
    }
    return has_before || has_behind;
}

static void report_touch(const struct port_fault *fault, const struct place *place, bool is_freed)
{
    struct guard_story story;
    bool is_driver = driver_current != NULL;
    uint32_t code = is_freed ? (is_driver ? DRIVER_FREED_SPECIAL_POOL : FREED_SPECIAL_POOL)
                             : (is_driver ? DRIVER_BEYOND_END : BEYOND_END);
    struct tagpool_bugcheck bugcheck = {
        .code = code, .parameter = {fault->address, fault->access == PORT_WRITE, fault->instruction, 0}, .stops = true};
    bugcheck_look_up(&bugcheck);
    if (!is_freed && fault->address < place->start)
        bugcheck.sentence = is_driver ? "the driver touched memory before the start of a block of special pool"
                                      : "memory before the start of a block of special pool was touched";
    if (place->special != NULL)
        guard_tell_touch(place, fault->address, &story, &bugcheck);
    bugcheck_raise(&bugcheck);
}

static bool on_special_fault(const struct port_fault *fault)
{
    struct place place;
    uint64_t changes = special_changes();
    enum special_gate gate = special_gate_at(fault->address);
    if (!special_was_used(fault->address) || fault->access == PORT_EXECUTE)
        return false;
    /* What is trimmed is force-IRQL checking's business, which is asked after us. */
    if (gate == SPECIAL_GATE_TRIMMED || gate == SPECIAL_GATE_CHANGING)
        return false;
    if (let_pass.address == fault->address && let_pass.instruction == fault->instruction && let_pass.changes == changes)
        return false;
    owner_find(fault->address, &place);
    bool is_missed = place.kind == PLACE_UNUSED && find_missed(fault->address, &place);
    /* Where nothing is known of a block, there was one long ago. A live one was allocated since the fault, or is not trimmed any
     * more; or it is about to be live, or freed, and it is ourselves who write there. */
    bool is_freed = !is_missed || place.kind == PLACE_FREED;
    bool is_accessible = !is_missed && (place.kind == PLACE_LIVE || gate == SPECIAL_GATE_OPEN);
    if (!is_accessible)
        report_touch(fault, &place, is_freed);
    let_pass.address = fault->address;
    let_pass.instruction = fault->instruction;
    let_pass.changes = changes;
    return is_accessible || special_open(fault->address);
}

void guard_watch(void)
{
    (void)port_on_fault(on_special_fault);
}
