/* SPDX-License-Identifier: MIT
 *
 * seh.h: __try, __except, __finally and __leave in C, by setjmp and the library's chain of frames.
 *
 * What raises is the library and ExRaiseStatus(); a fault of the processor is not taken. return, goto, break and continue may
 * leave a body of __try, and break and continue in a block of __except mean the loop around, as under Microsoft's compiler.
 *
 * Differences
 *   A __finally block does not run if its __try body is left by return, goto, break or continue: the library says so then.
 *   GetExceptionCode() in an __except block is the status that the thread raised last, in nested blocks too.
 *   EXCEPTION_CONTINUE_EXECUTION is not possible: the search goes on, as for EXCEPTION_CONTINUE_SEARCH.
 *   A filter runs after the __finally blocks inside, not before.
 *   clang compiles the functions of the file as without optimisation, unless TAGPOOL_WDK_OPTIMIZE is defined. Then locals that
 *   a body has changed may be seen with old values in and behind its __except block, but for those that are volatile.
 *
 * `__try body __except (filter) block` becomes `if (!(({ body; caught; }) && filter)) {} else block`, so that nothing has to
 * follow the block. Labels are local to each body. It begins with a jump to its end, where stands what follows it.
 */
#ifndef TAGPOOL_WDK_SEH_H
#define TAGPOOL_WDK_SEH_H

#include "tagpool/wdk/raise.h"

/* Locals that a body has changed must be seen so behind it. gcc takes care of that for its own builtins, not for setjmp(); clang
 * for neither, unless it does not optimise. */
#ifdef __clang__
#include <setjmp.h>
#define TAGPOOL_SETJMP(buffer) setjmp(buffer)
#define TAGPOOL_LONGJMP(buffer) longjmp(buffer, 1)
typedef jmp_buf tagpool_seh_buffer;
#if defined(__OPTIMIZE__) && !defined(TAGPOOL_WDK_OPTIMIZE)
#pragma clang optimize off
#endif
#else
#define TAGPOOL_SETJMP(buffer) __builtin_setjmp(buffer)
#define TAGPOOL_LONGJMP(buffer) __builtin_longjmp(buffer, 1)
typedef void *tagpool_seh_buffer[5];
#endif

#define EXCEPTION_EXECUTE_HANDLER 1
#define EXCEPTION_CONTINUE_SEARCH 0
#define EXCEPTION_CONTINUE_EXECUTION (-1)

struct tagpool_seh_frame {
    struct tagpool_try chain;
    tagpool_seh_buffer buffer;
    int has_finally; /* what follows the body */
    int ended;       /* whether the body was left by its end, __leave or an exception */
};

/* Goes round the __finally block once. */
struct tagpool_seh_finally {
    int runs;
    int abnormal;
    uint32_t status; /* to raise again if abnormal */
};

/* Whether the body that ended last was left by an exception; read at once. */
static __thread int tagpool_seh_caught __attribute__((unused));

static __attribute__((noinline, unused)) void tagpool_seh_jump(struct tagpool_try *frame)
{
    TAGPOOL_LONGJMP(((struct tagpool_seh_frame *)frame)->buffer);
}

/* At the end of a body's scope, however it is left. */
static inline void tagpool_seh_leave(struct tagpool_seh_frame *frame)
{
    if (frame->has_finally && !frame->ended)
        tagpool_try_skipped();
    tagpool_try_leave(&frame->chain);
}

/* What a filter has decided: returns 1 if the block runs. */
static inline int tagpool_seh_filter(int disposition)
{
    if (disposition != EXCEPTION_EXECUTE_HANDLER)
        tagpool_raise(tagpool_raised());
    return 1;
}

static inline void tagpool_seh_finished(struct tagpool_seh_finally *finally_block)
{
    finally_block->runs = 0;
    if (finally_block->abnormal)
        tagpool_raise(finally_block->status);
}

#define __try                                                                                      \
    if (!((tagpool_seh_caught = ({                                                                 \
        __label__ tagpool_begin, tagpool_kind, tagpool_leave;                                      \
        volatile int tagpool_caught = 0;                                                           \
        struct tagpool_seh_frame tagpool_frame __attribute__((cleanup(tagpool_seh_leave)));        \
        tagpool_frame.chain.jump = tagpool_seh_jump;                                               \
        tagpool_frame.ended = 0;                                                                   \
        goto tagpool_kind;                                                                         \
    tagpool_begin:                                                                                 \
        tagpool_try_enter(&tagpool_frame.chain);                                                   \
        if (TAGPOOL_SETJMP(tagpool_frame.buffer) != 0)                                             \
            tagpool_caught = 1;                                                                    \
        else

#define TAGPOOL_SEH_END(is_finally)                                                                \
    tagpool_leave: __attribute__((unused));                                                        \
        tagpool_frame.ended = 1;                                                                   \
        if (0) {                                                                                   \
        tagpool_kind:                                                                              \
            tagpool_frame.has_finally = is_finally;                                                \
            goto tagpool_begin;                                                                    \
        }                                                                                          \
        tagpool_caught;                                                                            \
    })

#define __leave goto tagpool_leave

#define __except(...)                                                                              \
    TAGPOOL_SEH_END(0)) && tagpool_seh_filter((__VA_ARGS__)))) {                                     \
    } else

#define __finally                                                                                  \
    TAGPOOL_SEH_END(1)), 1)) {                                                                     \
    } else                                                                                         \
        for (struct tagpool_seh_finally tagpool_finally = {1, tagpool_seh_caught, tagpool_raised()}; \
             tagpool_finally.runs; tagpool_seh_finished(&tagpool_finally))

#define AbnormalTermination() tagpool_finally.abnormal
#define _abnormal_termination() tagpool_finally.abnormal
#define GetExceptionCode() tagpool_raised()
#define _exception_code() tagpool_raised()

/* For filters: the DDK's structs with the code filled in. */
#define GetExceptionInformation()                                                                  \
    (&(EXCEPTION_POINTERS){                                                                        \
        .ExceptionRecord = &(EXCEPTION_RECORD){.ExceptionCode = (NTSTATUS)tagpool_raised()}})
#define _exception_info() GetExceptionInformation()

#endif
