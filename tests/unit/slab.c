/* SPDX-License-Identifier: MIT
 *
 * slab.c: memory/slab: two heaps that take, free their own blocks and each other's, one rule at a time and at random; and what
 * slab_check() says of damaged spans.
 */
#include "unit.h"

#include "damage.h"
#include "heaps.h"
#include "random.h"
#include "report/bugcheck.h"

#define what_is_wrong heaps_wrong

enum { MOST = 20000 };

static struct block {
    uint64_t *memory;
    size_t bytes;
    uint32_t mark;
    unsigned heap;
} blocks[MOST];
static size_t block_count;

static struct bin *bin_of(unsigned heap, unsigned pool, unsigned class)
{
    return &heaps[heap].bin[pool][class];
}

static size_t size_of(const struct bin *bin)
{
    return bin->size;
}

static size_t held_by(const struct bin *bin)
{
    return (size_t)(bin->top - bin->base);
}

/* "Puts blocks into an empty magazine"; "takes the first block of a magazine and writes its note". The slot lies in a span of
 * that heap, class and pool, and keeps its bytes (first and last word are marked) until it is freed. */
static void take_block(unsigned heap, unsigned pool, unsigned class, uint32_t mark)
{
    size_t bytes = classes.info[class].slot_bytes;
    uint32_t live = note_live(mark % 0x10000, 5, 0);
    uint64_t *memory = heaps_take(heap, pool, class, live);
    assert_non_null(memory);
    struct span *span = span_at(memory);
    assert_true(span->kind == SPAN_SLAB && span->class == class && span->owner == &heaps[heap]);
    assert_true(span_bin(span) == bin_of(heap, pool, class) && span_bin(span)->rows == heaps[heap].rows[pool]);
    assert_true(span_pool(span) == pool && span_slot_bytes(span) == bytes);
    assert_true(offset_at(memory) + bytes <= UNIT_BYTES);
    assert_int_equal(*note_at(memory), live);
    memory[0] = memory[bytes / 8 - 1] = mark;
    blocks[block_count++] = (struct block){memory, bytes, mark, heap};
}

/* A block is freed by its owner, or "a slot of another heap's span"; "false iff the note is not live: freed meanwhile". */
static void free_block(unsigned heap, size_t which)
{
    struct block block = blocks[which];
    uint32_t *note = note_at(block.memory);
    assert_true(block.memory[0] == block.mark && block.memory[block.bytes / 8 - 1] == block.mark);
    assert_true(heaps_free(heap, block.memory));
    assert_false(note_is_live(*note));
    assert_int_equal(note_tag_index(*note), block.mark % 0x10000);
    assert_int_equal(note_is_remote(*note), heap != block.heap);
    if (heap != block.heap)
        assert_false(heaps_free(heap, block.memory));
    blocks[which] = blocks[--block_count];
}

/* Each class fills a span with exactly `slots` slots, all different, in the order of addresses; one more starts another span. */
static void fills_spans(void **state)
{
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        const struct class_info *info = &classes.info[class];
        for (uint32_t i = 0; i <= info->slots; i++) {
            take_block(0, 1, class, i + 1);
            if (i < info->slots)
                assert_true(span_at(blocks[i].memory) == span_at(blocks[0].memory) &&
                            offset_at(blocks[i].memory) == class_slot_offset(info, i));
            if (i % 61 == 0)
                heaps_expect_whole();
        }
        assert_ptr_not_equal(span_at(blocks[info->slots].memory), span_at(blocks[0].memory));
        assert_int_equal(span_at(blocks[0].memory)->flags & SPAN_LINKED, 0);
        while (block_count > 0)
            free_block(0, block_count - 1);
        heaps_expect_whole();
        heaps_expect_empty();
    }
}

