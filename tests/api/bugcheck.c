/* SPDX-License-Identifier: MIT
 *
 * bugcheck.c: tests of the handler and the sink: every field of every report, handlers that return and that jump, the default
 * that prints and aborts. */
#include "test.h"

#include <pthread.h>

#define TAG TAGPOOL_TAG('W', 'a', 'v', 'e')
#define OTHER TAGPOOL_TAG('S', 'u', 'r', 'f')

/* A block's report: code, name, sentence, and the block as it was allocated. */
static void check_block(const char *name, const void *block, size_t bytes, enum tagpool_pool pool, bool is_protected)
{
    assert_string_equal(caught.name, name);
    check(strlen(caught.sentence) > 10);
    check(caught.has_block && caught.block.address == block && caught.block.bytes == bytes && caught.block.tag == TAG &&
          caught.block.pool == pool && caught.block.charged >= bytes && caught.block.is_protected == is_protected);
}

/* "A mistake of the caller, in the terms of KeBugCheckEx": the parameters of each code, and the block. */
static void a_wrong_tag_has_every_field(void **state)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, 300, TAG);
    (void)state;
    tagpool_free_tag(block, OTHER);
    check(finding(0xC2, 0x0A));
    check_block("BAD_POOL_CALLER", block, 300, TAGPOOL_PAGED, false);
    check(caught.parameter[1] == (uintptr_t)block && caught.parameter[2] == TAG && caught.parameter[3] == OTHER);
}

/* "a finding; the call goes on after the handler returns": `stops` is false for findings only. */
static void a_protected_block_has_every_field(void **state)
{
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, 5000, TAG | TAGPOOL_PROTECTED);
    (void)state;
    tagpool_free(block);
    check(mistake(0xC2, 0x0A));
    check_block("BAD_POOL_CALLER", block, 5000, TAGPOOL_NONPAGED, true);
    same(caught.parameter[1], (uintptr_t)block);
    same(caught.parameter[2], TAG | TAGPOOL_PROTECTED);
    same(caught.parameter[3], 0);
    tagpool_free_tag(block, TAG | TAGPOOL_PROTECTED);
}

/* "the block concerned, perhaps already freed": its requested size is then not known any more. */
static void a_double_free_names_the_block(void **state)
{
    static const size_t sizes[] = {0, 1, 300, 4096, 1 << 20};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *block = tagpool_alloc(TAGPOOL_PAGED, sizes[i], TAG);
        tagpool_free(block);
        tagpool_free(block);
        check(mistake(0xC2, 0x07));
        check(caught.has_block && caught.block.address == block && caught.block.tag == TAG);
        check(caught.block.pool == TAGPOOL_PAGED && caught.block.charged >= sizes[i] && !caught.block.is_protected);
        same(caught.parameter[3], (uintptr_t)block);
    }
}

/* An interior pointer names the block around it. */
static void an_interior_pointer_names_the_block(void **state)
{
    char *nonpaged = tagpool_alloc(TAGPOOL_NONPAGED, 300, TAG), *paged = tagpool_alloc(TAGPOOL_PAGED, 30000, TAG);
    (void)state;
    tagpool_free(nonpaged + 77);
    check(mistake(0xC2, 0x99));
    check_block("BAD_POOL_CALLER", nonpaged, 300, TAGPOOL_NONPAGED, false);
    same(caught.parameter[1], (uintptr_t)nonpaged + 77);
    tagpool_free(paged + 29999);
    check(mistake(0xC2, 0x41286));
    check_block("BAD_POOL_CALLER", paged, 30000, TAGPOOL_PAGED, false);
    tagpool_free(nonpaged);
    tagpool_free(paged);
}

/* "`block` is filled in" only where there is a block. */
static void foreign_pointers_have_no_block(void **state)
{
    int local;
    (void)state;
    tagpool_free(&local);
    check(mistake(0xC2, 0x42));
    check(!caught.has_block && caught.parameter[1] == (uintptr_t)&local && caught.parameter[2] == 0 &&
          caught.parameter[3] == 0);
    assert_string_equal(caught.name, "BAD_POOL_CALLER");
    tagpool_free(NULL);
    check(mistake(0xC2, 0x46));
    check(!caught.has_block && caught.parameter[1] == 0 && caught.parameter[2] == 0 && caught.parameter[3] == 0);
}

