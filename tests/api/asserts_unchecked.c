/* SPDX-License-Identifier: MIT
 *
 * asserts_unchecked.c: tests of tagpool/test.h: what could not be checked says so, and never passes as clean. Each in a library
 * of its own, most with too little memory. */
#include "asserts.h"

#include "tagpool/config.h"

#include <sys/mman.h>

/* A mark that is none of this process; no mark and no test. */
static void marks_of_nobody(void)
{
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(UINT64_MAX);
    check(failed("not checked: it is no mark of this process"));
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(1);
    check(failed("not checked: it is no mark of this process"));
    TAGPOOL_ASSERT_NO_LEAKS();
    check(failed("not checked: no test is open in this thread"));
}

/* A number from before blocks were tracked. */
static void mark_from_before_tracking(void)
{
    same(tagpool_start("hit=Othr"), 0); /* numbers operations, and tracks nothing */
    tagpool_hit_handler_set(NULL, NULL);
    void *blocks[3] = {take(TAG1, 1), take(TAG1, 1), take(TAG1, 1)};
    begin_test("late");
    TAGPOOL_ASSERT_NO_LEAKS_SINCE(1);
    check(failed("not checked: the mark is from before blocks were tracked"));
    same(tagpool_test_verdict("*", 1), TAGPOOL_NOT_CHECKED);
    check(tagpool_test_end(false) == NULL);
    for (int i = 0; i < 3; i++)
        tagpool_free(blocks[i]);
}

/* ---- no memory ---- */

/* No memory for anything new; what the program has stays usable. */
static void no_more_memory(void)
{
    if (INSTRUMENTED)
        skip_because("a sanitizer needs memory of its own");
    check(setrlimit(RLIMIT_AS, &(struct rlimit){1 << 20, RLIM_INFINITY}) == 0);
    check(mmap(NULL, 1 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void memory_again(void)
{
    check(setrlimit(RLIMIT_AS, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}) == 0);
}

/* The library cannot start: there are no pools, and no test. */
static void library_cannot_start(void)
{
    no_more_memory();
    same(tagpool_mark(), 0);
    begin_test("no library");
    TAGPOOL_ASSERT_NO_LEAKS();
    check(failures == 1 && (strstr(failure, "not checked") != NULL || strstr(failure, "no memory") != NULL));
    forget_failure();
    TAGPOOL_NO_ALLOC {
        fail();
    }
    check(failures == 1);
    forget_failure();
    check(tagpool_test_end(false) != NULL);
    TAGPOOL_ASSERT_OUTSTANDING(TAG1, 0, 0);
    check(failures == 1);
    forget_failure();
    same(tagpool_test_verdict("*", 0), TAGPOOL_NOT_CHECKED);
    memory_again();
}

/* No memory for the test's counts. */
static void no_memory_for_a_test(void)
{
    tagpool_free(take(TAG1, 1));
    begin_test("first");
    TAGPOOL_ASSERT_NO_LEAKS_OF("?????"); /* takes the memory for messages */
    check(failed("not checked"));
    no_more_memory();
    TAGPOOL_STEADY(0, 1) {
        fail();
    }
    check(failed("not checked: there was no memory for the counts"));
    check(tagpool_test_end(false) == NULL);
    memory_again();
}

/* Blocks of which no record could be kept may be leaks; after a later mark all is well again. */
static void no_memory_for_records(void)
{
    enum { MOST = 200000 };
    static void *blocks[MOST];
    size_t count = 0;
    for (size_t i = 0; i < MOST; i++) /* the pool has memory for what comes */
        blocks[i] = take(TAG1, 16);
    for (size_t i = 0; i < MOST; i++)
        tagpool_free(blocks[i]);
    begin_test("records");
    TAGPOOL_ASSERT_NO_LEAKS_OF("?????");
    check(failed("not checked"));
    no_more_memory();
    while (count < MOST && (blocks[count] = take(TAG1, 16)) != NULL)
        count++;
    check(count > 1000);
    for (size_t i = 0; i < count; i++)
        tagpool_free(blocks[i]);
    memory_again();
    TAGPOOL_ASSERT_NO_LEAKS();
    check(failed("not checked: there was no memory to track all blocks"));
    TAGPOOL_ASSERT_PEAK_AT_MOST(TAG1, UINT64_MAX);
    check(failed("not checked: there was no memory to track all blocks"));
    TAGPOOL_ASSERT_LEFT("*", 0, 0);
    check(failed("not checked: there was no memory to track all blocks"));
    same(tagpool_test_verdict("*", 0), TAGPOOL_NOT_CHECKED);
    check(begins(tagpool_test_end(false), "not checked: there was no memory to track all blocks"));
    begin_test("later");
    check(tagpool_test_end(false) == NULL);
}

/* A message without memory for it still is one. */
static void no_memory_for_a_message(void)
{
    begin_test("message");
    void *block = take(TAG1, 1);
    no_more_memory();
    check(begins(tagpool_test_end(false), "a check failed, and there is no memory to say which"));
    memory_again();
    tagpool_free(block);
}

/* A leak of which no list can be made is a leak, with its numbers. */
static void no_memory_for_a_list(void)
{
    begin_test("list");
    TAGPOOL_ASSERT_NO_LEAKS_OF("?????");
    check(failed("not checked"));
    void *block = take(TAG1, 1);
    no_more_memory();
    const char *answer = tagpool_test_end(false);
    check(begins(answer, "leak: 1 block, 1 byte not freed in test list\n"));
    check(strstr(answer, "tagpool:   1 block not listed") != NULL);
    memory_again();
    tagpool_free(block);
}

/* With a full table of tags, nobody can say what is a tag's. */
static void full_table_of_tags(void)
{
    char name[5];
    uint32_t tag = 0;
    for (uint32_t i = 0; i < TAGPOOL_TAGS + 10u; i++) {
        snprintf(name, sizeof name, "%c%c%c%c", 'A' + (int)(i >> 15 & 31), '@' + (int)(i >> 10 & 31), '@' + (int)(i >> 5 & 31),
                 '@' + (int)(i & 31));
        same(tagpool_tag_from_text(name, &tag), 0);
        tagpool_free(take(tag, 1));
    }
    output_clear();
    begin_test("full");
    TAGPOOL_ASSERT_NO_LEAKS_OF("Buf1");
    check(failed("not checked: the table of tags is full"));
    TAGPOOL_ASSERT_OUTSTANDING(tag, 0, 0);
    check(failed("not checked: the table of tags is full, and the tag has no row"));
    TAGPOOL_ASSERT_ALLOCS_AT_MOST(tag, 0);
    check(failed("not checked: the table of tags is full, and the tag has no row"));
    TAGPOOL_EACH_FAILURE("Buf1") {
        fail();
    }
    check(failed("not checked: the table of tags is full"));
    void *block = take(tag, 10);
    TAGPOOL_ASSERT_NO_LEAKS();
    check(failed("leak: 1 block, 10 bytes not freed"));
    tagpool_free(block);
    check(tagpool_test_end(false) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(marks_of_nobody),       fresh_test(mark_from_before_tracking), fresh_test(library_cannot_start),
        fresh_test(no_memory_for_a_test),  fresh_test(no_memory_for_records),     fresh_test(no_memory_for_a_message),
        fresh_test(no_memory_for_a_list),  fresh_test(full_table_of_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
