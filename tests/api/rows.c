/* SPDX-License-Identifier: MIT
 *
 * rows.c: tests of the table of statistics: which rows there are, their order, and how it is printed. */
#include "test.h"

enum { MOST = 3000 };
static struct tagpool_row rows[MOST];

static const enum tagpool_sort sorts[] = {TAGPOOL_BY_TAG,    TAGPOOL_BY_ALLOCS, TAGPOOL_BY_FREES,
                                          TAGPOOL_BY_BLOCKS, TAGPOOL_BY_BYTES,  TAGPOOL_BY_PER_ALLOC};
enum { SORTS = sizeof sorts / sizeof *sorts };

/* "Bytes are charged bytes"; Per Alloc is 0 where nothing is outstanding. */
static uint64_t per_alloc(const struct tagpool_stats *stats)
{
    return stats->blocks ? stats->charged / stats->blocks : 0;
}

/* By the characters of the tag, first one first, then nonpaged before paged. */
static int compare_tags(const struct tagpool_row *a, const struct tagpool_row *b)
{
    for (int shift = 0; shift < 32; shift += 8) {
        int difference = (int)(a->tag >> shift & 255) - (int)(b->tag >> shift & 255);
        if (difference)
            return difference;
    }
    return (int)a->pool - (int)b->pool;
}

/* Below 0 if `a` comes before `b`, by the number alone; charges per block are compared as fractions. */
static int compare_keys(const struct tagpool_stats *a, const struct tagpool_stats *b, enum tagpool_sort sort)
{
    switch (sort) {
    case TAGPOOL_BY_ALLOCS:
        return (a->allocs < b->allocs) - (a->allocs > b->allocs);
    case TAGPOOL_BY_FREES:
        return (a->frees < b->frees) - (a->frees > b->frees);
    case TAGPOOL_BY_BLOCKS:
        return (a->blocks < b->blocks) - (a->blocks > b->blocks);
    case TAGPOOL_BY_BYTES:
        return (a->charged < b->charged) - (a->charged > b->charged);
    case TAGPOOL_BY_PER_ALLOC: {
        uint64_t left = a->charged * (b->blocks ? b->blocks : 1), right = b->charged * (a->blocks ? a->blocks : 1);
        return (left < right) - (left > right);
    }
    default:
        return 0;
    }
}

/* Rows that differ in every key, with ties: 26 tags in one or both pools, some freed, some never. */
static size_t make_rows(void **blocks)
{
    size_t count = 0;
    for (unsigned i = 0; i < 26; i++) {
        uint32_t tag = TAGPOOL_TAG('q', 'a' + i * 7 % 26, 'Z' - i, i % 2 ? 'x' : ' ');
        for (unsigned n = 0; n < i % 5 + 1; n++) {
            blocks[count++] = tagpool_alloc(TAGPOOL_PAGED, i * 50, tag);
            if (i % 3 == 0)
                blocks[count++] = tagpool_alloc(TAGPOOL_NONPAGED, 2000 - i * 70, tag | TAGPOOL_PROTECTED);
        }
        for (unsigned n = 0; n < i % 4; n++)
            tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 1, tag));
    }
    return count;
}

static void give_back(void **blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tagpool_free_tag(blocks[i], tagpool_tag(blocks[i]) | (query(blocks[i]).is_protected ? TAGPOOL_PROTECTED : 0));
}

/* "in the order `sort`": "Every order but the first is descending and breaks ties by tag, then pool." */
static void every_order(void **state)
{
    void *blocks[400];
    size_t made = make_rows(blocks);
    (void)state;
    for (size_t s = 0; s < SORTS; s++) {
        size_t count = tagpool_rows(rows, MOST, sorts[s]);
        check(count >= 26 && count <= MOST);
        for (size_t i = 1; i < count; i++) {
            int order = compare_keys(&rows[i - 1].stats, &rows[i].stats, sorts[s]);
            check(order < 0 || (order == 0 && compare_tags(&rows[i - 1], &rows[i]) < 0));
        }
    }
    give_back(blocks, made);
}

/* Sizes beyond 32 bits are compared as exactly: one block of 5 GiB is more per block than many small ones. */
static void a_huge_block_comes_first(void **state)
{
    void *small[3],
        *huge = sizeof(size_t) < 8 ? NULL : tagpool_alloc(TAGPOOL_PAGED, (size_t)((uint64_t)5 << 30), fresh_tag());
    (void)state;
    if (huge == NULL)
        skip_because("there is no address space or no memory for 5 GiB");
    for (size_t i = 0; i < 3; i++)
        small[i] = tagpool_alloc(TAGPOOL_PAGED, 100, TAGPOOL_TAG('A', 'A', 'A', 'A'));
    check(tagpool_rows(rows, MOST, TAGPOOL_BY_PER_ALLOC) > 1);
    same(rows[0].tag, tagpool_tag(huge));
    for (size_t i = 0; i < 3; i++)
        tagpool_free(small[i]);
    tagpool_free(huge);
}

