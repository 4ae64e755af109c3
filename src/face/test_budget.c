/* SPDX-License-Identifier: MIT
 *
 * test_budget.c: what a tag may have and use in a test; and how a test fails without a framework (contracts in tagpool/test.h).
 */
#include "base/tag.h"
#include "face/face.h"
#include "face/test.h"
#include "ledger/ledger.h"
#include "pool/verify.h"
#include "port/port.h"
#include "report/output.h"

#define NO_ROW "the table of tags is full, and the tag has no row"

/* "tag Buf1: expected 3 blocks, found 4 ..." */
static void say_tag(struct text *line, uint32_t tag, const char *expected)
{
    text_string(line, "tag ");
    text_tag(line, tag);
    text_string(line, ": expected ");
    text_string(line, expected);
}

const char *tagpool_test_outstanding(uint32_t tag, uint64_t blocks, uint64_t bytes)
{
    struct tagpool_stats sum = {.blocks = 0};
    bool has_row = false;
    for (unsigned pool = 0; pool < 2; pool++) {
        struct tagpool_stats stats;
        if (tagpool_tag_stats(tag, (enum tagpool_pool)pool, &stats) != TAGPOOL_OK)
            continue;
        has_row = true;
        sum.blocks += stats.blocks;
        sum.bytes += stats.bytes;
    }
    if (!face_start())
        return test_not_checked("", "the library cannot start");
    if (!has_row && ledger_overflowed())
        return test_not_checked("", NO_ROW);
    if (sum.blocks == blocks && sum.bytes == bytes)
        return NULL;
    struct text *line = test_message_begin();
    say_tag(line, tag, "");
    text_plural(line, blocks, "block");
    text_string(line, " of ");
    text_plural(line, bytes, "byte");
    text_string(line, " outstanding, found ");
    text_plural(line, sum.blocks, "block");
    text_string(line, " of ");
    text_plural(line, sum.bytes, "byte");
    output_line(line);
    return test_message_end();
}

/* The counts of a tag in the test of this thread; or why not. */
static const char *read_counts(uint32_t tag, struct trial_counts *counts)
{
    const char *why;
    struct tagpool_test *test = test_current(&why);
    if (test == NULL)
        return why;
    uint32_t tag_index = ledger_find(tag & ~TAG_PROTECTED);
    memset(counts, 0, sizeof *counts);
    if (tag_index != LEDGER_ROWS)
        trial_read(test->number, tag_index, counts);
    else if (ledger_overflowed())
        return NO_ROW;
    return verify_why_not_checked(test->mark);
}

const char *tagpool_test_peak(uint32_t tag, uint64_t bytes)
{
    struct trial_counts counts;
    const char *why = read_counts(tag, &counts);
    if (why != NULL)
        return test_not_checked("", why);
    if (counts.peak <= bytes)
        return NULL;
    struct text *line = test_message_begin();
    say_tag(line, tag, "a peak of at most ");
    text_plural(line, bytes, "byte");
    text_string(line, ", found ");
    text_decimal(line, counts.peak, 0);
    output_line(line);
    return test_message_end();
}

const char *tagpool_test_allocs(uint32_t tag, uint64_t most)
{
    struct trial_counts counts;
    const char *why = read_counts(tag, &counts);
    if (why != NULL)
        return test_not_checked("", why);
    if (counts.allocs <= most)
        return NULL;
    struct text *line = test_message_begin();
    say_tag(line, tag, "at most ");
    text_plural(line, most, "allocation");
    text_string(line, ", found ");
    text_decimal(line, counts.allocs, 0);
    output_line(line);
    return test_message_end();
}

void tagpool_test_abort(const char *file, unsigned line_number, const char *text)
{
    struct text line;
    text_clear(&line);
    text_string(&line, file);
    text_char(&line, ':');
    text_decimal(&line, line_number, 0);
    text_string(&line, ": test failed");
    output_line(&line);
    while (*text != 0) {
        size_t length = 0;
        while (text[length] != 0 && text[length] != '\n')
            length++;
        text_bytes(&line, text, length);
        output_line(&line);
        text += length + (text[length] == '\n');
    }
    port_abort();
}
