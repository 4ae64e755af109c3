/* SPDX-License-Identifier: MIT
 *
 * codes.c: finds rows in the table of bug checks, and prints values as their words say.
 */
#include "report/codes.h"

static const struct code_list *const lists[] = {
    &codes_pool,
#if !TAGPOOL_BARE
    &codes_verifier,
    &codes_other,
#endif
};

#define LISTS (sizeof lists / sizeof lists[0])

bool codes_is_any(const struct code_row *row)
{
    return row->first == 0 && row->last == UINT32_MAX;
}

static const struct code *find_code(uint32_t code)
{
    for (size_t i = 0; i < LISTS; i++)
        for (unsigned j = 0; j < lists[i]->count; j++)
            if (lists[i]->codes[j].code == code)
                return &lists[i]->codes[j];
    return NULL;
}

bool codes_find(uint32_t code, const uintptr_t parameter[4], struct code_match *match)
{
    match->code = find_code(code);
    if (match->code == NULL)
        return false;
    uintptr_t sub_code = match->code->sub_code_in == 0 ? 0 : parameter[match->code->sub_code_in - 1];
    const struct code_row *row = match->code->rows;
    while (!codes_is_any(row) && (sub_code < row->first || sub_code > row->last))
        row++;
    match->row = row;
    return true;
}

bool codes_at(size_t index, struct code_match *match)
{
    for (size_t i = 0; i < LISTS; i++)
        for (unsigned j = 0; j < lists[i]->count; j++) {
            match->code = &lists[i]->codes[j];
            if (index < match->code->count) {
                match->row = &match->code->rows[index];
                return true;
            }
            index -= match->code->count;
        }
    return false;
}

static bool begins(const char *word, const char *start)
{
    while (*start != 0)
        if (*word++ != *start++)
            return false;
    return true;
}

static bool contains(const char *word, const char *part)
{
    for (; *word != 0; word++)
        if (begins(word, part))
            return true;
    return false;
}

static bool is_decimal(const char *word)
{
    return begins(word, "bytes") || begins(word, "pages") || begins(word, "number") || begins(word, "amount") ||
           contains(word, "IRQL");
}

bool codes_parameter(struct text *line, const char *word, uintptr_t value)
{
    if (begins(word, SUB) || begins(word, RES))
        return false;
    text_string(line, word);
    text_char(line, ' ');
    if (is_decimal(word))
        text_decimal(line, value, 0);
    else if (contains(word, "tag") && value != 0 && value <= UINT32_MAX)
        text_tag(line, (uint32_t)value);
    else
        text_hex(line, value);
    return true;
}
