/* SPDX-License-Identifier: MIT
 *
 * asserts.h: what the tests of tagpool/test.h share: a failure is text here instead of failing. tests/frameworks.sh shows how
 * frameworks print them. */
#ifndef ASSERTS_H
#define ASSERTS_H

#include "test.h"

static char failure[16384]; /* the last failure's message; empty for none */
static char failure_file[200];
static unsigned failure_line, failures;

static inline void catch_failure(const char *file, unsigned line, const char *message)
{
    failures++;
    failure_line = line;
    snprintf(failure_file, sizeof failure_file, "%s", file);
    snprintf(failure, sizeof failure, "%s", message);
}

#define TAGPOOL_TEST_FAIL(file, line, message) catch_failure(file, line, message)
#include "tagpool/test.h"

#include "tagpool/verifier.h"

#define TAG1 TAGPOOL_TAG('B', 'u', 'f', '1')
#define TAG2 TAGPOOL_TAG('B', 'u', 'f', '2')
#define OTHER TAGPOOL_TAG('O', 't', 'h', 'r')

static inline void *take(uint32_t tag, size_t bytes)
{
    return tagpool_alloc(TAGPOOL_PAGED, bytes, tag);
}

static inline void give(void *block)
{
    if (block != NULL)
        tagpool_free(block);
}

static inline void begin_test(const char *name)
{
    tagpool_test_begin(name, __FILE__, __LINE__, NULL);
}

static inline void forget_failure(void)
{
    failure[0] = 0;
    failures = 0;
}

/* Takes the failure: was there one, with this in its message? */
static inline bool failed(const char *text)
{
    bool is_right = failures == 1 && strstr(failure, text) != NULL;
    if (!is_right)
        fprintf(stderr, "expected \"%s\", there were %u failures: %s\n", text, failures, failure);
    forget_failure();
    return is_right;
}

static inline bool held(void)
{
    if (failures != 0)
        fprintf(stderr, "%u failures: %s\n", failures, failure);
    bool is_right = failures == 0;
    forget_failure();
    return is_right;
}

/* Does a message begin so? */
static inline bool begins(const char *message, const char *text)
{
    bool is_right = message != NULL && strncmp(message, text, strlen(text)) == 0;
    if (!is_right)
        fprintf(stderr, "expected \"%s...\", found %s\n", text, message != NULL ? message : "no message");
    return is_right;
}

static inline int begin_asserts(void **state)
{
    forget_failure();
    return begin(state);
}

/* Every test closes its own, takes its failures, and what else end() wants. */
static inline int end_asserts(void **state)
{
    bool is_open = tagpool_test_current() != NULL;
    bool has_failed = failures != 0;
    if (is_open)
        (void)tagpool_test_end(true);
    end(state);
    check(!is_open && !has_failed);
    return 0;
}

#define assert_test(name) cmocka_unit_test_setup_teardown(name, begin_asserts, end_asserts)

#endif
