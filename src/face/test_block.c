/* SPDX-License-Identifier: MIT
 *
 * test_block.c: blocks of code in a test that are checked (contracts in tagpool/test.h): which are open, and those that run once.
 */
#include "face/test.h"
#include "report/output.h"

#define BLOCKS_DEEP 8u

static PORT_THREAD_LOCAL struct test_open_block open_blocks[BLOCKS_DEEP];
static PORT_THREAD_LOCAL unsigned open_count;

/* ---- open blocks ---- */

struct test_open_block *test_block_at(unsigned level)
{
    return level != 0 && level <= open_count ? &open_blocks[level - 1] : NULL;
}

static bool enter(struct tagpool_test_block *block)
{
    if (open_count == BLOCKS_DEEP) {
        block->message = test_not_checked("", "blocks of code nest 8 deep at most");
        return false;
    }
    open_blocks[open_count++] = (struct test_open_block){.kind = block->kind, .file = block->file, .line = block->line};
    block->level = open_count;
    block->mark = tagpool_mark();
    if (block->mark == 0)
        block->message = test_not_checked("", "the library cannot start");
    return block->mark != 0;
}

/* Ends the blocks from a level on. */
static void leave(unsigned level)
{
    for (; open_count >= level && open_count != 0; open_count--) {
        struct test_open_block *open = &open_blocks[open_count - 1];
        if (open->kind == TAGPOOL_TEST_EACH_FAILURE)
            watch_stop();
        if (open->kind == TAGPOOL_TEST_NO_ALLOC && open->noted.tag != 0)
            watch.noted = open->noted;
        if (open->kind == TAGPOOL_TEST_BUGCHECK)
            test_bugcheck_left(open);
        if (open->kept != NULL)
            port_release(open->kept, open->kept_bytes);
    }
}

void test_blocks_abandon(void)
{
    leave(1);
}

bool test_blocks_say_left(unsigned level, struct text *line)
{
    static const char *const names[] = {"TAGPOOL_NO_ALLOC", "TAGPOOL_LEAK_SCOPE", "TAGPOOL_STEADY", "TAGPOOL_EACH_FAILURE",
                                        "TAGPOOL_EXPECT_BUGCHECK"};
    const struct test_open_block *open = test_block_at(level);
    if (open == NULL)
        return false;
    text_string(line, names[open->kind]);
    text_string(line, " at ");
    text_string(line, open->file);
    text_char(line, ':');
    text_decimal(line, open->line, 0);
    text_string(line, " was left before its end");
    return true;
}

/* Blocks inside this one are open no more, for it is at its own next step: were they left, that is a message. */
static bool are_inner_closed(struct tagpool_test_block *block)
{
    struct text line;
    text_clear(&line);
    bool is_left = test_blocks_say_left(block->level + 1, &line);
    line.bytes[line.length] = 0;
    leave(block->level + 1);
    if (is_left)
        block->message = test_not_checked("", line.bytes);
    return !is_left;
}

/* ---- no allocation, no leak ---- */

static const char *judge_no_alloc(const struct tagpool_test_block *block)
{
    uint64_t asked = watch.asked - block->count;
    if (asked == 0)
        return NULL;
    struct text *line = test_message_begin();
    text_plural(line, asked, "allocation");
    text_string(line, " where none is allowed; the first: ");
    test_add_request(&watch.noted, line);
    output_line(line);
    test_print_stack(&watch.noted, line);
    return test_message_end();
}

static bool next_no_alloc(struct tagpool_test_block *block)
{
    if (block->step++ == 0) {
        block->count = watch.asked;
        test_block_at(block->level)->noted = watch.noted;
        watch_note();
        return true;
    }
    block->message = judge_no_alloc(block);
    return false;
}

static bool next_leak_scope(struct tagpool_test_block *block)
{
    if (block->step++ == 0)
        return true;
    block->message = tagpool_test_leaks(block->scope, block->mark);
    return false;
}

/* ---- all kinds ---- */

static bool next_of_kind(struct tagpool_test_block *block)
{
    switch (block->kind) {
    case TAGPOOL_TEST_NO_ALLOC:
        return next_no_alloc(block);
    case TAGPOOL_TEST_STEADY:
        return test_next_steady(block);
    case TAGPOOL_TEST_EACH_FAILURE:
        return test_next_failure(block);
    case TAGPOOL_TEST_BUGCHECK:
        return test_next_bugcheck(block);
    default:
        return next_leak_scope(block);
    }
}

bool tagpool_test_next(struct tagpool_test_block *block)
{
    bool is_fine = block->level == 0 ? enter(block) : are_inner_closed(block);
    if (is_fine && next_of_kind(block))
        return true;
    if (block->level != 0)
        leave(block->level);
    return false;
}