/* The parameters of bad allocations: pool type and bytes are 2 and 3, but tag and pool type for a tag without letters. */
static void allocations_have_every_parameter(void **state)
{
    (void)state;
    tagpool_alloc(TAGPOOL_PAGED, 1234, 0);
    check(mistake(0xC2, 0x9B));
    check(caught.parameter[1] == 1 && caught.parameter[2] == 1234 && caught.parameter[3] != 0 && !caught.has_block);
    tagpool_alloc(TAGPOOL_NONPAGED, 1234, TAGPOOL_TAG_OVERFLOW);
    check(mistake(0xC2, 0x9C));
    check(caught.parameter[1] == 0 && caught.parameter[2] == 1234 && caught.parameter[3] != 0);
    tagpool_alloc(TAGPOOL_PAGED, 1234, TAGPOOL_TAG('.', '-', '.', '-'));
    check(mistake(0xC2, 0x9D));
    check(caught.parameter[1] == TAGPOOL_TAG('.', '-', '.', '-') && caught.parameter[2] == 1 && caught.parameter[3] != 0);
    tagpool_alloc((enum tagpool_pool)2, 1234, TAG);
    check(mistake(0xC2, 0x9A));
    check(caught.parameter[1] == 2 && caught.parameter[2] == 1234 && caught.parameter[3] == TAG);
    assert_string_equal(caught.name, "BAD_POOL_CALLER");
}

/* "It may [...] longjmp": out of every kind of call; the library goes on as if the call had not been made. */
static void the_handler_jumps_out(void **state)
{
    static char *block;
    static volatile int call;
    static volatile unsigned landed;
    jmp_buf back;
    (void)state;
    block = tagpool_alloc(TAGPOOL_PAGED, 100, TAG | TAGPOOL_PROTECTED);
    same(tagpool_start("tail_check=on"), 0);
    landed = 0;
    for (call = 0; call < 9; call++) {
        caught_jump = &back;
        if (setjmp(back) == 0) {
            switch (call) {
            case 0:
                tagpool_free(NULL);
                break;
            case 1:
                tagpool_free(block);
                break;
            case 2:
                tagpool_free_tag(block + 1, OTHER);
                break;
            case 3:
                tagpool_realloc(block + 3, 5);
                break;
            case 4:
                tagpool_size(&back);
                break;
            case 5:
                tagpool_tag(block + 5);
                break;
            case 6:
                tagpool_alloc(TAGPOOL_PAGED, 5, 0);
                break;
            case 7:
                tagpool_zalloc((enum tagpool_pool)9, 5, TAG);
                break;
            case 8:
                tagpool_aligned_alloc(TAGPOOL_PAGED, 64, 5, TAGPOOL_TAG_OVERFLOW);
                break;
            }
        } else {
            landed++;
        }
        caught_jump = NULL;
        same(caught_count, 1);
        caught_count = 0;
        same(tagpool_validate(), 0);
        tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 100, TAG));
    }
    same(landed, 9);
    same(tagpool_start("tail_check=off"), 0);
    tagpool_free_tag(block, TAG | TAGPOOL_PROTECTED);
}

/* Out of a finding too: the free may then have happened or not, but the heap is sound and the counts agree. */
static void the_handler_jumps_out_of_a_finding(void **state)
{
    static void *volatile block;
    jmp_buf back;
    struct tagpool_block found;
    (void)state;
    block = tagpool_alloc(TAGPOOL_PAGED, 100, TAG);
    caught_jump = &back;
    if (setjmp(back) == 0) {
        tagpool_free_tag(block, OTHER);
        check(!"the handler jumps");
    }
    caught_jump = NULL;
    check(finding(0xC2, 0x0A));
    if (tagpool_query(block, &found) == 0)
        tagpool_free(block);
}

static void *free_null(void *self)
{
    *(pthread_t *)self = pthread_self();
    tagpool_free(NULL);
    return NULL;
}

static pthread_t handler_thread;

static void note_thread(const struct tagpool_bugcheck *bugcheck, void *context)
{
    handler_thread = pthread_self();
    same(bugcheck->code, 0xC2);
    ++*(int *)context;
}

/* "Called with each mistake, on the thread that made it", with the context given. */
static void the_handler_runs_on_the_thread(void **state)
{
    int calls = 0;
    pthread_t thread, self;
    (void)state;
    tagpool_bugcheck_handler_set(note_thread, &calls);
    same(pthread_create(&thread, NULL, free_null, &self), 0);
    same(pthread_join(thread, NULL), 0);
    same(calls, 1);
    check(pthread_equal(handler_thread, self));
}

static void use_everything(const struct tagpool_bugcheck *bugcheck, void *context)
{
    void *block = tagpool_alloc(TAGPOOL_NONPAGED, 100, OTHER);
    struct tagpool_block found;
    check(block != NULL);
    tagpool_free(block);
    tagpool_bugcheck_print(bugcheck);
    tagpool_print(TAGPOOL_BY_TAG);
    same(tagpool_query(bugcheck->block.address, &found), 0);
    same(tagpool_verdict(), TAGPOOL_LEAK);
    same(tagpool_validate(), 0);
    ++*(int *)context;
}

