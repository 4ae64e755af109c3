/* SPDX-License-Identifier: MIT
 *
 * test_bugcheck.c: bug checks that a test expects, and others that it meets (contracts in tagpool/test.h).
 */
#include "base/atomic.h"
#include "face/test.h"
#include "report/bugcheck.h"
#include "report/output.h"
#include "tagpool/verifier.h"

/* A report that outlives the bug check. What its operations point to stays for ever. */
struct kept_report {
    struct tagpool_bugcheck bugcheck;
    struct tagpool_operation allocated, freed;
};

static PORT_THREAD_LOCAL struct kept_report met, other;
static PORT_THREAD_LOCAL bool has_met;

static void keep_report(struct kept_report *kept, const struct tagpool_bugcheck *bugcheck)
{
    kept->bugcheck = *bugcheck;
    if (bugcheck->allocated != NULL) {
        kept->allocated = *bugcheck->allocated;
        kept->bugcheck.allocated = &kept->allocated;
    }
    if (bugcheck->freed != NULL) {
        kept->freed = *bugcheck->freed;
        kept->bugcheck.freed = &kept->freed;
    }
}

/* The innermost block of this thread that expects one. */
static struct test_open_block *expecting(void)
{
    struct test_open_block *found = NULL;
    struct test_open_block *open;
    for (unsigned level = 1; (open = test_block_at(level)) != NULL; level++)
        if (open->kind == TAGPOOL_TEST_BUGCHECK)
            found = open;
    return found;
}

static bool takes_bugcheck(const struct tagpool_bugcheck *bugcheck)
{
    struct test_open_block *open = expecting();
    if (open == NULL || (bugcheck->code != open->code && !bugcheck->stops))
        return false;
    bool is_expected = bugcheck->code == open->code;
    keep_report(is_expected ? &met : &other, bugcheck);
    has_met = has_met || is_expected;
    open->is_met = open->is_met || is_expected;
    open->is_other_met = open->is_other_met || !is_expected;
    return true;
}

/* Fails the test at once: the framework may jump from here, as a handler may. */
static bool fails_test(const struct tagpool_bugcheck *bugcheck)
{
    struct tagpool_test *test = test_own();
    if (test == NULL || test->fail == NULL || !test_runs_here() || !bugcheck->stops)
        return false;
    struct text *line = test_message_begin();
    text_string(line, test->name[0] != 0 ? "bug check in test " : "bug check in the test");
    text_string(line, test->name);
    (void)test_add_failed(0, line);
    output_line(line);
    bugcheck_print(bugcheck);
    test->fail(test->file, test->line, test_message_end());
    return true;
}

bool test_meets_bugcheck(const struct tagpool_bugcheck *bugcheck, bool has_handler)
{
    return takes_bugcheck(bugcheck) || (!has_handler && fails_test(bugcheck));
}

const struct tagpool_bugcheck *tagpool_test_bugcheck(void)
{
    return has_met ? &met.bugcheck : NULL;
}

/* Nobody will be told of the other one. */
void test_bugcheck_left(const struct test_open_block *open)
{
    if (open->is_other_met)
        bugcheck_print(&other.bugcheck);
}

static const char *judge_met(const struct test_open_block *open)
{
    if (open->is_met && !open->is_other_met)
        return NULL;
    struct text *line = test_message_begin();
    text_string(line, "expected bug check ");
    text_code(line, open->code);
    text_string(line, open->is_other_met ? ", another came:" : ", none came");
    output_line(line);
    if (open->is_other_met)
        bugcheck_print(&other.bugcheck);
    return test_message_end();
}

bool test_next_bugcheck(struct tagpool_test_block *block)
{
    struct test_open_block *open = test_block_at(block->level);
    if (block->step++ == 0) {
        open->code = (uint32_t)block->first;
        has_met = false;
        STORE_RELEASE(&bugcheck_hook, test_meets_bugcheck);
        return true;
    }
    block->message = judge_met(open);
    open->is_other_met = false;
    return false;
}
