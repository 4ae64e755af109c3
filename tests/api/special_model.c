/* SPDX-License-Identifier: MIT
 *
 * special_model.c: special pool under random operations against a naive model of its budget and quarantine: a list of live
 * blocks, a list of freed ones in the order of their frees, and a sum. */
#include "special.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

enum { MOST = 4096, STEPS = 6000 };

struct entry {
    unsigned char *block;
    size_t bytes, pages;
    unsigned seed;
    bool is_special;
};

static struct entry live[MOST], freed[MOST];
static size_t live_count, freed_count, live_pages, freed_pages, live_special, budget;
static unsigned random_state;

static unsigned random_below(unsigned end)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % end;
}

/* "Then the oldest is let go first." */
static void model_let_go(size_t room)
{
    size_t gone = 0;
    while (gone < freed_count && live_pages + freed_pages > room)
        freed_pages -= freed[gone++].pages;
    memmove(freed, freed + gone, (freed_count - gone) * sizeof *freed);
    freed_count -= gone;
}

static bool touch(const struct entry *a, const struct entry *b)
{
    uintptr_t page = PAGE - 1;
    uintptr_t start_a = (uintptr_t)a->block & ~page, start_b = (uintptr_t)b->block & ~page;
    return start_a < start_b + (b->pages + 1) * PAGE && start_b < start_a + (a->pages + 1) * PAGE;
}

static void allocate(void)
{
    size_t bytes = random_below(8) == 0 ? random_below(20 * (unsigned)PAGE) : random_below(300);
    struct entry entry = {.bytes = bytes, .pages = bytes == 0 ? 1 : (bytes + PAGE - 1) / PAGE, .seed = random_below(256)};
    bool expected = live_pages + entry.pages <= budget;
    if (expected) {
        model_let_go(budget - entry.pages);
        live_pages += entry.pages;
        live_special++;
    }
    uint64_t before = counters().succeeded_special;
    entry.block = tagpool_alloc((enum tagpool_pool)random_below(2), bytes, WAVE);
    check(entry.block != NULL);
    entry.is_special = counters().succeeded_special == before + 1;
    same(entry.is_special, expected);
    fill(entry.block, bytes, entry.seed);
    for (size_t i = 0; i < live_count && entry.is_special; i++)
        check(!live[i].is_special || !touch(&entry, &live[i]));
    for (size_t i = 0; i < freed_count && entry.is_special; i++)
        check(!touch(&entry, &freed[i]));
    live[live_count++] = entry;
}

static void release(size_t i, bool patterned)
{
    struct entry entry = live[i];
    check(filled(entry.block, entry.bytes, entry.seed));
    tagpool_free(entry.block);
    live[i] = live[--live_count];
    if (!entry.is_special)
        return;
    live_special--;
    live_pages -= entry.pages;
    freed_pages += entry.pages;
    freed[freed_count++] = entry;
    model_let_go(budget);
    check(patterned || entry.bytes == 0 || !is_readable(entry.block));
}

static void compare(bool patterned)
{
    struct tagpool_special_use use = special_use();
    same(use.blocks, live_special);
    same(use.pages, live_pages);
    same(use.freed_blocks, freed_count);
    same(use.freed_pages, freed_pages);
    for (size_t i = 0; i < freed_count && !patterned; i += 1 + random_below(20))
        check(freed[i].bytes == 0 || !is_readable(freed[i].block + random_below((unsigned)freed[i].bytes)));
    same(tagpool_validate(), 0);
}

static void run(const char *options, bool patterned, unsigned seed)
{
    char text[100];
    random_state = seed;
    with(options);
    same(tagpool_start("special_pages=0"), 0);
    live_count = freed_count = live_pages = freed_pages = live_special = 0;
    budget = 300;
    same(tagpool_start("special_pages=300"), 0);
    for (int step = 0; step < STEPS; step++) {
        unsigned kind = random_below(1000);
        if (kind < 5) {
            budget = random_below(600);
            snprintf(text, sizeof text, "special_pages=%zu", budget);
            same(tagpool_start(text), 0);
            model_let_go(budget);
        } else if (live_count > 0 && (kind < 480 || live_count == MOST)) {
            release(random_below((unsigned)live_count), patterned);
        } else {
            allocate();
        }
        if (step % 100 == 0)
            compare(patterned);
    }
    while (live_count > 0)
        release(0, patterned);
    compare(patterned);
    off();
}

static void marked(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 3; seed++)
        run(seed == 1 ? "special=Wave" : seed == 2 ? "special=Wave:start" : "special=Wave:exact", false, seed);
}

static void protected(void)
{
    run("special=Wave special_guard=protect", false, 4);
    check(!special_use().is_marked);
}

static void patterned(void **state)
{
    (void)state;
    run("special=Wave special_guard=pattern", true, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {fresh_test(protected), test(marked), test(patterned)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
