/* SPDX-License-Identifier: MIT
 *
 * sweep.c: every mapping call fails in turn. A scenario that touches every part of the library runs in a child process of its
 * own with the 1st, 2nd, 3rd ... mapping call failing, once only or with all that follow, until a run has no failure. Each run
 * must end as if memory were short: NULLs counted as failures, every block intact, every invariant kept, and allocations
 * granted again when the system gives memory again. The linker puts the functions __wrap_* in the library's way (stress.mk). */
#include "naive.h"

#include <errno.h>
#include <sys/mman.h>

enum mode { FAIL_ONCE, FAIL_FROM, MODES };

enum { TAGS = 200, CAPACITY = 4000 };

/* What a run says to the parent, in memory that both share. */
struct outcome {
    unsigned calls;    /* mapping calls that the library made */
    unsigned failed;   /* how many of them were made to fail */
    unsigned refusals; /* allocations that returned NULL because of it */
};

static struct {
    bool is_on;
    enum mode mode;
    unsigned nth; /* the first call that fails, from 1 */
    struct outcome *outcome;
} injection;

/* ---- In the way of the library --------------------------------------------------------------------------------- */

void *__real_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
void *__wrap_mmap64(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
int __real_mprotect(void *address, size_t bytes, int protection);
int __wrap_mprotect(void *address, size_t bytes, int protection);
int __real_madvise(void *address, size_t bytes, int advice);
int __wrap_madvise(void *address, size_t bytes, int advice);
int __wrap_mlock(const void *address, size_t bytes);
int __real_munmap(void *address, size_t bytes);
int __wrap_munmap(void *address, size_t bytes);

/* True iff this call has to fail. Only one thread of the scenario runs at a time. */
static bool has_to_fail(void)
{
    if (!injection.is_on) {
        return false;
    }
    unsigned call = ++injection.outcome->calls;
    bool fails = injection.mode == FAIL_ONCE ? call == injection.nth : call >= injection.nth;
    if (fails) {
        injection.outcome->failed++;
        errno = ENOMEM;
    }
    return fails;
}

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return has_to_fail() ? MAP_FAILED : __real_mmap(address, bytes, protection, flags, file, offset);
}

void *__wrap_mmap64(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return __wrap_mmap(address, bytes, protection, flags, file, offset);
}

int __wrap_mprotect(void *address, size_t bytes, int protection)
{
    return has_to_fail() ? -1 : __real_mprotect(address, bytes, protection);
}

int __wrap_madvise(void *address, size_t bytes, int advice)
{
    return has_to_fail() ? -1 : __real_madvise(address, bytes, advice);
}

/* Does not lock: how much a process may lock differs between machines. */
int __wrap_mlock(const void *address, size_t bytes)
{
    (void)address;
    (void)bytes;
    return has_to_fail() ? -1 : 0;
}

int __wrap_munmap(void *address, size_t bytes)
{
    return has_to_fail() ? -1 : __real_munmap(address, bytes);
}

/* ---- The scenario ---------------------------------------------------------------------------------------------- */

/* Where not even the library's own tables can be had, there is no table to count the refusal in. */
static void forget_if_not_started(struct naive_pool *naive, enum tagpool_pool pool, uint32_t tag)
{
    struct tagpool_stats stats, total;
    tagpool_total_stats(&total);
    if (total.allocs == 0 && total.failures == 0 && tagpool_tag_stats(tag, pool, &stats) == TAGPOOL_ENOTFOUND) {
        require(naive_stats(naive, tag, pool)->failures == 1 && naive->count == 0);
        naive_stats(naive, tag, pool)->failures = 0;
    }
}

/* An allocation may be refused only if a mapping call failed during it, and a failure that is over must leave no trace. */
static void allocate(struct naive_pool *naive, enum tagpool_pool pool, size_t bytes, size_t index)
{
    uint32_t tag = tag_of('w', index);
    unsigned failed = injection.outcome->failed;
    if (!naive_alloc(naive, pool, bytes, tag)) {
        require(injection.outcome->failed > failed);
        injection.outcome->refusals++;
        forget_if_not_started(naive, pool, tag);
        if (injection.mode == FAIL_ONCE) {
            require(naive_alloc(naive, pool, bytes, tag));
        }
    }
}