/* "one for each (tag, pool) ever used"; a row says what tagpool_tag_stats() says; its tag is "without TAGPOOL_PROTECTED". */
static void every_tag_has_its_row(void **state)
{
    uint32_t tag = fresh_tag(), other = fresh_tag();
    size_t found = 0, before = tagpool_rows(NULL, 0, TAGPOOL_BY_TAG);
    (void)state;
    void *a = tagpool_alloc(TAGPOOL_PAGED, 10, tag | TAGPOOL_PROTECTED), *b = tagpool_alloc(TAGPOOL_NONPAGED, 20, tag);
    void *c = tagpool_alloc(TAGPOOL_NONPAGED, 30, other);
    size_t count = tagpool_rows(rows, MOST, TAGPOOL_BY_TAG);
    same(count, before + 3);
    for (size_t i = 0; i < count; i++) {
        struct tagpool_stats stats = stats_of(rows[i].tag, rows[i].pool);
        check(memcmp(&stats, &rows[i].stats, sizeof stats) == 0);
        same(rows[i].tag & TAGPOOL_PROTECTED, 0);
        found += rows[i].tag == tag || rows[i].tag == other;
    }
    same(found, 3);
    tagpool_free_tag(a, tag | TAGPOOL_PROTECTED);
    tagpool_free(b);
    tagpool_free(c);
    same(tagpool_rows(NULL, 0, TAGPOOL_BY_TAG), count);
}

/* A tag whose only allocation failed was used too: its row has the failure. */
static void a_failure_has_its_row(void **state)
{
    uint32_t tag = fresh_tag();
    size_t found = 0;
    (void)state;
    check(tagpool_alloc(TAGPOOL_PAGED, SIZE_MAX, tag) == NULL);
    size_t count = tagpool_rows(rows, MOST, TAGPOOL_BY_TAG);
    for (size_t i = 0; i < count; i++)
        if (rows[i].tag == tag) {
            check(rows[i].pool == TAGPOOL_PAGED && rows[i].stats.failures == 1 && rows[i].stats.allocs == 0);
            found++;
        }
    same(found, 1);
}

/* "A row stays when everything was freed." */
static void rows_stay(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 10, tag));
    tagpool_trim();
    size_t count = tagpool_rows(rows, MOST, TAGPOOL_BY_TAG), found = 0;
    for (size_t i = 0; i < count; i++)
        if (rows[i].tag == tag) {
            check(rows[i].stats.allocs == 1 && rows[i].stats.frees == 1 && rows[i].stats.blocks == 0);
            found++;
        }
    same(found, 1);
}

/* "returns how many there are; if that is more than `capacity`, the first of the order are written. `rows` may be NULL iff
 * `capacity` is 0." */
static void too_little_room(void **state)
{
    static struct tagpool_row some[MOST];
    void *blocks[400];
    size_t made = make_rows(blocks);
    (void)state;
    for (size_t s = 0; s < SORTS; s++) {
        size_t count = tagpool_rows(rows, MOST, sorts[s]);
        for (size_t capacity = 0; capacity <= count; capacity += 1 + capacity / 3) {
            memset(some, 0xEE, sizeof some);
            same(tagpool_rows(some, capacity, sorts[s]), count);
            check(memcmp(some, rows, capacity * sizeof *rows) == 0);
            for (size_t i = 0; i < sizeof *some; i++)
                same(((unsigned char *)&some[capacity])[i], 0xEE);
        }
        same(tagpool_rows(NULL, 0, sorts[s]), count);
    }
    give_back(blocks, made);
}

/* The numbers of the printed line that begins with `tag` and `type`. */
static bool printed_row(const char *tag, const char *type, unsigned long long numbers[5])
{
    char start[40];
    snprintf(start, sizeof start, " %-4s %-5s", tag, type);
    for (const char *line = output; *line; line = strchr(line, '\n') + 1)
        if (strncmp(line, start, strlen(start)) == 0)
            return sscanf(line + strlen(start), "%llu %llu %llu %llu %llu", &numbers[0], &numbers[1], &numbers[2],
                          &numbers[3], &numbers[4]) == 5;
    return false;
}

static bool row_says(const char *tag, const char *type, const struct tagpool_stats *stats)
{
    unsigned long long numbers[5];
    return printed_row(tag, type, numbers) && numbers[0] == stats->allocs && numbers[1] == stats->frees &&
           numbers[2] == stats->blocks && numbers[3] == stats->charged && numbers[4] == per_alloc(stats);
}

/* "Prints a table of all rows in PoolMon's columns, with totals, through the sink. Bytes are charged bytes." */
static void the_printed_table(void **state)
{
    void *blocks[400];
    size_t made = make_rows(blocks);
    (void)state;
    for (size_t s = 0; s < SORTS; s++) {
        const char *at;
        char text[5];
        size_t count = tagpool_rows(rows, MOST, sorts[s]);
        output_clear();
        tagpool_print(sorts[s]);
        check(printed(" Tag  Type "));
        check(printed(" Allocs ") && printed(" Frees ") && printed(" Diff ") && printed(" Bytes ") && printed(" Per Alloc"));
        at = output;
        for (size_t i = 0; i < count; i++) {
            char start[40];
            const char *type = rows[i].pool == TAGPOOL_PAGED ? "Paged" : "Nonp";
            check(row_says(tagpool_tag_text(rows[i].tag, text), type, &rows[i].stats));
            snprintf(start, sizeof start, "\n %s %-5s ", text, type);
            at = strstr(at, start);
            check(at != NULL);
        }
    }
    give_back(blocks, made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(every_order), test(a_huge_block_comes_first), test(every_tag_has_its_row), test(a_failure_has_its_row),
        test(rows_stay),   test(too_little_room),          test(the_printed_table),
    };
    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
