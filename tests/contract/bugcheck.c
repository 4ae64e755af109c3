/* SPDX-License-Identifier: MIT
 *
 * Contract: KeBugCheckEx and KeBugCheck end in the library's handler; the table of bug checks has every code that concerns pool
 * with its sub-codes, and each entry can be raised and printed. */
#include "../api/test.h"

#include "tagpool/wdk/bugcheck.h"
#include "tagpool/wdk/bugcodes.h"

#define TAG TAGPOOL_TAG('W', 'a', 'v', 'e')
#define NO_SUB_CODE 0x7FFFFFF0u /* no code has it */
#define LINE_MOST 130

/* What is documented: the codes that concern pool, the parameter that holds a sub-code, and all sub-codes. */
#define SUB_CODES(...) (const uint32_t[]){__VA_ARGS__}, sizeof(uint32_t[]){__VA_ARGS__} / sizeof(uint32_t)
#define ALONE(code, number) {#code, code, number, 0, NULL, 0}

static const struct {
    const char *name;
    uint32_t code, number;
    unsigned sub_code_in;
    const uint32_t *sub_codes;
    size_t count;
} documented[] = {
    {"BAD_POOL_HEADER", BAD_POOL_HEADER, 0x19, 1,
     SUB_CODES(0x2, 0x3, 0x5, 0x6, 0x7, 0x8, 0x9, 0xA, 0xD, 0xE, 0xF, 0x23, 0x24, 0x25, 0x20, 0x21, 0x22)},
    {"SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION", SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, 0xC1, 4,
     SUB_CODES(0x20, 0x21, 0x22, 0x23, 0x24, 0x30, 0x31, 0x32)},
    {"BAD_POOL_CALLER", BAD_POOL_CALLER, 0xC2, 1,
     SUB_CODES(0x00, 0x01, 0x02, 0x04, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x40, 0x41, 0x42, 0x43, 0x44, 0x46, 0x47,
               0x48, 0x50, 0x60, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x41286)},
    {"DRIVER_VERIFIER_DETECTED_VIOLATION", DRIVER_VERIFIER_DETECTED_VIOLATION, 0xC4, 1,
     SUB_CODES(0x00, 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36,
               0x37, 0x38, 0x39, 0x3A, 0x3B, 0x40, 0x41, 0x42, 0x51, 0x52, 0x53, 0x54, 0x59, 0x60, 0x61, 0x62, 0x6F, 0x70, 0x71,
               0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x7B, 0x7E, 0x7C, 0x7D, 0x7F, 0xB0, 0xB1, 0xB2, 0xB3, 0xB4,
               0xB5, 0xB6, 0xB8, 0xCA, 0xCB, 0xCC, 0xCD, 0xD0, 0xD1, 0xD2, 0xDA, 0xDB, 0xDC, 0xDD, 0xDF, 0xE5, 0xF0, 0x105, 0x10A,
               0x10B, 0x13A, 0x13B, 0x13C, 0x13D, 0x13E, 0x13F, 0x140, 0x141, 0x1000, 0x1001, 0x1002, 0x1003, 0x1004, 0x1005,
               0x1006, 0x1007, 0x1008, 0x1009, 0x100A, 0x100B, 0x2000, 0x00020004, 0x90, 0x91, 0x115)},
    {"DRIVER_VERIFIER_DMA_VIOLATION", DRIVER_VERIFIER_DMA_VIOLATION, 0xE6, 1,
     SUB_CODES(0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x13,
               0x14, 0x15, 0x16, 0x18, 0x19, 0x1B, 0x1D, 0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26)},
    {"MEMORY_MANAGEMENT", MEMORY_MANAGEMENT, 0x1A, 1, SUB_CODES(0x5200, 0x5305, 0x41286)},
    {"TIMER_OR_DPC_INVALID", TIMER_OR_DPC_INVALID, 0xC7, 1, SUB_CODES(0, 1, 2, 3, 4, 5)},
    {"DRIVER_VERIFIER_IOMANAGER_VIOLATION", DRIVER_VERIFIER_IOMANAGER_VIOLATION, 0xC9, 1, SUB_CODES(0x01, 0x02)},
    {"NETIO_INVALID_POOL_CALLER", NETIO_INVALID_POOL_CALLER, 0x126, 1, SUB_CODES(1, 2)},
    {"KERNEL_MODE_HEAP_CORRUPTION", KERNEL_MODE_HEAP_CORRUPTION, 0x13A, 1,
     SUB_CODES(0x3, 0x4, 0x5, 0x6, 0x7, 0x8, 0x9, 0xA, 0xB, 0xC, 0xD, 0xE, 0xF, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17)},
    {"KERNEL_SECURITY_CHECK_FAILURE", KERNEL_SECURITY_CHECK_FAILURE, 0x139, 1, SUB_CODES(3)},
    ALONE(IRQL_NOT_LESS_OR_EQUAL, 0x0A),
    ALONE(QUOTA_UNDERFLOW, 0x21),
    ALONE(MUST_SUCCEED_POOL_EMPTY, 0x41),
    ALONE(PAGE_FAULT_IN_NONPAGED_AREA, 0x50),
    ALONE(SESSION_HAS_VALID_POOL_ON_EXIT, 0xAB),
    ALONE(DRIVER_CORRUPTED_EXPOOL, 0xC5),
    ALONE(DRIVER_CAUGHT_MODIFYING_FREED_POOL, 0xC6),
    ALONE(IRQL_UNEXPECTED_VALUE, 0xC8),
    ALONE(DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS, 0xCB),
    ALONE(PAGE_FAULT_IN_FREED_SPECIAL_POOL, 0xCC),
    ALONE(PAGE_FAULT_BEYOND_END_OF_ALLOCATION, 0xCD),
    ALONE(DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS, 0xCE),
    ALONE(DRIVER_CORRUPTED_MMPOOL, 0xD0),
    ALONE(DRIVER_IRQL_NOT_LESS_OR_EQUAL, 0xD1),
    ALONE(DRIVER_PORTION_MUST_BE_NONPAGED, 0xD3),
    ALONE(DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL, 0xD5),
    ALONE(DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION, 0xD6),
    ALONE(DRIVER_UNMAPPING_INVALID_VIEW, 0xD7),
    ALONE(POOL_CORRUPTION_IN_FILE_AREA, 0xDE),
    ALONE(SESSION_HAS_VALID_SPECIAL_POOL_ON_EXIT, 0xEC),
    ALONE(ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY, 0xFC),
    ALONE(DRIVER_VERIFIER_DETECTED_VIOLATION_LIVEDUMP, 0x1C4),
    /* Not about pool, but raised by what surrounds it here. */
    ALONE(SPIN_LOCK_ALREADY_OWNED, 0x0F),
    ALONE(SPIN_LOCK_NOT_OWNED, 0x10),
    ALONE(KMODE_EXCEPTION_NOT_HANDLED, 0x1E),
};

