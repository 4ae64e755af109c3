/* SPDX-License-Identifier: MIT
 *
 * pool_tags.c: tags and priorities of the routines that take a POOL_TYPE. */
#include "contract.h"

enum { BYTES = 88 };

/* ---- Tags ---------------------------------------------------------------------------------------------------------- */

/* "Tag is one to four characters with a letter or digit": wherever the letter stands, and whatever else is there. */
static void one_letter_or_digit(void **state)
{
    static const unsigned char good[] = {'0', '9', 'a', 'z', 'A', 'Z'};
    static const unsigned char other[] = {0, ' ', '.', '~', 0x7F, 1};
    (void)state;
    for (size_t i = 0; i < ENTRIES(good); i++)
        for (size_t j = 0; j < ENTRIES(other); j++)
            for (unsigned place = 0; place < 4; place++) {
                uint32_t tag = (uint32_t)other[j] * 0x01010101u;
                tag = (tag & ~(UINT32_C(0xFF) << 8 * place)) | (uint32_t)good[i] << 8 * place;
                void *block = ExAllocatePoolWithTag(PagedPool, BYTES, tag);
                check(block != NULL);
                same(query(block).tag, tag);
                ExFreePoolWithTag(block, tag);
            }
}

/* A literal of driver code, 'gaT1', displays as its bytes lie in memory. */
static void displays_forward(void **state)
{
    char text[5];
    void *block = ExAllocatePoolWithTag(NonPagedPoolNx, BYTES, 'gaTX');
    (void)state;
    check(strcmp(tagpool_tag_text(query(block).tag, text), "XTag") == 0);
    ExFreePoolWithTag(block, 'gaTX');
}

static bool raises_by(const struct routine *routine, unsigned type)
{
    return routine->has_quota ? (type & POOL_QUOTA_FAIL_INSTEAD_OF_RAISE) == 0 : (type & POOL_RAISE_IF_ALLOCATION_FAILURE) != 0;
}

/* "Tag 0 is the finding 0xC2/0x9B (pool type, bytes, caller)", and the call fails: NULL, or raised where it raises; "with option
 * strict=on a bug check", after which nothing is raised. */
static void tag_zero(void **state)
{
    static const unsigned types[] = {0, 1, 8, 0x10, 0x11, 0x18, 0x204};
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        same(tagpool_start(strict ? "strict=on" : "strict=off"), 0);
        for (size_t r = 0; r < ENTRIES(routines); r++)
            for (size_t t = 0; t < ENTRIES(types); t++) {
                if (routines[r].is_untagged)
                    continue;
                check(routines[r].call(types[t], BYTES, 0) == NULL);
                check(reported(0xC2, 0x9B, strict));
                same(caught.parameter[1] & ~(unsigned)POOL_ZERO_ALLOCATION, types[t]);
                same(caught.parameter[2], BYTES);
                check(is_in(caught.parameter[3], routines[r].call));
                if (!strict && raises_by(&routines[r], types[t]))
                    check(raised(NO_RESOURCES));
                same(raised_count, 0);
            }
    }
}

/* "0x9C (pool type, bytes, caller) for tag "BIG"", as three characters or padded, protected or not; nothing is raised after a
 * bug check. */
static void tag_big(void **state)
{
    static const uint32_t tags[] = {BIG_TAG, TAGPOOL_TAG('B', 'I', 'G', 0), BIG_TAG | PROTECTED_POOL};
    (void)state;
    for (size_t r = 0; r < ENTRIES(routines); r++)
        for (size_t i = 0; i < ENTRIES(tags) && !routines[r].is_untagged; i++) {
            check(routines[r].call(0x211, BYTES, tags[i]) == NULL && mistake(0xC2, 0x9C));
            same(caught.parameter[1] & ~(unsigned)POOL_ZERO_ALLOCATION, 0x211);
            same(caught.parameter[2], BYTES);
            check(is_in(caught.parameter[3], routines[r].call));
            same(raised_count, 0);
        }
    ExFreePool(ExAllocatePoolWithTag(PagedPool, BYTES, TAGPOOL_TAG('B', 'I', 'G', 'x')));
    ExFreePool(ExAllocatePoolWithTag(PagedPool, BYTES, TAGPOOL_TAG('B', 'i', 'g', ' ')));
}

/* "0x9D (tag, pool type, caller) for a tag without letter or digit": each character that is none. */
static void tag_without_letter(void **state)
{
    (void)state;
    for (size_t r = 0; r < ENTRIES(routines); r++)
        for (unsigned c = 1; c < 0x80 && !routines[r].is_untagged; c++) {
            uint32_t tag = c * 0x01010101u;
            if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
                continue;
            check(routines[r].call(0x101, BYTES, tag) == NULL && mistake(0xC2, 0x9D));
            same(caught.parameter[1], tag);
            same(caught.parameter[2] & ~(unsigned)POOL_ZERO_ALLOCATION, 0x101);
            check(is_in(caught.parameter[3], routines[r].call));
            same(raised_count, 0);
        }
}

