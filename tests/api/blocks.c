/* SPDX-License-Identifier: MIT
 *
 * blocks.c: tests of what can be asked about a block: the query from any byte, size, tag, owner, the walk. */
#include "test.h"

static const struct tagpool_block nothing;

static bool unknown(const void *address)
{
    struct tagpool_block block;
    memset(&block, 0xEE, sizeof block);
    int result = tagpool_query(address, &block);
    /* Field by field: padding may keep anything. */
    return result == TAGPOOL_ENOTFOUND && block.address == nothing.address && block.bytes == 0 && block.charged == 0 &&
           block.tag == 0 && block.pool == nothing.pool && !block.is_protected;
}

/* Is `block` what the byte at `address` belongs to? */
static bool describes(const void *address, void *block, size_t bytes, uint32_t tag, enum tagpool_pool pool)
{
    struct tagpool_block found;
    return tagpool_query(address, &found) == 0 && found.address == block && found.bytes == bytes && found.tag == tag &&
           found.pool == pool && found.charged >= bytes && !found.is_protected;
}

/* "any address of its requested bytes will do", one past the end will not. */
static void every_byte_of_small_blocks(void **state)
{
    enum { COUNT = 5 };
    char *blocks[COUNT];
    uint32_t tag = fresh_tag();
    (void)state;
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++)
        for (size_t bytes = 1; bytes < 6000; bytes += bytes < 300 ? 1 : 97) {
            for (size_t i = 0; i < COUNT; i++)
                blocks[i] = tagpool_alloc(pool, bytes, tag);
            for (size_t i = 0; i < COUNT; i++) {
                for (size_t at = 0; at < bytes; at++)
                    check(describes(blocks[i] + at, blocks[i], bytes, tag, pool));
                struct tagpool_block next;
                bool taken = tagpool_query(blocks[i] + bytes, &next) == 0;
                check(!taken || next.address == blocks[i] + bytes);
                for (size_t at = bytes; at < query(blocks[i]).charged; at++)
                    check(unknown(blocks[i] + at));
            }
            for (size_t i = 0; i < COUNT; i++)
                tagpool_free(blocks[i]);
        }
}

/* Big blocks up to 64 MiB: first, last and many bytes between; one past the end. */
static void bytes_of_big_blocks(void **state)
{
    static const size_t sizes[] = {4096, 4097, 65536, 100000, 1 << 20, (1 << 20) + 1, 10000001, 64 << 20};
    uint32_t tag = fresh_tag();
    (void)state;
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            size_t bytes = sizes[i];
            char *block = tagpool_alloc(pool, bytes, tag);
            check(block != NULL);
            for (size_t at = 0; at < bytes; at += 1 + bytes / 3001)
                check(describes(block + at, block, bytes, tag, pool));
            check(describes(block + bytes - 1, block, bytes, tag, pool));
            check(unknown(block + bytes));
            check(unknown(block + query(block).charged - 1) == (query(block).charged > bytes));
            tagpool_free(block);
            check(unknown(block));
            check(unknown(block + bytes / 2));
        }
}

/* "and the first one for a block of size 0". */
static void a_block_of_size_zero(void **state)
{
    uint32_t tag = fresh_tag();
    char *block = tagpool_alloc(TAGPOOL_PAGED, 0, tag);
    (void)state;
    check(describes(block, block, 0, tag, TAGPOOL_PAGED));
    check(unknown(block + 1));
    tagpool_free(block);
    check(unknown(block));
}

/* "Any pointer may be asked about, NULL too." "Fails iff the byte belongs to no outstanding block (TAGPOOL_ENOTFOUND; *block is
 * then all zero)." */
static void any_pointer(void **state)
{
    static int global;
    int local;
    void *heap = malloc(50);
    char *block = tagpool_alloc(TAGPOOL_PAGED, 100, fresh_tag());
    (void)state;
    check(unknown(NULL));
    check(unknown(&global));
    check(unknown(&local));
    check(unknown(heap));
    check(unknown((void *)(uintptr_t)any_pointer));
    for (unsigned bit = 0; bit < sizeof(void *) * 8; bit++) {
        check(unknown((void *)((uintptr_t)1 << bit)));
        check(unknown((void *)(UINTPTR_MAX << bit)));
        check(unknown((void *)((uintptr_t)block ^ (uintptr_t)1 << bit)) || bit < 7);
    }
    free(heap);
    tagpool_free(block);
}

/* "True iff `address` lies in the address range of one of the pools, whatever is there." */
static void owned_addresses(void **state)
{
    int local;
    void *heap = malloc(50);
    (void)state;
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++) {
        char *small = tagpool_alloc(pool, 100, fresh_tag()), *big = tagpool_alloc(pool, 1 << 20, fresh_tag());
        check(tagpool_owns(small) && tagpool_owns(small + 99) && tagpool_owns(big) && tagpool_owns(big + (1 << 20) - 1));
        tagpool_free(small);
        tagpool_free(big);
        check(tagpool_owns(small) && tagpool_owns(big));
        tagpool_trim();
        check(tagpool_owns(small) && tagpool_owns(big));
    }
    check(!tagpool_owns(NULL) && !tagpool_owns(&local) && !tagpool_owns(heap));
    check(!tagpool_owns((void *)(uintptr_t)owned_addresses) && !tagpool_owns((void *)UINTPTR_MAX));
    free(heap);
}

/* "Requested size and tag of an outstanding block, by its exact address [...] a protected block is welcome." */
static void size_and_tag(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t bytes = 0; bytes < 20000; bytes += bytes < 5000 ? 1 : 1013) {
        void *block = tagpool_alloc(bytes % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, bytes, tag | TAGPOOL_PROTECTED);
        same(tagpool_size(block), bytes);
        same(tagpool_tag(block), tag);
        check(query(block).is_protected && query(block).tag == tag);
        tagpool_free_tag(block, tag | TAGPOOL_PROTECTED);
    }
}

