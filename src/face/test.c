/* SPDX-License-Identifier: MIT
 *
 * test.c: tests and their assertions (contracts in tagpool/test.h).
 *
 * Everything about an open test is here, not in the test's own frame: a framework may leave that by longjmp.
 */
#include "face/test.h"

#include "base/tag.h"
#include "face/face.h"
#include "pool/verify.h"
#include "report/output.h"

#define TESTS_MOST (TAGPOOL_BARE ? 1 : 64)
#define EXPECTATIONS_MOST 16
#define MESSAGE_BYTES PORT_UNIT_BYTES
#define BLOCKS_LISTED 16

struct expectation {
    struct tag_mask tags;
    uint64_t blocks;
    bool is_most;
};

struct tagpool_test {
    const char *name; /* NULL: not open */
    uint64_t mark;
    bool is_alone; /* no other was open at any time */
    uint64_t threads[SCOPE_THREADS_MOST];
    size_t thread_count;
    struct tagpool_snapshot *before;
    struct expectation expected[EXPECTATIONS_MOST];
    size_t expected_count;
    unsigned settle;
};

static struct tagpool_test tests[TESTS_MOST];
static struct port_lock tests_lock = PORT_LOCK_INITIAL;
static PORT_THREAD_LOCAL struct tagpool_test *test_now;

/* ---- messages ---- */

static PORT_THREAD_LOCAL struct output_capture message;
static PORT_THREAD_LOCAL struct text first_line;

static void message_release(void)
{
    if (message.bytes != NULL)
        port_release(message.bytes, MESSAGE_BYTES);
    message.bytes = NULL;
}

struct text *test_message_begin(void)
{
    if (message.bytes == NULL) {
        message.bytes = port_obtain(MESSAGE_BYTES);
        if (message.bytes != NULL && !port_on_thread_exit(message_release))
            message_release();
    }
    message.length = 0;
    message.lines_cut = 0;
    message.most = MESSAGE_BYTES;
    if (message.bytes != NULL)
        (void)output_capture(&message);
    text_clear(&first_line);
    return &first_line;
}

const char *test_message_end(void)
{
    struct text line;
    (void)output_capture(NULL);
    if (message.bytes == NULL)
        return "tagpool: a check failed, and there is no memory to say which";
    if (message.lines_cut != 0) {
        text_clear(&line);
        text_string(&line, "tagpool:   ");
        text_plural(&line, message.lines_cut, "more line");
        text_string(&line, " cut\n");
        size_t at = message.length < MESSAGE_BYTES - 64 ? message.length : MESSAGE_BYTES - 64;
        memcpy(message.bytes + at, line.bytes, line.length);
        message.length = at + line.length;
    }
    if (message.length != 0)
        message.bytes[message.length - 1] = 0; /* the framework ends the line */
    return message.bytes;
}

/* ---- scopes and verdicts ---- */

/* The mask that `tags` is; false, after a message, iff it is none. */
static bool read_tags(const char *tags, struct tag_mask *mask, const char **why)
{
    if (tags != NULL && mask_read(tags, string_length(tags), mask))
        return true;
    struct text *line = test_message_begin();
    text_string(line, "not checked: \"");
    text_string(line, tags != NULL ? tags : "");
    text_string(line, "\" is no mask of tags; expected one to four printing characters, `?` for any, and `*` for any number");
    output_line(line);
    *why = test_message_end();
    return false;
}

bool test_scope(const char *tags, uint64_t mark, struct scope *scope, const char **why)
{
    struct tagpool_test *test = test_now;
    *scope = (struct scope){.mark = mark};
    if (test != NULL && mark == 0)
        scope->mark = test->mark;
    if (test != NULL && !test->is_alone) {
        scope->threads = test->threads;
        scope->thread_count = test->thread_count;
    }
    return read_tags(tags, &scope->tags, why);
}

const char *test_not_checked(const char *words, const char *why)
{
    struct text *line = test_message_begin();
    text_string(line, words);
    text_string(line, "not checked: ");
    text_string(line, why);
    output_line(line);
    return test_message_end();
}

/* Sums up what is left, once that is nothing or the time to settle is over. */
static void settled_sum(const struct scope *scope, struct scope_sum *sum)
{
    uint64_t start = port_milliseconds();
    unsigned settle = test_now != NULL ? test_now->settle : 0;
    for (scope_sum(scope, sum); sum->blocks != 0 && port_milliseconds() - start < settle; scope_sum(scope, sum))
        port_yield();
}

const char *test_judge(const struct scope *scope, const char *words)
{
    struct scope_sum sum;
    const char *why = verify_why_not_checked(scope->mark);
    if (why != NULL)
        return test_not_checked(words, why);
    settled_sum(scope, &sum);
    if (sum.blocks == 0)
        return NULL;
    struct text *line = test_message_begin();
    text_string(line, words);
    text_string(line, "leak: ");
    text_plural(line, sum.blocks, "block");
    text_string(line, ", ");
    text_plural(line, sum.bytes, "byte");
    text_string(line, " not freed");
    if (test_now != NULL) {
        text_string(line, " in test ");
        text_string(line, test_now->name);
    }
    output_line(line);
    scope_print(scope, BLOCKS_LISTED);
    return test_message_end();
}

const char *tagpool_test_leaks(const char *tags, uint64_t mark)
{
    struct scope scope;
    const char *why;
    return test_scope(tags, mark, &scope, &why) ? test_judge(&scope, "") : why;
}

/* ---- tests ---- */

