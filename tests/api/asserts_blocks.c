/* SPDX-License-Identifier: MIT
 *
 * asserts_blocks.c: tests of tagpool/test.h: blocks of code that are checked. */
#include "asserts.h"

#include <pthread.h>

static void *take_in_thread(void *context)
{
    (void)context;
    return take(TAG1, 40);
}

/* ---- no allocation ---- */

/* "This thread asks for no block in the body": others may; and one may free. "The message names the first." */
static void no_allocation(void **state)
{
    pthread_t thread;
    void *block = NULL, *mine = take(TAG1, 1);
    (void)state;
    TAGPOOL_NO_ALLOC {
        check(pthread_create(&thread, NULL, take_in_thread, NULL) == 0 && pthread_join(thread, &block) == 0);
        tagpool_free(block);
        tagpool_free(mine);
    }
    check(held());
    TAGPOOL_NO_ALLOC {
        tagpool_free(take(TAG1, 3));
        tagpool_free(take(TAG2, 1));
    }
    check(strstr(failure, "\ntagpool:     asserts_blocks+0x") != NULL);
    check(failed("2 allocations where none is allowed; the first: tag Buf1, paged, 3 bytes, at asserts_blocks+0x"));
    unsigned line = __LINE__ + 2;
    TAGPOOL_NO_ALLOC {
        tagpool_free(TAGPOOL_ALLOC(TAGPOOL_NONPAGED, 5, TAG1));
    }
    char expected[200];
    snprintf(expected, sizeof expected, "1 allocation where none is allowed; the first: tag Buf1, nonpaged, 5 bytes, at %s:%u",
             __FILE__, line);
    check(failed(expected));
}

/* One that fails, and a reallocation that moves, are asked for too. */
static void no_allocation_in_vain(void **state)
{
    (void)state;
    void *block = take(TAG1, 10);
    TAGPOOL_NO_ALLOC {
        check(take(TAG1, PTRDIFF_MAX / 4) == NULL);
    }
    check(failed("1 allocation where none is allowed"));
    TAGPOOL_NO_ALLOC {
        block = tagpool_realloc(block, 4000);
    }
    check(failed("1 allocation where none is allowed"));
    tagpool_free(block);
}

/* Nested: each has its own first. */
static void no_allocation_within_another(void **state)
{
    (void)state;
    TAGPOOL_NO_ALLOC {
        tagpool_free(take(TAG1, 1));
        TAGPOOL_NO_ALLOC {
            tagpool_free(take(TAG2, 2));
        }
        check(failed("1 allocation where none is allowed; the first: tag Buf2, paged, 2 bytes"));
    }
    check(failed("2 allocations where none is allowed; the first: tag Buf1, paged, 1 byte,"));
    TAGPOOL_NO_ALLOC {
        TAGPOOL_NO_ALLOC {
        }
        check(held());
        tagpool_free(take(TAG2, 2));
    }
    check(failed("1 allocation where none is allowed; the first: tag Buf2, paged, 2 bytes"));
}

/* ---- no leak ---- */

/* "The body leaves no block of the scope." */
static void leak_scope(void **state)
{
    void *a = NULL, *b = NULL;
    (void)state;
    TAGPOOL_LEAK_SCOPE("Buf1") {
        b = take(TAG2, 20);
        TAGPOOL_LEAK_SCOPE("*") {
            tagpool_free(take(TAG1, 1));
        }
        check(held());
    }
    check(held());
    TAGPOOL_LEAK_SCOPE("Buf1") {
        a = take(TAG1, 10);
    }
    check(failed("leak: 1 block, 10 bytes of Buf1 not freed"));
    tagpool_free(a);
    tagpool_free(b);
}

/* "They nest": what the inner one left, the outer one has left too. In a test the message says in which. */
static void leak_scopes_nest(void **state)
{
    void *a = NULL, *b = NULL;
    (void)state;
    begin_test("nested");
    TAGPOOL_LEAK_SCOPE("*") {
        a = take(TAG1, 10);
        TAGPOOL_LEAK_SCOPE("*") {
            b = take(TAG1, 20);
        }
        check(failed("leak: 1 block, 20 bytes not freed in test nested"));
    }
    check(failed("leak: 2 blocks, 30 bytes not freed in test nested"));
    tagpool_free(a);
    tagpool_free(b);
    check(tagpool_test_end(false) == NULL);
}

/* "... up to 8 deep." */
static void nest(unsigned deep)
{
    TAGPOOL_LEAK_SCOPE("*") {
        if (deep > 1)
            nest(deep - 1);
    }
}

static void eight_deep(void **state)
{
    (void)state;
    begin_test("deep");
    nest(8);
    check(held());
    nest(9);
    check(failed("not checked: blocks of code nest 8 deep at most"));
    nest(8);
    check(held() && tagpool_test_end(false) == NULL);
}

/* ---- left ---- */

static void return_from_block(void)
{
    TAGPOOL_LEAK_SCOPE("*") {
        return;
    }
}

