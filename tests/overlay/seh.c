/* SPDX-License-Identifier: MIT
 *
 * seh.c: __try, __except, __finally and __leave as driver code uses them, on exceptions that pool routines raise.
 */
#include <ntddk.h>

#include <tagpool.h>

#include "check.h"

#define TAG 'heSt'
#define HUGE_BYTES ((SIZE_T)1 << (8 * sizeof(SIZE_T) - 3))

static NTSTATUS raise_no_memory(void)
{
    ExAllocatePoolWithTag(PagedPool | POOL_RAISE_IF_ALLOCATION_FAILURE, HUGE_BYTES, TAG);
    return STATUS_SUCCESS;
}

/* A raised exception runs the __except block, and GetExceptionCode() is its status, in filter and block. */
static void raised(void)
{
    ULONG in_filter = 0, in_block = 0, after = 0;
    __try {
        raise_no_memory();
        after = 1;
    } __except (in_filter = GetExceptionCode(), EXCEPTION_EXECUTE_HANDLER) {
        in_block = GetExceptionCode();
    }
    CHECK(after == 0);
    CHECK(in_filter == (ULONG)STATUS_INSUFFICIENT_RESOURCES && in_block == in_filter);
}

static ULONG code_of(PEXCEPTION_POINTERS pointers)
{
    return (ULONG)pointers->ExceptionRecord->ExceptionCode;
}

/* GetExceptionInformation() leads to the exception's record. */
static void information(void)
{
    ULONG code = 0;
    __try {
        ExRaiseStatus(STATUS_ACCESS_DENIED);
    } __except ((code = code_of(GetExceptionInformation())), EXCEPTION_EXECUTE_HANDLER) {
    }
    CHECK(code == (ULONG)STATUS_ACCESS_DENIED);
}

/* Without an exception, the __except block does not run, nor is the filter evaluated. */
static void no_exception(void)
{
    int filtered = 0, block = 0;
    __try {
        block += 2;
    } __except (filtered = 1) {
        block++;
    }
    CHECK(filtered == 0 && block == 2);
}

/* A filter that says EXCEPTION_CONTINUE_SEARCH hands the exception to the __try outside. */
static void search(void)
{
    int inner = 0, outer = 0;
    __try {
        __try {
            ExRaiseAccessViolation();
        } __except (GetExceptionCode() == (ULONG)STATUS_NO_MEMORY ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
            inner = 1;
        }
    } __except (GetExceptionCode() == (ULONG)STATUS_ACCESS_VIOLATION) {
        outer = 1;
    }
    CHECK(inner == 0 && outer == 1);
}

/* A __finally block runs after the body, and AbnormalTermination() is false. */
static void finally_normal(void)
{
    int order = 0, abnormal = -1;
    __try {
        order = 1;
    } __finally {
        order = 10 * order + 2;
        abnormal = AbnormalTermination();
    }
    CHECK(order == 12 && abnormal == 0);
}

/* It runs too when the body raises; AbnormalTermination() is true, and the exception goes on to the __try outside. */
static void finally_raised(void)
{
    int order = 0, abnormal = -1;
    PVOID block = NULL;
    __try {
        __try {
            block = ExAllocatePool2(POOL_FLAG_PAGED, 100, TAG);
            order = 1;
            raise_no_memory();
            order = 9;
        } __finally {
            abnormal = AbnormalTermination();
            order = 10 * order + 2;
            ExFreePool(block);
        }
        order = 9;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        order = 10 * order + 3;
    }
    CHECK(order == 123 && abnormal != 0);
}

/* __leave goes to the end of the innermost __try body; in a block, to that of the one outside. */
static void leaving(void)
{
    int inner = 0, outer = 0, blocks = 0;
    __try {
        __try {
            inner = 1;
            for (;;) {
                __leave;
            }
            inner = 2;
        } __finally {
            blocks++;
            CHECK(AbnormalTermination() == 0);
        }
        outer = 1;
        __try {
            ExRaiseStatus(STATUS_UNSUCCESSFUL);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            __leave;
        }
        outer = 2;
    } __finally {
        blocks++;
    }
    CHECK(inner == 1 && outer == 1 && blocks == 2);
}

/* break and continue in a body or in an __except block mean the loop around. */
static void loops(void)
{
    int rounds = 0, passed = 0, stopped = 0;
    for (int i = 0; i < 10; i++) {
        rounds++;
        __try {
            if (i == 1) {
                continue;
            }
            if (i == 3) {
                ExRaiseStatus(STATUS_UNSUCCESSFUL);
            }
            if (i == 6) {
                break;
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            stopped++;
            continue;
        }
        passed++;
    }
    CHECK(rounds == 7 && passed == 4 && stopped == 1);
    for (rounds = 0; rounds < 5; rounds++) {
        __try {
            ExRaiseStatus(STATUS_UNSUCCESSFUL);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            break;
        }
    }
    CHECK(rounds == 0);
}

static int return_from_body(void)
{
    __try {
        return 7;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return 8;
    }
    return 9;
}

/* return leaves a body, and its __except no longer takes what is raised then. */
static void returning(void)
{
    int outer = 0;
    CHECK(return_from_body() == 7);
    __try {
        return_from_body();
        ExRaiseStatus(STATUS_UNSUCCESSFUL);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        outer = 1;
    }
    CHECK(outer == 1);
}

/* What locals were set to in the body is seen behind it, at every level of optimisation. */
static void locals(void)
{
    PVOID blocks[3];
    ULONG count = 0, bytes = 0;
    __try {
        for (ULONG i = 0; i < 3; i++) {
            blocks[count] = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 64, TAG);
            count++;
            bytes += 64;
        }
        raise_no_memory();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        CHECK(count == 3 && bytes == 192);
    }
    CHECK(count == 3 && bytes == 192);
    while (count > 0) {
        ExFreePoolWithTag(blocks[--count], TAG);
    }
}

/* try, except, finally and leave are the same, and an if around an unbraced __try keeps its else. */
static void words(void)
{
    int way = 0;
    if (way == 0)
        try {
            leave;
        } finally {
            way += 1;
        }
    else
        way += 10;
    if (way == 0)
        try {
            way += 100;
        } except (EXCEPTION_EXECUTE_HANDLER) {
            way += 1000;
        }
    else
        way += 20;
    CHECK(way == 21);
}

static char said[200];

static void hear(const char *line, size_t length, void *context)
{
    UNREFERENCED_PARAMETER(context);
    memcpy(said, line, min(length, sizeof said - 1));
}

static int return_past_finally(int *ran)
{
    __try {
        return 5;
    } __finally {
        *ran = 1;
    }
    return 6;
}

/* A __finally block does not run if its __try body is left by return: the library says so then. */
static void skipped(void)
{
    int ran = 0;
    tagpool_sink_set(hear, NULL);
    CHECK(return_past_finally(&ran) == 5);
    tagpool_sink_set(NULL, NULL);
    CHECK(ran == 0 && strstr(said, "its __finally block has not run") != NULL);
}

int main(void)
{
    raised();
    information();
    no_exception();
    search();
    finally_normal();
    finally_raised();
    leaving();
    loops();
    returning();
    locals();
    words();
    skipped();
    CHECK(tagpool_shutdown() == TAGPOOL_CLEAN);
    return check_end();
}