/* "with no lock held": the handler may call the library, allocate and free. */
static void the_handler_may_use_the_library(void **state)
{
    static const size_t sizes[] = {10, 3000, 100000};
    int calls = 0;
    (void)state;
    tagpool_bugcheck_handler_set(use_everything, &calls);
    for (size_t i = 0; i < 3; i++) {
        void *block = tagpool_alloc(TAGPOOL_NONPAGED, sizes[i], TAG | TAGPOOL_PROTECTED);
        tagpool_free(block);
        tagpool_free_tag(block, TAG);
        same(calls, 2 * (i + 1));
        tagpool_free_tag(block, TAG | TAGPOOL_PROTECTED);
    }
}

/* "Prints a report as the default handler does": code, name, four parameters, sentence; tag, pool, size, address of the block. */
static void the_printed_report_has_every_field(void **state)
{
    char text[40];
    struct tagpool_bugcheck report = {
        .code = 0xC2,
        .name = "BAD_POOL_CALLER",
        .parameter = {0x0A, 0x123456, 0x789ABC, 0xDEF012},
        .stops = true,
        .sentence = "something was done wrong",
        .has_block = true,
        .block = {.address = text, .bytes = 4321, .charged = 8192, .tag = TAG, .pool = TAGPOOL_PAGED, .is_protected = true}};
    (void)state;
    tagpool_bugcheck_print(&report);
    check(has_hex(output, 0xC2) && printed("BAD_POOL_CALLER"));
    for (int i = 0; i < 4; i++)
        check(has_hex(output, report.parameter[i]));
    check(printed("something was done wrong") && printed("bug check") && !printed("finding"));
    check(printed("Wave") && printed(" paged") && printed("4321 bytes") && printed("protected") &&
          has_hex(output, (uintptr_t)text));
    output_clear();
    report.stops = report.has_block = false;
    tagpool_bugcheck_print(&report);
    check(printed("finding") && !printed("bug check") && !printed("Wave") && !printed("4321"));
}

static void bad_free(void)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, TAG);
    tagpool_free(block);
    tagpool_free(block);
}

static void wrong_tag(void)
{
    tagpool_free_tag(tagpool_alloc(TAGPOOL_PAGED, 100, TAG), OTHER);
}

static void default_again(void)
{
    tagpool_bugcheck_handler_set(catch_bugcheck, NULL);
    tagpool_sink_set(output_keep, NULL);
    tagpool_free(NULL);
    check(mistake(0xC2, 0x46));
    tagpool_bugcheck_handler_set(NULL, NULL);
    tagpool_sink_set(NULL, NULL);
    tagpool_free(NULL);
}

/* "The default prints it and calls abort()"; "NULL sets the default back, which prints the report and calls abort() if it
 * stops"; reports go to "standard error". */
static void the_default_handler(void **state)
{
    static struct child child;
    (void)state;
    child_run(&child, bad_free);
    check(child_aborted(&child));
    check(has_hex(child.text, 0xC2) && strstr(child.text, "BAD_POOL_CALLER") && strstr(child.text, "Wave"));
    child_run(&child, wrong_tag);
    check(child_exited(&child, 0));
    check(has_hex(child.text, 0xC2) && strstr(child.text, "BAD_POOL_CALLER") && strstr(child.text, "Wave"));
    child_run(&child, default_again);
    check(child_aborted(&child));
    check(has_hex(child.text, 0x46));
}

static void count_lines(const char *text, size_t length, void *context)
{
    check(length > 0 && text[length - 1] == '\n');
    for (size_t i = 0; i < length; i++)
        *(size_t *)context += text[i] == '\n';
}

/* The sink "receives a piece of output: whole lines", with the context given. */
static void the_sink_gets_whole_lines(void **state)
{
    size_t lines = 0;
    (void)state;
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, TAG);
    tagpool_sink_set(count_lines, &lines);
    tagpool_print(TAGPOOL_BY_TAG);
    check(lines >= 3);
    tagpool_verdict();
    tagpool_start("no_such_option");
    tagpool_free(block);
    size_t before = lines;
    tagpool_sink_set(output_keep, NULL);
    tagpool_print(TAGPOOL_BY_TAG);
    check(lines == before && output_length > 0);
}

/* "The version of the library that runs, as "major.minor.patch"." */
static void the_version(void **state)
{
    char expected[40];
    (void)state;
    snprintf(expected, sizeof expected, "%d.%d.%d", TAGPOOL_VERSION_MAJOR, TAGPOOL_VERSION_MINOR, TAGPOOL_VERSION_PATCH);
    assert_string_equal(tagpool_version(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_handler),     test(a_wrong_tag_has_every_field),
        test(a_protected_block_has_every_field),   test(a_double_free_names_the_block),
        test(an_interior_pointer_names_the_block), test(foreign_pointers_have_no_block),
        test(allocations_have_every_parameter),    test(the_handler_jumps_out),
        test(the_handler_jumps_out_of_a_finding),  test(the_handler_runs_on_the_thread),
        test(the_handler_may_use_the_library),     test(the_printed_report_has_every_field),
        test(the_sink_gets_whole_lines),           test(the_version),
    };
    return cmocka_run_group_tests_name("mistakes and output", tests, NULL, NULL);
}