/* "One that is left by break, return or a jump was not checked, and the one around it, or the test's end, says so." */
static void blocks_that_are_left(void **state)
{
    char expected[200];
    jmp_buf jump;
    (void)state;
    begin_test("break");
    unsigned line = __LINE__ + 1;
    TAGPOOL_NO_ALLOC {
        break;
    }
    snprintf(expected, sizeof expected, "not checked: TAGPOOL_NO_ALLOC at %s:%u was left before its end", __FILE__, line);
    check(begins(tagpool_test_end(false), expected));
    begin_test("return");
    return_from_block();
    check(begins(tagpool_test_end(false), "not checked: TAGPOOL_LEAK_SCOPE at"));
    begin_test("jump");
    if (setjmp(jump) == 0)
        TAGPOOL_STEADY(0, 2) {
            longjmp(jump, 1);
        }
    check(begins(tagpool_test_end(false), "not checked: TAGPOOL_STEADY at"));
    TAGPOOL_LEAK_SCOPE("*") {
        return_from_block();
    }
    check(failed("not checked: TAGPOOL_LEAK_SCOPE at"));
    begin_test("good again");
    check(tagpool_test_end(false) == NULL && held());
}

/* A block whose test was left is not the next test's either. */
static void blocks_of_a_test_that_is_left(void **state)
{
    static jmp_buf jump;
    (void)state;
    if (setjmp(jump) == 0) {
        begin_test("left");
        TAGPOOL_STEADY(0, 2) {
            longjmp(jump, 1);
        }
    }
    begin_test("next");
    check(tagpool_test_end(false) == NULL);
}

/* ---- steady state ---- */

/* "The body runs `warmup` times, then `rounds` times: after these the test has no more blocks or bytes of any tag outstanding
 * than before. The message names each tag that grew, by how much, and the blocks." */
static void steady(void **state)
{
    static void *kept[40];
    unsigned runs = 0;
    (void)state;
    begin_test("steady");
    TAGPOOL_STEADY(2, 5) {
        if (runs++ < 2)
            kept[runs] = take(TAG1, 10); /* what is set up at first */
        tagpool_free(take(TAG2, 10));
    }
    check(runs == 7 && held());
    TAGPOOL_STEADY(2, 3) {
        kept[runs++] = take(TAG1, 10);
        kept[runs++] = take(OTHER, 20);
    }
    check(runs == 17);
    check(strstr(failure, "not steady: more is outstanding after 3 rounds\n") == failure);
    check(strstr(failure, "tagpool:   Buf1  +3 blocks, +30 bytes\n") != NULL);
    check(strstr(failure, "tagpool:   Othr  +3 blocks, +60 bytes\n") != NULL && strstr(failure, "Buf2") == NULL);
    check(strstr(failure, "tagpool:   Buf1 Paged      3         30  asserts_blocks+0x") != NULL);
    check(failed("3rd, 4th and 5th of 5 allocations made here"));
    for (unsigned i = 0; i < 40; i++)
        if (kept[i] != NULL)
            tagpool_free(kept[i]);
    check(tagpool_test_end(false) == NULL);
}

/* A block that each round replaces is steady, also if the first one is from before the test; one that becomes larger is not. */
static void replaced_blocks(void **state)
{
    size_t bytes = 10;
    (void)state;
    void *cached = take(TAG1, 10);
    begin_test("replaced");
    TAGPOOL_STEADY(0, 3) {
        tagpool_free(cached);
        cached = take(TAG1, 10);
    }
    check(held());
    TAGPOOL_STEADY(1, 3) {
        tagpool_free(cached);
        cached = take(TAG1, bytes += 10);
    }
    check(strstr(failure, "tagpool:   Buf1  +0 blocks, +30 bytes\n") != NULL);
    check(failed("not steady"));
    tagpool_free(cached);
    check(tagpool_test_end(false) == NULL);
}

/* However many tags there are. */
static void many_tags_grow(void **state)
{
    void *kept[40];
    (void)state;
    begin_test("many");
    TAGPOOL_STEADY(0, 1) {
        for (unsigned i = 0; i < 40; i++)
            kept[i] = take(TAGPOOL_TAG('G', 'r', '0' + i / 10, '0' + i % 10), 10);
    }
    check(strstr(failure, "tagpool:   Gr39  +1 block, +10 bytes\n") != NULL);
    check(failed("not steady: more is outstanding after 1 round\n"));
    for (unsigned i = 0; i < 40; i++)
        tagpool_free(kept[i]);
    check(tagpool_test_end(false) == NULL);
}

/* "In a test only." */
static void steady_without_a_test(void **state)
{
    (void)state;
    TAGPOOL_STEADY(0, 1) {
        fail();
    }
    check(failed("not checked: no test is open in this thread"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        assert_test(no_allocation),
        assert_test(no_allocation_in_vain),
        assert_test(no_allocation_within_another),
        assert_test(leak_scope),
        assert_test(leak_scopes_nest),
        assert_test(eight_deep),
        assert_test(blocks_that_are_left),
        assert_test(blocks_of_a_test_that_is_left),
        assert_test(steady),
        assert_test(replaced_blocks),
        assert_test(many_tags_grow),
        assert_test(steady_without_a_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