enum { DOCUMENTED = sizeof documented / sizeof documented[0] };

/* KeBugCheckEx() with a handler that jumps out. */
static void bug_check(ULONG code, const uintptr_t parameter[4])
{
    jmp_buf back;
    caught_jump = &back;
    if (setjmp(back) == 0)
        KeBugCheckEx(code, parameter[0], parameter[1], parameter[2], parameter[3]);
    caught_jump = NULL;
    same(caught_count, 1);
    caught_count = 0;
}

/* Which of the documented codes an entry is about. */
static size_t documented_at(const struct tagpool_bugcheck_entry *entry)
{
    size_t i = 0;
    while (i < DOCUMENTED && documented[i].number != entry->code)
        i++;
    check(i < DOCUMENTED);
    return i;
}

/* Parameters for which an entry is the right one; the others differ from each other and have all bits of an address. */
static void make_parameters(const struct tagpool_bugcheck_entry *entry, uint32_t sub_code, uintptr_t parameter[4])
{
    for (unsigned i = 0; i < 4; i++)
        parameter[i] = UINTPTR_MAX - 0x1111u * i;
    unsigned in = documented[documented_at(entry)].sub_code_in;
    if (in != 0)
        parameter[in - 1] = entry->sub_code_in != 0 ? sub_code : NO_SUB_CODE;
}