/* "ExAllocatePoolWithTag() under the tag "None"": all untagged users share one row. */
static void untagged(void **state)
{
    (void)state;
    for (unsigned pool = 0; pool < 2; pool++) {
        struct tagpool_stats before;
        (void)tagpool_tag_stats(NO_TAG, (enum tagpool_pool)pool, &before);
        void *plain = ExAllocatePool((POOL_TYPE)pool, BYTES), *quota = ExAllocatePoolWithQuota((POOL_TYPE)pool, BYTES);
        same(query(plain).tag, NO_TAG);
        same(query(quota).tag, NO_TAG);
        same(stats_of(NO_TAG, (enum tagpool_pool)pool).allocs, before.allocs + 2);
        ExFreePoolWithTag(plain, NO_TAG);
        ExFreePool(quota);
        same(stats_of(NO_TAG, (enum tagpool_pool)pool).frees, before.frees + 2);
    }
}

/* "PROTECTED_POOL in it demands that the block is freed with it"; statistics show the tag without the bit. */
static void protected_pool(void **state)
{
    (void)state;
    for (size_t r = 0; r < ENTRIES(routines); r++) {
        uint32_t tag = fresh_tag();
        if (routines[r].is_untagged)
            continue;
        void *block = routines[r].call(PagedPool, BYTES, tag | PROTECTED_POOL);
        same(query(block).tag, tag);
        check(query(block).is_protected);
        same(stats_of(tag, TAGPOOL_PAGED).blocks, 1);
        ExFreePool(block);
        check(mistake(0xC2, 0x0A));
        ExFreePoolWithTag(block, tag);
        check(mistake(0xC2, 0x0A));
        same(caught.parameter[1], (uintptr_t)block);
        same(caught.parameter[2], tag | PROTECTED_POOL);
        same(caught.parameter[3], tag);
        same(stats_of(tag, TAGPOOL_PAGED).blocks, 1);
        ExFreePoolWithTag(block, tag | PROTECTED_POOL);
        same(stats_of(tag, TAGPOOL_PAGED).blocks, 0);
    }
}

/* ---- Priorities ---------------------------------------------------------------------------------------------------- */

static const struct {
    EX_POOL_PRIORITY priority;
    unsigned value;
    unsigned divisor; /* which part of the limit must stay free; 0 for none */
} priorities[] = {
    {LowPoolPriority, 0, 8},
    {LowPoolPrioritySpecialPoolOverrun, 8, 8},
    {LowPoolPrioritySpecialPoolUnderrun, 9, 8},
    {NormalPoolPriority, 16, 32},
    {NormalPoolPrioritySpecialPoolOverrun, 24, 32},
    {NormalPoolPrioritySpecialPoolUnderrun, 25, 32},
    {HighPoolPriority, 32, 0},
    {HighPoolPrioritySpecialPoolOverrun, 40, 0},
    {HighPoolPrioritySpecialPoolUnderrun, 41, 0},
};

typedef void *by_priority(POOL_TYPE type, SIZE_T bytes, ULONG tag, EX_POOL_PRIORITY priority);
static by_priority *const by_priorities[] = {ExAllocatePoolWithTagPriority, ExAllocatePoolPriorityZero,
                                             ExAllocatePoolPriorityUninitialized};

/* "Fails also if the pool has a limit of which less would stay free than an eighth for a low priority, a 32nd for a normal one":
 * to the page, and for small blocks to the byte. */
static void thresholds(void **state)
{
    enum { PAGES = 64, STEP = 64 };
    static void *blocks[PAGES * 4096 / STEP + 1];
    (void)state;
    for (size_t i = 0; i < ENTRIES(priorities); i++)
        for (unsigned pool = 0; pool < 2; pool++)
            for (size_t f = 0; f < ENTRIES(by_priorities); f++)
                for (int small = 0; small < 2; small++) {
                    uint32_t tag = fresh_tag();
                    size_t bytes = small ? STEP : PAGE, count = 0;
                    size_t limit = PAGES * PAGE;
                    size_t usable = limit - (priorities[i].divisor != 0 ? limit / priorities[i].divisor : 0);
                    same(priorities[i].priority, priorities[i].value);
                    same(tagpool_limit_set((enum tagpool_pool)pool, limit), 0);
                    while ((blocks[count] = by_priorities[f]((POOL_TYPE)pool, bytes, tag, priorities[i].priority)) != NULL)
                        count++;
                    same(count, usable / bytes);
                    same(stats_of(tag, (enum tagpool_pool)pool).charged, usable);
                    same(stats_of(tag, (enum tagpool_pool)pool).failures, 1);
                    ExFreePool(blocks[0]);
                    blocks[0] = by_priorities[f]((POOL_TYPE)pool, bytes, tag, priorities[i].priority);
                    check(blocks[0] != NULL);
                    POOL_TYPE raising = (POOL_TYPE)(pool | POOL_RAISE_IF_ALLOCATION_FAILURE);
                    check(by_priorities[f](raising, bytes, tag, priorities[i].priority) == NULL && raised(NO_RESOURCES));
                    for (size_t n = 0; n < count; n++)
                        ExFreePool(blocks[n]);
                    same(tagpool_limit_set((enum tagpool_pool)pool, 0), 0);
                }
}

