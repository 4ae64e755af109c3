/* SPDX-License-Identifier: MIT
 *
 * early.c: allocation at every odd time: in constructors before main(), by a thread that starts there, in atexit handlers, in
 * destructors after main(), and after shutdown in each of these. Whatever happens at exit happens in a child process, which
 * tells its parent how far it came. */
#include "stress.h"

static const uint32_t early_tag = TAGPOOL_TAG('E', 'a', 'r', 'l'), late_tag = TAGPOOL_TAG('L', 'a', 't', 'e');

/* ---- Before main() --------------------------------------------------------------------------------------------- */

static struct {
    unsigned char *first, *second, *of_thread;
    size_t outstanding;
} early;

static void *early_thread(void *unused)
{
    (void)unused;
    early.of_thread = tagpool_zalloc(TAGPOOL_PAGED, 5000, early_tag);
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 100, early_tag));
    return NULL;
}

/* Among the first code of the program: the library starts here. */
__attribute__((constructor(101))) static void construct_first(void)
{
    pthread_t thread;
    early.first = tagpool_alloc(TAGPOOL_NONPAGED, 700, early_tag);
    require(early.first != NULL);
    pattern_write(early.first, 700, 11);
    require(pthread_create(&thread, NULL, early_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

__attribute__((constructor)) static void construct_second(void)
{
    struct tagpool_stats total;
    early.second = tagpool_alloc(TAGPOOL_PAGED, 70000, early_tag);
    require(early.second != NULL && early.of_thread != NULL && is_all_zero(early.of_thread, 5000));
    pattern_write(early.second, 70000, 12);
    early.first = tagpool_realloc(early.first, 1500);
    require(early.first != NULL);
    tagpool_total_stats(&total);
    early.outstanding = (size_t)total.blocks;
}

static void blocks_of_constructors_are_as_good_as_any(void **state)
{
    (void)state;
    struct tagpool_block block;
    struct tagpool_stats nonpaged = stats_of(early_tag, TAGPOOL_NONPAGED), paged = stats_of(early_tag, TAGPOOL_PAGED);
    assert_int_equal(early.outstanding, 3);
    assert_true(pattern_holds(early.first, 700, 700, 11) && pattern_holds(early.second, 70000, 70000, 12));
    assert_int_equal(tagpool_query(early.first + 1499, &block), TAGPOOL_OK);
    assert_true(block.address == early.first && block.bytes == 1500 && block.pool == TAGPOOL_NONPAGED);
    assert_true(nonpaged.allocs == 2 && nonpaged.frees == 1 && nonpaged.bytes == 1500);
    assert_true(paged.allocs == 3 && paged.frees == 1 && paged.bytes == 75000);
    assert_int_equal(tagpool_verdict(), TAGPOOL_LEAK);
    tagpool_free(early.first);
    tagpool_free(early.second);
    tagpool_free_tag(early.of_thread, early_tag);
    assert_int_equal(tagpool_verdict(), TAGPOOL_CLEAN);
    assert_int_equal(tagpool_validate(), TAGPOOL_OK);
}

static void start_after_the_first_allocation_sets_options(void **state)
{
    (void)state;
    assert_int_equal(tagpool_start(NULL), TAGPOOL_OK);
    assert_int_equal(tagpool_start("limit_paged=1M, leak_blocks=3"), TAGPOOL_OK);
    assert_int_equal(tagpool_limit(TAGPOOL_PAGED), 1 << 20);
    assert_null(tagpool_alloc(TAGPOOL_PAGED, (1 << 20) + 1, early_tag));
    assert_int_equal(tagpool_start("reserve=128M"), TAGPOOL_EBUSY);
    assert_int_equal(tagpool_start("limit_paged=0 colour=red"), TAGPOOL_EINVAL);
    assert_int_equal(tagpool_limit(TAGPOOL_PAGED), 0);
    void *block = tagpool_alloc(TAGPOOL_PAGED, (1 << 20) + 1, early_tag);
    assert_non_null(block);
    tagpool_free(block);
}

/* ---- At exit --------------------------------------------------------------------------------------------------- */

enum plan { NO_EXIT, OPEN_AT_EXIT, SHUT_IN_HANDLER, SHUT_BEFORE_EXIT };

static struct {
    enum plan plan;   /* NO_EXIT in the process of the tests: its own exit is not the subject */
    int stages;       /* where each stage says that it was reached and passed */
    unsigned char *block; /* lives until the last destructor */
    uint64_t failures;
} late;

static void stage_passed(char stage)
{
    require(write(late.stages, &stage, 1) == 1);
}

/* Allocates as the plan allows: blocks that work, or NULL and a failure on the books. */
static void use_the_pool(bool is_shut)
{
    unsigned char *block = tagpool_alloc(TAGPOOL_NONPAGED, 3000, late_tag);
    late.failures += is_shut;
    require((block == NULL) == is_shut);
    if (block != NULL) {
        memset(block, 1, 3000);
        block = tagpool_realloc(block, 90000);
        require(block != NULL && block[2999] == 1);
        tagpool_free(block);
    }
    require(stats_of(late_tag, TAGPOOL_NONPAGED).failures == late.failures);
    require(pattern_holds(late.block, 20000, 20000, 13) && tagpool_size(late.block) == 20000);
    require(tagpool_validate() == TAGPOOL_OK);
}

static void *late_thread(void *unused)
{
    (void)unused;
    use_the_pool(late.plan != OPEN_AT_EXIT);
    return NULL;
}

static void handler_that_runs_second(void)
{
    pthread_t thread;
    use_the_pool(late.plan != OPEN_AT_EXIT);
    require(pthread_create(&thread, NULL, late_thread, NULL) == 0 && pthread_join(thread, NULL) == 0);
    stage_passed('2');
}

static void handler_that_runs_first(void)
{
    use_the_pool(late.plan == SHUT_BEFORE_EXIT);
    if (late.plan == SHUT_IN_HANDLER) {
        require(tagpool_shutdown() == TAGPOOL_LEAK);
    }
    stage_passed('1');
}

__attribute__((destructor)) static void destruct_first(void)
{
    if (late.plan != NO_EXIT) {
        use_the_pool(late.plan != OPEN_AT_EXIT);
        stage_passed('3');
    }
}

/* Among the last code of the program: frees and statistics still work. */
__attribute__((destructor(101))) static void destruct_last(void)
{
    if (late.plan != NO_EXIT) {
        use_the_pool(late.plan != OPEN_AT_EXIT);
        tagpool_free_tag(late.block, late_tag);
        require(stats_of(late_tag, TAGPOOL_PAGED).blocks == 0);
        require(tagpool_shutdown() == (late.plan == OPEN_AT_EXIT ? TAGPOOL_CLEAN : TAGPOOL_NOT_CHECKED));
        require(tagpool_alloc(TAGPOOL_PAGED, 1, late_tag) == NULL && tagpool_validate() == TAGPOOL_OK);
        stage_passed('4');
    }
}

static void run_exit(enum plan plan, const char *options)
{
    int ends[2];
    char stages[8] = "";
    size_t length = 0;
    ssize_t got;
    fflush(NULL);
    require(pipe(ends) == 0);
    pid_t child = fork();
    require(child >= 0);
    if (child == 0) {
        late.plan = plan;
        late.stages = ends[1];
        require(atexit(handler_that_runs_second) == 0 && atexit(handler_that_runs_first) == 0);
        require(tagpool_start(options) == TAGPOOL_OK);
        late.block = tagpool_alloc(TAGPOOL_PAGED, 20000, late_tag);
        require(late.block != NULL);
        pattern_write(late.block, 20000, 13);
        if (plan == SHUT_BEFORE_EXIT) {
            require(tagpool_shutdown() == TAGPOOL_LEAK && tagpool_shutdown() == TAGPOOL_NOT_CHECKED);
        }
        exit(0);
    }
    close(ends[1]);
    while (length < sizeof stages - 1 && (got = read(ends[0], stages + length, sizeof stages - 1 - length)) > 0) {
        length += (size_t)got;
    }
    close(ends[0]);
    require_child_passed(child);
    assert_string_equal(stages, "1234");
}

static void handlers_and_destructors_may_allocate(void **state)
{
    (void)state;
    run_exit(OPEN_AT_EXIT, "exit=ignore");
}

static void the_report_at_exit_ends_nothing(void **state)
{
    (void)state;
    run_exit(OPEN_AT_EXIT, "exit=report");
}

static void after_shutdown_in_a_handler_allocations_fail(void **state)
{
    (void)state;
    run_exit(SHUT_IN_HANDLER, "exit=ignore");
}

static void after_shutdown_in_main_allocations_fail(void **state)
{
    (void)state;
    run_exit(SHUT_BEFORE_EXIT, "exit=report");
}

/* ---- Shut and open again --------------------------------------------------------------------------------------- */

static void after_shutdown_everything_but_allocation_works(void **state)
{
    (void)state;
    struct tagpool_block block;
    uint32_t tag = TAGPOOL_TAG('S', 'h', 'u', 't');
    unsigned char *kept = tagpool_alloc(TAGPOOL_PAGED, 100, tag), *freed = tagpool_alloc(TAGPOOL_PAGED, 40000, tag);
    assert_true(kept != NULL && freed != NULL);
    pattern_write(kept, 100, 14);
    for (unsigned round = 1; round <= 3; round++) {
        assert_int_equal(tagpool_shutdown(), TAGPOOL_LEAK);
        assert_int_equal(tagpool_shutdown(), TAGPOOL_NOT_CHECKED);
        assert_null(tagpool_alloc(TAGPOOL_PAGED, 1, tag));
        assert_null(tagpool_zalloc(TAGPOOL_PAGED, 0, tag));
        assert_null(tagpool_aligned_alloc(TAGPOOL_PAGED, 64, 100000, tag));
        assert_null(tagpool_realloc(kept, 200));
        assert_int_equal(stats_of(tag, TAGPOOL_PAGED).failures, 4 * round);
        assert_true(pattern_holds(kept, 100, 100, 14));
        assert_int_equal(tagpool_query(kept + 99, &block), TAGPOOL_OK);
        assert_true(block.address == kept && block.tag == tag);
        tagpool_free(freed);
        assert_int_equal(tagpool_query(freed, &block), TAGPOOL_ENOTFOUND);
        assert_int_equal(stats_of(tag, TAGPOOL_PAGED).blocks, 1);
        assert_int_equal(tagpool_validate(), TAGPOOL_OK);
        assert_int_equal(tagpool_start(""), TAGPOOL_OK);
        freed = tagpool_alloc(TAGPOOL_PAGED, 40000, tag);
        assert_non_null(freed);
    }
    tagpool_free(freed);
    tagpool_free(kept);
    assert_int_equal(tagpool_shutdown(), TAGPOOL_CLEAN);
    assert_int_equal(tagpool_start(NULL), TAGPOOL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_constructors_are_as_good_as_any),
        cmocka_unit_test(start_after_the_first_allocation_sets_options),
        cmocka_unit_test(handlers_and_destructors_may_allocate),
        cmocka_unit_test(the_report_at_exit_ends_nothing),
        cmocka_unit_test(after_shutdown_in_a_handler_allocations_fail),
        cmocka_unit_test(after_shutdown_in_main_allocations_fail),
        cmocka_unit_test(after_shutdown_everything_but_allocation_works),
    };
    tagpool_sink_set(drop_output, NULL);
    tagpool_bugcheck_handler_set(on_unexpected_bugcheck, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
