/* SPDX-License-Identifier: MIT
 *
 * asserts_scopes.c: tests of scopes in tagpool/test.h: tags, drivers, threads; and of what a tag may have in a test. */
#include "asserts.h"

#include <pthread.h>

/* ---- tags ---- */

/* "Masks of tags, as options take them": `?` is any character, `*` any number of them; a shorter one is padded with blanks. */
static void masks(void **state)
{
    static const char *const others[] = {"Buf2", "B?", "O*", "buf1", "Buf2 Othr", "thread=1"};
    static const char *const matching[] = {"Buf1", "Buf?", "B*", "*", "?uf*", " Buf1  ", "Othr Buf1", "Buf1 Othr D*", "Buf2 *"};
    (void)state;
    begin_test("masks");
    void *block = take(TAG1, 10);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        TAGPOOL_ASSERT_NO_LEAKS_OF(others[i]);
        check(held());
    }
    for (size_t i = 0; i < sizeof matching / sizeof *matching; i++) {
        TAGPOOL_ASSERT_NO_LEAKS_OF(matching[i]);
        check(failed("leak: 1 block"));
    }
    TAGPOOL_ASSERT_NO_LEAKS_OF("Buf1 D*");
    check(failed("leak: 1 block, 10 bytes of Buf1 D* not freed in test masks"));
    tagpool_free(block);
    block = take(TAGPOOL_TAG('I', 'o', ' ', ' '), 10);
    TAGPOOL_ASSERT_NO_LEAKS_OF("Io");
    check(failed("leak: 1 block"));
    tagpool_free(block);
    check(tagpool_test_end(false) == NULL);
}

/* "What is no scope ... fails the assertion": wherever a scope is asked for. */
static void no_scopes(void **state)
{
    static const char *const wrong[] = {"", " ", "Buf12", NULL, "Buf1 Buf12", "thread=", "thread=me", "thread=0", "Bu\001",
                                        "*?????", "a b c d e f g h i j k l m n o p q"};
    (void)state;
    begin_test("no scopes");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        TAGPOOL_ASSERT_NO_LEAKS_OF(wrong[i]);
        check(failed("is no scope; expected up to 16 masks of tags"));
        TAGPOOL_ASSERT_LEFT(wrong[i], 0, 0);
        check(failed("not checked: \""));
        TAGPOOL_EXPECT_LEAKS(wrong[i], 0);
        check(failed("not checked: \""));
        same(tagpool_test_verdict(wrong[i], 0), TAGPOOL_NOT_CHECKED);
        TAGPOOL_LEAK_SCOPE(wrong[i]) {
        }
        check(failed("not checked: \""));
        TAGPOOL_EACH_FAILURE(wrong[i]) {
            fail();
        }
        check(failed("not checked: \""));
    }
    check(tagpool_test_end(false) == NULL);
}

/* ---- drivers ---- */

static void *take_for(struct tagpool_driver *driver, uint32_t tag, size_t bytes)
{
    tagpool_driver_enter(driver);
    void *block = take(tag, bytes);
    tagpool_driver_enter(NULL);
    return block;
}

/* "`driver=NAME`, those of that driver", "and a driver that was never loaded, fails the assertion." */
static void drivers(void **state)
{
    (void)state;
    struct tagpool_driver *disk = tagpool_driver_load("disk.sys"), *net = tagpool_driver_load("net.sys");
    begin_test("drivers");
    void *a = take_for(disk, TAG1, 10), *b = take_for(net, TAG2, 20);
    TAGPOOL_ASSERT_LEFT("driver=disk.sys", 1, 10);
    TAGPOOL_ASSERT_LEFT("driver=net.sys", 1, 20);
    TAGPOOL_ASSERT_LEFT("Buf2 driver=disk.sys", 0, 0);
    TAGPOOL_ASSERT_LEFT("*", 2, 30);
    check(held());
    TAGPOOL_ASSERT_NO_LEAKS_OF("driver=net.sys Buf?");
    check(strstr(failure, ", driver net.sys") != NULL && strstr(failure, "disk.sys") == NULL);
    check(failed("leak: 1 block, 20 bytes of driver=net.sys Buf? not freed"));
    TAGPOOL_ASSERT_NO_LEAKS_OF("driver=disk");
    check(failed("not checked: \"disk\" is no driver that was ever loaded"));
    void *c = NULL;
    TAGPOOL_LEAK_SCOPE("driver=net.sys") {
        c = take_for(disk, TAG1, 30);
    }
    check(held());
    TAGPOOL_EXPECT_LEAKS("driver=disk.sys", 2);
    TAGPOOL_EXPECT_LEAKS("driver=net.sys", 1);
    check(tagpool_test_end(false) == NULL && held());
    tagpool_free(a);
    tagpool_free(b);
    tagpool_free(c);
    same(tagpool_driver_unload(disk), TAGPOOL_CLEAN);
    same(tagpool_driver_unload(net), TAGPOOL_CLEAN);
}

/* The failure loop counts the allocations of its scope only: those of one driver. */
static void failures_of_a_driver(void **state)
{
    unsigned runs = 0, failures_of_disk = 0;
    (void)state;
    struct tagpool_driver *disk = tagpool_driver_load("disk.sys");
    TAGPOOL_EACH_FAILURE("driver=disk.sys") {
        void *a = take(TAG1, 10), *b = take_for(disk, TAG1, 10);
        check(a != NULL);
        runs++;
        failures_of_disk += b == NULL;
        tagpool_free(a);
        give(b);
    }
    check(held() && runs == 3 && failures_of_disk == 1);
    same(tagpool_driver_unload(disk), TAGPOOL_CLEAN);
}

/* ---- threads ---- */

static void *take_in_thread(void *tag)
{
    return take(*(uint32_t *)tag, 40);
}

