/* SPDX-License-Identifier: MIT
 *
 * tally.h: counts packed into one word (tagpool/segment.h): one addition counts an allocation or a free in all its sums, and one
 * test says whether there is anything else to do.
 *
 * Three lanes: charged granules (20 bits), slack bytes (24), blocks (20). With C = TALLY_ROOM, of each row in use:
 *     granules: C <= out < 2C (2C ends the use of the lane: its top bit is that of the word),       and -C < limit <= C
 *     blocks:   0 <= out < 5/4 C: a block has at least one granule, or out < C/4, see below;  and -5/4 C < limit <= 3/4 C
 *     slack:    at most 16 bytes for each granule, and 4 C
 * where limits are relative to what is settled. out - in + guard has in each lane what is left of its limit, less than half of
 * what the lane holds; or it has the lane's top bit set, iff in - out, in that of granules C more, is above the limit. (A lane
 * below zero borrows from the one above: that is then seen to be over its limit too early, which does no harm.) It is tested at
 * each allocation: so `in` is at most one block above out + limit, and fits as well. A block counted here has at most 2^16
 * granules. A row nobody has used is all zero: its first allocation is above the limit.
 *
 * Only the difference of granules matters. So the charge of a large block, of which a few would fill the lane, is not added to
 * `in` but taken back from `out`, if that leaves C there, and both have fewer than C/4 blocks and 4 C bytes of slack.
 */
#ifndef BASE_TALLY_H
#define BASE_TALLY_H

#include "base/internal.h"
#include "tagpool/segment.h"

#define TALLY_SLACK_SHIFT TAGPOOL_SEGMENT_SLACK_SHIFT
#define TALLY_CHARGED_SHIFT TAGPOOL_SEGMENT_CHARGED_SHIFT
#define TALLY_GRANULE TAGPOOL_SEGMENT_GRANULE
#define TALLY_LANE_MASK 0xFFFFFu
#define TALLY_SLACK_MASK 0xFFFFFFu
#define TALLY_ROOM 0x40000
#define TALLY_BACK_BLOCKS (TALLY_ROOM / 4)
#define TALLY_BACK_SLACK (4 * TALLY_ROOM)
#define TALLY_OUT_FIRST ((uint64_t)TALLY_ROOM << TALLY_CHARGED_SHIFT)
#define TALLY_OUT_FIRST_BYTES ((uint64_t)TALLY_ROOM * TALLY_GRANULE)
#define TALLY_OVER ((uint64_t)0x80000 << TALLY_CHARGED_SHIFT | 0x80000)
#define TALLY_FROM_HALF \
    ((uint64_t)(TALLY_LANE_MASK + 1 - TALLY_ROOM / 2) << TALLY_CHARGED_SHIFT | (TALLY_LANE_MASK + 1 - TALLY_ROOM / 2))
#define TALLY_BLOCK_MOST ((size_t)0x10000 * TALLY_GRANULE) /* charged bytes of a block that may be counted here */
#define TALLY_GUARD_SLACK ((uint64_t)TALLY_SLACK_MOST << TALLY_SLACK_SHIFT)
#define TALLY_SLACK_MOST (TALLY_BACK_SLACK + 2 * TALLY_ROOM * TALLY_GRANULE + TALLY_BLOCK_MOST) /* that `in` may have */

/* The bits of each lane from TALLY_ROOM, TALLY_BACK_SLACK and TALLY_BACK_BLOCKS on, which are powers of two. */
#define TALLY_NOT_BACK \
    ((uint64_t)(TALLY_LANE_MASK + 1 - TALLY_ROOM) << TALLY_CHARGED_SHIFT | \
     (uint64_t)(TALLY_SLACK_MASK + 1 - TALLY_BACK_SLACK) << TALLY_SLACK_SHIFT | (TALLY_LANE_MASK + 1 - TALLY_BACK_BLOCKS))

_Static_assert(TALLY_SLACK_MOST + TALLY_BACK_SLACK + TALLY_ROOM * TALLY_GRANULE <= TALLY_SLACK_MASK,
               "the slack of a guard and of all frees do not fit into their lane");

/* One block. pre: charged is a multiple of TALLY_GRANULE, from there to TALLY_BLOCK_MOST; slack <= charged. */
INLINE uint64_t tally_of(size_t charged, size_t slack)
{
    return (uint64_t)(charged / TALLY_GRANULE) << TALLY_CHARGED_SHIFT | (uint64_t)slack << TALLY_SLACK_SHIFT | 1;
}