/* Last freed, first taken: a block that is put is the next one, without a look at its span. */
static void takes_what_was_put_last(void **state)
{
    (void)state;
    take_block(0, 0, 5, 1);
    take_block(0, 0, 5, 2);
    void *first = blocks[0].memory;
    void *second = blocks[1].memory;
    struct span before = *span_at(first);
    free_block(0, 1);
    free_block(0, 0);
    assert_memory_equal(&before, span_at(first), sizeof before);
    assert_ptr_equal(heaps_take(0, 0, 5, note_live(1, 0, 0)), first);
    assert_ptr_equal(heaps_take(0, 0, 5, note_live(1, 0, 0)), second);
    assert_true(heaps_free(0, first) && heaps_free(0, second));
    heaps_expect_empty();
}

/* "When blocks come back in the opposite order, each finds its own entry above the top": nothing is stored there. */
static void finds_what_was_taken_last(void **state)
{
    struct bin *bin = bin_of(0, 0, 6);
    static struct slot_ref before[8];
    (void)state;
    for (uint32_t i = 0; i < 8; i++)
        take_block(0, 0, 6, i + 1);
    struct slot_ref *top = bin->top;
    memcpy(before, top + 1, sizeof before);
    for (size_t i = 8; i-- > 0;) {
        assert_true(bin_looks(bin) && bin->top[1].block == blocks[i].memory);
        free_block(0, i);
    }
    assert_ptr_equal(bin->top, top + 8);
    assert_memory_equal(top + 1, before, sizeof before);
    assert_int_equal(bin->patience, PATIENCE);
    heaps_expect_whole();
    heaps_expect_empty();
}

/* "After so many blocks that were not above the top, none looks there", "until the bin is to try again". */
static void looks_no_longer(void **state)
{
    struct bin *bin = bin_of(0, 0, 6);
    (void)state;
    bin_look(bin, true);
    for (uint32_t i = 0; i < 3 * PATIENCE; i++)
        take_block(0, 0, 6, i + 1);
    for (int i = 0; i < PATIENCE; i++) {
        assert_true(bin_looks(bin) && bin->patience == PATIENCE - i);
        assert_true(heaps_free(0, blocks[i].memory)); /* the oldest */
        heaps_expect_whole();
    }
    assert_true(!bin_looks(bin) && bin->bound == magazine_end(bin));
    bin_look(bin, true);
    assert_true(bin_looks(bin) && bin->patience == PATIENCE);
    for (int i = PATIENCE; i < 3 * PATIENCE; i++)
        assert_true(heaps_free(0, blocks[i].memory));
    block_count = 0;
    heaps_expect_empty();
}

/* "Empties what is above the top, before a span of the bin's is deleted: if its unit comes back, slots there have other
 * notes." */
static void forgets_deleted_spans(void **state)
{
    const unsigned class = 20;
    struct bin *bin = bin_of(0, 0, class);
    (void)state;
    void *block = heaps_take(0, 0, class, note_live(1, 0, 0));
    const uint32_t *note = note_at(block);
    void *above = heaps_take(0, 0, class, note_live(1, 0, 0)); /* its entry stays above the top */
    assert_true(heaps_free(0, block) && heaps_free(0, above));
    assert_ptr_equal(heaps_take(0, 0, class, note_live(1, 0, 0)), above);
    assert_true(heaps_free(0, above));
    heaps_retire(0, bin);
    assert_true(bin->top == bin->base && bin->top[1].block == NULL);
    void *elsewhere = heaps_take(0, 1, class, note_live(2, 0, 0)); /* gets these notes */
    assert_ptr_equal(note_at(elsewhere), note);
    void *again = heaps_take(0, 0, class, note_live(3, 0, 0));
    assert_ptr_equal(again, block);
    assert_ptr_not_equal(note_at(again), note);
    assert_true(heaps_free(0, again) && heaps_free(0, elsewhere));
    heaps_expect_empty();
}

