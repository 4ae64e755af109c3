/* SPDX-License-Identifier: MIT
 *
 * slab.c: memory/slab and memory/heap: two heaps that take, free their own blocks and each other's, at random.
 */
#include "unit.h"

#include "floor.h"
#include "memory/slab.h"
#include "random.h"

enum { MOST = 6000 };

static struct heap heaps[2];

static struct block {
    uint64_t *memory;
    size_t bytes;
    struct span *span;
    uint32_t mark;
    unsigned heap;
} blocks[MOST];
static size_t block_count;

static int start_heaps(void **state)
{
    for (int i = 0; i < 2; i++)
        heap_start(&heaps[i]);
    return floor_start(state);
}

static void expect_whole(void)
{
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (size_t i = 0; i < arena.half[pool].frontier; i++) {
            const struct span *span = &arena.spans[pool * arena.half_units + i];
            const char *wrong = span->kind == SPAN_SLAB ? slab_check(span) : NULL;
            if (wrong != NULL)
                fail_msg("class %u: %s", span->class, wrong);
        }
    for (int i = 0; i < 2; i++)
        assert_null(heap_check(&heaps[i]));
    floor_expect_whole();
}

/* "Makes the bin's current span have a free slot"; "takes the first free slot, and notes `live` for it". The slot lies in that
 * span, in the right pool, and keeps its bytes (first and last word are marked) until it is freed. */
static void take_block(unsigned heap, unsigned pool, unsigned class, uint32_t mark)
{
    assert_true(slab_refill(&heaps[heap], pool, class));
    struct span *span = heaps[heap].bin[class][pool];
    size_t bytes = classes.info[class].slot_bytes;
    uint32_t used = span->used;
    assert_true(span->kind == SPAN_SLAB && span->class == class && span->owner == &heaps[heap]);
    assert_int_equal(span_pool(span), pool);
    uint64_t *memory = slab_take(span, span->head, note_live(mark % 0x10000, 5, 0));
    assert_int_equal(span->used, used + 1);
    assert_true((uintptr_t)memory >= span_address(span) && (uintptr_t)memory + bytes <= span_address(span) + UNIT_BYTES);
    bool exact = false;
    uint32_t slot = slab_slot(span, (uintptr_t)memory, &exact);
    assert_true(exact && span->notes[slot] == note_live(mark % 0x10000, 5, 0));
    memory[0] = memory[bytes / 8 - 1] = mark;
    blocks[block_count++] = (struct block){memory, bytes, span, mark, heap};
}

/* A block is freed by its owner, or "a slot of another heap's span"; that "the note is not live: freed meanwhile" is seen. */
static void free_block(unsigned heap, size_t which)
{
    struct block block = blocks[which];
    uintptr_t address = (uintptr_t)block.memory;
    bool exact;
    uint32_t slot = slab_slot(block.span, address, &exact);
    assert_true(block.memory[0] == block.mark && block.memory[block.bytes / 8 - 1] == block.mark);
    uint32_t freed = note_freed(block.span->notes[slot]);
    if (heap == block.heap) {
        slab_put(&heaps[heap], block.span, slot, address, freed);
    } else {
        assert_true(slab_free_remote(&heaps[heap], block.span, slot, address, freed));
        assert_false(slab_free_remote(&heaps[heap], block.span, slot, address, freed));
    }
    blocks[which] = blocks[--block_count];
}

static void free_all(uint64_t *seed)
{
    while (block_count > 0)
        free_block(random_below(seed, 2), random_below(seed, (uint32_t)block_count));
}

/* Everything that was freed is flushed and taken in: "gives every run that holds no block to the arena", so nothing is left. */
static void expect_empty(void)
{
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 2; i++)
            heap_empty(&heaps[i]);
    expect_whole();
    for (unsigned pool = 0; pool < POOLS; pool++)
        assert_int_equal(arena.half[pool].units_in_use, 0);
}

/* "Checks the invariants above" under random use of a few classes of every kind, in waves that fill and empty spans. */
static void random_use(void **state)
{
    static const unsigned some[] = {0, 6, 18, 24, 28, 29, CLASS_SMALL_COUNT, CLASS_SMALL_COUNT + 2, CLASS_COUNT - 1};
    uint64_t seed = 17;
    (void)state;
    arena.cache_units = 64;
    for (uint32_t step = 0; step < 60000; step++) {
        bool is_filling = step / 6000 % 2 == 0;
        uint32_t choice = random_below(&seed, 100);
        if (block_count < MOST && choice < (is_filling ? 60u : 40u)) {
            unsigned class = some[random_below(&seed, is_filling ? 9 : 5)];
            bool is_crowded = arena.half[0].units_in_use + arena.half[1].units_in_use > 300;
            take_block(random_below(&seed, 2), random_below(&seed, 2), is_crowded ? 0 : class, step + 1);
        } else if (block_count > 0) {
            free_block(random_below(&seed, 4) == 0, random_below(&seed, (uint32_t)block_count));
        }
        if (choice == 99 && step % 8 == 0)
            heap_flush(&heaps[step / 8 % 2]);
        if (step % 211 == 0)
            expect_whole();
    }
    free_all(&seed);
    expect_empty();
}

/* Each class fills a span with exactly `span_slots` slots, all different, in the order of addresses; one more starts another
 * span. A full span waits "until a sixteenth of its slots is free". */
static void fills_spans(void **state)
{
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        uint32_t slots = classes.info[class].span_slots;
        for (uint32_t i = 0; i <= slots; i++) {
            take_block(0, 1, class, i + 1);
            if (i > 0 && i < slots)
                assert_true(blocks[i].span == blocks[0].span && (uintptr_t)blocks[i].memory > (uintptr_t)blocks[i - 1].memory);
        }
        struct span *full = blocks[0].span;
        assert_ptr_not_equal(blocks[slots].span, full);
        uint32_t freed = 0;
        for (; (full->flags & SPAN_LINKED) == 0; freed++) {
            assert_true(freed < slots && blocks[block_count - 2].span == full);
            free_block(0, block_count - 2);
            assert_null(slab_check(full));
        }
        assert_int_equal(freed, slots >= 16 ? slots / 16 : 1);
        while (block_count > 0)
            free_block(0, block_count - 1);
        expect_empty();
    }
}

/* Frees by another thread are on their way until they are flushed and collected: the slots are not used before, and all
 * after. */
static void remote_frees_come_home(void **state)
{
    const unsigned class = 10;
    uint32_t slots = classes.info[class].span_slots;
    (void)state;
    for (uint32_t i = 0; i < slots; i++)
        take_block(0, 0, class, i + 1);
    struct span *span = blocks[0].span;
    while (block_count > 0)
        free_block(1, 0);
    assert_null(slab_check(span));
    assert_true(note_is_end(span->head));
    heap_flush(&heaps[1]);
    assert_int_equal(heaps[0].inbox, span_to_link(span));
    assert_null(slab_check(span));
    heap_collect(&heaps[0]);
    assert_int_equal(heaps[0].inbox, 0);
    expect_empty();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_spans),
        cmocka_unit_test(remote_frees_come_home),
        cmocka_unit_test(random_use),
    };
    return cmocka_run_group_tests(tests, start_heaps, NULL);
}
