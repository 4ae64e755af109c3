/* SPDX-License-Identifier: MIT
 *
 * fuzz_ops.c: fuzz target: bytes as a series of calls, good and bad, against a naive model of the pools: an array of blocks with
 * their size, tag, pool and contents, and plain counters. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tagpool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SLOTS = 48, TAGS = 4, FREED = 16 };

/* ---- The model -------------------------------------------------------------------------------------------------- */

struct block {
    unsigned char *address; /* NULL: the slot is free */
    size_t bytes;
    unsigned tag; /* index */
    enum tagpool_pool pool;
    bool is_protected;
};

static struct block blocks[SLOTS];
static struct tagpool_stats counts[TAGS][2]; /* without charges and peaks; they live as long as the process */
static unsigned char *freed[FREED];          /* addresses of blocks that were freed, some of them perhaps in use again */
static unsigned freed_next;
static const uint32_t tags[TAGS] = {TAGPOOL_TAG('O', 'p', 's', '0'), TAGPOOL_TAG('O', 'p', 's', '1'),
                                    TAGPOOL_TAG('O', 'p', 's', '2'), TAGPOOL_TAG('O', 'p', 's', '3')};

static struct tagpool_bugcheck report; /* the last one */
static unsigned reports;

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "ops: %s\n", what);
    abort();
}

static void keep_report(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    report = *bugcheck;
    reports++;
}

static bool reported(uintptr_t parameter, bool stops)
{
    bool right = reports == 1 && report.code == 0xC2 && report.parameter[0] == parameter && report.stops == stops;
    reports = 0;
    return right;
}

static uintptr_t inside(enum tagpool_pool pool)
{
    return pool == TAGPOOL_PAGED ? 0x41286 : 0x99;
}

static uint32_t full_tag(const struct block *block)
{
    return tags[block->tag] | (block->is_protected ? TAGPOOL_PROTECTED : 0);
}

static unsigned char pattern(const struct block *block, size_t at)
{
    return (unsigned char)((uintptr_t)block / sizeof *block * 31 + at * 7 + at / 255);
}

/* The next byte to write or check: every one of the first and last, samples in the middle of large blocks. */
static size_t after(size_t at, size_t bytes)
{
    return at < 4096 || at + 600 > bytes ? at + 1 : at + 509;
}

static void fill(struct block *block)
{
    for (size_t i = 0; i < block->bytes; i = after(i, block->bytes))
        block->address[i] = pattern(block, i);
}

static void check_contents(const struct block *block, size_t bytes)
{
    for (size_t i = 0; i < bytes; i = after(i, block->bytes))
        require(block->address[i] == pattern(block, i), "a block keeps its contents");
}

static void count_free(struct block *block)
{
    struct tagpool_stats *stats = &counts[block->tag][block->pool];
    stats->frees++;
    stats->blocks--;
    stats->bytes -= block->bytes;
    freed[freed_next++ % FREED] = block->address;
    block->address = NULL;
}

static void count_allocation(const struct block *block)
{
    struct tagpool_stats *stats = &counts[block->tag][block->pool];
    stats->allocs++;
    stats->blocks++;
    stats->bytes += block->bytes;
}

/* The block of the model that has the byte at `address`. */
static struct block *find(const unsigned char *address)
{
    for (struct block *block = blocks; block < blocks + SLOTS; block++)
        if (block->address && address >= block->address && address < block->address + (block->bytes ? block->bytes : 1))
            return block;
    return NULL;
}

/* ---- The calls -------------------------------------------------------------------------------------------------- */

/* What is left of the input. */
static const uint8_t *next, *last;

static unsigned take(void)
{
    return next < last ? *next++ : 0;
}

/* Sizes of every kind: tiny, small, up to four pages, up to a megabyte. */
static size_t take_size(void)
{
    size_t low = take(), value = (low | (size_t)take() << 8) >> 2;
    switch (low & 3) {
    case 0:
        return value & 63;
    case 1:
        return value & 1023;
    case 2:
        return value;
    default:
        return value * 64;
    }
}

static struct block *take_block(void)
{
    return &blocks[take() % SLOTS];
}

static void allocate(struct block *block, bool aligned)
{
    unsigned how = take();
    size_t alignment = (size_t)1 << take() % 17;
    *block = (struct block){NULL, take_size(), how % TAGS, how & 4 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, (how & 0x70) == 0x70};
    if (aligned)
        block->address = tagpool_aligned_alloc(block->pool, alignment, block->bytes, full_tag(block));
    else if (how & 8)
        block->address = tagpool_zalloc(block->pool, block->bytes, full_tag(block));
    else
        block->address = tagpool_alloc(block->pool, block->bytes, full_tag(block));
    require(block->address != NULL, "there is memory");
    require(!aligned || (uintptr_t)block->address % alignment == 0, "an aligned block is aligned");
    if (!aligned && how & 8 && block->bytes > 0)
        require(block->address[0] == 0 && memcmp(block->address, block->address + 1, block->bytes - 1) == 0,
                "zalloc clears");
    for (const struct block *other = blocks; other < blocks + SLOTS; other++)
        require(other == block || !other->address || other->address + other->bytes <= block->address ||
                    block->address + block->bytes <= other->address,
                "blocks do not overlap");
    count_allocation(block);
    fill(block);
}

static void release(struct block *block)
{
    check_contents(block, block->bytes);
    tagpool_free_tag(block->address, full_tag(block));
    count_free(block);
}