/* The same in two parts: the charge; and the block and its slack, which a note has in the same places (memory/note.h). */
static inline uint64_t tally_of_charge(size_t charged)
{
    return (uint64_t)(charged / TALLY_GRANULE) << TALLY_CHARGED_SHIFT;
}

INLINE uint64_t tally_of_rest(size_t slack)
{
    return (uint64_t)slack << TALLY_SLACK_SHIFT | 1;
}

/* The tally of a block for which so many bytes more are requested. */
INLINE uint64_t tally_request(uint64_t tally, size_t bytes)
{
    return tally - ((uint64_t)bytes << TALLY_SLACK_SHIFT);
}

static inline uint64_t tally_blocks(uint64_t tally)
{
    return tally & TALLY_LANE_MASK;
}

static inline uint64_t tally_granules(uint64_t tally)
{
    return tally >> TALLY_CHARGED_SHIFT;
}

static inline uint64_t tally_charged(uint64_t tally)
{
    return tally_granules(tally) * TALLY_GRANULE;
}

static inline uint64_t tally_slack(uint64_t tally)
{
    return (tally >> TALLY_SLACK_SHIFT) & TALLY_SLACK_MASK;
}

/* Limits of blocks and granules, relative to what is settled. */
struct tally_limits {
    int64_t blocks, granules;
};

/* Whether a shard is above its limit, by what is left. */
INLINE bool tally_is_over(uint64_t left)
{
    return (left & TALLY_OVER) != 0;
}

/* Whether the lanes of allocations are half full: what is to be counted next may then be above any limit that fits. */
INLINE bool tally_is_half_full(uint64_t in)
{
    return (in & TALLY_FROM_HALF) != 0;
}

/* How far a shard is above its limit, by what is left. Without a branch: which of the two it is, nobody can foresee. */
INLINE struct tally_limits tally_excess(uint64_t left)
{
    int64_t blocks = (int64_t)(left << (64 - TALLY_SLACK_SHIFT)) >> (64 - TALLY_SLACK_SHIFT);
    blocks &= blocks >> 63;
    int64_t granules = (int64_t)(left - (uint64_t)blocks) >> TALLY_CHARGED_SHIFT; /* with what blocks had borrowed */
    granules &= granules >> 63;
    return (struct tally_limits){-blocks, -granules};
}

/* Whether a charge may be taken back, which makes the words these. */
INLINE bool tally_may_take_back(uint64_t in, uint64_t out)
{
    return (((out ^ TALLY_OUT_FIRST) | in) & TALLY_NOT_BACK) == 0;
}

/* A limit as it fits into a lane. One that is cut is met early, which does no harm: it is then looked at again. */
static inline int64_t tally_limit(int64_t limit, int64_t most)
{
    int64_t least = most - 2 * TALLY_ROOM + 1;
    return limit > most ? most : limit < least ? least : limit;
}

/* Whether limits need not be cut. */
static inline bool tally_limits_fit(struct tally_limits limits)
{
    return limits.granules == tally_limit(limits.granules, TALLY_ROOM) &&
           limits.blocks == tally_limit(limits.blocks, TALLY_ROOM - TALLY_BACK_BLOCKS);
}

/* The guard for limits; they may be cut. It is never 0. */
static inline uint64_t tally_guard(struct tally_limits limits)
{
    return ((uint64_t)(tally_limit(limits.granules, TALLY_ROOM) - TALLY_ROOM) << TALLY_CHARGED_SHIFT) +
           (uint64_t)tally_limit(limits.blocks, TALLY_ROOM - TALLY_BACK_BLOCKS) + TALLY_GUARD_SLACK;
}

/* The guard for so much more. pre: they fit. */
INLINE uint64_t tally_guard_more(uint64_t guard, struct tally_limits more)
{
    return guard + ((uint64_t)more.granules << TALLY_CHARGED_SHIFT) + (uint64_t)more.blocks;
}

/* The limits that a guard was made for. */
static inline struct tally_limits tally_limits_of(uint64_t guard)
{
    int64_t blocks = (int64_t)(guard << (64 - TALLY_SLACK_SHIFT)) >> (64 - TALLY_SLACK_SHIFT);
    uint64_t granules = guard - (uint64_t)blocks - TALLY_GUARD_SLACK;
    return (struct tally_limits){blocks, ((int64_t)granules >> TALLY_CHARGED_SHIFT) + TALLY_ROOM};
}

#endif
