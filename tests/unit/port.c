/* SPDX-License-Identifier: MIT
 *
 * port.c: port/port on this system: memory, locks, hooks, output, as the rest of the library relies on them.
 */
#include "unit.h"

#include "port/port.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "Reserves address space, aligned to PORT_UNIT_BYTES. NULL iff there is none." */
static void reserves_aligned(void **state)
{
    void *ranges[40];
    (void)state;
    for (size_t i = 0; i < 40; i++) {
        ranges[i] = port_reserve((i + 1) * PORT_UNIT_BYTES);
        assert_non_null(ranges[i]);
        assert_int_equal((uintptr_t)ranges[i] % PORT_UNIT_BYTES, 0);
        for (size_t j = 0; j < i; j++)
            assert_true((uintptr_t)ranges[i] + (i + 1) * PORT_UNIT_BYTES <= (uintptr_t)ranges[j] ||
                        (uintptr_t)ranges[j] + (j + 1) * PORT_UNIT_BYTES <= (uintptr_t)ranges[i]);
    }
    for (size_t i = 0; i < 40; i++)
        port_release(ranges[i], (i + 1) * PORT_UNIT_BYTES);
    for (size_t units = 1; units <= 16; units++)
        assert_null(port_reserve(0 - units * PORT_UNIT_BYTES));
}

#if UINTPTR_MAX > UINT32_MAX
/* "Where in a range of twice the size it would lie so, the lowest place": for all small numbers. */
static void places_within(void **state)
{
    const uintptr_t unit = PORT_UNIT_BYTES;
    (void)state;
    for (uintptr_t bytes = unit; bytes < 16 * unit; bytes += unit)
        for (uintptr_t window = unit; window <= 16 * unit; window *= 2)
            for (uintptr_t start = 0; window > bytes && start < 40 * unit; start += unit) {
                uintptr_t place = start;
                while (place % window == 0 || place / window != (place + bytes - 1) / window)
                    place += unit;
                assert_int_equal(port_place_within(start, bytes, window), place);
                assert_true(place + bytes <= start + 2 * bytes);
            }
}

/* "Between two multiples of `window`, and not from the lower one on"; aligned, and apart from all that is reserved; nothing is
 * reserved any more when it is released, or when there is no room. */
static void reserves_within(void **state)
{
    enum { COUNT = 200 };
    static unsigned char *ranges[COUNT];
    (void)state;
    for (size_t round = 0; round < 20; round++) {
        size_t bytes = (round + 1) * 7 * PORT_UNIT_BYTES;
        size_t window = PORT_UNIT_BYTES;
        while (window <= bytes)
            window *= 2;
        for (size_t i = 0; i < COUNT; i++) {
            ranges[i] = port_reserve_within(bytes, window);
            uintptr_t start = (uintptr_t)ranges[i];
            assert_non_null(ranges[i]);
            assert_int_equal(start % PORT_UNIT_BYTES, 0);
            assert_true(start % window != 0 && start / window == (start + bytes - 1) / window);
            assert_true(port_commit(ranges[i] + bytes - PORT_UNIT_BYTES, PORT_UNIT_BYTES));
            ranges[i][bytes - 1] = 1;
            for (size_t j = 0; j < i; j++)
                assert_true(ranges[j] + bytes <= ranges[i] || ranges[i] + bytes <= ranges[j]);
        }
        for (size_t i = 0; i < COUNT; i++)
            port_release(ranges[i], bytes);
    }
    assert_null(port_reserve_within(SIZE_MAX / 2 + 1 - PORT_UNIT_BYTES, SIZE_MAX / 2 + 1));
    assert_null(port_reserve_within((SIZE_MAX / 4 + 1) + PORT_UNIT_BYTES, SIZE_MAX / 2 + 1));
}
#endif

static size_t bytes_other_than(const unsigned char *memory, size_t bytes, unsigned char value)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += memory[i] != value;
    return count;
}

