/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/raise.h: raising exceptions, and the chain of __try frames that takes them.
 *
 * A raised status goes to the innermost frame of the calling thread, else to the handler of tagpool_raise_handler_set().
 * tagpool/wdk/overlay/seh.h maps __try, __except and __finally to frames; other mappings can use them as well.
 */
#ifndef TAGPOOL_WDK_RAISE_H
#define TAGPOOL_WDK_RAISE_H

#include "tagpool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One __try body under way. Lives on the stack of the thread that runs it. */
struct tagpool_try {
    struct tagpool_try *outer;
    /* Goes to where the frame was entered, by longjmp, and does not return. The frame has been left when it is called. */
    void (*jump)(struct tagpool_try *frame);
};

/* Makes `frame` the innermost; the caller has set `jump`. */
TAGPOOL_API void tagpool_try_enter(struct tagpool_try *frame);

/* Leaves `frame`, and with it all that was entered since. Leaving it once more does nothing. */
TAGPOOL_API void tagpool_try_leave(struct tagpool_try *frame);

/* Leaves all frames of the calling thread: for who is about to leave their bodies by a longjmp of his own, as a handler of bug
 * checks does that ends a driver. */
TAGPOOL_API void tagpool_try_forget(void);

/* Says through the sink that a body with a __finally block was left without running that. */
TAGPOOL_API void tagpool_try_skipped(void);

/* Raises `status`, an NTSTATUS, as the library itself does. Never returns: if the handler does, it is bug check 0x1E, and if that
 * one's handler does, the program ends. */
TAGPOOL_API void tagpool_raise(uint32_t status) __attribute__((noreturn));

/* The status that the calling thread raised last; 0 if it never did. */
TAGPOOL_API uint32_t tagpool_raised(void);

#ifdef __cplusplus
}
#endif

#if !defined(_WDMDDK_) && !defined(TAGPOOL_WDK_OVERLAY)

#include "tagpool/wdk/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Raises `Status`, as tagpool_raise() does. */
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL ExRaiseStatus(NTSTATUS Status) __attribute__((noreturn));

/* Raises STATUS_ACCESS_VIOLATION, as tagpool_raise() does. */
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL ExRaiseAccessViolation(void) __attribute__((noreturn));

/* Raises STATUS_DATATYPE_MISALIGNMENT, as tagpool_raise() does. */
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL ExRaiseDatatypeMisalignment(void) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif
#endif