/* The same to the byte: a limit that leaves a byte less than the part that must stay free, and one that leaves that part. */
static void thresholds_to_the_byte(void **state)
{
    enum { STEP = 64, MOST = 200 };
    void *blocks[MOST + 1];
    (void)state;
    for (size_t i = 0; i < ENTRIES(priorities); i++)
        for (size_t fit = 1; fit < MOST; fit++) {
            /* Of a limit of n parts, all but one may be used: fit steps but for one byte. */
            size_t parts = priorities[i].divisor, usable = fit * STEP - 1;
            if (parts != 0 && usable % (parts - 1) != 0)
                continue;
            size_t limit = parts != 0 ? usable / (parts - 1) * parts : usable;
            for (unsigned more = 0; more < 2; more++) {
                size_t count = 0;
                same(tagpool_limit_set(TAGPOOL_PAGED, limit + (more == 0 ? 0 : parts != 0 ? parts : 1)), 0);
                while ((blocks[count] = ExAllocatePoolWithTagPriority(PagedPool, STEP, NO_TAG, priorities[i].priority)) != NULL)
                    count++;
                same(count, fit - 1 + more);
                while (count > 0)
                    ExFreePool(blocks[--count]);
            }
        }
}

/* Without a limit every priority succeeds, and "the special-pool bits of Priority have no effect on ordinary pool". */
static void without_limit(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t i = 0; i < ENTRIES(priorities); i++)
        for (size_t f = 0; f < ENTRIES(by_priorities); f++) {
            void *block = by_priorities[f](PagedPool, 5000, tag, priorities[i].priority);
            same(query(block).charged, 2 * PAGE);
            check(holds(block, 5000, f == 1 ? 0 : FRESH));
            ExFreePoolWithTag(block, tag);
        }
}

/* "A Priority that is none fails, after a finding 0xC2/0x9A": NULL, or with POOL_RAISE_IF_ALLOCATION_FAILURE "raise
 * STATUS_INSUFFICIENT_RESOURCES instead of returning NULL". Each such failure counts. */
static void not_a_priority(void **state)
{
    uint32_t tag = fresh_tag();
    uint64_t failures = 0;
    (void)state;
    ExFreePool(ExAllocatePoolWithTag(PagedPool, BYTES, tag));
    for (unsigned n = 0; n < 96; n++) {
        unsigned value = n < 64 ? n : 1u << (n - 64);
        bool is_one = false;
        for (size_t i = 0; i < ENTRIES(priorities); i++)
            is_one |= priorities[i].value == value;
        if (is_one)
            continue;
        for (size_t f = 0; f < ENTRIES(by_priorities); f++) {
            check(by_priorities[f](PagedPool, BYTES, tag, (EX_POOL_PRIORITY)value) == NULL && finding(0xC2, 0x9A));
            same(caught.parameter[1] & 1, PagedPool);
            same(caught.parameter[2], BYTES);
            same(caught.parameter[3], tag);
            check(strstr(caught.sentence, "EX_POOL_PRIORITY") != NULL);
            POOL_TYPE raising = (POOL_TYPE)(PagedPool | POOL_RAISE_IF_ALLOCATION_FAILURE);
            check(by_priorities[f](raising, BYTES, tag, (EX_POOL_PRIORITY)value) == NULL);
            check(finding(0xC2, 0x9A) && raised(NO_RESOURCES));
            failures += 2;
        }
    }
    same(stats_of(tag, TAGPOOL_PAGED).failures, failures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        contract_test(one_letter_or_digit), contract_test(displays_forward),   contract_test(tag_zero),
        contract_test(tag_big),             contract_test(tag_without_letter), contract_test(untagged),
        contract_test(protected_pool),      contract_test(thresholds),         contract_test(thresholds_to_the_byte),
        contract_test(without_limit),       contract_test(not_a_priority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
