/* SPDX-License-Identifier: MIT
 *
 * test_block.c: blocks of code in a test that are checked, or run several times (contracts in tagpool/test.h).
 */
#include "face/test.h"
#include "ledger/depot.h"
#include "ledger/watch.h"
#include "report/bugcheck.h"
#include "report/output.h"

#define FAILURES_MOST 10000u

/* ---- no allocation, no leak ---- */

static const char *judge_no_alloc(const struct tagpool_test_block *block)
{
    uint64_t asked = watch.asked - block->count;
    if (asked == 0)
        return NULL;
    struct text *line = test_message_begin();
    text_plural(line, asked, "allocation");
    text_string(line, " where none is allowed; the last of tag ");
    text_tag(line, watch.last_tag);
    output_line(line);
    return test_message_end();
}

static const char *judge_left(const struct tagpool_test_block *block, const char *words)
{
    struct scope scope;
    const char *why;
    return test_scope(block->tags, block->mark, &scope, &why) ? test_judge(&scope, words) : why;
}

/* Runs the body once. */
static bool next_of_one(struct tagpool_test_block *block)
{
    if (block->step++ == 0) {
        block->mark = tagpool_mark();
        block->count = watch.asked;
        return true;
    }
    block->message = block->kind == TAGPOOL_TEST_NO_ALLOC ? judge_no_alloc(block) : judge_left(block, "");
    return false;
}

/* ---- steady state ---- */

static const char *judge_growth(const struct tagpool_test_block *block, const struct tagpool_snapshot *later)
{
    struct tagpool_change change[16];
    struct text *line = NULL;
    size_t count = later != NULL ? tagpool_snapshot_diff(block->kept, later, change, 16) : 0;
    for (size_t i = 0; i < count && i < 16; i++) {
        if (change[i].blocks <= 0 && change[i].bytes <= 0)
            continue;
        if (line == NULL) {
            line = test_message_begin();
            text_string(line, "not steady: more is outstanding after ");
            text_plural(line, block->second, "round");
            output_line(line);
        }
        text_string(line, "tagpool:   ");
        text_tag(line, change[i].tag);
        text_string(line, change[i].pool == TAGPOOL_PAGED ? " Paged  +" : " Nonp  +");
        text_decimal(line, (uint64_t)(change[i].blocks > 0 ? change[i].blocks : 0), 0);
        text_string(line, " blocks, +");
        text_decimal(line, (uint64_t)(change[i].bytes > 0 ? change[i].bytes : 0), 0);
        text_string(line, " bytes");
        output_line(line);
    }
    return line != NULL ? test_message_end() : NULL;
}

static bool next_of_steady(struct tagpool_test_block *block)
{
    if (block->step == block->first)
        block->kept = tagpool_snapshot_take();
    if (block->step++ < block->first + block->second)
        return true;
    struct tagpool_snapshot *later = tagpool_snapshot_take();
    block->message = "not checked: there was no memory for the counts";
    if (block->kept != NULL && later != NULL)
        block->message = judge_growth(block, later);
    tagpool_snapshot_release(later);
    tagpool_snapshot_release(block->kept);
    return false;
}

/* ---- each failure ---- */

static PORT_THREAD_LOCAL bool has_succeeded; /* the body of the loop says so */

void tagpool_test_succeeded(void)
{
    has_succeeded = true;
}

/* "with allocation 3 of 5 failed (tag Buf1, 100 bytes): " */
static void say_failed(const struct tagpool_test_block *block, struct text *words)
{
    text_clear(words);
    if (watch.failed_tag == 0) {
        text_string(words, "with no allocation failed: ");
    } else {
        text_string(words, "with allocation ");
        text_decimal(words, watch.fail_at, 0);
        text_string(words, " of ");
        text_decimal(words, block->count, 0);
        text_string(words, " failed (tag ");
        text_tag(words, watch.failed_tag);
        text_string(words, ", ");
        text_plural(words, watch.failed_bytes, "byte");
        text_string(words, "): ");
    }
    words->bytes[words->length] = 0;
}

