/* SPDX-License-Identifier: MIT
 *
 * test.h: what the two halves of tagpool/test.h's functions share: the message that is being built, and the test at hand.
 */
#ifndef FACE_TEST_H
#define FACE_TEST_H

#include "base/text.h"
#include "tagpool/test.h"
#include "view/scope.h"

/* Begins this thread's message and returns its first line, to be filled in; all lines that follow go there as well. Without
 * memory for them, test_message_end() gives a text without particulars. */
INTERNAL struct text *test_message_begin(void);

/* Ends the message; returns it. */
INTERNAL const char *test_message_end(void);

/* The scope of matching tags since a mark (0: since this thread's test began), in this thread's test. False, after a message,
 * iff the tags are no mask. */
INTERNAL bool test_scope(const char *tags, uint64_t mark, struct scope *scope, const char **message);

/* NULL, or a message with its first words, as "with allocation 3 failed: ", and the blocks that are left in the scope. */
INTERNAL const char *test_judge(const struct scope *scope, const char *words);

/* A message: `words`, and why nothing can be said. */
INTERNAL const char *test_not_checked(const char *words, const char *why);

/* All rows when this thread's test began; NULL if none is open, or there was no memory. */
INTERNAL const struct tagpool_snapshot *test_before(void);

/* What a block of code has left behind that was left by longjmp: handlers, failures. */
INTERNAL void test_blocks_abandon(void);

#endif
