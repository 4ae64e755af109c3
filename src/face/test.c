/* SPDX-License-Identifier: MIT
 *
 * test.c: tests: they begin, end, and are left (contracts in tagpool/test.h).
 */
#include "face/test.h"

#include "base/atomic.h"
#include "face/face.h"
#include "pool/verify.h"
#include "report/bugcheck.h"
#include "report/output.h"

static struct tagpool_test tests[TRIALS_MOST];
static PORT_THREAD_LOCAL bool test_is_here;        /* this thread has opened its test, and not joined it */
static PORT_THREAD_LOCAL const char *test_refusal; /* why its last test could not be opened */

uint64_t tagpool_mark(void)
{
    if (!face_start())
        return 0;
    face_lock();
    uint64_t mark = verify_mark();
    face_unlock();
    return mark;
}

/* ---- which test ---- */

static struct tagpool_test *test_numbered(uint32_t number)
{
    struct tagpool_test *test = &tests[number % TRIALS_MOST];
    bool is_test = number != TRIAL_NONE && number != TRIAL_STRAY && LOAD_ACQUIRE(&test->number) == number;
    return is_test ? test : NULL;
}

struct tagpool_test *test_own(void)
{
    return test_numbered(trial_mine);
}

bool test_runs_here(void)
{
    return test_is_here;
}

struct tagpool_test *test_current(const char **why)
{
    uint32_t number = trial_current();
    *why = "no test is open in this thread";
    if (test_refusal != NULL)
        *why = test_refusal;
    else if (number == TRIAL_STRAY)
        *why = "several tests are open, and this thread has joined none (tagpool_test_join)";
    return test_refusal != NULL && test_own() == NULL ? NULL : test_numbered(number);
}

struct tagpool_test *tagpool_test_current(void)
{
    const char *why;
    return test_current(&why);
}

void tagpool_test_join(struct tagpool_test *test)
{
    if (test_is_here)
        return;
    trial_mine = test != NULL ? LOAD_ACQUIRE(&test->number) : TRIAL_NONE;
    test_refusal = NULL;
}

/* ---- open and close ---- */

static void copy_words(char *to, const char *from, size_t most)
{
    size_t length = 0;
    for (; from[length] != 0 && length < most - 1; length++)
        to[length] = from[length];
    to[length] = 0;
}

static void test_name(struct tagpool_test *test, const char *name, const char *file, unsigned line)
{
    copy_words(test->name, name != NULL ? name : "", sizeof test->name);
    test->file = file;
    test->line = line;
}

static void test_close(void)
{
    STORE(&test_own()->number, TRIAL_NONE); /* before another test may have the place */
    trial_close(trial_mine);
    trial_mine = TRIAL_NONE;
    test_is_here = false;
}

/* The test need not fail (any more): says through the sink what it leaves, unless a message has said it. */
static void test_note(const char *how)
{
    struct tagpool_test *test = test_own();
    struct scope scope;
    struct scope_sum sum = {.blocks = 0};
    struct text line;
    text_clear(&line);
    text_string(&line, test->name[0] != 0 ? "tagpool: note: test " : "tagpool: note: a test");
    text_string(&line, test->name);
    text_string(&line, how);
    bool has_more = test_add_failed(0, &line);
    if (test_scope("*", 0, &scope) == NULL && verify_why_not_checked(scope.mark) == NULL) {
        scope.except = test->expected_filter;
        scope.except_count = test->expected_count;
        scope.told_from = test->told_from;
        scope.told_to = test->told_to;
        scope_sum(&scope, &sum);
    }
    if (sum.blocks != 0) {
        text_string(&line, ", leaves ");
        text_plural(&line, sum.blocks, "block");
        text_string(&line, ", ");
        text_plural(&line, sum.bytes, "byte");
    }
    if (has_more || sum.blocks != 0)
        output_line(&line);
    if (sum.blocks != 0)
        scope_print(&scope, TEST_BLOCKS_LISTED);
}

/* What this thread's framework has left open. */
static void test_abandon(void)
{
    (void)output_capture(NULL);
    struct tagpool_test *test = test_own();
    if (test_is_here && test != NULL) {
        if (test->process == port_process_number())
            test_note(", left before its end");
        test_close();
    }
    test_blocks_abandon();
}

/* The program, or the thread, may end in a test. */
static void hook_exits(void)
{
    static uint32_t has_exit_hook;
    static PORT_THREAD_LOCAL bool has_thread_hook;
    if (exchange_u32(&has_exit_hook, 1) == 0)
        (void)port_on_exit(test_abandon);
    has_thread_hook = has_thread_hook || port_on_thread_exit(test_abandon);
}

static void test_open(const char *name, const char *file, unsigned line, tagpool_test_failer *fail, bool has_fixture)
{
    static const char *const refusals[] = {NULL, "too many tests are open", "there was no memory for the test"};
    uint32_t number = TRIAL_NONE;
    test_abandon();
    trial_mine = TRIAL_NONE;
    uint64_t mark = tagpool_mark();
    test_refusal = mark != 0 ? refusals[trial_open(&number)] : "the library cannot start";
    if (test_refusal == NULL && test_thread() == NULL) {
        trial_close(number);
        test_refusal = refusals[TRIAL_NO_MEMORY];
    }
    if (test_refusal != NULL)
        return;
    hook_exits();
    STORE_RELEASE(&bugcheck_hook, test_meets_bugcheck);
    struct tagpool_test *test = &tests[number % TRIALS_MOST];
    memset(test->name, 0, sizeof *test - offsetof(struct tagpool_test, name));
    test_name(test, name, file, line);
    test->fail = fail;
    test->process = port_process_number();
    test->mark = mark;
    test->has_fixture = has_fixture;
    STORE_RELEASE(&test->number, number);
    trial_mine = number;
    test_is_here = true;
}