/* Committed memory is readable, writable and "reads zero"; a second commit beside it leaves it alone. */
static void commits_zero(void **state)
{
    unsigned char *range = port_reserve(4 * PORT_UNIT_BYTES);
    (void)state;
    assert_non_null(range);
    assert_true(port_commit(range + PORT_UNIT_BYTES, PORT_UNIT_BYTES));
    assert_int_equal(bytes_other_than(range + PORT_UNIT_BYTES, PORT_UNIT_BYTES, 0), 0);
    memset(range + PORT_UNIT_BYTES, 0xA5, PORT_UNIT_BYTES);
    assert_true(port_commit(range + 2 * PORT_UNIT_BYTES, 2 * PORT_UNIT_BYTES));
    assert_true(port_commit(range, PORT_UNIT_BYTES));
    assert_int_equal(bytes_other_than(range, PORT_UNIT_BYTES, 0), 0);
    assert_int_equal(bytes_other_than(range + PORT_UNIT_BYTES, PORT_UNIT_BYTES, 0xA5), 0);
    assert_int_equal(bytes_other_than(range + 2 * PORT_UNIT_BYTES, 2 * PORT_UNIT_BYTES, 0), 0);
    port_release(range, 4 * PORT_UNIT_BYTES);
}

/* Memory committed lazily or in parts: where "port_expect() says that a part, of any address and size, is about to be touched",
 * it reads zero, and what was written beside it stays. */
static void commits_parts(void **state)
{
    bool (*const commits[])(void *, size_t) = {port_commit_lazily, port_commit_in_parts};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        unsigned char *range = port_reserve(4 * PORT_UNIT_BYTES);
        assert_non_null(range);
        assert_true(commits[i](range, 4 * PORT_UNIT_BYTES));
        assert_true(port_expect(range + 100, 200));
        assert_int_equal(bytes_other_than(range + 100, 200, 0), 0);
        memset(range + 100, 0xA5, 200);
        assert_true(port_expect(range + 200, 2 * PORT_UNIT_BYTES));
        assert_int_equal(bytes_other_than(range + 100, 200, 0xA5), 0);
        assert_int_equal(bytes_other_than(range + 300, 2 * PORT_UNIT_BYTES - 100, 0), 0);
        memset(range + 300, 0x5A, 2 * PORT_UNIT_BYTES - 100);
        port_release(range, 4 * PORT_UNIT_BYTES);
    }
}

/* Decommitted addresses "stay usable and read zero"; what lies beside them stays. */
static void decommits_to_zero(void **state)
{
    unsigned char *range = port_reserve(3 * PORT_UNIT_BYTES);
    (void)state;
    assert_non_null(range);
    assert_true(port_commit(range, 3 * PORT_UNIT_BYTES));
    for (int round = 0; round < 3; round++) {
        memset(range, 0x5A, 3 * PORT_UNIT_BYTES);
        assert_true(port_decommit(range + PORT_UNIT_BYTES, PORT_UNIT_BYTES));
        assert_int_equal(bytes_other_than(range, PORT_UNIT_BYTES, 0x5A), 0);
        assert_int_equal(bytes_other_than(range + PORT_UNIT_BYTES, PORT_UNIT_BYTES, 0), 0);
        assert_int_equal(bytes_other_than(range + 2 * PORT_UNIT_BYTES, PORT_UNIT_BYTES, 0x5A), 0);
    }
    port_release(range, 3 * PORT_UNIT_BYTES);
}

/* "A function that returns bool is true on success and has no effect otherwise": not on errno either. */
static void failures_leave_errno(void **state)
{
    unsigned char *range = port_reserve(PORT_UNIT_BYTES);
    (void)state;
    assert_non_null(range);
    port_release(range, PORT_UNIT_BYTES);
    errno = 12345;
    assert_false(port_commit(range, PORT_UNIT_BYTES));
    assert_false(port_decommit(range, PORT_UNIT_BYTES));
    (void)port_pin(range, PORT_UNIT_BYTES); /* sanitizers make it succeed */
    assert_int_equal(errno, 12345);
}