uint64_t tagpool_mark(void)
{
    if (!face_start())
        return 0;
    face_lock();
    uint64_t mark = verify_mark();
    face_unlock();
    return mark;
}

/* A free place, in which a test begins; alone iff no other is open. pre: the lock is held. */
static struct tagpool_test *find_place(const char *name)
{
    struct tagpool_test *place = NULL;
    bool is_alone = true;
    for (size_t i = 0; i < TESTS_MOST; i++)
        if (tests[i].name != NULL)
            is_alone = tests[i].is_alone = false;
        else if (place == NULL)
            place = &tests[i];
    if (place != NULL)
        *place = (struct tagpool_test){.name = name, .is_alone = is_alone};
    return place;
}

static void close_test(void)
{
    struct tagpool_test *test = test_now;
    test_now = NULL;
    tagpool_snapshot_release(test->before);
    port_lock(&tests_lock);
    test->name = NULL;
    port_unlock(&tests_lock);
}

/* The test has failed, and need not fail again: says through the sink what it leaves. */
static void note(void)
{
    struct scope scope;
    struct scope_sum sum;
    struct text line;
    const char *why;
    if (!test_scope("*", 0, &scope, &why) || verify_why_not_checked(scope.mark) != NULL)
        return;
    scope_sum(&scope, &sum);
    if (sum.blocks == 0)
        return;
    text_clear(&line);
    text_string(&line, "tagpool: note: test ");
    text_string(&line, test_now->name);
    text_string(&line, ", which has failed, leaves ");
    text_plural(&line, sum.blocks, "block");
    text_string(&line, ", ");
    text_plural(&line, sum.bytes, "byte");
    output_line(&line);
    scope_print(&scope, BLOCKS_LISTED);
}

static void abandon(void)
{
    if (test_now == NULL)
        return;
    test_blocks_abandon();
    note();
    close_test();
}

void tagpool_test_begin(const char *name)
{
    static bool has_exit_hook;
    abandon();
    uint64_t mark = tagpool_mark();
    port_lock(&tests_lock);
    has_exit_hook = has_exit_hook || port_on_exit(abandon);
    struct tagpool_test *test = mark != 0 ? find_place(name) : NULL;
    port_unlock(&tests_lock);
    test_now = test;
    if (test == NULL)
        return;
    test->before = tagpool_snapshot_take();
    test->mark = mark;
    tagpool_test_join(test);
}

const struct tagpool_snapshot *test_before(void)
{
    return test_now != NULL ? test_now->before : NULL;
}

struct tagpool_test *tagpool_test_current(void)
{
    return test_now;
}

void tagpool_test_join(struct tagpool_test *test)
{
    test_now = test;
    if (test == NULL)
        return;
    port_lock(&tests_lock);
    if (test->thread_count < SCOPE_THREADS_MOST)
        test->threads[test->thread_count++] = port_thread_number();
    port_unlock(&tests_lock);
}

/* The first expectation that does not hold, as a message; otherwise NULL, and *expected blocks are what was expected. */
static const char *judge_expected(struct tagpool_test *test, uint64_t *expected)
{
    *expected = 0;
    for (size_t i = 0; i < test->expected_count; i++) {
        const struct expectation *expectation = &test->expected[i];
        struct scope scope;
        struct scope_sum sum;
        const char *why;
        (void)test_scope("*", 0, &scope, &why);
        scope.tags = expectation->tags;
        scope_sum(&scope, &sum);
        *expected += sum.blocks;
        if (sum.blocks == expectation->blocks || (expectation->is_most && sum.blocks < expectation->blocks))
            continue;
        struct text *line = test_message_begin();
        text_string(line, expectation->is_most ? "expected leaks: at most " : "expected leaks: ");
        text_plural(line, expectation->blocks, "block");
        text_string(line, " of ");
        for (size_t c = 0; c < MASK_CHARACTERS && expectation->tags.text[c] != 0; c++)
            text_char(line, expectation->tags.text[c]);
        text_string(line, ", found ");
        text_decimal(line, sum.blocks, 0);
        output_line(line);
        scope_print(&scope, BLOCKS_LISTED);
        return test_message_end();
    }
    return NULL;
}

static const char *judge_test(void)
{
    struct scope scope;
    struct scope_sum sum;
    uint64_t expected;
    const char *why;
    if (test_now == NULL)
        return test_not_checked("", "the test was not opened");
    const char *answer = judge_expected(test_now, &expected);
    if (answer != NULL || !test_scope("*", 0, &scope, &why))
        return answer;
    scope_sum(&scope, &sum);
    return expected != 0 && sum.blocks == expected ? NULL : test_judge(&scope, "");
}

const char *tagpool_test_end(bool has_failed)
{
    const char *answer = NULL;
    test_blocks_abandon();
    if (has_failed && test_now != NULL)
        note();
    else
        answer = judge_test();
    if (test_now != NULL)
        close_test();
    return answer;
}

const char *tagpool_test_expect_leaks(const char *tags, uint64_t blocks, bool is_most)
{
    struct tagpool_test *test = test_now;
    const char *why = NULL;
    if (test == NULL || test->expected_count == EXPECTATIONS_MOST)
        return test_not_checked("", test == NULL ? "no test is open in this thread" : "a test has 16 expectations at most");
    struct expectation *expectation = &test->expected[test->expected_count];
    if (read_tags(tags, &expectation->tags, &why)) {
        expectation->blocks = blocks;
        expectation->is_most = is_most;
        test->expected_count++;
    }
    return why;
}

void tagpool_test_settle(unsigned milliseconds)
{
    if (test_now != NULL)
        test_now->settle = milliseconds;
}