/* Blocks of all sizes up to 32 KiB, then larger ones, in both pools. */
static void allocate_classes(struct naive_pool *naive)
{
    for (size_t bytes = 1; bytes <= 32768; bytes += bytes / 3 + 1) {
        for (unsigned i = 0; i < 6; i++) {
            allocate(naive, (enum tagpool_pool)(i % 2), bytes, i);
        }
    }
    for (size_t bytes = 65536; bytes <= 1 << 20; bytes *= 4) {
        allocate(naive, TAGPOOL_NONPAGED, bytes, 1);
        allocate(naive, TAGPOOL_PAGED, bytes + 1, 2);
    }
}

static void allocate_tags(struct naive_pool *naive)
{
    for (size_t tag = 0; tag < TAGS; tag++) {
        allocate(naive, (enum tagpool_pool)(tag % 2), 40, tag);
    }
}

/* Frees every second block, changes the size of some, allocates anew. */
static void churn(struct naive_pool *naive)
{
    for (size_t i = naive->count; i-- > 0;) {
        if (rng_below(&naive->rng, 2) == 0) {
            naive_free(naive, i);
        }
    }
    for (unsigned i = 0; i < 100 && naive->count > 0; i++) {
        unsigned failed = injection.outcome->failed;
        bool has_moved = naive_realloc(naive, rng_below(&naive->rng, naive->count), rng_size(&naive->rng) % 300000);
        require(has_moved || injection.outcome->failed > failed);
        injection.outcome->refusals += !has_moved;
    }
    tagpool_trim();
    allocate_classes(naive);
}

static void *other_thread(void *context)
{
    struct naive_pool *naive = context;
    allocate_classes(naive);
    churn(naive);
    return NULL;
}

static void take_snapshots(void)
{
    for (unsigned i = 0; i < 3; i++) {
        unsigned failed = injection.outcome->failed;
        struct tagpool_snapshot *snapshot = tagpool_snapshot_take();
        require(snapshot != NULL || injection.outcome->failed > failed);
        tagpool_snapshot_release(snapshot);
    }
}

/* Limits go on working; what they refuse is a failure like any other. */
static void meet_a_limit(struct naive_pool *naive)
{
    struct tagpool_stats stats;
    unsigned failed = injection.outcome->failed;
    require(tagpool_pool_stats(TAGPOOL_PAGED, &stats) == TAGPOOL_OK);
    int result = tagpool_limit_set(TAGPOOL_PAGED, stats.charged + 4095);
    require(result == TAGPOOL_OK || (result == TAGPOOL_ENOMEM && injection.outcome->failed > failed));
    if (result == TAGPOOL_OK) {
        require(!naive_alloc(naive, TAGPOOL_PAGED, 4096, tag_of('w', 3)));
        require(tagpool_limit_set(TAGPOOL_PAGED, 0) == TAGPOOL_OK);
    }
}

/* The check needs memory of its own, and says so if there is none. */
static void validate(void)
{
    unsigned failed = injection.outcome->failed;
    require(tagpool_validate() == TAGPOOL_OK || injection.outcome->failed > failed);
}

static void start(const char *options)
{
    unsigned failed = injection.outcome->failed;
    int result = tagpool_start(options);
    require(result == TAGPOOL_OK || (result == TAGPOOL_ENOMEM && injection.outcome->failed > failed));
}