static void *take_elsewhere(uint32_t tag)
{
    pthread_t thread;
    void *block = NULL;
    check(pthread_create(&thread, NULL, take_in_thread, &tag) == 0 && pthread_join(thread, &block) == 0);
    return block;
}

/* "`thread=self` or `thread=NUMBER`, those that this thread allocated." */
static void threads(void **state)
{
    char scope[60];
    struct tagpool_operation origin;
    (void)state;
    begin_test("threads");
    void *mine = take(TAG1, 10), *another = take_elsewhere(TAG1);
    TAGPOOL_ASSERT_LEFT("thread=self", 1, 10);
    TAGPOOL_ASSERT_LEFT("*", 2, 50);
    check(held());
    same(tagpool_origin(another, &origin, NULL), 0);
    snprintf(scope, sizeof scope, "Buf1 thread=%ju", (uintmax_t)origin.thread);
    TAGPOOL_ASSERT_LEFT(scope, 1, 40);
    check(held());
    tagpool_free(mine);
    TAGPOOL_ASSERT_NO_LEAKS_OF("thread=self");
    check(held());
    TAGPOOL_ASSERT_NO_LEAKS_OF(scope);
    check(failed("leak: 1 block, 40 bytes of Buf1 thread="));
    tagpool_free(another);
    check(tagpool_test_end(false) == NULL);
}

/* ---- budgets ---- */

/* "Exactly so many blocks and requested bytes are left of those of a scope that were allocated since the test began." */
static void exactly_left(void **state)
{
    (void)state;
    void *before = take(TAG1, 10);
    begin_test("left");
    void *a = take(TAG1, 100), *b = tagpool_alloc(TAGPOOL_NONPAGED, 28, TAG1);
    TAGPOOL_ASSERT_LEFT("Buf1", 2, 128);
    check(held());
    TAGPOOL_ASSERT_LEFT("Buf1", 2, 127);
    check(failed("expected 2 blocks of 127 bytes of Buf1 left, found 2 blocks of 128 bytes\n"));
    TAGPOOL_ASSERT_LEFT("*", 1, 128);
    check(failed("expected 1 block of 128 bytes left, found 2 blocks of 128 bytes\n"));
    tagpool_free(a);
    tagpool_free(b);
    TAGPOOL_ASSERT_LEFT("Buf1", 0, 0);
    check(held() && tagpool_test_end(false) == NULL);
    tagpool_free(before);
    TAGPOOL_ASSERT_LEFT("Buf1", 0, 0);
    check(failed("not checked: no test is open in this thread"));
}

/* "Exactly so many blocks and requested bytes of the tag are outstanding, in both pools together, whoever allocated them, and
 * when." */
static void outstanding(void **state)
{
    uint32_t tag = fresh_tag();
    char expected[200], name[5];
    (void)state;
    TAGPOOL_ASSERT_OUTSTANDING(tag, 0, 0);
    void *a = take(tag, 100), *b = tagpool_alloc(TAGPOOL_NONPAGED, 28, tag);
    TAGPOOL_ASSERT_OUTSTANDING(tag, 2, 128);
    check(held());
    TAGPOOL_ASSERT_OUTSTANDING(tag, 1, 100);
    snprintf(expected, sizeof expected, "tag %s: expected 1 block of 100 bytes outstanding, found 2 blocks of 128 bytes",
             tagpool_tag_text(tag, name));
    check(failed(expected));
    tagpool_free(a);
    tagpool_free(b);
}

/* "Of the blocks that the test has allocated under the tag, in both pools, never more than so many requested bytes were
 * outstanding at once": not what was before, whoever frees it. */
static void peak(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    void *before = take(tag, 5000);
    begin_test("peak");
    TAGPOOL_ASSERT_PEAK_AT_MOST(tag, 0);
    tagpool_free(before);
    void *a = take(tag, 100), *b = tagpool_alloc(TAGPOOL_NONPAGED, 50, tag);
    tagpool_free(a);
    void *c = take(tag, 40);
    tagpool_free(b);
    tagpool_free(c);
    TAGPOOL_ASSERT_PEAK_AT_MOST(tag, 150);
    check(held());
    TAGPOOL_ASSERT_PEAK_AT_MOST(tag, 149);
    check(failed(": expected a peak of at most 149 bytes, found 150"));
    check(tagpool_test_end(false) == NULL);
    begin_test("another peak");
    tagpool_free(take(tag, 10));
    TAGPOOL_ASSERT_PEAK_AT_MOST(tag, 10);
    check(held() && tagpool_test_end(false) == NULL);
    TAGPOOL_ASSERT_PEAK_AT_MOST(tag, 10);
    check(failed("not checked: no test is open in this thread"));
}

/* "Since it began the test has made at most so many allocations of the tag": by its threads. */
static void allocations(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_free(take(tag, 1));
    begin_test("allocations");
    TAGPOOL_ASSERT_ALLOCS_AT_MOST(tag, 0);
    for (int i = 0; i < 2; i++)
        tagpool_free(take(tag, 1));
    tagpool_free(take_elsewhere(tag));
    TAGPOOL_ASSERT_ALLOCS_AT_MOST(tag, 3);
    check(held());
    TAGPOOL_ASSERT_ALLOCS_AT_MOST(tag, 2);
    check(failed(": expected at most 2 allocations, found 3"));
    check(tagpool_test_end(false) == NULL);
    TAGPOOL_ASSERT_ALLOCS_AT_MOST(tag, 2);
    check(failed("not checked: no test is open in this thread"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        assert_test(masks),     assert_test(no_scopes), assert_test(drivers),     assert_test(failures_of_a_driver),
        assert_test(threads),   assert_test(exactly_left), assert_test(outstanding), assert_test(peak),
        assert_test(allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