/* Reserved address space "may not be touched yet"; committed, it may. Asked of the system, which does not die of it. */
static void reserved_is_not_committed(void **state)
{
    unsigned char *range = port_reserve(2 * PORT_UNIT_BYTES);
    int ends[2];
    (void)state;
    assert_true(range != NULL && pipe(ends) == 0);
    assert_true(port_commit(range + PORT_UNIT_BYTES, PORT_UNIT_BYTES));
    errno = 0;
    assert_int_equal(write(ends[1], range, 1), -1);
    assert_int_equal(errno, EFAULT);
    assert_int_equal(write(ends[1], range + PORT_UNIT_BYTES, 1), 1);
    errno = 0;
    assert_int_equal(read(ends[0], range, 1), -1);
    assert_int_equal(errno, EFAULT);
    close(ends[0]);
    close(ends[1]);
    port_release(range, 2 * PORT_UNIT_BYTES);
}

/* "Makes pages inaccessible; what they held is gone"; "makes pages accessible that port_guard() made inaccessible in the same
 * way: they read zero. Accessible ones stay as they are." */
static void guards(void **state)
{
    size_t page = port_page_bytes();
    int ends[2];
    (void)state;
    assert_int_equal(PORT_UNIT_BYTES % page, 0);
    assert_int_equal(pipe(ends), 0);
    for (int way = PORT_GUARD_MARK; way <= PORT_GUARD_PROTECT; way++) {
        unsigned char *range = port_reserve(PORT_UNIT_BYTES);
        assert_non_null(range);
        assert_true(port_commit(range, PORT_UNIT_BYTES));
        memset(range, 0xA5, PORT_UNIT_BYTES);
        errno = 4711;
        bool done = port_guard(range + page, page, way);
        assert_int_equal(errno, 4711);
        if (!done && way == PORT_GUARD_MARK) {
            print_message("the system has no markers\n");
            port_release(range, PORT_UNIT_BYTES);
            continue;
        }
        assert_true(done);
        assert_int_equal(write(ends[1], range + page, 1), -1);
        assert_int_equal(write(ends[1], range + page - 1, 1), 1);
        assert_int_equal(write(ends[1], range + 2 * page, 1), 1);
        assert_true(port_guard(range + page, page, way));
        assert_true(port_unguard(range + page, 2 * page, way));
        assert_int_equal(bytes_other_than(range + page, page, 0), 0);
        assert_int_equal(bytes_other_than(range + 2 * page, page, 0xA5), 0);
        assert_int_equal(range[0], 0xA5);
        port_release(range, PORT_UNIT_BYTES);
        errno = 4711;
        assert_false(port_guard(range, page, way));
        assert_false(port_unguard(range, page, way));
        assert_int_equal(errno, 4711);
    }
    unsigned char *reserved = port_reserve(PORT_UNIT_BYTES);
    assert_true(port_unguard(reserved, page, PORT_GUARD_PROTECT));
    assert_int_equal(bytes_other_than(reserved, page, 0), 0);
    port_release(reserved, PORT_UNIT_BYTES);
    close(ends[0]);
    close(ends[1]);
}

static struct port_lock counter_lock = PORT_LOCK_INITIAL;
static unsigned counter, exits, other_exits;
static uint64_t other_number;

static void on_exit_of_thread(void);

static void on_exit_too(void)
{
    port_lock(&counter_lock);
    other_exits += exits == 0; /* before the other one */
    port_unlock(&counter_lock);
}

static void *exit_hooked(void *unused)
{
    (void)unused;
    assert_true(port_on_thread_exit(on_exit_of_thread));
    assert_true(port_on_thread_exit(on_exit_too));
    assert_true(port_on_thread_exit(on_exit_of_thread));
    return NULL;
}

static void on_exit_of_thread(void)
{
    port_lock(&counter_lock);
    exits++;
    port_unlock(&counter_lock);
}

static void *count_to_ten_thousand(void *hooked)
{
    if (hooked != NULL)
        assert_true(port_on_thread_exit(on_exit_of_thread));
    for (int i = 0; i < 10000; i++) {
        port_lock(&counter_lock);
        counter++;
        other_number = port_thread_number();
        port_unlock(&counter_lock);
    }
    return NULL;
}

