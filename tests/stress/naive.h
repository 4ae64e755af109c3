/* SPDX-License-Identifier: MIT
 *
 * naive.h: the naive pool: an array of blocks and a table of counts, kept beside the real pool and compared with it. One
 * naive pool belongs to one thread at a time; counts of several add up modulo 2^64, since a block may leave one pool and be
 * freed through another. */
#ifndef TAGPOOL_TESTS_NAIVE_H
#define TAGPOOL_TESTS_NAIVE_H

#include "stress.h"

/* One outstanding block: what tagpool_query() must say of it, and the seed of its pattern. */
struct naive_block {
    struct tagpool_block is;
    uint64_t seed;
};

struct naive_pool {
    struct naive_block *blocks;
    size_t count, capacity;
    uint64_t bytes;                  /* sum of the blocks' requested bytes */
    struct tagpool_stats (*tags)[2]; /* by tag index and pool */
    size_t tag_count;
    char letter; /* of the tags */
    size_t alignment; /* of the last allocation tried, 0 for a plain one */
    struct rng rng;
};

static inline struct naive_pool naive_create(char letter, size_t tag_count, size_t capacity, struct rng rng)
{
    struct naive_pool naive = {.capacity = capacity, .tag_count = tag_count, .letter = letter, .rng = rng};
    naive.blocks = calloc(capacity, sizeof *naive.blocks);
    naive.tags = calloc(tag_count, sizeof *naive.tags);
    require(naive.blocks != NULL && naive.tags != NULL);
    return naive;
}

static inline void naive_destroy(struct naive_pool *naive)
{
    free(naive->blocks);
    free(naive->tags);
}

/* ---- Counting -------------------------------------------------------------------------------------------------- */

static inline struct tagpool_stats *naive_stats(struct naive_pool *naive, uint32_t tag, enum tagpool_pool pool)
{
    return &naive->tags[tag_index(tag)][pool];
}

static inline void naive_charge(struct naive_pool *naive, const struct tagpool_block *block)
{
    struct tagpool_stats *stats = naive_stats(naive, block->tag, block->pool);
    stats->allocs++;
    stats->blocks++;
    stats->bytes += block->bytes;
    stats->charged += block->charged;
    stats->peak_blocks = stats->blocks > stats->peak_blocks ? stats->blocks : stats->peak_blocks;
    stats->peak_charged = stats->charged > stats->peak_charged ? stats->charged : stats->peak_charged;
}

static inline void naive_discharge(struct naive_pool *naive, const struct tagpool_block *block)
{
    struct tagpool_stats *stats = naive_stats(naive, block->tag, block->pool);
    stats->frees++;
    stats->blocks--;
    stats->bytes -= block->bytes;
    stats->charged -= block->charged;
}

/* ---- Blocks ---------------------------------------------------------------------------------------------------- */

/* Requires that `address`, any byte of it, is described as `block`. */
static inline void require_query(const void *address, const struct tagpool_block *block)
{
    struct tagpool_block seen;
    require(tagpool_query(address, &seen) == TAGPOOL_OK);
    require(seen.address == block->address && seen.bytes == block->bytes && seen.charged == block->charged);
    require(seen.tag == block->tag && seen.pool == block->pool && seen.is_protected == block->is_protected);
    require(tagpool_owns(address));
}

static inline void naive_put(struct naive_pool *naive, const struct naive_block *block)
{
    require(naive->count < naive->capacity);
    naive->blocks[naive->count++] = *block;
    naive->bytes += block->is.bytes;
}

static inline struct naive_block naive_take(struct naive_pool *naive, size_t position)
{
    struct naive_block block = naive->blocks[position];
    naive->blocks[position] = naive->blocks[--naive->count];
    naive->bytes -= block.is.bytes;
    return block;
}

/* What a new block at `address` must be, its charge taken from the pool's own answer and checked. */
static inline struct naive_block naive_describe(struct naive_pool *naive, void *address, size_t bytes, uint32_t tag,
                                                enum tagpool_pool pool)
{
    struct tagpool_block seen;
    require(tagpool_query(address, &seen) == TAGPOOL_OK);
    struct naive_block block = {.is = {.address = address, .bytes = bytes, .charged = seen.charged, .pool = pool}};
    block.is.tag = tag & ~TAGPOOL_PROTECTED;
    block.is.is_protected = (tag & TAGPOOL_PROTECTED) != 0;
    block.seed = rng_next(&naive->rng);
    require(is_charged_well(bytes, seen.charged));
    require_query(address, &block.is);
    return block;
}

