/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/bugcheck.h: the WDK's way to stop. The numbers of bug checks are in bugcodes.h beside it.
 *
 * After a DDK's headers this declares nothing, for these have it.
 */
#ifndef TAGPOOL_WDK_BUGCHECK_H
#define TAGPOOL_WDK_BUGCHECK_H

#if !defined(_WDMDDK_) && !defined(TAGPOOL_WDK_OVERLAY)

#include "tagpool/wdk/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reports the bug check to the handler of tagpool_bugcheck_handler_set(), with the name and sentence that the library's table has
 * for code and parameters (tagpool_bugcheck_describe()); a code that is not in the table has an empty name.
 * Never returns: the handler may longjmp or throw; if it returns, a line through the sink says so and abort() is called. Any
 * IRQL. */
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR BugCheckParameter1, ULONG_PTR BugCheckParameter2,
                                                   ULONG_PTR BugCheckParameter3, ULONG_PTR BugCheckParameter4)
    __attribute__((noreturn));

/* KeBugCheckEx() with four parameters of 0. */
TAGPOOL_WDK_API void TAGPOOL_WDK_CALL KeBugCheck(ULONG BugCheckCode) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif

#endif
#endif
