/* SPDX-License-Identifier: MIT
 *
 * bugcheck.h: the caller's mistakes and other bug checks: the way to the handler. Codes, names and sentences are in codes.h.
 */
#ifndef REPORT_BUGCHECK_H
#define REPORT_BUGCHECK_H

#include "base/internal.h"
#include "tagpool.h"

/* Every mistake the core can name. */
enum mistake {
    MISTAKE_NONE,
    MISTAKE_FREE_NULL,
    MISTAKE_FREE_FOREIGN,
    MISTAKE_FREE_NONPAGED_UNUSED,
    MISTAKE_FREE_PAGED_UNUSED,
    MISTAKE_FREE_TWICE,
    MISTAKE_FREE_NONPAGED_INSIDE,
    MISTAKE_FREE_PAGED_INSIDE,
    MISTAKE_FREE_WRONG_TAG,
    MISTAKE_FREE_PROTECTED,
    MISTAKE_TAG_ZERO,
    MISTAKE_TAG_RESERVED,
    MISTAKE_TAG_UNREADABLE,
    MISTAKE_POOL_TYPE,
    MISTAKE_WRITE_PAST_END,
    MISTAKE_WRITE_AFTER_FREE,
    MISTAKE_COUNT
};

INTERNAL void bugcheck_handler_set(tagpool_bugcheck_handler *handler, void *context);

/* Fills in code, name, first parameter and sentence of `mistake`; the rest is zero and `stops` is true. */
INTERNAL void bugcheck_describe(enum mistake mistake, struct tagpool_bugcheck *bugcheck);

/* Fills in name and sentence from code and parameters. */
INTERNAL void bugcheck_look_up(struct tagpool_bugcheck *bugcheck);

/* Asked before the handler, if there is one, and the default: true iff it has dealt with the bug check. Set by tests. */
INTERNAL_OBJECT bool (*bugcheck_hook)(const struct tagpool_bugcheck *bugcheck, bool has_handler);

/* Calls the handler. Returns only if the handler does. pre: no lock is held. */
INTERNAL void bugcheck_raise(const struct tagpool_bugcheck *bugcheck);

/* Reports code and parameters, with the name and sentence that the table has for them; a code that it has not gets an empty name.
 * `block` may be NULL. Returns only if the handler does, or if it is a finding (`stops` false). pre: as bugcheck_raise(). */
INTERNAL void bugcheck_report(uint32_t code, const uintptr_t parameter[4], const struct tagpool_block *block, bool stops);

INTERNAL void bugcheck_print(const struct tagpool_bugcheck *bugcheck);

#endif
