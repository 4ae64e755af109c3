/* SPDX-License-Identifier: MIT
 *
 * test_check.c: what blocks a test has left: scopes, verdicts, messages (contracts in tagpool/test.h).
 */
#include "base/atomic.h"
#include "face/test.h"
#include "ledger/ledger.h"
#include "pool/verify.h"
#include "report/output.h"

const char *test_scope(const char *words, uint64_t mark, struct scope *scope)
{
    const char *why_none;
    struct tagpool_test *test = test_current(&why_none);
    struct text why;
    memset(scope, 0, sizeof *scope);
    scope->mark = mark;
    if (test != NULL) {
        scope->trial = test->number;
        scope->trial_mark = test->mark;
        scope->mark = mark != 0 ? mark : test->mark;
    }
    text_clear(&why);
    if (!scope_read(words, &scope->filter, &why)) {
        why.bytes[why.length] = 0;
        return test_not_checked("", why.bytes);
    }
    return test == NULL && mark == 0 ? test_not_checked("", why_none) : NULL;
}

bool test_settles(uint64_t start)
{
    const char *why;
    struct tagpool_test *test = test_current(&why);
    if (TAGPOOL_BARE || test == NULL || port_milliseconds() - start >= test->settle)
        return false;
    port_nap();
    return true;
}

const char *test_why_not(const struct scope *scope)
{
    const char *why = verify_why_not_checked(scope->mark);
    if (why == NULL && scope->filter.tags.count != 0 && ledger_overflowed())
        why = "the table of tags is full, so blocks may be under the tag BIG";
    return why;
}

/* Sums up what is left, once that is nothing or the time to settle is over. Why not, if that cannot be said. */
static const char *settled_sum(const struct scope *scope, struct scope_sum *sum)
{
    uint64_t start = port_milliseconds();
    const char *why = test_why_not(scope);
    if (why != NULL)
        return why;
    do
        scope_sum(scope, sum);
    while (sum->blocks != 0 && test_settles(start));
    return sum->is_complete ? NULL : "there was no memory to see what lookaside lists keep";
}

/* " of Buf1 thread=self", unless that is all. */
static void add_scope(const char *words, struct text *line)
{
    if (words == NULL || (words[0] == '*' && words[1] == 0))
        return;
    text_string(line, " of ");
    text_string(line, words);
}

static void add_test(struct text *line)
{
    struct tagpool_test *test = tagpool_test_current();
    if (test == NULL || test->name[0] == 0)
        return;
    text_string(line, " in test ");
    text_string(line, test->name);
}

/* What this message tells need not be told again when the test has failed by it. */
static void remember_told(const struct scope *scope)
{
    struct tagpool_test *test = test_own();
    const struct scope_filter *filter = &scope->filter;
    if (test == NULL || filter->tags.count != 0 || filter->driver != NULL || filter->thread != 0)
        return;
    test->told_from = scope->mark;
    test->told_to = tagpool_mark();
}

static const char *judge_words(const struct scope *scope, const char *scope_words, const char *words,
                               const struct watch_request *failed)
{
    struct scope_sum sum;
    const char *why = settled_sum(scope, &sum);
    if (why != NULL)
        return test_not_checked(words, why);
    if (sum.blocks == 0)
        return NULL;
    remember_told(scope);
    struct text text, *line = test_message_begin(&text);
    text_string(line, words);
    text_string(line, "leak: ");
    text_plural(line, sum.blocks, "block");
    text_string(line, ", ");
    text_plural(line, sum.bytes, "byte");
    add_scope(scope_words, line);
    text_string(line, " not freed");
    add_test(line);
    output_line(line);
    scope_print(scope, TEST_BLOCKS_LISTED);
    if (failed != NULL) {
        text_string(line, "tagpool:   the allocation that failed:");
        output_line(line);
        test_print_stack(failed, line);
    }
    return test_message_end();
}

const char *test_judge(const struct scope *scope, const char *words, const struct watch_request *failed)
{
    return judge_words(scope, NULL, words, failed);
}

const char *tagpool_test_leaks(const char *words, uint64_t mark)
{
    struct scope scope;
    const char *answer = test_scope(words, mark, &scope);
    return answer != NULL ? answer : judge_words(&scope, words, "", NULL);
}

enum tagpool_verdict tagpool_test_verdict(const char *words, uint64_t mark)
{
    struct scope scope;
    struct scope_sum sum;
    if (test_scope(words, mark, &scope) != NULL || settled_sum(&scope, &sum) != NULL)
        return TAGPOOL_NOT_CHECKED;
    return sum.blocks == 0 ? TAGPOOL_CLEAN : TAGPOOL_LEAK;
}

const char *tagpool_test_left(const char *words, uint64_t blocks, uint64_t bytes)
{
    struct scope scope;
    struct scope_sum sum;
    const char *answer = test_scope(words, 0, &scope);
    if (answer != NULL)
        return answer;
    uint64_t start = port_milliseconds();
    const char *why = test_why_not(&scope);
    do
        scope_sum(&scope, &sum);
    while ((sum.blocks != blocks || sum.bytes != bytes) && test_settles(start));
    if (why != NULL || !sum.is_complete)
        return test_not_checked("", why != NULL ? why : "there was no memory to see what lookaside lists keep");
    if (sum.blocks == blocks && sum.bytes == bytes)
        return NULL;
    struct text text, *line = test_message_begin(&text);
    text_string(line, "expected ");
    text_plural(line, blocks, "block");
    text_string(line, " of ");
    text_plural(line, bytes, "byte");
    add_scope(words, line);
    text_string(line, " left, found ");
    text_plural(line, sum.blocks, "block");
    text_string(line, " of ");
    text_plural(line, sum.bytes, "byte");
    output_line(line);
    scope_print(&scope, TEST_BLOCKS_LISTED);
    return test_message_end();
}