/* Allocates in one of three ways. False iff there was no memory, which has then been counted. */
static inline bool naive_alloc(struct naive_pool *naive, enum tagpool_pool pool, size_t bytes, uint32_t tag)
{
    size_t way = rng_below(&naive->rng, 8);
    void *address;
    naive->alignment = 0;
    if (way < 5) {
        address = tagpool_alloc(pool, bytes, tag);
    } else if (way < 6) {
        address = tagpool_zalloc(pool, bytes, tag);
        require(address == NULL || is_all_zero(address, bytes));
    } else {
        naive->alignment = (size_t)1 << rng_below(&naive->rng, rng_below(&naive->rng, 8) == 0 ? 17 : 13);
        address = tagpool_aligned_alloc(pool, naive->alignment, bytes, tag);
    }
    if (address == NULL) {
        naive_stats(naive, tag & ~TAGPOOL_PROTECTED, pool)->failures++;
        return false;
    }
    struct naive_block block = naive_describe(naive, address, bytes, tag, pool);
    require(is_placed_well(address, bytes, naive->alignment));
    require(naive->alignment != 0 || bytes <= TAGPOOL_PAGE_SIZE || block.is.charged == whole_pages(bytes));
    pattern_write(address, bytes, block.seed);
    naive_charge(naive, &block.is);
    naive_put(naive, &block);
    return true;
}

static inline void require_intact(const struct naive_block *block)
{
    require(pattern_holds(block->is.address, block->is.bytes, block->is.bytes, block->seed));
}

/* Frees the block at `position` in one of three ways, after a last look at it. */
static inline void naive_free(struct naive_pool *naive, size_t position)
{
    struct naive_block block = naive_take(naive, position);
    require_intact(&block);
    require_query(block.is.address, &block.is);
    if (block.is.is_protected) {
        tagpool_free_tag(block.is.address, block.is.tag | TAGPOOL_PROTECTED);
    } else if (rng_below(&naive->rng, 2) == 0) {
        tagpool_free_tag(block.is.address, rng_below(&naive->rng, 4) == 0 ? 0 : block.is.tag);
    } else {
        tagpool_free(block.is.address);
    }
    naive_discharge(naive, &block.is);
}

/* Gives the block at `position` the size `bytes`. A block that moves exists twice for a moment, and peaks may say so. */
static inline bool naive_realloc(struct naive_pool *naive, size_t position, size_t bytes)
{
    struct naive_block old = naive->blocks[position];
    require_intact(&old);
    unsigned char *address = tagpool_realloc(old.is.address, bytes);
    if (address == NULL) {
        naive_stats(naive, old.is.tag, old.is.pool)->failures++;
        require_query(old.is.address, &old.is);
        require_intact(&old);
        return false;
    }
    naive_take(naive, position);
    uint32_t tag = old.is.tag | (old.is.is_protected ? TAGPOOL_PROTECTED : 0);
    struct naive_block block = naive_describe(naive, address, bytes, tag, old.is.pool);
    require(is_placed_well(address, bytes, 0));
    require(pattern_holds(address, old.is.bytes, bytes, old.seed));
    if (address == old.is.address) {
        naive_discharge(naive, &old.is);
        naive_charge(naive, &block.is);
    } else {
        naive_charge(naive, &block.is);
        naive_discharge(naive, &old.is);
    }
    pattern_write(address, bytes, block.seed);
    naive_put(naive, &block);
    return true;
}

