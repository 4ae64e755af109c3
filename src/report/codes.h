/* SPDX-License-Identifier: MIT
 *
 * codes.h: the one table of bug checks: of each code and sub-code the name, what was done wrong, and what the parameters mean.
 *
 * A parameter's meaning is a word or two, and says how the value is printed: in decimal if it begins with "bytes", "pages",
 * "number" or "amount" or names an IRQL, as four characters if it names a tag, otherwise in hexadecimal. The words "sub-code" and
 * "reserved" stand for values that need no explanation.
 */
#ifndef REPORT_CODES_H
#define REPORT_CODES_H

#include "base/text.h"

#define SUB "sub-code"
#define RES "reserved"

/* Sub-codes from `first` to `last` of a code. A code's last row is for ANY: whatever the other rows do not cover. */
struct code_row {
    uint32_t first, last;
    const char *sentence;
    const char *parameter[4];
};

#define ONE(sub_code) sub_code, sub_code
#define ANY 0, UINT32_MAX

struct code {
    uint32_t code;
    const char *name;
    unsigned sub_code_in; /* the parameter that holds the sub-code: 1 to 4, or 0 for none */
    unsigned count;
    const struct code_row *rows;
};

#define CODE_ROWS(rows) sizeof(rows) / sizeof(rows)[0], rows

struct code_list {
    const struct code *codes;
    unsigned count;
};

/* The table is in three files: codes of pool, those that Driver Verifier raises, and others. Firmware has only the rows of what
 * the core itself reports. */
INTERNAL_OBJECT const struct code_list codes_pool;
INTERNAL_OBJECT const struct code_list codes_verifier;
INTERNAL_OBJECT const struct code_list codes_other;

/* A row and the code it belongs to. */
struct code_match {
    const struct code *code;
    const struct code_row *row;
};

/* The row for a code and its parameters: the sub-code's, or if it has none the code's own. False iff the code is unknown. */
INTERNAL bool codes_find(uint32_t code, const uintptr_t parameter[4], struct code_match *match);

/* The rows of all codes by number, from 0. False iff there are no more. */
INTERNAL bool codes_at(size_t index, struct code_match *match);

/* Whether this is the row for what no other row of the code covers. */
INTERNAL bool codes_is_any(const struct code_row *row);

/* Adds a parameter's meaning and value; false, and nothing, if its word says that there is none. */
INTERNAL bool codes_parameter(struct text *line, const char *word, uintptr_t value);

#endif