/* "Full ... makes room": gives those that have been there longest, the rest stays in its order. */
static void overflow_gives_the_oldest(void **state)
{
    static void *all[8192];
    struct bin *bin = bin_of(0, 0, 3);
    (void)state;
    for (uint32_t i = 0; i < 2000; i++)
        all[i] = heaps_take(0, 0, 3, note_live(1, 0, 0));
    bin->drained = 1;
    uint32_t freed = 0;
    while (bin->top != magazine_end(bin))
        assert_true(heaps_free(0, all[freed++]));
    size_t held = held_by(bin);
    static struct slot_ref before[8192];
    memcpy(before, bin->base + 1, held * sizeof *before);
    heaps_overflow(0, bin);
    size_t left = held_by(bin);
    assert_true(left < held && bin->top != magazine_end(bin) && bin->top[1].block == NULL);
    assert_memory_equal(bin->base + 1, before + (held - left), left * sizeof *before);
    for (size_t i = 0; i < held - left; i++)
        assert_true(before[i].block != bin->top->block);
    heaps_expect_whole();
    while (freed < 2000)
        assert_true(heaps_free(0, all[freed++]));
    heaps_expect_empty();
}

/* The linker puts this between the library's objects and the port (Makefile): memory at `refused` cannot be had. */
bool __real_port_expect(void *base, size_t bytes);
bool __wrap_port_expect(void *base, size_t bytes);

static const void *refused;
static unsigned refusals;

bool __wrap_port_expect(void *base, size_t bytes)
{
    refusals += base == refused;
    return base != refused && __real_port_expect(base, bytes);
}

/* As many blocks as the bin's magazine can ever hold, taken and freed. */
static void wave(struct bin *bin)
{
    static void *all[8192];
    size_t count = classes.info[bin->class].magazine_most;
    assert_true(count <= sizeof all / sizeof *all);
    for (size_t i = 0; i < count; i++)
        assert_non_null(all[i] = heaps_take(1, bin->pool, bin->class, note_live(1, 0, 0)));
    for (size_t i = 0; i < count; i++)
        assert_true(heaps_free(1, all[i]));
    heaps_expect_whole();
}

/* "False iff it is as large as it may be, or there is no memory": then a magazine stays as it is, and what has no room there goes
 * to spans; it is asked for again, and moves when there is some. */
static void magazines_stay(void **state)
{
    struct bin *bin = bin_of(1, 1, 4);
    const struct class_info *info = &classes.info[4];
    const struct slot_ref *first = bin->base, *wide = bin->wide;
    (void)state;
    if (wide == NULL)
        skip(); /* no magazine moves here */
    refused = wide;
    for (int round = 0; round < 40; round++) {
        wave(bin);
        assert_true(size_of(bin) <= info->magazine_first || bin->base == wide);
    }
    refused = NULL;
    if (refusals == 0)
        skip(); /* a library of one file calls the port directly */
    assert_true(refusals > 1 && bin->base == first && bin->wide == wide);
    for (int round = 0; round < 40; round++)
        wave(bin);
    assert_true(bin->base == wide && bin->wide == NULL && size_of(bin) > info->magazine_first);
    heaps_expect_empty();
}

/* Blocks taken and freed in waves: "the magazine is too small for what the thread does", and grows to where it has room for a
 * wave, or to `magazine_most`; never further. "One that grows moves to where it has room", once, with all it holds. */
static void magazines_grow(void **state)
{
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class += 3) {
        const struct class_info *info = &classes.info[class];
        struct bin *bin = bin_of(1, 1, class);
        const struct slot_ref *first = bin->base, *wide = bin->wide;
        assert_int_equal(size_of(bin), info->magazine_first);
        for (int round = 0; round < 40; round++) {
            wave(bin);
            assert_true(size_of(bin) >= MAGAZINE_LEAST && size_of(bin) <= info->magazine_most);
            assert_true(bin->wide == NULL || size_of(bin) <= info->magazine_first);
        }
        assert_true(size_of(bin) > info->magazine_first || info->magazine_first == info->magazine_most);
        assert_ptr_equal(bin->base, wide != NULL ? wide : first);
        assert_null(bin->wide);
        EXPECT_DAMAGE(bin->size, info->magazine_most + 1u, "a magazine's bounds are wrong");
        heaps_expect_empty();
    }
}

