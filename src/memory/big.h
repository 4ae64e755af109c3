/* SPDX-License-Identifier: MIT
 *
 * big.h: big blocks: runs of units, one block each, page aligned and charged by the page.
 *
 * Runs of up to 1 MiB, 4 MiB in all, belong to the heap that took them, as slabs do: each is described as a slab of one slot,
 * whose note is in the entry, and the fast free takes it for one. It goes back to its heap's bin for that length, wherever it is
 * freed. All other runs belong to nobody: whoever frees one may keep it, up to a bound, for its own next block of that length.
 * So repeated blocks of up to 4 MiB never reach the arena's lock, nor longer ones the system; and what a thread that does
 * nothing holds for itself is bounded.
 */
#ifndef MEMORY_BIG_H
#define MEMORY_BIG_H

#include "base/tally.h"
#include "memory/free_way.h"

/* A run for `bytes` bytes (0 too) with `live` and its slack as its note, or NULL. *zeroed: its memory reads zero. */
INTERNAL struct span *big_take(struct heap *heap, unsigned pool, size_t bytes, uint32_t live, bool *zeroed);

/* Marks a run of nobody's as not outstanding; false iff it was not (any more): freed twice. */
INTERNAL bool big_release(struct span *run, uint32_t live);

/* Keeps a released run, or gives it to the arena. */
INTERNAL void big_put(struct heap *heap, struct span *run);

/* Gives the heap's free runs to the arena. */
INTERNAL void big_empty(struct heap *heap);

static inline size_t big_units(size_t bytes)
{
    return bytes == 0 ? 1 : (bytes + UNIT_BYTES - 1) >> UNIT_SHIFT;
}

static inline size_t big_charged(size_t bytes)
{
    return bytes == 0 ? PAGE_BYTES : round_up(bytes, PAGE_BYTES);
}

/* What a note says of the requested size. A run of no bytes has more slack than fits: its entry tells the size. */
static inline uint32_t big_note_live(uint32_t live, size_t bytes)
{
    return bytes == 0 ? live : note_add_slack(live, big_charged(bytes) - bytes);
}

/* Whether the heap's bins may hold a run for so many bytes. */
static inline bool big_may_belong(size_t bytes)
{
    return bytes != 0 && bytes <= KEPT_RUN_UNITS * UNIT_BYTES;
}

/* The bytes requested for a live run, which its entry says in whole pages: the note has the slack. */
static inline size_t big_requested(const struct span *run, uint32_t note)
{
    size_t bytes = LOAD(&run->bytes);
    return bytes == 0 ? 0 : big_charged(bytes) - note_slack(note);
}

/* What a run's entry says of its length. */
static inline void big_set_bytes(struct span *run, size_t bytes)
{
    STORE(&run->slot_bytes, (uint32_t)big_charged(bytes)); /* the two without a meaning where the fast free does not look */
    STORE(&run->tally, tally_of_charge(big_charged(bytes)));
    STORE(&run->bytes, bytes);
}

/* Makes a run the block of `live`, with its slack, for `bytes` bytes. */
static inline void big_describe(struct span *run, size_t bytes, uint32_t live)
{
    big_set_bytes(run, bytes);
    STORE_RELEASE(&run->big_note, big_note_live(live, bytes));
}

/* Notes another requested size for a live run of the same length. pre: it is of this thread's heap, or its charge stays. */
static inline void big_resize(struct span *run, size_t bytes)
{
    free_way_cool_bin(span_bin(run));
    big_describe(run, bytes, LOAD(&run->big_note) & ~NOTE_LINK_MASK);
}

/* The bin of one's own runs for so many bytes. pre: big_may_belong(). */
INLINE struct bin *big_bin(struct bin *bins, size_t bytes)
{
    return &bins[BIN_RUNS + big_units(bytes)];
}

/* Takes a run from there, with `live` and its slack as its note; *rest: of its tally, all but the charge. pre: there is one.
 * Often the block has as many pages as the one before: then the entry still says so. */
INLINE struct span *big_take_own(struct bin *bin, struct slot_ref *top, size_t bytes, uint32_t live, uint64_t *rest)
{
    struct span *run = (void *)((char *)top->note - offsetof(struct span, big_note));
    uint32_t slack = PEEK(&run->slot_bytes) - (uint32_t)bytes;
    if (UNLIKELY(slack >= PAGE_BYTES)) {
        free_way_cool_bin(bin);
        big_set_bytes(run, bytes);
        slack = PEEK(&run->slot_bytes) - (uint32_t)bytes;
    }
    *rest = tally_of_rest(slack);
    STORE_RELEASE(&run->big_note, note_of_tally(live - NOTE_PLAIN, *rest)); /* as big_note_live(): bytes is not 0 */
    bin->top = top - 1;
    return run;
}

#endif
