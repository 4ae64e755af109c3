/* SPDX-License-Identifier: MIT
 *
 * special.c: special pool as tagpool/verifier.h describes it: which blocks, where they lie, what is checked when they are
 * freed. */
#include "special.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')
#define WAVY TAGPOOL_TAG('W', 'a', 'v', 'y')
#define SURF TAGPOOL_TAG('S', 'u', 'r', 'f')

/* "Matching blocks come from special pool." Any number of masks, `?` and `*`; `none` empties the list. */
static void by_tag(void **state)
{
    (void)state;
    with("special=Wav? special=S*f");
    check(allocates_special(10, WAVE));
    check(allocates_special(10, WAVY));
    check(allocates_special(10, SURF));
    check(!allocates_special(10, TAGPOOL_TAG('W', 'a', 'x', 'e')));
    check(!allocates_special(10, TAGPOOL_TAG('S', 'u', 'r', 'g')));
    with("special=Surf special=none special=Wave");
    check(!allocates_special(10, SURF));
    check(allocates_special(10, WAVE));
    off();
    check(!allocates_special(10, WAVE));
}

/* "Only blocks of at least, at most so many bytes." */
static void by_size(void **state)
{
    (void)state;
    with("special=* special_least=17 special_most=32"); /* GFlags' class 0x30 */
    check(!allocates_special(16, WAVE));
    check(allocates_special(17, WAVE));
    check(allocates_special(32, WAVE));
    check(!allocates_special(33, WAVE));
    off();
}

/* "So do those that a driver of that name allocates, `*` for any driver." */
static void by_driver(void **state)
{
    (void)state;
    struct tagpool_driver *disk = tagpool_driver_load("disk"), *diskette = tagpool_driver_load("diskette");
    with("special_driver=disk special_driver=net");
    check(!allocates_special(10, WAVE));
    tagpool_driver_enter(disk);
    check(allocates_special(10, WAVE));
    tagpool_driver_enter(diskette);
    check(!allocates_special(10, WAVE));
    with("special_driver=*");
    check(allocates_special(10, WAVE));
    with("special_driver=disk special_driver=none");
    tagpool_driver_enter(disk);
    check(!allocates_special(10, WAVE));
    tagpool_driver_enter(NULL);
    same(tagpool_driver_unload(disk), TAGPOOL_CLEAN);
    same(tagpool_driver_unload(diskette), TAGPOOL_CLEAN);
    off();
}

static void print_sample(void)
{
    same(tagpool_start("special=* special_sample=10 special_seed=4711"), 0);
    for (int i = 0; i < 1000; i++)
        fputc(allocates_special(10, WAVE) ? '1' : '0', stderr);
}

/* "Only one of N matching blocks, by chance"; "where that chance starts". */
static void by_chance(void **state)
{
    static struct child first, second;
    size_t ones = 0;
    (void)state;
    child_run(&first, print_sample);
    child_run(&second, print_sample);
    same(first.length, 1000);
    check(strcmp(first.text, second.text) == 0);
    for (size_t i = 0; i < first.length; i++)
        ones += first.text[i] == '1';
    check(ones > 50 && ones < 200);
    /* The other way to choose, while something else is on: the same blocks again. */
    with("special=Wave special_sample=10 special_seed=4711 track=Surf");
    ones = 0;
    for (int i = 0; i < 1000; i++)
        ones += allocates_special(10, WAVE);
    check(ones > 50 && ones < 200 && !allocates_special(10, SURF));
    same(tagpool_start("track=none"), 0);
    check(!allocates_special(10, SURF));
    with("special=* special_sample=10");
    check(printed("special pool samples 1 in 10 with special_seed="));
    off();
}

/* "`end`: the block's end lies at the page behind it, rounded up as far as its alignment needs; a request above
 * TAGPOOL_PAGE_SIZE - 32 (16 on 32-bit) bytes starts on a page all the same." "`exact`: its last byte lies there." "`start`:
 * the block starts where its pages do." "To touch one of these [pages] is a mistake." */