/* "The thread only frees ... there should be few of them in the end": little stays in the magazine, and spans without blocks are
 * with the arena without being asked. */
static void only_frees(void **state)
{
    const unsigned class = 2;
    uint32_t slots = classes.info[class].slots;
    (void)state;
    for (uint32_t i = 0; i < 4 * slots; i++)
        take_block(0, 1, class, i + 1);
    size_t units = arena.half[1].units_in_use;
    assert_true(units >= 4);
    while (block_count > 0)
        free_block(0, 0);
    assert_true(held_by(bin_of(0, 1, class)) <= 2 * MAGAZINE_LEAST);
    assert_true(arena.half[1].units_in_use <= 2);
    for (size_t i = 0; i < FLOOR_UNITS; i++)
        assert_true(arena.spans[arena.half_units + i].kind != SPAN_SLAB || arena.spans[arena.half_units + i].used > 0);
    heaps_expect_whole();
    heaps_expect_empty();
}

/* "Gives all free blocks of a bin to their spans, and spans without blocks to the arena": other spans stay. */
static void retires(void **state)
{
    const unsigned class = 12;
    uint32_t slots = classes.info[class].slots;
    struct bin *bin = bin_of(0, 0, class);
    (void)state;
    for (uint32_t i = 0; i < 3 * slots; i++)
        take_block(0, 0, class, i + 1);
    struct span *kept = span_at(blocks[slots + 7].memory);
    for (size_t i = block_count; i-- > 0;)
        if (i != slots + 7)
            free_block(0, i);
    assert_int_equal(block_count, 1);
    heaps_retire(0, bin);
    assert_int_equal(held_by(bin), 0);
    assert_int_equal(arena.half[0].units_in_use, 1);
    assert_true(kept->kind == SPAN_SLAB && kept->used == 1);
    heaps_expect_whole();
    free_block(0, 0);
    heaps_expect_empty();
}

/* "False iff there is no memory": a bin whose spans are full, when the arena has no unit; after one has come back, true. What the
 * magazine has is given first. */
static void no_memory(void **state)
{
    bool zeroed;
    (void)state;
    struct span *all = arena_take(0, FLOOR_UNITS - 1, &zeroed);
    assert_non_null(all);
    uint32_t count = 0;
    while (heaps_take(0, 0, CLASS_COUNT - 1, note_live(1, 0, 0)) != NULL)
        count++;
    assert_int_equal(count, classes.info[CLASS_COUNT - 1].slots);
    assert_false(slab_refill(&heaps[0], bin_of(0, 0, CLASS_COUNT - 1)));
    assert_false(slab_refill(&heaps[1], bin_of(1, 0, 0)));
    assert_true(slab_refill(&heaps[1], bin_of(1, 1, 0))); /* the other pool is another matter */
    heaps_expect_whole();
    arena_give(all, FLOOR_UNITS - 1);
    assert_true(slab_refill(&heaps[1], bin_of(1, 0, 0)));
    for (size_t i = 0; i < FLOOR_UNITS; i++)
        if (arena.spans[i].kind == SPAN_SLAB && arena.spans[i].owner == &heaps[0])
            for (uint32_t slot = 0; slot < count; slot++)
                (void)heaps_free(0, (void *)(span_address(&arena.spans[i]) + slot * SLAB_MOST_BYTES));
    heaps_expect_empty();
}

/* Frees by another thread are on their way until they are flushed and collected: not in use before, all of use after. "The first
 * to arrive there puts the span into its owner's inbox", once. */
