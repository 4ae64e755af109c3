/* SPDX-License-Identifier: MIT
 *
 * test.h: what the parts of tagpool/test.h's functions share: the message that is being built, the test at hand, and the blocks
 * of code that are open in it.
 */
#ifndef FACE_TEST_H
#define FACE_TEST_H

#include "base/text.h"
#include "ledger/trial.h"
#include "ledger/watch.h"
#include "tagpool/test.h"
#include "view/scope.h"

#define TEST_BLOCKS_LISTED 16u
#define TEST_EXPECTATIONS_MOST 16u

/* ---- test_message.c: what failed ---- */

/* Begins this thread's message and returns its first line, to be filled in; all lines that follow go there as well. Without
 * memory for them, test_message_end() gives a text without particulars. */
INTERNAL struct text *test_message_begin(void);

/* Ends the message; returns it. */
INTERNAL const char *test_message_end(void);

/* A message: `words`, and why nothing can be said. */
INTERNAL const char *test_not_checked(const char *words, const char *why);

/* Adds where a request was made: ", paged, at file:line"; and prints its call stack. */
INTERNAL void test_add_request(const struct watch_request *request, struct text *line);
INTERNAL void test_print_stack(const struct watch_request *request, struct text *line);

/* ---- test.c: tests; test_check.c: their checks ---- */

struct test_expectation {
    char words[48]; /* of its scope, for messages */
    uint64_t blocks;
    bool is_most;
};

/* All about an open test is here, not in the test's own frame: a framework may leave that by longjmp. */
struct tagpool_test {
    uint32_t number; /* see ledger/trial.h */
    char name[64];
    const char *file;
    unsigned line;
    tagpool_test_failer *fail;
    uint64_t process; /* that opened it: a forked child's need not end */
    uint64_t mark;
    uint64_t told_from, told_to; /* what is left of these operations was in a message */
    bool has_fixture, is_running; /* opened by a set-up function; its test has begun and not ended */
    struct test_expectation expected[TEST_EXPECTATIONS_MOST];
    struct scope_filter expected_filter[TEST_EXPECTATIONS_MOST];
    size_t expected_count;
    unsigned settle;
};

/* The test for which this thread works; NULL, and why, if there is none. */
INTERNAL struct tagpool_test *test_current(const char **why);

/* The test that this thread runs or has joined, or NULL; whether it runs it. */
INTERNAL struct tagpool_test *test_own(void);
INTERNAL bool test_runs_here(void);

/* The scope in words since a mark (0: since the test began). NULL, or a message if it is none. */
INTERNAL const char *test_scope(const char *words, uint64_t mark, struct scope *scope);

/* Why nothing can be said of the blocks of a scope; NULL if it can. */
INTERNAL const char *test_why_not(const struct scope *scope);

/* Whether there is still time for what is left to be freed: option TAGPOOL_SETTLE. `start`: port_milliseconds() at first. */
INTERNAL bool test_settles(uint64_t start);

/* NULL, or a message that begins with `words`, as "with allocation 3 failed: ", about the blocks that are left in the scope;
 * `failed`, unless NULL, is the request of which these speak. */
INTERNAL const char *test_judge(const struct scope *scope, const char *words, const struct watch_request *failed);

/* ---- test_block.c: blocks of code ---- */

/* What must outlive a block that is left by a jump. */
struct test_open_block {
    enum tagpool_test_kind kind;
    const char *file;
    unsigned line;
    void *kept; /* by a steady block */
    size_t kept_bytes;
    struct watch_request noted; /* the first of the block around, both without allocations */
    uint32_t code; /* of the bug check that is expected */
    bool is_met, is_other_met;
};

/* The block of code at a level of this thread, 1 or more; NULL if there are not so many. */
INTERNAL struct test_open_block *test_block_at(unsigned level);

/* Adds "the TAGPOOL_STEADY at file:line was left before its end" if a block of this thread is open; true iff so. */
INTERNAL bool test_blocks_say_left(unsigned level, struct text *line);

/* Ends all blocks of this thread that are open, for they were left. */
INTERNAL void test_blocks_abandon(void);

/* The kinds that have a file of their own. False at the end, after a message if the check failed. */
INTERNAL bool test_next_failure(struct tagpool_test_block *block);
INTERNAL bool test_next_steady(struct tagpool_test_block *block);
INTERNAL bool test_next_bugcheck(struct tagpool_test_block *block);

/* Adds "with allocation 3 of 5 failed (...)" about the failure loop of this thread; false iff none has failed. */
INTERNAL bool test_add_failed(uint64_t count, struct text *line);

/* A block that expected a bug check is left: what it met instead goes to the sink. */
INTERNAL void test_bugcheck_left(const struct test_open_block *open);

/* This thread's bug checks are now asked about: see report/bugcheck.h. */
INTERNAL bool test_meets_bugcheck(const struct tagpool_bugcheck *bugcheck, bool has_handler);

#endif
