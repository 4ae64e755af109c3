/* SPDX-License-Identifier: MIT
 *
 * test_steady.c: rounds of code after which no tag may have more (contract of TAGPOOL_STEADY in tagpool/test.h).
 *
 * What counts is what the test's threads allocate and free, whoever's the blocks are: a block from before the test that the
 * rounds replace makes no difference, nor does what other tests do.
 */
#include "base/tag.h"
#include "face/test.h"
#include "ledger/ledger.h"
#include "pool/verify.h"
#include "report/output.h"

/* What a tag has gained in the test. */
struct gain {
    int64_t blocks, bytes;
};

static struct gain gain_of(const struct tagpool_test *test, uint32_t tag_index)
{
    struct trial_counts counts;
    trial_read(test->number, tag_index, &counts);
    return (struct gain){(int64_t)(counts.allocs - counts.frees), (int64_t)(counts.bytes_in - counts.bytes_out)};
}

/* Keeps the gains of all tags, where they outlive a jump. False iff there is no memory. */
static bool keep_gains(const struct tagpool_test *test, struct test_open_block *open)
{
    open->kept_bytes = round_up(LEDGER_ROWS * sizeof(struct gain), PORT_UNIT_BYTES);
    open->kept = port_obtain(open->kept_bytes);
    if (open->kept == NULL)
        return false;
    struct gain *gains = open->kept;
    for (uint32_t i = 0; i < ledger_tag_count(); i++)
        gains[i] = gain_of(test, i);
    gains[LEDGER_OVERFLOW] = gain_of(test, LEDGER_OVERFLOW);
    return true;
}

/* "+3 blocks", "-30 bytes". */
static void add_change(struct text *line, int64_t change, const char *noun)
{
    text_char(line, change < 0 ? '-' : '+');
    text_plural(line, change < 0 ? (uint64_t)0 - (uint64_t)change : (uint64_t)change, noun);
}

/* Adds the tag to those whose blocks are listed; with too many of them, all are. */
static void list_tag(struct scope *scope, uint32_t tag, bool *is_all)
{
    char characters[5];
    struct tag_masks *masks = &scope->filter.tags;
    *is_all = *is_all || masks->count == MASKS_MOST || !mask_read(tag_text(tag, characters), 4, &masks->mask[masks->count]);
    masks->count = *is_all ? 0 : masks->count + 1;
}

/* The message about one tag, which begins with the first that grew; true iff this one did. */
static bool judge_tag(const struct tagpool_test_block *block, const struct gain *before, struct gain now, uint32_t tag,
                      bool is_first, struct text *line)
{
    struct gain change = {now.blocks - before->blocks, now.bytes - before->bytes};
    if (change.blocks <= 0 && change.bytes <= 0)
        return false;
    if (is_first) {
        (void)test_message_begin(line);
        text_string(line, "not steady: more is outstanding after ");
        text_plural(line, block->second, "round");
        output_line(line);
    }
    text_string(line, "tagpool:   ");
    text_tag(line, tag);
    text_string(line, "  ");
    add_change(line, change.blocks, "block");
    text_string(line, ", ");
    add_change(line, change.bytes, "byte");
    output_line(line);
    return true;
}

static const char *judge_growth(const struct tagpool_test_block *block, const struct tagpool_test *test, const struct gain *gains)
{
    struct scope scope;
    struct text line;
    bool has_grown = false, is_all = false;
    text_clear(&line);
    const char *why = test_scope("*", block->mark, &scope);
    if (why == NULL)
        why = verify_why_not_checked(block->mark);
    if (why != NULL)
        return test_not_checked("", why);
    for (uint32_t i = 0; i <= ledger_tag_count(); i++) {
        uint32_t tag_index = i < ledger_tag_count() ? i : LEDGER_OVERFLOW;
        uint32_t tag = ledger_tag_of(tag_index);
        if (!judge_tag(block, &gains[tag_index], gain_of(test, tag_index), tag, !has_grown, &line))
            continue;
        has_grown = true;
        list_tag(&scope, tag, &is_all);
    }
    if (!has_grown)
        return NULL;
    scope_print(&scope, TEST_BLOCKS_LISTED);
    return test_message_end();
}

bool test_next_steady(struct tagpool_test_block *block)
{
    const char *why;
    struct tagpool_test *test = test_current(&why);
    struct test_open_block *open = test_block_at(block->level);
    if (test == NULL) {
        block->message = test_not_checked("", why);
        return false;
    }
    if (block->step == block->first) {
        block->mark = tagpool_mark();
        if (!keep_gains(test, open)) {
            block->message = test_not_checked("", "there was no memory for the counts");
            return false;
        }
    }
    if (block->step++ < block->first + block->second)
        return true;
    block->message = judge_growth(block, test, open->kept);
    return false;
}
