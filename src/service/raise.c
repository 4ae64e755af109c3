/* SPDX-License-Identifier: MIT
 *
 * raise.c: the chain of __try frames and the handler behind it (contracts in raise.h, tagpool/wdk.h, tagpool/wdk/raise.h).
 */
#include "service/raise.h"

#include "port/port.h"
#include "report/bugcheck.h"
#include "report/output.h"
#include "tagpool/wdk.h"
#include "tagpool/wdk/raise.h"

#define KMODE_EXCEPTION_NOT_HANDLED 0x1Eu

static PORT_THREAD_LOCAL struct tagpool_try *raise_innermost;
static PORT_THREAD_LOCAL uint32_t raise_last;

static struct {
    tagpool_raise_handler *handler;
    void *context;
} raise_state;

void tagpool_raise_handler_set(tagpool_raise_handler *handler, void *context)
{
    raise_state.context = context;
    raise_state.handler = handler;
}

void tagpool_try_enter(struct tagpool_try *frame)
{
    frame->outer = raise_innermost;
    raise_innermost = frame;
}

void tagpool_try_leave(struct tagpool_try *frame)
{
    raise_innermost = frame->outer;
}

void tagpool_try_forget(void)
{
    raise_innermost = NULL;
}

uint32_t tagpool_raised(void)
{
    return raise_last;
}

void tagpool_try_skipped(void)
{
    struct text line;
    text_clear(&line);
    text_string(&line, "tagpool: a __try body was left by return, goto, break or continue: its __finally block has not run");
    output_line(&line);
}

static void raise_unhandled(uint32_t status)
{
    bugcheck_report(KMODE_EXCEPTION_NOT_HANDLED, (uintptr_t[4]){status}, NULL, true);
}

void raise_status(uint32_t status)
{
    struct tagpool_try *frame = raise_innermost;
    raise_last = status;
    if (frame != NULL) {
        raise_innermost = frame->outer;
        frame->jump(frame);
    }
    if (raise_state.handler != NULL)
        raise_state.handler(status, raise_state.context);
    else
        raise_unhandled(status);
}

void tagpool_raise(uint32_t status)
{
    raise_status(status);
    if (raise_state.handler != NULL)
        raise_unhandled(status);
    port_abort();
}