static void remote_frees_come_home(void **state)
{
    const unsigned class = 10;
    uint32_t slots = classes.info[class].slots;
    (void)state;
    for (uint32_t i = 0; i < slots; i++)
        take_block(0, 0, class, i + 1);
    struct span *span = span_at(blocks[0].memory);
    for (uint32_t i = 0; i < slots && i + 1 < BATCH_MOST; i++)
        free_block(1, 0);
    assert_true(heaps[0].inbox == 0 && span->remote == 0 && span->used == slots);
    heaps_expect_whole();
    while (block_count > 0)
        free_block(1, 0);
    heap_flush(&heaps[1]);
    assert_true(heaps[0].inbox == span_to_link(span) && span->inbox_next == 0 && span->remote != 0);
    assert_true(span->used == slots && note_is_end(span->head));
    heaps_expect_whole();
    heap_flush(&heaps[1]); /* nothing is left to flush */
    heap_collect(&heaps[0]);
    assert_true(heaps[0].inbox == 0 && span->remote == 0);
    heaps_expect_whole();
    heaps_expect_empty();
}

/* "Frees collected before they travel": a batch travels when it is full, and when another span needs its place. */
static void batches_travel(void **state)
{
    const uint32_t slots = classes.info[CLASS_COUNT - 1].slots;
    (void)state;
    for (uint32_t i = 0; i < BATCH_MOST + 1; i++)
        take_block(0, 0, 0, i + 1);
    struct span *span = span_at(blocks[0].memory);
    for (uint32_t i = 0; i <= BATCH_MOST; i++) {
        assert_int_equal(heaps[0].inbox, 0);
        assert_true(heaps_free(1, blocks[i].memory));
    }
    block_count = 0;
    assert_int_equal(heaps[0].inbox, span_to_link(span));
    struct batch *batch = slab_batch(&heaps[1], span);
    assert_true(batch->span == span && batch->count == 1);
    heap_collect(&heaps[0]);
    for (uint32_t i = 0; i < (BATCHES + 1) * slots; i++)
        take_block(0, 0, CLASS_COUNT - 1, i + 1);
    for (size_t i = block_count; i-- > 0;)
        free_block(1, i);
    assert_int_not_equal(heaps[0].inbox, 0);
    heaps_expect_whole();
    heaps_expect_empty();
}

/* A slot that was filled when it was freed is still known to be, wherever it has been: on its way, in the magazine, in its span,
 * at hand again. */
static void filled_slots_stay_filled(void **state)
{
    const unsigned class = 13;
    struct bin *bin = bin_of(0, 0, class);
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        void *block = heaps_take(0, 0, class, note_live(77, 3, 0));
        void *keeper = heaps_take(0, 0, class, note_live(1, 0, 0));
        uint32_t *note = note_at(block);
        uint32_t state_of_it = note_freed(*note) | NOTE_FILLED;
        if (i == 0)
            slab_put(bin, bin->top, block, note, state_of_it);
        else
            assert_true(slab_free_remote(&heaps[1], span_at(block), note, (uintptr_t)block, state_of_it));
        assert_int_equal(note_is_remote(*note), i);
        for (int step = 0; step < 5; step++) {
            assert_true(note_is_filled(*note) && note_tag_index(*note) == 77);
            if (step == 0)
                heap_flush(&heaps[1]);
            else if (step == 1)
                heap_collect(&heaps[0]);
            else if (step == 2)
                heaps_retire(0, bin);
            else if (step == 3)
                assert_true(slab_refill(&heaps[0], bin));
            assert_int_equal(note_is_remote(*note), i == 1 && step == 0);
        }
        assert_true(heaps_free(0, keeper));
        heaps_expect_empty();
    }
}

/* What is collected goes "into the magazine as long as there is room, or can be", and what is left to the spans; nothing is
 * lost. */
