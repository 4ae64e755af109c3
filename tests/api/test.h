/* SPDX-License-Identifier: MIT
 *
 * test.h: what the tests of the public header share. Checks that work in a child process too, a sink and a bug-check
 * handler that remember what they saw, tags that nobody used yet, and a runner for tests that need a library of their own. */
#ifndef TEST_H
#define TEST_H

#define _DEFAULT_SOURCE 1
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tagpool.h"

#define PAGE ((size_t)TAGPOOL_PAGE_SIZE)
#define ALIGNMENT (sizeof(void *) == 8 ? (size_t)16 : (size_t)8)
#define SMALL_MAX (PAGE - (sizeof(void *) == 8 ? 32 : 16)) /* larger requests start on a page */

/* Sanitizers and valgrind map memory of their own, so that limits on it hit them first. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INSTRUMENTED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define INSTRUMENTED true
#endif
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED (getenv("LD_PRELOAD") != NULL && strstr(getenv("LD_PRELOAD"), "vgpreload") != NULL)
#endif

/* ---- Checks ---------------------------------------------------------------------------------------------------- */

enum { CHILD_SKIPPED = 77, CHILD_FAILED = 99 };
static bool in_child;

#define check(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define same(actual, expected) \
    check_same((uintmax_t)(actual), (uintmax_t)(expected), #actual " == " #expected, __FILE__, __LINE__)

/* A failed cmocka assertion in a child would go on with the parent's tests there, so a child says what failed and ends. */
static inline void check_that(bool holds, const char *text, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: %s does not hold\n", file, line, text);
    if (in_child)
        _exit(CHILD_FAILED);
    _fail(file, line);
}

static inline void check_same(uintmax_t actual, uintmax_t expected, const char *text, const char *file, int line)
{
    if (actual != expected)
        fprintf(stderr, "%ju (0x%jx) is not %ju (0x%jx)\n", actual, actual, expected, expected);
    check_that(actual == expected, text, file, line);
}

/* ---- Output ---------------------------------------------------------------------------------------------------- */

static char output[1 << 17]; /* what the library printed since output_clear() */
static size_t output_length;
static unsigned output_pieces;

static inline void output_clear(void)
{
    output_length = output_pieces = 0;
    output[0] = 0;
}

static inline void output_keep(const char *text, size_t length, void *context)
{
    (void)context;
    check(length > 0 && text[length - 1] == '\n' && memchr(text, 0, length) == NULL);
    check(output_length + length < sizeof output);
    memcpy(output + output_length, text, length);
    output_length += length;
    output[output_length] = 0;
    output_pieces++;
}

static inline bool printed(const char *text)
{
    return strstr(output, text) != NULL;
}

/* Does `text` have this number in hexadecimal, whichever case its digits are in? */
static inline bool has_hex(const char *text, uintmax_t number)
{
    for (const char *at = text; (at = strstr(at, "0x")) != NULL; at += 2)
        if (strtoumax(at, NULL, 16) == number)
            return true;
    return false;
}

/* How often `text` was printed. */
static inline size_t printed_times(const char *text)
{
    size_t times = 0;
    for (const char *at = output; (at = strstr(at, text)) != NULL; at += strlen(text))
        times++;
    return times;
}

/* ---- Mistakes -------------------------------------------------------------------------------------------------- */

static struct tagpool_bugcheck caught; /* the last report; its texts are copies */
static unsigned caught_count;          /* reports not yet taken by mistake() or finding() */
static jmp_buf *caught_jump;           /* where the handler jumps instead of returning, if anywhere */

static inline void catch_bugcheck(const struct tagpool_bugcheck *bugcheck, void *context)
{
    static char name[80], sentence[400];
    (void)context;
    check(strlen(bugcheck->name) < sizeof name && strlen(bugcheck->sentence) < sizeof sentence);
    caught = *bugcheck;
    caught.name = strcpy(name, bugcheck->name);
    caught.sentence = strcpy(sentence, bugcheck->sentence);
    caught_count++;
    if (caught_jump)
        longjmp(*caught_jump, 1);
}

/* Takes the one report made since the last call: was it this bug check? */
static inline bool reported(uint32_t code, uintptr_t first, bool stops)
{
    bool right = caught_count == 1 && caught.code == code && caught.parameter[0] == first && caught.stops == stops;
    if (!right)
        fprintf(stderr, "%u reports, the last: 0x%X/0x%jX%s %s\n", caught_count, (unsigned)caught.code,
                (uintmax_t)caught.parameter[0], caught.stops ? "" : ", a finding:", caught_count ? caught.sentence : "");
    caught_count = 0;
    return right;
}

static inline bool mistake(uint32_t code, uintptr_t first)
{
    return reported(code, first, true);
}

static inline bool finding(uint32_t code, uintptr_t first)
{
    return reported(code, first, false);
}

/* ---- Around each test ------------------------------------------------------------------------------------------ */

static inline int begin(void **state)
{
    (void)state;
    output_clear();
    caught_count = 0;
    caught_jump = NULL;
    tagpool_sink_set(output_keep, NULL);
    tagpool_bugcheck_handler_set(catch_bugcheck, NULL);
    return 0;
}

static inline bool find_first(const struct tagpool_block *block, void *context)
{
    *(struct tagpool_block *)context = *block;
    return false;
}

/* Frees what a failed test left, so that the next one can be judged by itself. */
static inline void clean_up(void)
{
    struct tagpool_block block;
    unsigned before = caught_count;
    same(tagpool_start("wrong_tag=report tail_check=off free_check=off limit_paged=0 limit_nonpaged=0 leak_blocks=16"), 0);
    while (caught_count == before && tagpool_walk(find_first, &block) > 0)
        tagpool_free_tag(block.address, block.tag | (block.is_protected ? TAGPOOL_PROTECTED : 0));
}

/* Every test gives back what it took, takes every report it provoked, and leaves a sound heap. */
static inline int end(void **state)
{
    struct tagpool_stats total;
    unsigned reports = caught_count;
    (void)state;
    output_clear();
    caught_jump = NULL;
    bool sound = tagpool_validate() == 0;
    if (!sound)
        fprintf(stderr, "%s", output);
    tagpool_total_stats(&total);
    if (total.blocks != 0 || reports != 0)
        clean_up();
    check(sound);
    same(total.blocks, 0);
    same(total.bytes, 0);
    same(total.charged, 0);
    same(reports, 0);
    tagpool_sink_set(NULL, NULL);
    tagpool_bugcheck_handler_set(NULL, NULL);
    return 0;
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* ---- Blocks ---------------------------------------------------------------------------------------------------- */

/* A tag that no test used before: "t000", "t001" ... */
static inline uint32_t fresh_tag(void)
{
    static unsigned next;
    unsigned n = next++;
    return TAGPOOL_TAG('t', '0' + n / 100 % 10, '0' + n / 10 % 10, '0' + n % 10);
}

/* Fills a block with bytes that depend on their place and on `seed`; filled() checks them. */
static inline void fill(void *block, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++)
        ((unsigned char *)block)[i] = (unsigned char)(i * 7 + i / 251 + seed);
}

static inline bool filled(const void *block, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++)
        if (((const unsigned char *)block)[i] != (unsigned char)(i * 7 + i / 251 + seed))
            return false;
    return true;
}