static void edges(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 2048, 4063, 4064, 4065, 4096, 4097, 5000, 8192, 70000, 300000};
    static const size_t alignments[] = {1, 8, 64, 512, 4096, 16384, 65536};
    static const char *const options[] = {"special=Wave:end", "special=Wave:start", "special=Wave special_edge=exact"};
    (void)state;
    for (size_t edge = 0; edge < 3; edge++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (size_t j = 0; j < sizeof alignments / sizeof *alignments; j++) {
                with(options[edge]);
                size_t bytes = sizes[i], alignment = alignments[j];
                unsigned char *block = tagpool_aligned_alloc(TAGPOOL_PAGED, alignment, bytes, WAVE);
                struct tagpool_block found = query(block);
                size_t step = bytes > SMALL_MAX ? PAGE : ALIGNMENT;
                step = alignment > step ? alignment : step;
                unsigned char *end = block + bytes;
                check(found.bytes == bytes && found.charged % PAGE == 0 && found.charged >= bytes);
                if (edge < 2)
                    same((uintptr_t)block % step, 0);
                if (edge == 0 && bytes != 0 && step <= PAGE)
                    check(!is_readable(block + (bytes + step - 1) / step * step));
                if (edge == 1 && step <= PAGE)
                    check((uintptr_t)block % PAGE == 0 && !is_readable(block - 1));
                if (edge == 2 && bytes != 0)
                    check(!is_readable(end) && is_readable(end - 1));
                for (size_t at = 0; at < bytes; at += 511)
                    check(is_readable(block + at));
                fill(block, bytes, (unsigned)i);
                check(filled(block, bytes, (unsigned)i));
                tagpool_free(block);
            }
    off();
}