static void collects_into_a_full_magazine(void **state)
{
    const unsigned class = CLASS_SMALL_COUNT;
    const size_t most = classes.info[class].magazine_most;
    struct bin *bin = bin_of(0, 1, class);
    (void)state;
    for (uint32_t i = 0; i < 4 * most; i++)
        take_block(0, 1, class, i + 1);
    heaps_retire(0, bin);
    bin->size = MAGAZINE_LEAST;
    bin_look(bin, false);
    for (size_t i = 3 * most; i-- > 0;)
        free_block(1, i);
    heap_flush(&heaps[1]);
    heap_collect(&heaps[0]);
    assert_ptr_equal(bin->top, magazine_end(bin));
    assert_int_equal(bin->size, most);
    assert_int_not_equal(bin->spans, 0);
    heaps_expect_whole();
    while (block_count > 0)
        free_block(0, 0);
    heaps_expect_empty();
}

static struct tagpool_bugcheck last_report;
static unsigned reports;

static void note_report(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    last_report = *bugcheck;
    reports++;
}

/* "The owner and another thread freed one block at the same moment, both having seen it live": reported when the chain is taken
 * in, with the block; "the rest of the chain is lost", never handed out, and the heap stays whole. */
static void reports_a_free_lost(void **state)
{
    void *pair[2] = {heaps_take(0, 1, 6, note_live(9, 1, 0)), heaps_take(0, 1, 6, note_live(9, 2, 0))};
    struct span *span = span_at(pair[0]);
    uint32_t *note = note_at(pair[1]);
    uint32_t seen = *note;
    (void)state;
    assert_true(heaps_free(1, pair[0]));
    assert_true(slab_free_remote(&heaps[1], span, note, (uintptr_t)pair[1], note_freed(seen)));
    slab_put(span_bin(span), span_bin(span)->top, pair[1], note, note_freed(seen)); /* the owner, who looked before */
    heap_flush(&heaps[1]);
    bugcheck_handler_set(note_report, NULL);
    heap_collect(&heaps[0]);
    bugcheck_handler_set(NULL, NULL);
    assert_true(reports == 1 && last_report.code == 0xC2 && last_report.parameter[0] == 7);
    assert_true(last_report.parameter[3] == (uintptr_t)pair[1] && last_report.has_block);
    assert_true(last_report.block.address == pair[1] && last_report.block.charged == classes.info[6].slot_bytes);
    assert_true(last_report.block.pool == TAGPOOL_PAGED);
    heaps_expect_whole();
    assert_ptr_equal(heaps_take(0, 1, 6, note_live(3, 0, 0)), pair[1]);
    for (uint32_t i = 0; i < 1000; i++) {
        take_block(0, 1, 6, i + 1);
        assert_ptr_not_equal(blocks[i].memory, pair[0]);
    }
    heaps_expect_whole();
    while (block_count > 0)
        free_block(0, block_count - 1);
    assert_true(heaps_free(0, pair[1]));
    *note_at(pair[0]) = note_live(3, 0, 0); /* put to rights, for the tests that follow */
    assert_true(heaps_free(0, pair[0]));
    heaps_expect_empty();
}

/* "The number behind the last, where there is room for its first granule, has a note too, which is never live": neither when all
 * slots are, nor unseen. */
static void numbers_without_slots(void **state)
{
    size_t found = 0;
    (void)state;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        uint32_t slots = classes.info[class].slots;
        if (slab_numbers(classes.info[class].factor) == slots)
            continue;
        for (uint32_t i = 0; i < slots; i++)
            take_block(0, 0, class, i + 1);
        struct span *span = span_at(blocks[0].memory);
        assert_true(span->carved == slots && span->notes[slots] == 0);
        EXPECT_DAMAGE(span->notes[slots], note_live(1, 0, 0), "a slot that was never handed out has a note");
        while (block_count > 0)
            free_block(0, 0);
        heaps_expect_empty();
        found++;
    }
    assert_int_equal(found, 5); /* 16 bytes, and 3, 5, 6 and 7 pages */
}