static void release_badly(struct block *block)
{
    unsigned wrong = (block->tag + 1) % TAGS;
    if (take() & 1)
        tagpool_free_tag(block->address, tags[wrong]);
    else if (block->is_protected)
        tagpool_free(block->address);
    else
        return;
    require(reported(0x0A, block->is_protected), "a wrong tag is reported");
    if (!block->is_protected)
        count_free(block);
}

static void reallocate(struct block *block)
{
    size_t bytes = take_size(), kept = bytes < block->bytes ? bytes : block->bytes;
    if (take() == 255)
        bytes = SIZE_MAX - take();
    unsigned char *address = tagpool_realloc(block->address, bytes);
    if (bytes > PTRDIFF_MAX) {
        require(address == NULL, "no block has such a size");
        counts[block->tag][block->pool].failures++;
        return;
    }
    require(address != NULL, "there is memory");
    struct block old = *block;
    count_free(block);
    *block = old;
    block->address = address;
    check_contents(block, kept);
    block->bytes = bytes;
    count_allocation(block);
    fill(block);
}

static void ask(const struct block *block)
{
    size_t at = take_size() % (block->bytes + 1);
    struct tagpool_block found;
    const struct block *model = find(block->address + at);
    int result = tagpool_query(block->address + at, &found);
    require((result == TAGPOOL_OK) == (model != NULL), "the query finds what is there");
    if (model)
        require(found.address == model->address && found.bytes == model->bytes && found.tag == tags[model->tag] &&
                    found.pool == model->pool && found.is_protected == model->is_protected && found.charged >= model->bytes,
                "the query describes the block");
    require(tagpool_size(block->address) == block->bytes && tagpool_tag(block->address) == tags[block->tag], "size and tag");
}

/* Frees what is no block: inside one, freed before, foreign, NULL. */
static void free_no_block(const struct block *block)
{
    unsigned how = take();
    size_t at = take_size();
    if (how % 4 == 0) {
        tagpool_free(NULL);
        require(reported(0x46, true), "NULL is no block");
    } else if (how % 4 == 1) {
        tagpool_free(&at);
        require(reported(0x42, true), "the stack is in no pool");
    } else if (how % 4 == 2 && block->address && block->bytes > 1) {
        tagpool_free(block->address + 1 + at % (block->bytes - 1));
        require(reported(inside(block->pool), true), "an address inside a block is none");
    } else if (how % 4 == 3 && freed[at % FREED]) {
        unsigned char *address = freed[at % FREED];
        const struct block *now = find(address);
        if (now && now->address == address)
            return;
        tagpool_free(address);
        require(reports == 1 && report.code == 0xC2 && report.stops, "a freed block is none");
        require(!now || report.parameter[0] == inside(now->pool), "an address inside a block is none");
        require(now || report.parameter[0] == 0x07 || report.parameter[0] == 0x44 || report.parameter[0] == 0x48 ||
                    report.parameter[0] == inside(report.block.pool),
                "a freed block is freed, unused, or inside of what was freed there later");
        reports = 0;
    }
}

/* ---- The whole heap --------------------------------------------------------------------------------------------- */

static bool visit(const struct tagpool_block *block, void *context)
{
    const struct block *model = find(block->address);
    require(model && model->address == block->address && model->bytes == block->bytes, "the walk sees what is there");
    ++*(size_t *)context;
    return true;
}

static void check_everything(void)
{
    size_t walked = 0, live = 0;
    require(tagpool_validate() == TAGPOOL_OK, "the library is sound");
    for (const struct block *block = blocks; block < blocks + SLOTS; block++)
        live += block->address != NULL;
    require(tagpool_walk(visit, &walked) == live && walked == live, "the walk is complete");
    for (unsigned tag = 0; tag < TAGS; tag++)
        for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++) {
            struct tagpool_stats now;
            const struct tagpool_stats *model = &counts[tag][pool];
            tagpool_tag_stats(tags[tag], pool, &now);
            require(now.allocs == model->allocs && now.frees == model->frees && now.blocks == model->blocks &&
                        now.bytes == model->bytes && now.failures == model->failures,
                    "the counts are exact");
        }
}

static void step(void)
{
    struct block *block;
    unsigned call = take();
    switch (call % 8) {
    case 0:
    case 1:
    case 2:
        block = take_block();
        if (block->address)
            release(block);
        else
            allocate(block, call % 8 == 2);
        break;
    case 3:
        if ((block = take_block())->address)
            reallocate(block);
        break;
    case 4:
        if ((block = take_block())->address)
            ask(block);
        break;
    case 5:
        free_no_block(take_block());
        break;
    case 6:
        if ((block = take_block())->address)
            release_badly(block);
        break;
    default:
        if (call & 8)
            check_everything();
        else if (call & 16)
            tagpool_trim();
        else
            require(tagpool_start(call & 32 ? "tail_check=on free_check=on" : "tail_check=off free_check=off") == 0,
                    "options");
    }
    require(reports == 0, "no call reports what is right");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tagpool_bugcheck_handler_set(keep_report, NULL);
    memset(freed, 0, sizeof freed);
    next = data;
    last = data + size;
    while (next < last)
        step();
    check_everything();
    for (struct block *block = blocks; block < blocks + SLOTS; block++)
        if (block->address)
            release(block);
    check_everything();
    return 0;
}