/* "Bug checks as tagpool_free() (size and tag are then 0)." */
static void size_and_tag_of_no_block(void **state)
{
    int local;
    char *block = tagpool_alloc(TAGPOOL_PAGED, 100, fresh_tag()), *freed = tagpool_alloc(TAGPOOL_PAGED, 100, fresh_tag());
    (void)state;
    tagpool_free(freed);
    const struct {
        void *address;
        uintptr_t parameter;
    } cases[] = {{NULL, 0x46}, {&local, 0x42}, {block + 1, 0x41286}, {block + 99, 0x41286}, {freed, 0x07}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        same(tagpool_size(cases[i].address), 0);
        check(mistake(0xC2, cases[i].parameter));
        same(tagpool_tag(cases[i].address), 0);
        check(mistake(0xC2, cases[i].parameter));
    }
    tagpool_free(block);
}

/* What the walk saw, and when it is to stop. */
struct visit {
    size_t count, stop_after;
    const char *last[2];
    bool paged_seen, ordered, agrees;
};

static bool visit(const struct tagpool_block *block, void *context)
{
    struct visit *seen = context;
    const char *address = block->address;
    struct tagpool_block found = query(block->address);
    seen->ordered &= address > seen->last[block->pool] && !(seen->paged_seen && block->pool == TAGPOOL_NONPAGED);
    seen->last[block->pool] = address;
    seen->paged_seen |= block->pool == TAGPOOL_PAGED;
    seen->agrees &= found.address == block->address && found.bytes == block->bytes && found.charged == block->charged &&
                    found.tag == block->tag && found.pool == block->pool && found.is_protected == block->is_protected;
    return ++seen->count != seen->stop_after;
}

static struct visit walk(size_t stop_after)
{
    struct visit seen = {0, stop_after, {NULL, NULL}, false, true, true};
    size_t visited = tagpool_walk(visit, &seen);
    same(visited, seen.count);
    return seen;
}

/* "Visits every outstanding block in the order of addresses, nonpaged pool first. [...] Returns how many were visited." */
static void the_walk_is_complete_and_ordered(void **state)
{
    enum { COUNT = 3000 };
    static void *blocks[COUNT];
    size_t live = COUNT;
    (void)state;
    same(walk(0).count, 0);
    for (unsigned i = 0; i < COUNT; i++)
        blocks[i] = tagpool_alloc(i % 3 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, i % 50 ? i * 53 % 3000 : i * 100,
                                  TAGPOOL_TAG('W', 'a', 'l', 'k') | (i % 4 ? 0 : TAGPOOL_PROTECTED));
    for (unsigned round = 0; round < 4; round++) {
        struct visit seen = walk(0);
        check(seen.ordered && seen.agrees);
        same(seen.count, live);
        for (unsigned i = round; i < COUNT; i += 4, live--)
            tagpool_free_tag(blocks[i], TAGPOOL_TAG('W', 'a', 'l', 'k') | (i % 4 ? 0 : TAGPOOL_PROTECTED));
    }
    same(walk(0).count, 0);
}

/* "returns true to go on": false ends the walk. */
static void the_walk_stops(void **state)
{
    void *blocks[20];
    (void)state;
    for (size_t i = 0; i < 20; i++)
        blocks[i] = tagpool_alloc(i % 2 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED, i * 400, TAGPOOL_TAG('S', 't', 'o', 'p'));
    for (size_t stop = 1; stop <= 20; stop++)
        same(walk(stop).count, stop);
    for (size_t i = 0; i < 20; i++)
        tagpool_free(blocks[i]);
}

static bool use_everything(const struct tagpool_block *block, void *context)
{
    struct tagpool_stats stats;
    struct tagpool_row row;
    struct tagpool_snapshot *snapshot = tagpool_snapshot_take();
    check(snapshot != NULL);
    tagpool_snapshot_release(snapshot);
    same(tagpool_size(block->address), block->bytes);
    same(tagpool_tag(block->address), block->tag);
    check(tagpool_owns(block->address));
    same(tagpool_pool_stats(block->pool, &stats), 0);
    check(stats.blocks > 0);
    check(tagpool_rows(&row, 1, TAGPOOL_BY_BYTES) > 0);
    tagpool_print(TAGPOOL_BY_TAG);
    same(tagpool_verdict(), TAGPOOL_LEAK);
    same(tagpool_limit(block->pool), 0);
    same(tagpool_start("leak_blocks=3"), 0);
    ++*(size_t *)context;
    return walk(2).count <= 2;
}

/* A walker "may call any function of this header but those that allocate or free pool". */
static void the_walker_may_ask(void **state)
{
    void *blocks[5];
    size_t calls = 0;
    (void)state;
    for (size_t i = 0; i < 5; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, i * 1000, TAGPOOL_TAG('A', 's', 'k', 's'));
    same(tagpool_walk(use_everything, &calls), 5);
    same(calls, 5);
    for (size_t i = 0; i < 5; i++)
        tagpool_free(blocks[i]);
    same(tagpool_start("leak_blocks=16"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_byte_of_small_blocks),
        test(bytes_of_big_blocks),
        test(a_block_of_size_zero),
        test(any_pointer),
        test(owned_addresses),
        test(size_and_tag),
        test(size_and_tag_of_no_block),
        test(the_walk_is_complete_and_ordered),
        test(the_walk_stops),
        test(the_walker_may_ask),
    };
    return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