/* Adds where the allocation that failed was made. */
static const char *with_words(const struct text *words, const char *what)
{
    const uintptr_t *frames;
    unsigned count = depot_frames(watch.failed_stack, &frames);
    struct text *line = test_message_begin();
    text_bytes(line, words->bytes, words->length);
    text_string(line, what);
    output_line(line);
    for (unsigned i = 0; i < count && watch.failed_tag != 0; i++) {
        text_string(line, "tagpool:     ");
        text_hex(line, frames[i]);
        output_line(line);
    }
    return test_message_end();
}

/* What is wrong with the run that has just ended; step 1 was the first, in which nothing failed. */
static const char *judge_run(struct tagpool_test_block *block)
{
    struct text words;
    bool has_failed = watch.failed_tag != 0;
    if (block->step == 1)
        block->count = watch.matching;
    say_failed(block, &words);
    const char *answer = judge_left(block, words.bytes);
    if (answer != NULL)
        return answer;
    if (block->count > FAILURES_MOST)
        return with_words(&words, "not checked: more than 10,000 allocations");
    if (has_failed && has_succeeded)
        return with_words(&words, "swallowed: the body succeeded all the same");
    bool is_other = !has_failed && (watch.fail_at != 0 || watch.matching != block->count);
    return is_other ? with_words(&words, "nondeterministic: the number of allocations changes from run to run") : NULL;
}

static bool next_of_failures(struct tagpool_test_block *block)
{
    struct tag_mask mask;
    if (block->step == 0 && !mask_read(block->tags, string_length(block->tags), &mask)) {
        block->message = judge_left(block, ""); /* says what is wrong with the tags */
        return false;
    }
    (void)mask_read(block->tags, string_length(block->tags), &mask);
    if (block->step != 0) {
        watch_stop();
        block->message = judge_run(block);
        if (block->message != NULL || block->step == block->count + 2)
            return false;
    }
    block->mark = tagpool_mark();
    has_succeeded = false;
    watch_start(&mask, block->step <= block->count ? block->step : 0);
    block->step++;
    return true;
}

/* ---- expected bug checks ---- */

static struct {
    tagpool_bugcheck_handler *handler; /* that was there before */
    void *context;
    uint32_t code;
    bool is_on;
} expecting;

static PORT_THREAD_LOCAL struct tagpool_bugcheck met;
static PORT_THREAD_LOCAL uint64_t met_count;

static void meet(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    if (bugcheck->code == expecting.code) {
        met = *bugcheck;
        met.allocated = met.freed = NULL;
        met_count++;
        return;
    }
    bugcheck_handler_set(expecting.handler, expecting.context);
    bugcheck_raise(bugcheck);
    bugcheck_handler_set(meet, NULL);
}

const struct tagpool_bugcheck *tagpool_test_bugcheck(void)
{
    return met_count != 0 ? &met : NULL;
}

void test_blocks_abandon(void)
{
    watch_stop();
    if (!LOAD(&expecting.is_on))
        return;
    bugcheck_handler_set(expecting.handler, expecting.context);
    STORE(&expecting.is_on, false);
}

static bool next_of_bugcheck(struct tagpool_test_block *block)
{
    if (block->step++ == 0) {
        test_blocks_abandon();
        bugcheck_handler_get(&expecting.handler, &expecting.context);
        expecting.code = (uint32_t)block->first;
        STORE(&expecting.is_on, true);
        met_count = 0;
        bugcheck_handler_set(meet, NULL);
        return true;
    }
    test_blocks_abandon();
    if (met_count != 0)
        return false;
    struct text *line = test_message_begin();
    text_string(line, "expected bug check ");
    text_code(line, block->first);
    text_string(line, ", none came");
    output_line(line);
    block->message = test_message_end();
    return false;
}

bool tagpool_test_next(struct tagpool_test_block *block)
{
    switch (block->kind) {
    case TAGPOOL_TEST_STEADY:
        return next_of_steady(block);
    case TAGPOOL_TEST_EACH_FAILURE:
        return next_of_failures(block);
    case TAGPOOL_TEST_BUGCHECK:
        return next_of_bugcheck(block);
    default:
        return next_of_one(block);
    }
}