static inline struct tagpool_block query(const void *address)
{
    struct tagpool_block block;
    same(tagpool_query(address, &block), TAGPOOL_OK);
    return block;
}

static inline struct tagpool_stats stats_of(uint32_t tag, enum tagpool_pool pool)
{
    struct tagpool_stats stats;
    same(tagpool_tag_stats(tag, pool, &stats), TAGPOOL_OK);
    return stats;
}

/* ---- Children -------------------------------------------------------------------------------------------------- */

/* How a child ended and what it wrote to standard error. */
struct child {
    int status;
    size_t length;
    char text[1 << 16];
};

static inline bool child_aborted(const struct child *child)
{
    return WIFSIGNALED(child->status) && WTERMSIG(child->status) == SIGABRT;
}

static inline bool child_exited(const struct child *child, int status)
{
    return WIFEXITED(child->status) && WEXITSTATUS(child->status) == status;
}

/* Runs `body` in a child process that then calls exit(0). A program whose parent never calls the library gives every child
 * a library that was never started. */
static inline void child_run(struct child *child, void (*body)(void))
{
    int ends[2];
    ssize_t got;

    same(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    check(pid >= 0);
    if (pid == 0) {
        /* cmocka catches these and would go on with the parent's tests. */
        static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
        for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
            signal(deadly[i], SIG_DFL);
        in_child = true;
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        body();
        exit(0);
    }
    close(ends[1]);
    child->length = 0;
    while ((got = read(ends[0], child->text + child->length, sizeof child->text - 1 - child->length)) > 0)
        child->length += (size_t)got;
    child->text[child->length] = 0;
    close(ends[0]);
    same(waitpid(pid, &child->status, 0), pid);
    if (child_exited(child, CHILD_FAILED))
        fputs(child->text, stderr);
    check(!child_exited(child, CHILD_FAILED));
}

/* The body of a test that wants a fresh library. */
struct body {
    void (*run)(void);
};

/* Ends a test that cannot run here. */
static inline void skip_because(const char *reason)
{
    fprintf(stderr, "skipped: %s\n", reason);
    if (in_child)
        _exit(CHILD_SKIPPED);
    skip();
}

static void (*fresh_body)(void);

static inline void fresh_run(void)
{
    begin(NULL);
    fresh_body();
    end(NULL);
}

/* Runs a test in a child with a fresh library, between begin() and end(). */
static inline void fresh(void **state)
{
    static struct child child;
    fresh_body = ((const struct body *)*state)->run;
    child_run(&child, fresh_run);
    if (!child_exited(&child, 0))
        fputs(child.text, stderr);
    if (child_exited(&child, CHILD_SKIPPED))
        skip();
    check(child_exited(&child, 0));
}

#define fresh_test(name) \
    { \
#name, fresh, NULL, NULL, &(struct body) \
        { \
            name \
        } \
    }

#endif
