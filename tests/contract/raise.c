/* SPDX-License-Identifier: MIT
 *
 * raise.c: raised exceptions: the chain of __try frames, the handler behind it, bug check 0x1E behind that.
 */
#include "../api/test.h"

#include <pthread.h>

#include "tagpool/wdk.h"
#include "tagpool/wdk/raise.h"

struct frame {
    struct tagpool_try chain;
    jmp_buf buffer;
};

static void jump(struct tagpool_try *frame)
{
    longjmp(((struct frame *)frame)->buffer, 1);
}

static jmp_buf out;
static uint32_t handled;
static uintptr_t stopped[4];
static uint32_t stop_code;
static unsigned calls;

static void raise_out(uint32_t status, void *context)
{
    handled = status;
    assert_ptr_equal(context, &out);
    longjmp(out, 1);
}

static void raise_and_return(uint32_t status, void *context)
{
    (void)context;
    handled = status;
    calls++;
}

static void stop_out(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    stop_code = bugcheck->code;
    memcpy(stopped, bugcheck->parameter, sizeof stopped);
    longjmp(out, 2);
}

/* A raised status goes to the innermost frame of the calling thread. */
static void innermost_frame(void **state)
{
    (void)state;
    struct frame outer = {.chain.jump = jump}, inner = {.chain.jump = jump};
    volatile int taken = 0;
    if (setjmp(outer.buffer) == 0) {
        tagpool_try_enter(&outer.chain);
        if (setjmp(inner.buffer) == 0) {
            tagpool_try_enter(&inner.chain);
            ExRaiseStatus((NTSTATUS)0xC000009Au);
        }
        assert_int_equal(tagpool_raised(), 0xC000009Au);
        taken = 1;
        ExRaiseAccessViolation(); /* the inner frame has been left: the outer one is next */
    }
    assert_int_equal(taken, 1);
    assert_int_equal(tagpool_raised(), 0xC0000005u);
}

/* Leaves `frame`, and with it all that was entered since. Leaving it once more does nothing. */
static void leave(void **state)
{
    (void)state;
    struct frame outer = {.chain.jump = jump}, middle = {.chain.jump = jump}, inner = {.chain.jump = jump};
    volatile int taken = 0;
    if (setjmp(outer.buffer) == 0) {
        tagpool_try_enter(&outer.chain);
        if (setjmp(middle.buffer) == 0 && setjmp(inner.buffer) == 0) {
            tagpool_try_enter(&middle.chain);
            tagpool_try_enter(&inner.chain);
            tagpool_try_leave(&middle.chain);
            tagpool_try_leave(&middle.chain);
            ExRaiseDatatypeMisalignment();
        }
        fail();
    } else {
        taken = 1;
    }
    assert_int_equal(taken, 1);
    assert_int_equal(tagpool_raised(), 0x80000002u);
}

/* Leaves all frames of the calling thread. The handler is called when no frame is there; it may longjmp. */
static void forget(void **state)
{
    (void)state;
    struct frame outer = {.chain.jump = jump}, inner = {.chain.jump = jump};
    tagpool_raise_handler_set(raise_out, &out);
    volatile int way = 0;
    if (setjmp(outer.buffer) == 0 && setjmp(inner.buffer) == 0) {
        tagpool_try_enter(&outer.chain);
        tagpool_try_enter(&inner.chain);
        tagpool_try_forget();
        way = setjmp(out) == 0 ? (ExRaiseStatus((NTSTATUS)0xC0000044u), 0) : 1;
    }
    tagpool_raise_handler_set(NULL, NULL);
    assert_int_equal(way, 1);
    assert_int_equal(handled, 0xC0000044u);
}

static void *other_thread(void *unused)
{
    if (setjmp(out) == 0)
        ExRaiseStatus((NTSTATUS)0xC0000017u);
    return unused;
}

/* A frame takes what its own thread raises, and no other's. */
static void other_threads_frame(void **state)
{
    (void)state;
    struct frame frame = {.chain.jump = jump};
    pthread_t thread;
    tagpool_raise_handler_set(raise_out, &out);
    if (setjmp(frame.buffer) != 0)
        fail();
    tagpool_try_enter(&frame.chain);
    assert_int_equal(pthread_create(&thread, NULL, other_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    tagpool_try_leave(&frame.chain);
    tagpool_raise_handler_set(NULL, NULL);
    assert_int_equal(handled, 0xC0000017u);
}

/* The default is bug check 0x1E KMODE_EXCEPTION_NOT_HANDLED with the status as first parameter. */
static void no_handler(void **state)
{
    (void)state;
    tagpool_bugcheck_handler_set(stop_out, NULL);
    if (setjmp(out) == 0)
        ExRaiseStatus((NTSTATUS)0xC000009Au);
    tagpool_bugcheck_handler_set(NULL, NULL);
    assert_int_equal(stop_code, 0x1E);
    assert_int_equal(stopped[0], 0xC000009Au);
    assert_true(stopped[1] == 0 && stopped[2] == 0 && stopped[3] == 0);
}

/* Never returns: if the handler does, it is bug check 0x1E. */
static void handler_returns(void **state)
{
    (void)state;
    calls = 0;
    stop_code = 0;
    tagpool_raise_handler_set(raise_and_return, NULL);
    tagpool_bugcheck_handler_set(stop_out, NULL);
    if (setjmp(out) == 0)
        ExRaiseStatus((NTSTATUS)0xC000000Du);
    tagpool_bugcheck_handler_set(NULL, NULL);
    tagpool_raise_handler_set(NULL, NULL);
    assert_int_equal(calls, 1);
    assert_int_equal(handled, 0xC000000Du);
    assert_int_equal(stop_code, 0x1E);
    assert_int_equal(stopped[0], 0xC000000Du);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(innermost_frame),     cmocka_unit_test(leave),      cmocka_unit_test(forget),
        cmocka_unit_test(other_threads_frame), cmocka_unit_test(no_handler), cmocka_unit_test(handler_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
