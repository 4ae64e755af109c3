/* SPDX-License-Identifier: MIT
 *
 * bugcheck.c: the core's mistakes, the report of any bug check, the handler.
 */
#include "report/bugcheck.h"

#include "base/atomic.h"
#include "port/port.h"
#include "report/codes.h"
#include "report/output.h"
#include "tagpool/verifier.h"

#define BAD_POOL_CALLER 0xC2u
#define FIRST_OF_FAULTS 0xCCu /* PAGE_FAULT_IN_FREED_SPECIAL_POOL */

/* Most characters of a line, where a report can choose. */
#define LINE_MOST 130

/* The core's mistakes by code and sub-code: what they are called, and what was done wrong, is in the table of codes.h. A sentence
 * here says more exactly what the core knows. */
static const struct {
    uint32_t code;
    uint32_t sub_code;
    const char *sentence;
} mistakes[MISTAKE_COUNT] = {
    [MISTAKE_FREE_NULL] = {BAD_POOL_CALLER, 0x46, "NULL was given as a block; expected the address of an outstanding block"},
    [MISTAKE_FREE_FOREIGN] = {BAD_POOL_CALLER, 0x42, NULL},
    [MISTAKE_FREE_NONPAGED_UNUSED] = {BAD_POOL_CALLER, 0x44, NULL},
    [MISTAKE_FREE_PAGED_UNUSED] = {BAD_POOL_CALLER, 0x48, NULL},
    [MISTAKE_FREE_TWICE] = {BAD_POOL_CALLER, 0x07, NULL},
    [MISTAKE_FREE_NONPAGED_INSIDE] = {BAD_POOL_CALLER, 0x99, NULL},
    [MISTAKE_FREE_PAGED_INSIDE] = {BAD_POOL_CALLER, 0x41286, NULL},
    [MISTAKE_FREE_WRONG_TAG] = {BAD_POOL_CALLER, 0x0A, NULL},
    [MISTAKE_FREE_PROTECTED] = {BAD_POOL_CALLER, 0x0A,
                                "a protected block was freed without its tag; expected the tag it was allocated with"},
    [MISTAKE_TAG_ZERO] = {BAD_POOL_CALLER, 0x9B, NULL},
    [MISTAKE_TAG_RESERVED] = {BAD_POOL_CALLER, 0x9C, NULL},
    [MISTAKE_TAG_UNREADABLE] = {BAD_POOL_CALLER, 0x9D, NULL},
    [MISTAKE_POOL_TYPE] = {BAD_POOL_CALLER, 0x9A,
                           "an allocation was made from a pool type that is none; expected nonpaged (0) or paged (1)"},
    [MISTAKE_WRITE_PAST_END] = {0x19, 0x21, NULL},
    [MISTAKE_WRITE_AFTER_FREE] = {0xC6, 0, NULL},
};

static struct {
    tagpool_bugcheck_handler *handler;
    void *context;
} bugcheck_state;

INTERNAL bool (*bugcheck_hook)(const struct tagpool_bugcheck *bugcheck, bool has_handler);

void bugcheck_look_up(struct tagpool_bugcheck *bugcheck)
{
    struct code_match match;
    bool is_known = codes_find(bugcheck->code, bugcheck->parameter, &match);
    bugcheck->name = is_known ? match.code->name : "";
    bugcheck->sentence = is_known ? match.row->sentence : "a bug check without a documented pool meaning";
}

void bugcheck_describe(enum mistake mistake, struct tagpool_bugcheck *bugcheck)
{
    memset(bugcheck, 0, sizeof *bugcheck);
    bugcheck->code = mistakes[mistake].code;
    bugcheck->parameter[0] = mistakes[mistake].sub_code;
    bugcheck->stops = true;
    bugcheck_look_up(bugcheck);
    if (mistakes[mistake].sentence != NULL)
        bugcheck->sentence = mistakes[mistake].sentence;
}

