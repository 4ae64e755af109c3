/* SPDX-License-Identifier: MIT
 *
 * bugcheck.c: the table of mistakes, their report, the handler.
 */
#include "report/bugcheck.h"

#include "port/port.h"
#include "report/output.h"

#define BAD_POOL_HEADER 0x19u
#define BAD_POOL_CALLER 0xC2u
#define DRIVER_CAUGHT_MODIFYING_FREED_POOL 0xC6u

/* The sentences say what the caller did; numbers and names are those of the Windows bug checks. */
static const struct {
    uint32_t code;
    uint32_t parameter1;
    const char *sentence;
} mistakes[MISTAKE_COUNT] = {
    [MISTAKE_FREE_NULL] = {BAD_POOL_CALLER, 0x46, "NULL was given as a block; expected the address of an outstanding block"},
    [MISTAKE_FREE_FOREIGN] = {BAD_POOL_CALLER, 0x42,
                              "an address that lies in no pool was given as a block; expected that of an outstanding block"},
    [MISTAKE_FREE_NONPAGED_UNUSED] = {BAD_POOL_CALLER, 0x44,
                                      "an address in nonpaged pool that holds no block was given as one"},
    [MISTAKE_FREE_PAGED_UNUSED] = {BAD_POOL_CALLER, 0x48,
                                   "an address in paged pool that holds no block was given as one"},
    [MISTAKE_FREE_TWICE] = {BAD_POOL_CALLER, 0x07, "the block has been freed already"},
    [MISTAKE_FREE_NONPAGED_INSIDE] = {BAD_POOL_CALLER, 0x99,
                                      "an address in nonpaged pool that is not the start of a block was given as one"},
    [MISTAKE_FREE_PAGED_INSIDE] = {BAD_POOL_CALLER, 0x41286,
                                   "an address in paged pool that is not the start of a block was given as one"},
    [MISTAKE_FREE_WRONG_TAG] = {BAD_POOL_CALLER, 0x0A,
                                "the block was freed with a tag that is not the one it was allocated with"},
    [MISTAKE_FREE_PROTECTED] = {BAD_POOL_CALLER, 0x0A,
                                "a protected block was freed without its tag; expected the tag it was allocated with"},
    [MISTAKE_TAG_ZERO] = {BAD_POOL_CALLER, 0x9B, "an allocation was made with tag 0; expected one to four characters"},
    [MISTAKE_TAG_RESERVED] = {BAD_POOL_CALLER, 0x9C, "an allocation was made with the reserved tag \"BIG\""},
    [MISTAKE_TAG_UNREADABLE] = {BAD_POOL_CALLER, 0x9D, "an allocation was made with a tag that has no letter or digit"},
    [MISTAKE_POOL_TYPE] = {BAD_POOL_CALLER, 0x9A,
                           "an allocation was made from a pool type that is none; expected nonpaged (0) or paged (1)"},
    [MISTAKE_WRITE_PAST_END] = {BAD_POOL_HEADER, 0x21, "memory behind the end of the block was written before it was freed"},
    [MISTAKE_WRITE_AFTER_FREE] = {DRIVER_CAUGHT_MODIFYING_FREED_POOL, 0, "the block was written after it was freed"},
};

static struct {
    tagpool_bugcheck_handler *handler;
    void *context;
} bugcheck_state;

static const char *code_name(uint32_t code)
{
    switch (code) {
    case BAD_POOL_HEADER:
        return "BAD_POOL_HEADER";
    case DRIVER_CAUGHT_MODIFYING_FREED_POOL:
        return "DRIVER_CAUGHT_MODIFYING_FREED_POOL";
    default:
        return "BAD_POOL_CALLER";
    }
}

void bugcheck_describe(enum mistake mistake, struct tagpool_bugcheck *bugcheck)
{
    memset(bugcheck, 0, sizeof *bugcheck);
    bugcheck->code = mistakes[mistake].code;
    bugcheck->name = code_name(bugcheck->code);
    bugcheck->parameter[0] = mistakes[mistake].parameter1;
    bugcheck->sentence = mistakes[mistake].sentence;
    bugcheck->stops = true;
}

void bugcheck_handler_set(tagpool_bugcheck_handler *handler, void *context)
{
    bugcheck_state.context = context;
    bugcheck_state.handler = handler;
}

void bugcheck_raise(const struct tagpool_bugcheck *bugcheck)
{
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
    struct tagpool_bugcheck bugcheck = {.code = code, .name = code_name(code), .sentence = "", .stops = stops};
    memcpy(bugcheck.parameter, parameter, sizeof bugcheck.parameter);
    bugcheck.has_block = block != NULL;
    if (block != NULL)
        bugcheck.block = *block;
    bugcheck_raise(&bugcheck);
}

void bugcheck_print(const struct tagpool_bugcheck *bugcheck)
{
    struct text line;
    text_clear(&line);
    text_string(&line, bugcheck->stops ? "tagpool: bug check " : "tagpool: finding ");
    text_code(&line, bugcheck->code);
    text_char(&line, ' ');
    text_string(&line, bugcheck->name);
    for (int i = 0; i < 4; i++) {
        text_string(&line, i == 0 ? " (" : ", ");
        (i == 0 && bugcheck->parameter[0] <= UINT32_MAX ? text_code : text_hex)(&line, bugcheck->parameter[i]);
    }
    text_char(&line, ')');
    output_line(&line);
    text_string(&line, "tagpool:   ");
    text_string(&line, bugcheck->sentence);
    output_line(&line);
    if (!bugcheck->has_block)
        return;
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