/* Asks for what cannot be had; each refusal counts as a failure of the tag. */
static inline void naive_impossible(struct naive_pool *naive, enum tagpool_pool pool, uint32_t tag)
{
    size_t huge = SIZE_MAX - rng_below(&naive->rng, (size_t)1 << 16);
    struct tagpool_stats *stats = naive_stats(naive, tag & ~TAGPOOL_PROTECTED, pool);
    require(tagpool_alloc(pool, huge, tag) == NULL);
    require(tagpool_zalloc(pool, (size_t)PTRDIFF_MAX + 1, tag) == NULL);
    require(tagpool_aligned_alloc(pool, 65536, (size_t)PTRDIFF_MAX - rng_below(&naive->rng, 64), tag) == NULL);
    require(tagpool_aligned_alloc(pool, 24, 100, tag) == NULL && tagpool_aligned_alloc(pool, 131072, 100, tag) == NULL);
    stats->failures += 5;
    if (naive->count > 0) {
        require(!naive_realloc(naive, rng_below(&naive->rng, naive->count), huge));
    }
}

/* Asks about a random byte of a random block, and about the byte behind it, which must not be taken for a part of it. */
static inline void naive_query(struct naive_pool *naive)
{
    struct naive_block *block = &naive->blocks[rng_below(&naive->rng, naive->count)];
    unsigned char *first = block->is.address;
    require_query(first + (block->is.bytes > 0 ? rng_below(&naive->rng, block->is.bytes) : 0), &block->is);
    require(tagpool_tag(first) == block->is.tag && tagpool_size(first) == block->is.bytes);
    struct tagpool_block seen;
    if (block->is.bytes > 0 && tagpool_query(first + block->is.bytes, &seen) == TAGPOOL_OK) {
        require(seen.address != block->is.address);
    }
}

/* ---- The whole pool -------------------------------------------------------------------------------------------- */

/* Orders blocks as tagpool_walk() does: nonpaged first, then by address. */
static inline int naive_order(const void *left, const void *right)
{
    const struct naive_block *a = left, *b = right;
    if (a->is.pool != b->is.pool) {
        return a->is.pool < b->is.pool ? -1 : 1;
    }
    return (uintptr_t)a->is.address < (uintptr_t)b->is.address ? -1 : (uintptr_t)a->is.address > (uintptr_t)b->is.address;
}

/* Requires that no two blocks share a byte. Sorts the blocks. */
static inline void naive_require_disjoint(struct naive_pool *naive)
{
    qsort(naive->blocks, naive->count, sizeof *naive->blocks, naive_order);
    for (size_t i = 1; i < naive->count; i++) {
        const struct tagpool_block *a = &naive->blocks[i - 1].is, *b = &naive->blocks[i].is;
        require(a->pool != b->pool || (uintptr_t)a->address + (a->bytes > 0 ? a->bytes : 1) <= (uintptr_t)b->address);
    }
}

struct naive_visit {
    const struct naive_pool *naive;
    size_t at;
};

static inline bool naive_on_block(const struct tagpool_block *block, void *context)
{
    struct naive_visit *visit = context;
    require(visit->at < visit->naive->count);
    const struct tagpool_block *expected = &visit->naive->blocks[visit->at++].is;
    require(block->address == expected->address && block->bytes == expected->bytes && block->charged == expected->charged);
    require(block->tag == expected->tag && block->pool == expected->pool && block->is_protected == expected->is_protected);
    return true;
}

/* Requires that a walk sees exactly these blocks, in order, and that their contents are intact. Sorts the blocks. */
static inline void naive_require_walk(struct naive_pool *naive)
{
    naive_require_disjoint(naive);
    struct naive_visit visit = {naive, 0};
    require(tagpool_walk(naive_on_block, &visit) == naive->count && visit.at == naive->count);
    for (size_t i = 0; i < naive->count; i++) {
        require_intact(&naive->blocks[i]);
    }
}

/* Requires that the counts of every tag are those of this pool, and that the sums agree. */
static inline void naive_require_counts(struct naive_pool *naive)
{
    for (size_t i = 0; i < naive->tag_count * 2; i++) {
        uint32_t tag = tag_of(naive->letter, i / 2);
        const struct tagpool_stats *expected = &naive->tags[i / 2][i % 2];
        struct tagpool_stats seen = stats_of(tag, (enum tagpool_pool)(i % 2));
        char what[40], text[5];
        snprintf(what, sizeof what, "tag %s, pool %u", tagpool_tag_text(tag, text), (unsigned)(i % 2));
        require_same_counts(&seen, expected, what);
    }
    require_sums();
}

#endif