void bugcheck_handler_set(tagpool_bugcheck_handler *handler, void *context)
{
    bugcheck_state.context = context;
    bugcheck_state.handler = handler;
}

void bugcheck_raise(const struct tagpool_bugcheck *bugcheck)
{
    bool (*hook)(const struct tagpool_bugcheck *, bool) = LOAD_ACQUIRE(&bugcheck_hook);
    if (hook != NULL && hook(bugcheck, bugcheck_state.handler != NULL))
        return;
    if (bugcheck_state.handler != NULL) {
        bugcheck_state.handler(bugcheck, bugcheck_state.context);
        return;
    }
    bugcheck_print(bugcheck);
    if (bugcheck->stops)
        port_abort();
}

void bugcheck_report(uint32_t code, const uintptr_t parameter[4], const struct tagpool_block *block, bool stops)
{
    struct tagpool_bugcheck bugcheck = {.code = code, .stops = stops, .has_block = block != NULL};
    memcpy(bugcheck.parameter, parameter, sizeof bugcheck.parameter);
    if (block != NULL)
        bugcheck.block = *block;
    bugcheck_look_up(&bugcheck);
    bugcheck_raise(&bugcheck);
}

/* Prints and begins anew. */
static void next_line(struct text *line)
{
    output_line(line);
    text_string(line, "tagpool:   ");
}

/* Code, name and the parameters as they are; the parameters go to a line of their own if they would not fit. */
static void say_head(const struct tagpool_bugcheck *bugcheck)
{
    struct text line, numbers;
    text_clear(&line);
    text_clear(&numbers);
    text_string(&line, bugcheck->stops ? "tagpool: bug check " : "tagpool: finding ");
    text_code(&line, bugcheck->code);
    for (int i = 0; i < 4; i++) {
        text_string(&numbers, i == 0 ? "(" : ", ");
        (i == 0 && bugcheck->parameter[0] <= UINT32_MAX ? text_code : text_hex)(&numbers, bugcheck->parameter[i]);
    }
    text_char(&numbers, ')');
    if (bugcheck->name[0] != 0) {
        text_char(&line, ' ');
        text_string(&line, bugcheck->name);
    }
    if (line.length + 1 + numbers.length > LINE_MOST)
        next_line(&line);
    else
        text_char(&line, ' ');
    text_bytes(&line, numbers.bytes, numbers.length);
    output_line(&line);
}

/* Whether the core itself reports this row: its sentence and block then say what the parameters are. */
static bool is_of_core(const struct code_row *row)
{
    for (unsigned i = MISTAKE_NONE + 1; i < MISTAKE_COUNT; i++) {
        struct code_match own;
        uintptr_t parameter[4] = {mistakes[i].sub_code};
        if (codes_find(mistakes[i].code, parameter, &own) && own.row == row)
            return true;
    }
    return false;
}

/* What each parameter means, in as many lines as it takes. On firmware nobody but the core reports anything. */
static void say_meanings(const struct tagpool_bugcheck *bugcheck)
{
    struct code_match match;
    struct text line, piece;
    bool is_first = true;
    if (TAGPOOL_BARE || !codes_find(bugcheck->code, bugcheck->parameter, &match) || is_of_core(match.row))
        return;
    text_clear(&line);
    text_string(&line, "tagpool:   ");
    for (int i = 0; i < 4; i++) {
        text_clear(&piece);
        if (!codes_parameter(&piece, match.row->parameter[i], bugcheck->parameter[i]))
            continue;
        if (!is_first) {
            text_char(&line, ',');
            if (line.length + 1 + piece.length + 1 > LINE_MOST)
                next_line(&line);
            else
                text_char(&line, ' ');
        }
        text_bytes(&line, piece.bytes, piece.length);
        is_first = false;
    }
    if (!is_first)
        output_line(&line);
}