/* "All those of Windows that concern pool": each documented code and sub-code has an entry of its own ... */
static void every_documented_code_is_there(void **state)
{
    struct tagpool_bugcheck_entry entry;
    (void)state;
    for (size_t i = 0; i < DOCUMENTED; i++) {
        size_t alone = 0;
        same(documented[i].code, documented[i].number);
        for (size_t e = 0; tagpool_bugcheck_describe(e, &entry) == TAGPOOL_OK; e++)
            alone += entry.code == documented[i].number && entry.sub_code_in == 0;
        same(alone, 1);
        for (size_t j = 0; j < documented[i].count; j++) {
            uint32_t sub_code = documented[i].sub_codes[j];
            size_t found = 0;
            for (size_t e = 0; tagpool_bugcheck_describe(e, &entry) == TAGPOOL_OK; e++)
                if (entry.code == documented[i].number && entry.sub_code_in != 0 && entry.first_sub_code <= sub_code &&
                    sub_code <= entry.last_sub_code) {
                    same(entry.sub_code_in, documented[i].sub_code_in);
                    found++;
                }
            if (found != 1)
                fprintf(stderr, "%s, sub-code 0x%X:\n", documented[i].name, (unsigned)sub_code);
            same(found, 1);
        }
    }
}

/* ... and no entry is about a sub-code that is not documented. */
static void nothing_else_is_there(void **state)
{
    struct tagpool_bugcheck_entry entry;
    (void)state;
    for (size_t e = 0; tagpool_bugcheck_describe(e, &entry) == TAGPOOL_OK; e++) {
        size_t i = documented_at(&entry);
        check(entry.first_sub_code <= entry.last_sub_code && entry.last_sub_code < NO_SUB_CODE);
        if (entry.sub_code_in == 0)
            check(entry.first_sub_code == 0 && entry.last_sub_code == 0);
        for (uint32_t sub_code = entry.first_sub_code; entry.sub_code_in != 0 && sub_code <= entry.last_sub_code; sub_code++) {
            size_t found = 0;
            for (size_t j = 0; j < documented[i].count; j++)
                found += documented[i].sub_codes[j] == sub_code;
            same(found, 1);
        }
    }
}

/* An entry has a name, "what the caller did" as one sentence without a period, and "what each parameter means". */
static void every_entry_is_complete(void **state)
{
    struct tagpool_bugcheck_entry entry;
    (void)state;
    for (size_t e = 0; tagpool_bugcheck_describe(e, &entry) == TAGPOOL_OK; e++) {
        size_t length = strlen(entry.sentence);
        assert_string_equal(entry.name, documented[documented_at(&entry)].name);
        check(length > 10 && length <= LINE_MOST - strlen("tagpool:   ") && strchr(entry.sentence, '\n') == NULL);
        check(entry.sentence[length - 1] != '.' && entry.sentence[length - 1] != ' ');
        for (unsigned i = 0; i < 4; i++) {
            check(entry.parameter[i] != NULL && entry.parameter[i][0] != 0 && strchr(entry.parameter[i], '\n') == NULL);
            check((strcmp(entry.parameter[i], "sub-code") == 0) ==
                  (i + 1 == documented[documented_at(&entry)].sub_code_in));
        }
    }
}

/* "Fails iff there are no more (TAGPOOL_ENOTFOUND; *entry is then all zero)". */
static void the_table_ends(void **state)
{
    struct tagpool_bugcheck_entry entry, zero;
    size_t entries = 0;
    (void)state;
    memset(&zero, 0, sizeof zero);
    while (tagpool_bugcheck_describe(entries, &entry) == TAGPOOL_OK)
        entries++;
    check(entries > DOCUMENTED);
    for (size_t beyond = entries; beyond < entries + 3; beyond++) {
        memset(&entry, 0xA5, sizeof entry);
        same(tagpool_bugcheck_describe(beyond, &entry), TAGPOOL_ENOTFOUND);
        assert_memory_equal(&entry, &zero, sizeof zero);
    }
    same(tagpool_bugcheck_describe(SIZE_MAX, &entry), TAGPOOL_ENOTFOUND);
}

/* "Reports the bug check to the handler of tagpool_bugcheck_handler_set(), with the name and sentence that the library's table
 * has for code and parameters". */
