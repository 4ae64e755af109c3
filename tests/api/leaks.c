/* SPDX-License-Identifier: MIT
 *
 * leaks.c: tests of lists of tracked blocks that are left: what they tell of each, and that the options they print stop the next
 * run at the allocation. The runs are this program again, under another name, which leaks as its first argument says. */
#include "test.h"

#include "tagpool/verifier.h"

#include <pthread.h>

/* LeakSanitizer knows the library's blocks, and these tests are about such as are left. */
const char *__lsan_default_options(void);
const char *__lsan_default_options(void)
{
    return "detect_leaks=0";
}

#define BUF1 TAGPOOL_TAG('B', 'u', 'f', '1')
#define ODD TAGPOOL_TAG('a', ',', '*', ' ')

/* ---- the programs that leak ---- */

/* The same call from the same caller, for all threads. */
static __attribute__((noinline)) void *take(size_t bytes, uint32_t tag)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, bytes, tag);
    __asm__ volatile("" ::: "memory"); /* no jump instead of the call */
    return block;
}

/* Five at one place, of which the second and the fifth stay. */
static void two_of_five(uint32_t tag)
{
    tagpool_free(tagpool_alloc(TAGPOOL_NONPAGED, 7, tag)); /* another call site of the tag */
    for (size_t i = 1; i <= 5; i++) {
        void *block = take(100 * i, tag);
        if (i != 2 && i != 5)
            tagpool_free(block);
    }
}

static void *noise(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++)
        tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 10, BUF1));
    return NULL;
}

