/* SPDX-License-Identifier: MIT
 *
 * fault_log.h: the lines of the log of call stacks that fault injection has met (tagpool/verifier.h, option fault_log).
 *
 *   0x0123456789abcdef failed Dsk1 disk.so+0x1a2b filter.so+0x33c program+0x1191
 *
 * hash, action, tag in four characters, frames from the innermost one. Frames are module and offset, so that a stack is the
 * same in each run; one outside of all modules is `?` and its address. The hash is that of the frames' text.
 */
#ifndef LEDGER_FAULT_LOG_H
#define LEDGER_FAULT_LOG_H

#include "base/internal.h"

enum fault_action { FAULT_FAILED, FAULT_RECORDED, FAULT_EXCLUDED, FAULT_ACTIONS };

struct fault_line {
    bool is_empty;    /* nothing, or a remark: all else is not set */
    bool is_excluded; /* by its action, or by the word in front of the line */
    uint64_t hash;    /* not 0 */
};

/* Reads a line without its line feed. NULL, or what was expected where the line is none. */
INTERNAL const char *fault_line_read(const char *text, size_t length, struct fault_line *line);

/* Room for a line of as many frames as a stack has. */
#define FAULT_LINE_BYTES 5120u

/* Writes a line with its line feed; returns its length. *hash becomes the stack's. */
INTERNAL size_t fault_line_write(char bytes[FAULT_LINE_BYTES], enum fault_action action, uint32_t tag, const uintptr_t *frames,
                                 unsigned count, uint64_t *hash);

#endif