void tagpool_test_set_up(const char *name, const char *file, unsigned line, tagpool_test_failer *fail)
{
    test_open(name, file, line, fail, true);
}

void tagpool_test_begin(const char *name, const char *file, unsigned line, tagpool_test_failer *fail)
{
    struct tagpool_test *test = test_own();
    if (test == NULL || !test_is_here || !test->has_fixture || test->is_running) {
        test_open(name, file, line, fail, false);
        return;
    }
    test_name(test, name, file, line);
    test->is_running = true;
}

/* ---- the end ---- */

/* Blocks of code that are open were left, in a way that nobody has noticed. */
static const char *judge_blocks(void)
{
    struct text line;
    text_clear(&line);
    bool is_left = test_blocks_say_left(1, &line);
    line.bytes[line.length] = 0;
    return is_left ? test_not_checked("", line.bytes) : NULL;
}

/* Of a test that is judged as well as it can be, what nobody can be blamed for. */
static void note_strays(const struct scope *scope)
{
    struct scope_sum sum;
    struct text line;
    scope_sum(scope, &sum);
    if (sum.strays == 0)
        return;
    text_clear(&line);
    text_string(&line, "tagpool: note: ");
    text_plural(&line, sum.strays, "block");
    text_string(&line, " of threads that have joined no test, while several were open, left at the end of ");
    text_string(&line, test_own()->name[0] != 0 ? "test " : "a test");
    text_string(&line, test_own()->name);
    output_line(&line);
}

static bool is_expected(const struct test_expectation *expected, uint64_t blocks)
{
    return blocks == expected->blocks || (expected->is_most && blocks < expected->blocks && blocks != 0);
}

static const char *judge_expected(struct tagpool_test *test)
{
    uint64_t start = port_milliseconds();
    for (size_t i = 0; i < test->expected_count; i++) {
        const struct test_expectation *expected = &test->expected[i];
        struct scope scope;
        struct scope_sum sum;
        (void)test_scope("*", 0, &scope);
        scope.filter = test->expected_filter[i];
        do
            scope_sum(&scope, &sum);
        while (!is_expected(expected, sum.blocks) && test_settles(start));
        if (is_expected(expected, sum.blocks))
            continue;
        struct text text, *line = test_message_begin(&text);
        text_string(line, expected->is_most ? "expected leaks: 1 to " : "expected leaks: ");
        text_plural(line, expected->blocks, "block");
        text_string(line, " of ");
        text_string(line, expected->words);
        text_string(line, ", found ");
        text_decimal(line, sum.blocks, 0);
        output_line(line);
        scope_print(&scope, TEST_BLOCKS_LISTED);
        return test_message_end();
    }
    return NULL;
}

static const char *judge_test(struct tagpool_test *test)
{
    struct scope scope;
    const char *answer = judge_blocks();
    (void)test_scope("*", 0, &scope);
    scope.except = test->expected_filter;
    scope.except_count = test->expected_count;
    if (answer == NULL)
        answer = test_judge(&scope, "", NULL);
    if (answer == NULL)
        answer = judge_expected(test);
    if (answer == NULL)
        note_strays(&scope);
    return answer;
}

static const char *test_finish(bool has_failed, const char *how)
{
    struct tagpool_test *test = test_own();
    const char *answer = NULL;
    if (test == NULL || !test_is_here)
        answer = test_not_checked("", test_refusal != NULL ? test_refusal : "no test is open in this thread");
    else if (has_failed)
        test_note(how);
    else
        answer = judge_test(test);
    test_blocks_abandon();
    if (test != NULL && test_is_here)
        test_close();
    test_refusal = NULL;
    return answer;
}

const char *tagpool_test_end(bool has_failed)
{
    struct tagpool_test *test = test_own();
    if (test == NULL || !test_is_here || !test->is_running)
        return test_finish(has_failed, ", which has failed");
    test->is_running = false;
    if (has_failed)
        return NULL; /* the tear-down's note will name an allocation that failed */
    const char *answer = judge_blocks();
    test_blocks_abandon();
    return answer;
}

const char *tagpool_test_tear_down(bool has_failed)
{
    struct tagpool_test *test = test_own();
    bool is_left = test != NULL && test_is_here && test->is_running;
    return test_finish(has_failed || is_left, is_left ? ", left before its end" : ", which has failed");
}

/* ---- what is said of it beforehand ---- */

const char *tagpool_test_expect_leaks(const char *words, uint64_t blocks, bool is_most)
{
    struct scope scope;
    const char *why;
    struct tagpool_test *test = test_current(&why);
    if (test == NULL || test->expected_count == TEST_EXPECTATIONS_MOST)
        return test_not_checked("", test == NULL ? why : "a test has 16 expectations at most");
    why = test_scope(words, 0, &scope);
    if (why != NULL)
        return why;
    test->expected_filter[test->expected_count] = scope.filter;
    struct test_expectation *expected = &test->expected[test->expected_count++];
    copy_words(expected->words, words, sizeof expected->words);
    expected->blocks = blocks;
    expected->is_most = is_most;
    return NULL;
}

void tagpool_test_settle(unsigned milliseconds)
{
    const char *why;
    struct tagpool_test *test = test_current(&why);
    if (test != NULL)
        test->settle = milliseconds;
}