/* The same while other threads allocate under the tag: its numbers are others in each run, those of the call site are not. */
static void among_threads(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        same(pthread_create(&threads[i], NULL, noise, NULL), 0);
    two_of_five(BUF1);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

static void by_driver(void)
{
    struct tagpool_driver *driver = tagpool_driver_load("left.sys");
    (void)tagpool_driver_enter(driver);
    (void)TAGPOOL_ALLOC(TAGPOOL_PAGED, 100, BUF1);
    (void)tagpool_driver_enter(NULL);
    tagpool_bugcheck_handler_set(catch_bugcheck, NULL);
    (void)tagpool_driver_unload(driver);
}

/* Tracking begins in the middle: the number of the tag counts from the start all the same. */
static void late(void)
{
    for (int i = 0; i < 3; i++)
        tagpool_free(take(10, BUF1));
    (void)take(20, BUF1);
    (void)tagpool_start("track=Buf1");
    (void)take(30, BUF1);
}

static int leak(const char *how)
{
    in_child = true;
    if (strcmp(how, "two") == 0)
        two_of_five(BUF1);
    else if (strcmp(how, "odd") == 0)
        two_of_five(ODD);
    else if (strcmp(how, "threads") == 0)
        among_threads();
    else if (strcmp(how, "driver") == 0)
        by_driver();
    else
        late();
    tagpool_verdict();
    return 0;
}

/* ---- running them ---- */

static const char *how, *options;
static struct child run;

static void leaking_body(void)
{
    if (options[0] != 0)
        setenv("TAGPOOL_OPTIONS", options, 1);
    execl("/proc/self/exe", "leaks", how, (char *)NULL);
    _exit(CHILD_FAILED);
}

static void leaking_run(const char *how_now, const char *options_now)
{
    how = how_now;
    options = options_now;
    child_run(&run, leaking_body);
    check(child_exited(&run, 0));
}

static bool told(const char *text)
{
    bool is_told = strstr(run.text, text) != NULL;
    if (!is_told)
        fprintf(stderr, "expected \"%s\" in\n%s", text, run.text);
    return is_told;
}

/* The options that the run has printed behind `words`. */
static const char *printed_options(const char *words)
{
    static char text[300];
    check(told(words));
    const char *start = strchr(strstr(run.text, words), '\'') + 1;
    size_t length = strcspn(start, "'\n");
    check(start[length] == '\'' && length < sizeof text);
    memcpy(text, start, length);
    text[length] = 0;
    return text;
}

static unsigned times_told(const char *text)
{
    unsigned times = 0;
    for (const char *at = run.text; (at = strstr(at, text)) != NULL; at++)
        times++;
    return times;
}

/* Which allocations of which tag are left, with module and offset of their stack, and of each block what is known. */
static void by_call_site(void **state)
{
    (void)state;
    leaking_run("two", "track=Buf1");
    check(told("2nd and 5th of 5 allocations made here, tag Buf1:\ntagpool:     leaks+0x"));
    check(told("Buf1 Paged  200 bytes, number 3 of the tag, 2 of its call site, thread "));
    check(told("Buf1 Paged  500 bytes, number 6 of the tag, 5 of its call site, thread "));
    check(told("to stop there: TAGPOOL_OPTIONS='track=Buf1 hit=Buf1 hit_nth=3'\n"));
    check(told("verdict: leak: 2 blocks, 700 bytes"));
}

/* "prints exactly the setting that stops at the leaking allocation in the next run" */
static void the_next_run_stops(void **state)
{
    (void)state;
    leaking_run("two", "track=Buf1");
    leaking_run("two", printed_options("to stop there"));
    check(told("tagpool: hit 1: allocation of 0x") && told(", 200 bytes, number 3 of the tag, 2 of its call site\n"));
    same(times_told("tagpool: hit "), 1);
    leaking_run("two", printed_options("or, counted at the call site"));
    check(told("tagpool: hit 1: allocation of 0x") && told(", 200 bytes, number 3 of the tag, 2 of its call site\n"));
    same(times_told("tagpool: hit "), 1);
}

/* The same whatever the tag's characters, and however many frames are kept. */
static void odd_tags_and_short_stacks(void **state)
{
    (void)state;
    leaking_run("odd", "track=* stack_frames=2");
    check(told("TAGPOOL_OPTIONS='track=a?? hit=a?? hit_nth=3'"));
    leaking_run("odd", printed_options("or, counted at the call site"));
    check(strstr(options, "stack_frames=2") != NULL);
    same(times_told("tagpool: hit "), 1);
    check(told(", 200 bytes, number 3 of the tag, 2 of its call site\n"));
}

/* "at the k-th from this site", stable under threads. */
static void stable_under_threads(void **state)
{
    (void)state;
    leaking_run("threads", "track=Buf1");
    check(told("2nd and 5th of 5 allocations made here"));
    for (int i = 0; i < 5; i++) {
        leaking_run("threads", printed_options("or, counted at the call site"));
        same(times_told("tagpool: hit "), 1);
        check(told(", 200 bytes, number ") && told(", 2 of its call site\n"));
    }
}

/* "they are listed through the sink, with where each was allocated": in the same way, with driver, file and line. */
static void of_a_driver(void **state)
{
    (void)state;
    leaking_run("driver", "");
    check(told("1st of 1 allocation made here, tag Buf1:"));
    check(told("number 1 of the tag, 1 of its call site, thread ") && told(", driver left.sys, ") && told("leaks.c:"));
    same(times_told("to stop there"), 2); /* in the unload report, and in the verdict */
    leaking_run("driver", printed_options("to stop there"));
    same(times_told("tagpool: hit "), 1);
}

/* Blocks from before tracking are "(not tracked)"; the number of the tag holds in the next run all the same. */
static void from_before_tracking(void **state)
{
    (void)state;
    leaking_run("late", "");
    check(told("Buf1 Paged  20 bytes  (not tracked)\n") && told("Buf1 Paged  30 bytes, number 5 of the tag"));
    leaking_run("late", printed_options("to stop there"));
    same(times_told("tagpool: hit "), 1);
    check(told(", 30 bytes, number 5 of the tag"));
}

/* Without tracking, blocks are listed as they always were. */
static void without_tracking(void **state)
{
    (void)state;
    leaking_run("two", "");
    check(told("Buf1 Paged  200 bytes\n") && told("Buf1 Paged  500 bytes\n"));
    check(times_told("call site") == 0 && times_told("tracked") == 0 && times_told("to stop there") == 0);
}

/* Option leak_blocks says how many blocks are listed, in this form too. */
static void no_more_than_wanted(void **state)
{
    (void)state;
    leaking_run("two", "track=Buf1 leak_blocks=1");
    check(told("2nd and 5th of 5") && times_told("Buf1 Paged  500") == 0 && told("1 more block not listed"));
    leaking_run("two", "track=Buf1 leak_blocks=0");
    check(told("2 blocks not listed") && times_told("call site") == 0);
}

/* What is no call site is not understood. */
static void bad_sites(void **state)
{
    static const char *const bad[] = {"hit_site=", "hit_site=12", "hit_site=0x", "hit_site=0x0", "hit_site=0xg", "hit_site=0x1:",
                                      "hit_site=0x1:x", "hit_site=0x12345678123456781", "hit_site=0x1:99999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        output_clear();
        same(tagpool_start(bad[i]), TAGPOOL_EINVAL);
        check(printed("; expected hit_site=HASH"));
    }
    same(tagpool_start("hit_site=0x1234567812345678:3 hit_site=0xa hit_site=none"), 0);
}

int main(int count, char **arguments)
{
    if (count > 1)
        return leak(arguments[1]);
    const struct CMUnitTest tests[] = {
        test(by_call_site),        test(the_next_run_stops), test(odd_tags_and_short_stacks), test(stable_under_threads),
        test(of_a_driver),         test(from_before_tracking), test(without_tracking),        test(no_more_than_wanted),
        test(bad_sites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
