/* SPDX-License-Identifier: MIT
 *
 * test_budget.c: what a tag may have and use in a test; and how a test fails without a framework (contracts in tagpool/test.h).
 */
#include "base/tag.h"
#include "face/test.h"
#include "port/port.h"
#include "report/output.h"

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
    for (unsigned pool = 0; pool < 2; pool++) {
        struct tagpool_stats stats;
        if (tagpool_tag_stats(tag, (enum tagpool_pool)pool, &stats) != TAGPOOL_OK)
            continue;
        sum.blocks += stats.blocks;
        sum.bytes += stats.bytes;
    }
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

const char *tagpool_test_peak(uint32_t tag, uint64_t bytes)
{
    uint64_t peak = 0;
    for (unsigned pool = 0; pool < 2; pool++) {
        struct tagpool_stats stats;
        if (tagpool_tag_stats(tag, (enum tagpool_pool)pool, &stats) == TAGPOOL_OK && stats.peak_charged > peak)
            peak = stats.peak_charged;
    }
    if (peak <= bytes)
        return NULL;
    struct text *line = test_message_begin();
    say_tag(line, tag, "a peak of at most ");
    text_plural(line, bytes, "byte");
    text_string(line, " charged, found ");
    text_decimal(line, peak, 0);
    output_line(line);
    return test_message_end();
}

/* Allocations of a tag before the test began. */
static uint64_t allocs_before(uint32_t tag)
{
    uint64_t allocs = 0;
    size_t count;
    const struct tagpool_row *rows = tagpool_snapshot_rows(test_before(), &count);
    for (size_t i = 0; i < count; i++)
        allocs += rows[i].tag == (tag & ~TAG_PROTECTED) ? rows[i].stats.allocs : 0;
    return allocs;
}

const char *tagpool_test_allocs(uint32_t tag, uint64_t most)
{
    uint64_t allocs = 0;
    if (test_before() == NULL)
        return test_not_checked("", tagpool_test_current() == NULL ? "no test is open in this thread"
                                                                   : "there was no memory for the counts before the test");
    for (unsigned pool = 0; pool < 2; pool++) {
        struct tagpool_stats stats;
        if (tagpool_tag_stats(tag, (enum tagpool_pool)pool, &stats) == TAGPOOL_OK)
            allocs += stats.allocs;
    }
    allocs -= allocs_before(tag);
    if (allocs <= most)
        return NULL;
    struct text *line = test_message_begin();
    say_tag(line, tag, "at most ");
    text_plural(line, most, "allocation");
    text_string(line, ", found ");
    text_decimal(line, allocs, 0);
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