/* After the sweep's failures are over: every check there is, and everything can be had again. */
static void prove_recovery(struct naive_pool *naive)
{
    injection.is_on = false;
    require(tagpool_validate() == TAGPOOL_OK);
    naive_require_walk(naive);
    naive_require_counts(naive);
    for (size_t bytes = 1; bytes <= 1 << 20; bytes *= 4) {
        require(naive_alloc(naive, TAGPOOL_NONPAGED, bytes, tag_of('w', 1)));
        require(naive_alloc(naive, TAGPOOL_PAGED, bytes, tag_of('w', 2)));
    }
    struct tagpool_snapshot *snapshot = tagpool_snapshot_take();
    require(snapshot != NULL);
    tagpool_snapshot_release(snapshot);
    naive_require_walk(naive);
    while (naive->count > 0) {
        naive_free(naive, naive->count - 1);
    }
    tagpool_trim();
    naive_require_counts(naive);
    require(tagpool_verdict() == TAGPOOL_CLEAN && tagpool_validate() == TAGPOOL_OK);
}

static void run_scenario(const char *options)
{
    struct naive_pool naive = naive_create('w', TAGS, CAPACITY, rng_of(1, 1));
    pthread_t thread;
    tagpool_bugcheck_handler_set(on_unexpected_bugcheck, NULL);
    injection.is_on = true;
    start(options);
    allocate_classes(&naive);
    allocate_tags(&naive);
    take_snapshots();
    churn(&naive);
    validate();
    require(pthread_create(&thread, NULL, other_thread, &naive) == 0 && pthread_join(thread, NULL) == 0);
    meet_a_limit(&naive);
    enum tagpool_verdict verdict = tagpool_shutdown();
    require(naive.count > 0 ? verdict == TAGPOOL_LEAK : verdict != TAGPOOL_LEAK);
    require(!naive_alloc(&naive, TAGPOOL_PAGED, 1, tag_of('w', 5)));
    forget_if_not_started(&naive, TAGPOOL_PAGED, tag_of('w', 5));
    if (naive.count > 0) {
        naive_free(&naive, 0);
    }
    start("");
    allocate_classes(&naive);
    prove_recovery(&naive);
    naive_destroy(&naive);
}

/* ---- The sweep ------------------------------------------------------------------------------------------------- */

static void run_child(const char *options, enum mode mode, unsigned nth, struct outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    fflush(stdout);
    pid_t child = fork();
    require(child >= 0);
    if (child == 0) {
        alarm(200); /* a child that waits for ever fails too */
        injection.mode = mode;
        injection.nth = nth;
        injection.outcome = outcome;
        tagpool_sink_set(drop_output, NULL);
        run_scenario(options);
        _exit(0);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child);
    if (status != 0) {
        fprintf(stderr, "options \"%s\", mapping call %u %s: child ended with status 0x%x\n", options, nth,
                mode == FAIL_ONCE ? "failed once" : "and all after it failed", (unsigned)status);
        require_failed("the child passed", __FILE__, __LINE__);
    }
}

/* Sweeps until a run met no failure; on slow machines (TAGPOOL_SCALE) in larger steps. */
static void sweep(const char *options)
{
    struct outcome *outcome = __real_mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(outcome != MAP_FAILED);
    for (enum mode mode = FAIL_ONCE; mode < MODES; mode++) {
        unsigned step = (unsigned)(100 / scaled(100, 1)), refusals = 0, runs = 0, nth = 1;
        do {
            run_child(options, mode, nth, outcome);
            refusals += outcome->refusals;
            runs++;
            nth += step == 0 ? 1 : step;
        } while (outcome->failed > 0);
        printf("options \"%s\", %s: %u runs, %u mapping calls in the last, %u allocations refused\n", options,
               mode == FAIL_ONCE ? "one failure" : "all fail from one on", runs, outcome->calls, refusals);
        /* a single failure may always be made good by another try; failures without end may not */
        require(runs > 2 && outcome->calls > 10 && (mode == FAIL_ONCE || refusals > 0));
    }
    __real_munmap(outcome, sizeof *outcome);
}

static void each_mapping_call_may_fail(void **state)
{
    (void)state;
    sweep("cache=1M");
}

static void each_mapping_call_may_fail_with_locked_memory(void **state)
{
    (void)state;
    sweep("cache=256K prefault=on lock=on");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mapping_call_may_fail),
        cmocka_unit_test(each_mapping_call_may_fail_with_locked_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