/* Each sentence of slab_check(), reached by damage to one word. */
static void checks_tell_what_is_wrong(void **state)
{
    const unsigned class = 15;
    struct bin *bin = bin_of(0, 0, class);
    (void)state;
    for (uint32_t i = 0; i < 40; i++)
        take_block(0, 0, class, i + 1);
    struct span *span = span_at(blocks[0].memory);
    for (int i = 0; i < 20; i++)
        free_block(0, 0);
    heaps_retire(0, bin); /* some on the free list, none in the magazine */
    heaps_expect_whole();
    uint32_t *first = slab_note(span->notes, span->factor, note_link_offset(span->head));
    EXPECT_DAMAGE(span->carved, (uint16_t)(classes.info[class].slots + 1), "a span has more slots than its class");
    EXPECT_DAMAGE(span->notes[span->carved], note_live(1, 0, 0), "a slot that was never handed out has a note");
    EXPECT_DAMAGE(span->notes[classes.info[class].slots - 1], NOTE_FREED, "a slot that was never handed out has a note");
    EXPECT_DAMAGE(*first, note_linked(note_live(1, 0, 0), *first),
                  "a free list holds a slot that is not free, or runs in a circle");
    EXPECT_DAMAGE(*first, *first | NOTE_REMOTE, "a free list holds a slot that is not free, or runs in a circle");
    EXPECT_DAMAGE(*first, note_linked(*first, span->head), "a free list holds a slot that is not free, or runs in a circle");
    EXPECT_DAMAGE(*first, note_linked(*first, NOTE_END), "a span's count of used slots disagrees with its free list");
    EXPECT_DAMAGE(span->used, (uint16_t)(span->used + 1), "a span's count of used slots disagrees with its free list");
    EXPECT_DAMAGE(*note_at(blocks[0].memory), NOTE_FREED, "a span's slots disagree with its notes");
    for (uint32_t i = 0; i < 2000 && (span->flags & SPAN_LINKED) != 0; i++)
        take_block(0, 0, class, i + 1);
    heaps_expect_whole();
    EXPECT_DAMAGE(span->flags, SPAN_LINKED, "a span with free slots is on no list, or a full one is on one");
    while (block_count > 0)
        free_block(0, 0);
    heaps_expect_empty();
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
            bool is_crowded = arena.half[0].units_in_use + arena.half[1].units_in_use > 250;
            take_block(random_below(&seed, 2), random_below(&seed, 2), is_crowded ? 0 : class, step + 1);
        } else if (block_count > 0) {
            size_t which = random_below(&seed, (uint32_t)block_count);
            unsigned owner = blocks[which].heap;
            free_block(random_below(&seed, 3) == 0 ? 1 - owner : owner, which);
        }
        if (choice == 99 && step % 8 == 0)
            heap_flush(&heaps[step / 8 % 2]);
        if (choice == 98 && step % 64 == 0)
            heap_empty(&heaps[step / 64 % 2]);
        if (step % 211 == 0)
            heaps_expect_whole();
    }
    while (block_count > 0)
        free_block(random_below(&seed, 2), random_below(&seed, (uint32_t)block_count));
    heaps_expect_empty();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_spans),
        cmocka_unit_test(takes_what_was_put_last),
        cmocka_unit_test(finds_what_was_taken_last),
        cmocka_unit_test(looks_no_longer),
        cmocka_unit_test(forgets_deleted_spans),
        cmocka_unit_test(overflow_gives_the_oldest),
        cmocka_unit_test(magazines_stay),
        cmocka_unit_test(magazines_grow),
        cmocka_unit_test(numbers_without_slots),
        cmocka_unit_test(only_frees),
        cmocka_unit_test(retires),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(remote_frees_come_home),
        cmocka_unit_test(batches_travel),
        cmocka_unit_test(filled_slots_stay_filled),
        cmocka_unit_test(collects_into_a_full_magazine),
        cmocka_unit_test(reports_a_free_lost),
        cmocka_unit_test(checks_tell_what_is_wrong),
        cmocka_unit_test(random_use),
    };
    return cmocka_run_group_tests(tests, heaps_start, NULL);
}