/* "The first mask that matches decides." */
static void edge_of_each_mask(void **state)
{
    (void)state;
    with("special=Wave:start special=W*:exact special=* special_edge=end");
    char *wave = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    char *wavy = tagpool_alloc(TAGPOOL_PAGED, 100, WAVY);
    char *surf = tagpool_alloc(TAGPOOL_PAGED, 100, SURF);
    same((uintptr_t)wave % PAGE, 0);
    same((uintptr_t)wavy % PAGE, PAGE - 100);
    same((uintptr_t)surf % PAGE, PAGE - (100 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    tagpool_free(wave), tagpool_free(wavy), tagpool_free(surf);
    off();
}

static size_t walked;

static bool in_order(const struct tagpool_block *block, void *context)
{
    const struct tagpool_block *last = context;
    bool is_behind = last->address == NULL || block->pool > last->pool || block->address > last->address;
    check(is_behind);
    *(struct tagpool_block *)context = *block;
    walked++;
    return true;
}

/* A special block is a block: to queries, walks, statistics, verdicts; "a block is charged its whole pages". */
static void known_as_blocks(void **state)
{
    void *blocks[40];
    struct tagpool_block last = {.address = NULL};
    (void)state;
    with("special=Wave");
    for (size_t i = 0; i < 40; i++)
        blocks[i] = tagpool_alloc((enum tagpool_pool)(i / 2 % 2), 100 + i * 300, i % 3 ? WAVE : SURF);
    for (size_t i = 0; i < 40; i++) {
        struct tagpool_block found = query((char *)blocks[i] + 99 + i * 300);
        struct tagpool_block none;
        check(found.address == blocks[i] && found.bytes == 100 + i * 300 && found.tag == (i % 3 ? WAVE : SURF));
        check(found.pool == (enum tagpool_pool)(i / 2 % 2) && !found.is_protected);
        if (i % 3 != 0)
            same(found.charged, (found.bytes + PAGE - 1) / PAGE * PAGE);
        check(tagpool_owns(blocks[i]));
        same(tagpool_size(blocks[i]), found.bytes);
        same(tagpool_tag(blocks[i]), found.tag);
        same(tagpool_query((char *)blocks[i] + found.bytes, &none), TAGPOOL_ENOTFOUND);
        same(tagpool_query((char *)blocks[i] - 1, &none), TAGPOOL_ENOTFOUND);
    }
    same(tagpool_walk(in_order, &last), 40);
    same(walked, 40);
    same(stats_of(WAVE, TAGPOOL_PAGED).blocks + stats_of(WAVE, TAGPOOL_NONPAGED).blocks, 26);
    same(tagpool_validate(), 0);
    same(tagpool_verdict(), TAGPOOL_LEAK);
    check(printed("Wave Paged") && printed("40 blocks"));
    off();
    for (size_t i = 0; i < 40; i++)
        tagpool_free(blocks[i]);
    same(tagpool_verdict(), TAGPOOL_CLEAN);
}

/* Reallocation moves a special block, so that who still uses the old one is found. Zeroed blocks are zero. */
static void realloc_and_zero(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        with(round == 0 ? "special=Wave" : "special=Wave special_guard=pattern");
        char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
        fill(block, 100, 3);
        char *moved = tagpool_realloc(block, 5000);
        check(moved != block && filled(moved, 100, 3) && (round == 1 || !is_readable(block)));
        off();
        char *normal = tagpool_realloc(moved, 50);
        check(normal != moved && filled(normal, 50, 3) && !is_special(normal));
        tagpool_free(normal);
        with(round == 0 ? "special=Wave special_pages=5" : "special=Wave special_pages=5 special_guard=pattern");
        for (int i = 0; i < 20; i++) {
            unsigned char *zero = tagpool_zalloc(TAGPOOL_NONPAGED, 4000, WAVE);
            check(is_special(zero));
            for (size_t at = 0; at < 4000; at++)
                check(zero[at] == 0);
            memset(zero, 0xFF, 4000);
            tagpool_free(zero);
        }
        off();
    }
}

/* "Checked when the block is freed: 0x23 for damage before the block, 0x32 if it is a single bit, 0x24 behind its end. The
 * block then stays outstanding." */
static void damage(void **state)
{
    static const char *const options[] = {"special=Wave", "special=Wave:start", "special=Wave special_guard=pattern"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        with(options[i]);
        unsigned char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
        for (int behind = 0; behind < (ALIGNMENT == 16 ? 12 : 4); behind++) {
            block[100 + behind] ^= 0xFF;
            tagpool_free(block);
            check(corrupted(0x24, block) && caught.parameter[1] == (uintptr_t)block + 100 + (size_t)behind);
            check(caught.has_block && caught.block.address == block && caught.touched == block + 100 + behind);
            block[100 + behind] ^= 0xFF;
        }
        for (int before = 1; i != 1 && before <= 3900; before += 557) {
            block[-before] ^= 0x10;
            tagpool_free(block);
            check(corrupted(0x32, block) && caught.parameter[1] == (uintptr_t)block - (size_t)before);
            block[-before] ^= 0x01;
            tagpool_free(block);
            check(corrupted(0x23, block) && caught.parameter[1] == (uintptr_t)block - (size_t)before);
            block[-before] ^= 0x11;
        }
        same(query(block).bytes, 100);
        tagpool_free(block);
        same(caught_count, 0);
        off();
    }
}

/* "Freeing an address that is inside of a block is 0xC1/0x21, any other that is no block's 0xC1/0x20, a block freed before
 * 0xC2/0x07." The report knows how the block was allocated and freed. */
static void wrong_frees(void **state)
{
    (void)state;
    with("special=Wave");
    char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    tagpool_free(block + 16);
    check(corrupted(0x21, block + 16) && caught.parameter[1] == 100 && caught.parameter[2] == PAGE);
    tagpool_free(block + 112);
    check(corrupted(0x20, block + 112) && !caught.has_block);
    tagpool_free_tag(block, SURF);
    check(finding(0xC2, 0x0A));
    block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE | TAGPOOL_PROTECTED);
    check(is_special(block) && query(block).is_protected);
    tagpool_free(block);
    check(mistake(0xC2, 0x0A));
    tagpool_free_tag(block, WAVE | TAGPOOL_PROTECTED);
    tagpool_free(block);
    check(mistake(0xC2, 0x07) && caught.block.tag == WAVE && caught.block.bytes == 100);
    check(caught.allocated != NULL && caught.freed != NULL);
    same(tagpool_size(block), 0);
    check(mistake(0xC2, 0x07));
    tagpool_free(block + 1);
    check(corrupted(0x20, block + 1));
    off();
}