static void say_block(const struct tagpool_bugcheck *bugcheck)
{
    struct text line;
    text_clear(&line);
    text_string(&line, "tagpool:   block ");
    text_hex(&line, (uintptr_t)bugcheck->block.address);
    if (bugcheck->block.tag != 0) {
        text_string(&line, ", tag ");
        text_tag(&line, bugcheck->block.tag);
    }
    text_string(&line, bugcheck->block.pool == TAGPOOL_PAGED ? ", paged, " : ", nonpaged, ");
    if (bugcheck->block.bytes != 0) {
        text_decimal(&line, bugcheck->block.bytes, 0);
        text_string(&line, " bytes requested, ");
    }
    text_decimal(&line, bugcheck->block.charged, 0);
    text_string(&line, " bytes charged");
    if (bugcheck->block.is_protected)
        text_string(&line, ", protected");
    if (bugcheck->code == BAD_POOL_CALLER && bugcheck->parameter[0] == 0x0A && bugcheck->parameter[3] != 0) {
        bool differs_in_bit = (bugcheck->parameter[2] ^ bugcheck->parameter[3]) == TAGPOOL_PROTECTED;
        text_string(&line, "; freed with tag ");
        text_tag(&line, (uint32_t)bugcheck->parameter[3]);
        if (differs_in_bit)
            text_string(&line, bugcheck->block.is_protected ? " without TAGPOOL_PROTECTED" : " with TAGPOOL_PROTECTED");
    }
    output_line(&line);
}

/* How far from the block the address lies that was touched. Damage is found later, and by another thread perhaps. */
static void say_distance(const struct tagpool_bugcheck *bugcheck)
{
    struct text line;
    uintptr_t address = (uintptr_t)bugcheck->touched;
    uintptr_t start = (uintptr_t)bugcheck->block.address;
    uintptr_t end = start + bugcheck->block.bytes;
    text_clear(&line);
    text_string(&line, "tagpool:   ");
    text_hex(&line, address);
    text_string(&line, " is ");
    if (address >= start && address < end) {
        text_string(&line, "byte ");
        text_decimal(&line, address - start, 0);
        text_string(&line, " of the block");
    } else {
        text_plural(&line, address < start ? start - address : address - end, "byte");
        text_string(&line, address < start ? " before the start of the block" : " behind the end of the block");
    }
    if (bugcheck->code >= FIRST_OF_FAULTS) {
        text_string(&line, "; touched by thread ");
        text_decimal(&line, port_thread_number(), 0);
    }
    output_line(&line);
}

static void say_operation(const struct tagpool_operation *operation)
{
    struct text line;
    text_clear(&line);
    text_string(&line, operation->is_free ? "tagpool:   freed by thread " : "tagpool:   allocated by thread ");
    text_decimal(&line, operation->thread, 0);
    text_string(&line, ", operation ");
    text_decimal(&line, operation->sequence, 0);
    if (operation->driver != NULL) {
        text_string(&line, ", driver ");
        text_string(&line, operation->driver);
    }
    if (operation->file != NULL) {
        text_string(&line, ", ");
        text_string(&line, operation->file);
        text_char(&line, ':');
        text_decimal(&line, operation->line, 0);
    }
    text_string(&line, operation->frame_count != 0 ? ", from" : "");
    output_line(&line);
    for (unsigned i = 0; i < operation->frame_count; i++) {
        text_string(&line, "tagpool:     ");
        text_hex(&line, operation->frames[i]);
        output_line(&line);
    }
}

void bugcheck_print(const struct tagpool_bugcheck *bugcheck)
{
    struct text line;
    say_head(bugcheck);
    text_clear(&line);
    text_string(&line, "tagpool:   ");
    text_string(&line, bugcheck->sentence);
    output_line(&line);
    say_meanings(bugcheck);
    if (bugcheck->has_block)
        say_block(bugcheck);
    if (bugcheck->has_block && bugcheck->touched != NULL)
        say_distance(bugcheck);
    if (bugcheck->allocated != NULL)
        say_operation(bugcheck->allocated);
    if (bugcheck->freed != NULL)
        say_operation(bugcheck->freed);
}