static void the_handler_sees_every_entry(void **state)
{
    struct tagpool_bugcheck_entry entry;
    uintptr_t parameter[4];
    (void)state;
    for (size_t e = 0; tagpool_bugcheck_describe(e, &entry) == TAGPOOL_OK; e++)
        for (uint32_t sub_code = entry.first_sub_code; sub_code <= entry.last_sub_code; sub_code++) {
            make_parameters(&entry, sub_code, parameter);
            bug_check(entry.code, parameter);
            same(caught.code, entry.code);
            assert_string_equal(caught.name, entry.name);
            assert_string_equal(caught.sentence, entry.sentence);
            assert_memory_equal(caught.parameter, parameter, sizeof parameter);
            check(caught.stops && !caught.has_block);
        }
}

/* The rows that the core itself reports: what their parameters are is said by the sentence and the line about the block. */
static bool is_of_core(const struct tagpool_bugcheck_entry *entry)
{
    static const uint32_t of_caller[] = {0x07, 0x0A, 0x42, 0x44, 0x46, 0x48, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x41286};
    if (entry->code == BAD_POOL_HEADER)
        return entry->first_sub_code == 0x21;
    for (size_t i = 0; entry->code == BAD_POOL_CALLER && i < sizeof of_caller / sizeof of_caller[0]; i++)
        if (entry->sub_code_in != 0 && entry->first_sub_code == of_caller[i])
            return true;
    return entry->code == DRIVER_CAUGHT_MODIFYING_FREED_POOL;
}

static void check_lines(void)
{
    for (const char *line = output; *line != 0; line = strchr(line, '\n') + 1) {
        check(strncmp(line, "tagpool: ", 9) == 0);
        if (strchr(line, '\n') - line > LINE_MOST)
            fprintf(stderr, "%s", line);
        check(strchr(line, '\n') - line <= LINE_MOST);
    }
}

/* A printed entry has code, name, the four parameters, the sentence, and what each parameter means, in lines that can be read. */
static void every_entry_prints(void **state)
{
    struct tagpool_bugcheck_entry entry;
    (void)state;
    for (size_t e = 0; tagpool_bugcheck_describe(e, &entry) == TAGPOOL_OK; e++) {
        struct tagpool_bugcheck report = {.code = entry.code, .name = entry.name, .sentence = entry.sentence, .stops = true};
        output_clear();
        make_parameters(&entry, entry.last_sub_code, report.parameter);
        tagpool_bugcheck_print(&report);
        check_lines();
        check(has_hex(output, entry.code) && printed(entry.name) && printed(entry.sentence));
        for (unsigned i = 0; i < 4; i++) {
            bool is_explained = strcmp(entry.parameter[i], "sub-code") != 0 && strcmp(entry.parameter[i], "reserved") != 0;
            check(has_hex(output, report.parameter[i]));
            check(!is_explained || is_of_core(&entry) || printed(entry.parameter[i]));
        }
    }
}

static void print_it(const struct tagpool_bugcheck *bugcheck, void *context)
{
    tagpool_bugcheck_print(bugcheck);
    catch_bugcheck(bugcheck, context);
}

/* Numbers that count are printed in decimal, tags as text, all others in hexadecimal. */
static void values_print_as_what_they_are(void **state)
{
    (void)state;
    tagpool_bugcheck_handler_set(print_it, NULL);
    bug_check(BAD_POOL_CALLER, (uintptr_t[]){0x08, 2, 513, 4000});
    check(printed("tagpool:   IRQL 2, pool type 0x201, bytes 4000\n"));
    bug_check(BAD_POOL_CALLER, (uintptr_t[]){0x00, 0, 1, TAG});
    check(printed("tagpool:   pool type 0x1, tag Wave\n"));
    bug_check(BAD_POOL_CALLER, (uintptr_t[]){0x00, 0, 1, 0});
    check(printed("tagpool:   pool type 0x1, tag 0x0\n"));
    bug_check(SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, (uintptr_t[]){0xABCD0, 100, 112, 0x21});
    check(printed("tagpool:   address freed 0xabcd0, bytes requested 100, bytes calculated 112\n"));
    bug_check(DRIVER_VERIFIER_DETECTED_VIOLATION, (uintptr_t[]){0x60, 1000, 2000, 3});
    check(printed("tagpool:   bytes of paged pool 1000, bytes of nonpaged pool 2000, number of blocks not freed 3\n"));
}