/* "Freed blocks become inaccessible and stay so in a quarantine as long as pages last; then the oldest is let go first." */
static void quarantine(void **state)
{
    char *blocks[10];
    (void)state;
    with("special=Wave special_pages=0");
    with("special=Wave special_pages=10");
    for (size_t i = 0; i < 10; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    same(special_use().blocks, 10);
    for (size_t i = 0; i < 10; i++) {
        check(is_readable(blocks[i]));
        tagpool_free(blocks[i]);
        check(!is_readable(blocks[i]));
    }
    check(special_use().freed_blocks == 10 && special_use().freed_pages == 10 && special_use().pages == 0);
    char *again = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    check(again == blocks[0]);
    same(special_use().freed_blocks, 9);
    char *two = tagpool_alloc(TAGPOOL_PAGED, PAGE * 2, WAVE);
    same(special_use().freed_blocks, 7);
    tagpool_free(again), tagpool_free(two);
    same(special_use().freed_pages, 10);
    with("special=Wave special_pages=4");
    same(special_use().freed_pages, 4);
    same(special_use().freed_blocks, 3);
    off();
}

/* "If that does not make room, normal pool serves the allocation: it succeeds, and `special_wanted` counts it. When less than
 * 95 % were served, a line through the sink says so, once." */
static void exhaustion(void)
{
    void *blocks[120];
    with("special=Wave special_pages=96");
    for (int i = 0; i < 120; i++) {
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
        check(is_special(blocks[i]) == (i < 96));
        same(printed_times("special pool has served"), i < 101 ? 0 : 1);
    }
    check(printed("special pool has served 96 of 102 allocations, less than 95 %; normal pool served the others"));
    check(printed("(option special_pages, now 96)"));
    struct tagpool_verifier_counters read = counters();
    check(read.special_wanted == 120 && read.succeeded_special == 96 && read.succeeded == 120 && read.attempted == 120);
    for (int i = 0; i < 120; i++)
        tagpool_free(blocks[i]);
    blocks[0] = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    check(is_special(blocks[0]));
    tagpool_free(blocks[0]);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 96 * PAGE, WAVE));
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 96 * PAGE + 1, WAVE));
    check(counters().special_wanted == 123 && counters().succeeded_special == 98);
    off();
}

/* A limit that has no room for the page has it for the block. */
static void limits(void **state)
{
    (void)state;
    with("special=Wave limit_paged=1000");
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    check(block != NULL && !is_special(block));
    tagpool_free(block);
    with("special=Wave limit_paged=9000");
    void *special = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    void *second = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    check(is_special(special) && is_special(second) && !is_special(block));
    tagpool_free(special), tagpool_free(second), tagpool_free(block);
    off();
}

/* "[With patterns] freed blocks are filled, and checked when they are used again (0xC6)." What lies between two blocks is
 * checked too. */
static void patterns(void **state)
{
    (void)state;
    with("special=Wave special_guard=pattern special_pages=1");
    char *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    block[112] ^= 1;
    tagpool_free(block);
    check(corrupted(0x24, block) && caught.parameter[1] == (uintptr_t)block + 112);
    block[112] ^= 1;
    tagpool_free(block);
    block[7] = 1;
    for (int i = 0; i < 1000 && caught_count == 0; i++)
        tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 100, WAVE));
    check(mistake(0xC6, (uintptr_t)block + 7) && caught.block.address == block && caught.freed != NULL);
    off();
}

/* An option that is wrong is named with what was expected. */
static void wrong_options(void **state)
{
    (void)state;
    same(tagpool_start("special=Wave:middle"), TAGPOOL_EINVAL);
    check(printed("\"special=Wave:middle\"") && printed("behind it perhaps : and one of end|start|exact"));
    same(tagpool_start("special_driver="), TAGPOOL_EINVAL);
    check(printed("expected special_driver=NAME"));
    same(tagpool_start("special_guard=wall"), TAGPOOL_EINVAL);
    check(printed("expected special_guard=mark|protect|pattern"));
    same(tagpool_start("special_sample=0"), TAGPOOL_EINVAL);
    off();
}

int main(void)
{
    /* The first has a library of its own as long as it is the first. */
    const struct CMUnitTest tests[] = {
        fresh_test(exhaustion), test(by_chance),       test(by_tag),         test(by_size),
        test(by_driver),       test(edges),            test(edge_of_each_mask), test(known_as_blocks),
        test(realloc_and_zero), test(damage),          test(wrong_frees),    test(quarantine),
        test(limits),          test(patterns),         test(wrong_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
