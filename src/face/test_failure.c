/* SPDX-License-Identifier: MIT
 *
 * test_failure.c: the loop in which each allocation fails once (contract of TAGPOOL_EACH_FAILURE in tagpool/test.h).
 *
 * Step 0 is the run in which nothing fails, step n that in which the n-th allocation does, and the last one is as the first.
 */
#include "face/test.h"
#include "report/output.h"

#define FAILURES_MOST 10000u

static PORT_THREAD_LOCAL enum { CLAIMS_NOTHING, CLAIMS_SUCCESS, CLAIMS_FAILURE } claim; /* what the body says of itself */

void tagpool_test_succeeded(bool has_succeeded)
{
    claim = has_succeeded ? CLAIMS_SUCCESS : CLAIMS_FAILURE;
}

bool test_add_failed(uint64_t count, struct text *line)
{
    if (!watch.is_failing || watch.failed.tag == 0)
        return false;
    text_string(line, " with allocation ");
    text_decimal(line, watch.fail_at, 0);
    if (count != 0) {
        text_string(line, " of ");
        text_decimal(line, count, 0);
    }
    text_string(line, " failed (");
    test_add_request(&watch.failed, line);
    text_char(line, ')');
    return true;
}

/* "with allocation 3 of 5 failed (...): ", "with no allocation failed: ". */
static void say_run(const struct tagpool_test_block *block, struct text *words)
{
    text_clear(words);
    if (!test_add_failed(block->count, words))
        text_string(words, " with no allocation failed");
    text_string(words, ": ");
    words->bytes[words->length] = 0;
}

static const char *with_words(const char *words, const char *what)
{
    struct text *line = test_message_begin();
    text_string(line, words);
    text_string(line, what);
    output_line(line);
    test_print_stack(&watch.failed, line);
    return test_message_end();
}

static const char *nondeterministic(const char *words, uint64_t found, uint64_t first)
{
    struct text what;
    text_clear(&what);
    text_string(&what, "nondeterministic: ");
    text_plural(&what, found, "allocation");
    text_string(&what, " came, ");
    text_decimal(&what, first, 0);
    text_string(&what, " the first time");
    what.bytes[what.length] = 0;
    return with_words(words, what.bytes);
}

/* What is wrong with the run of a step, which has just ended. */
static const char *judge_run(struct tagpool_test_block *block, uint64_t step)
{
    struct text run;
    struct scope scope;
    bool has_failed = watch.failed.tag != 0;
    if (step == 0)
        block->count = watch.matching;
    say_run(block, &run);
    const char *words = run.bytes + 1; /* without the blank */
    (void)test_scope("*", block->mark, &scope);
    const char *answer = test_judge(&scope, words, has_failed ? &watch.failed : NULL);
    if (answer != NULL)
        return answer;
    if (block->count > FAILURES_MOST)
        return with_words(words, "not checked: more than 10,000 allocations");
    if (has_failed && claim == CLAIMS_SUCCESS)
        return with_words(words, "swallowed: the body succeeded all the same");
    if (!has_failed && watch.matching != block->count)
        return nondeterministic(words, watch.matching, block->count);
    if (!has_failed && claim == CLAIMS_FAILURE)
        return with_words(words, "the body did not succeed");
    return NULL;
}

/* Whether the loop may begin. */
static bool may_begin(struct tagpool_test_block *block, const struct scope *scope)
{
    const char *why = test_why_not(scope);
    for (unsigned level = 1; level < block->level; level++)
        if (test_block_at(level)->kind == TAGPOOL_TEST_EACH_FAILURE)
            why = "a loop of failures is around this one";
    if (why != NULL)
        block->message = test_not_checked("", why);
    return why == NULL;
}

bool test_next_failure(struct tagpool_test_block *block)
{
    struct scope scope;
    uint64_t step = block->step++; /* the one to come */
    block->message = test_scope(block->scope, block->mark, &scope);
    if (block->message != NULL || (step == 0 && !may_begin(block, &scope)))
        return false;
    if (step != 0) {
        block->message = judge_run(block, step - 1);
        watch_stop();
        if (block->message != NULL || step == block->count + 2)
            return false;
    }
    block->mark = tagpool_mark();
    claim = CLAIMS_NOTHING;
    watch_start(&scope.filter.tags, scope.filter.driver, step <= block->count ? step : 0);
    return true;
}