/* "A code that is not in the table has an empty name." */
static void an_unknown_code(void **state)
{
    (void)state;
    tagpool_bugcheck_handler_set(print_it, NULL);
    bug_check(0xDEAD, (uintptr_t[]){1, 2, 3, 4});
    same(caught.code, 0xDEAD);
    assert_string_equal(caught.name, "");
    assert_string_equal(output, "tagpool: bug check 0xDEAD (0x1, 0x2, 0x3, 0x4)\n"
                                "tagpool:   a bug check without a documented pool meaning\n");
}

/* A sub-code that the table does not have gives the entry of the code alone. */
static void an_unknown_sub_code(void **state)
{
    (void)state;
    bug_check(BAD_POOL_CALLER, (uintptr_t[]){0x03, 2, 3, 4});
    assert_string_equal(caught.name, "BAD_POOL_CALLER");
    assert_string_equal(caught.sentence, "a routine of the pool was called wrongly");
    bug_check(SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION, (uintptr_t[]){0x24, 2, 3, 4});
    assert_string_equal(caught.sentence, "memory of special pool was damaged");
#if UINTPTR_MAX > 0xFFFFFFFFu
    bug_check(BAD_POOL_CALLER, (uintptr_t[]){UINT64_C(0x100000007), 2, 3, 4});
    assert_string_equal(caught.sentence, "a routine of the pool was called wrongly");
#endif
}

/* "KeBugCheckEx() with four parameters of 0." */
static void KeBugCheck_has_no_parameters(void **state)
{
    jmp_buf back;
    (void)state;
    caught_jump = &back;
    if (setjmp(back) == 0)
        KeBugCheck(MUST_SUCCEED_POOL_EMPTY);
    check(mistake(0x41, 0));
    check(caught.parameter[1] == 0 && caught.parameter[2] == 0 && caught.parameter[3] == 0);
    assert_string_equal(caught.name, "MUST_SUCCEED_POOL_EMPTY");
}

static void say_returned(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    fprintf(stderr, "handler saw 0x%X\n", (unsigned)bugcheck->code);
}

static void return_from_handler(void)
{
    tagpool_sink_set(NULL, NULL);
    tagpool_bugcheck_handler_set(say_returned, NULL);
    KeBugCheckEx(BAD_POOL_CALLER, 0x99, 0, 0, 0);
}

static void no_handler(void)
{
    tagpool_sink_set(NULL, NULL);
    tagpool_bugcheck_handler_set(NULL, NULL);
    KeBugCheck(BAD_POOL_HEADER);
}

/* "Never returns: [...] if it returns, a line through the sink says so and abort() is called." The default handler prints the
 * report and aborts by itself. */
static void nobody_comes_back(void **state)
{
    static struct child child;
    (void)state;
    child_run(&child, return_from_handler);
    check(child_aborted(&child));
    assert_string_equal(child.text, "handler saw 0xC2\n"
                                    "tagpool: the bug-check handler returned from KeBugCheckEx; "
                                    "expected that it ends the program, jumps or throws\n");
    child_run(&child, no_handler);
    check(child_aborted(&child));
    check(strstr(child.text, "bug check 0x19 BAD_POOL_HEADER (0x0, 0x0, 0x0, 0x0)") != NULL);
    check(strstr(child.text, "returned") == NULL);
}

/* The core's own reports take code, name and sentence from the same table. */
static void the_core_uses_the_table(void **state)
{
    struct tagpool_bugcheck_entry entry;
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, TAG);
    size_t found = 0;
    (void)state;
    tagpool_free_tag(block, TAGPOOL_TAG('S', 'u', 'r', 'f'));
    check(finding(0xC2, 0x0A));
    for (size_t e = 0; tagpool_bugcheck_describe(e, &entry) == TAGPOOL_OK; e++)
        if (entry.code == 0xC2 && entry.sub_code_in == 1 && entry.first_sub_code == 0x0A) {
            assert_string_equal(caught.name, entry.name);
            assert_string_equal(caught.sentence, entry.sentence);
            found++;
        }
    same(found, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_comes_back),
        test(every_documented_code_is_there),
        test(nothing_else_is_there),
        test(every_entry_is_complete),
        test(the_table_ends),
        test(the_handler_sees_every_entry),
        test(every_entry_prints),
        test(values_print_as_what_they_are),
        test(an_unknown_code),
        test(an_unknown_sub_code),
        test(KeBugCheck_has_no_parameters),
        test(the_core_uses_the_table),
    };
    return cmocka_run_group_tests_name("bug checks", tests, NULL, NULL);
}