/* "A mutual-exclusion lock"; "calls `hook` when this thread exits, once however often it was asked for, and the last one asked
 * for first"; "a number that tells living threads apart". */
static void threads_and_locks(void **state)
{
    pthread_t threads_made[4];
    (void)state;
    assert_int_equal(pthread_create(&threads_made[0], NULL, exit_hooked, NULL), 0);
    assert_int_equal(pthread_join(threads_made[0], NULL), 0);
    assert_true(exits == 1 && other_exits == 1);
    exits = 0;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads_made[i], NULL, count_to_ten_thousand, i % 2 ? &counter : NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads_made[i], NULL), 0);
    assert_int_equal(counter, 40000);
    assert_int_equal(exits, 2);
    assert_true(other_number != port_thread_number());
    assert_true(port_process_number() == (uint64_t)getpid());
}

/* "Writes to where errors go": the very bytes, to standard error, errno as before. "The value of an environment variable, or
 * NULL." */
static void output_and_environment(void **state)
{
    int ends[2];
    char got[16] = "";
    int saved = dup(STDERR_FILENO);
    (void)state;
    assert_true(saved >= 0 && pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    errno = 4711;
    port_write("some words", 4);
    int errno_after = errno;
    dup2(saved, STDERR_FILENO);
    close(ends[1]);
    assert_int_equal(read(ends[0], got, sizeof got), 4);
    assert_memory_equal(got, "some", 4);
    assert_int_equal(errno_after, 4711);
    close(ends[0]);
    close(saved);
    assert_null(port_environment("NO_VARIABLE_OF_THIS_NAME"));
    assert_ptr_equal(port_environment("PATH"), getenv("PATH"));
}

/* "Makes each thread of the process see what this one did before the call, and this one what each of them did before it": of two
 * threads that each say something and then listen, only one of which is ordered, one hears the other. */
enum { ENCOUNTERS = 20000 };

static struct {
    _Alignas(64) uint32_t turn;
    _Alignas(64) uint32_t first_said;
    _Alignas(64) uint32_t other_said;
    _Alignas(64) uint32_t other_heard;
} encounters;

static void *say_unordered(void *unused)
{
    for (uint32_t i = 1; i <= ENCOUNTERS; i++) {
        while (LOAD_ACQUIRE(&encounters.turn) < i)
            port_yield();
        STORE(&encounters.other_said, i);
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
        bool heard = LOAD(&encounters.first_said) == i;
        STORE_RELEASE(&encounters.other_heard, 2 * i + heard);
    }
    return unused;
}

static void threads_are_ordered(void **state)
{
    pthread_t other;
    (void)state;
    if (!port_order_threads())
        skip();
    assert_int_equal(pthread_create(&other, NULL, say_unordered, NULL), 0);
    for (uint32_t i = 1; i <= ENCOUNTERS; i++) {
        STORE_RELEASE(&encounters.turn, i);
        STORE(&encounters.first_said, i);
        assert_true(port_order_threads());
        bool heard = LOAD(&encounters.other_said) == i;
        while (LOAD_ACQUIRE(&encounters.other_heard) < 2 * i)
            port_yield();
        assert_true(heard || LOAD(&encounters.other_heard) % 2 == 1);
    }
    assert_int_equal(pthread_join(other, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guards),
#if UINTPTR_MAX > UINT32_MAX
        cmocka_unit_test(places_within),     cmocka_unit_test(reserves_within),
#endif
        cmocka_unit_test(reserves_aligned),  cmocka_unit_test(commits_zero),
        cmocka_unit_test(decommits_to_zero), cmocka_unit_test(failures_leave_errno),
        cmocka_unit_test(threads_and_locks), cmocka_unit_test(output_and_environment),
        cmocka_unit_test(reserved_is_not_committed), cmocka_unit_test(commits_parts),
        cmocka_unit_test(threads_are_ordered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
