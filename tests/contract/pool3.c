/* SPDX-License-Identifier: MIT
 *
 * pool3.c: ExAllocatePool3 and ExFreePool2: extended parameters of every type, met or not, optional or not; no secure pool. */
#include "contract.h"

enum { BYTES = 120 };
#define TAG TAGPOOL_TAG('P', 'o', 'l', '3')

static const POOL_FLAGS kinds[] = {POOL_FLAG_NON_PAGED, POOL_FLAG_NON_PAGED_EXECUTE, POOL_FLAG_PAGED};

static POOL_EXTENDED_PARAMETER parameter(unsigned type, bool optional)
{
    POOL_EXTENDED_PARAMETER one;
    memset(&one, 0, sizeof one);
    one.Type = type & 0xFF;
    one.Optional = optional;
    return one;
}

/* An allocation with these parameters works, and gives what ExAllocatePool2() does. */
static void expect_met(POOL_FLAGS flags, const POOL_EXTENDED_PARAMETER *parameters, ULONG count)
{
    void *block = ExAllocatePool3(flags, BYTES, TAG, parameters, count);
    check(block != NULL && caught_count == 0 && raised_count == 0);
    struct tagpool_block found = query(block);
    check(found.address == block && found.bytes == BYTES && found.tag == TAG);
    same(found.pool, (flags & POOL_FLAG_PAGED) != 0 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED);
    check(holds(block, BYTES, 0));
    memset(block, 0x77, BYTES);
    ExFreePoolWithTag(block, TAG);
}

/* It fails "as wrong flags do": NULL after a finding whose sentence says `says`, or raised STATUS_INVALID_PARAMETER. */
static void expect_unmet(POOL_FLAGS flags, const POOL_EXTENDED_PARAMETER *parameters, ULONG count, const char *says)
{
    for (int raises = 0; raises < 2; raises++, flags |= POOL_FLAG_RAISE_ON_FAILURE) {
        check(ExAllocatePool3(flags, BYTES, TAG, parameters, count) == NULL && finding(0xC2, 0x9A));
        same(caught.parameter[1], (uintptr_t)flags);
        same(caught.parameter[2], BYTES);
        same(caught.parameter[3], TAG);
        check(strstr(caught.sentence, says) != NULL);
        if (raises)
            check(raised(INVALID_PARAMETER));
        same(raised_count, 0);
    }
}

/* One parameter: met, or unmet with a sentence unless it is optional. */
static void expect_one(POOL_FLAGS flags, POOL_EXTENDED_PARAMETER one, const char *says)
{
    one.Optional = 1;
    expect_met(flags, &one, 1);
    one.Optional = 0;
    if (says == NULL)
        expect_met(flags, &one, 1);
    else
        expect_unmet(flags, &one, 1, says);
}

/* The layout is Windows's: 8 bits of type, 1 for optional, a union of 8 bytes. */
static void shape(void **state)
{
    POOL_EXTENDED_PARAMETER one;
    uint64_t word;
    (void)state;
    same(sizeof one, 16);
    memset(&one, 0, sizeof one);
    one.Type = 0xA5;
    one.Optional = 1;
    memcpy(&word, &one, sizeof word);
    same(word, 0x1A5);
    same((char *)&one.Priority - (char *)&one, 8);
    same((char *)&one.PreferredNode - (char *)&one, 8);
    same((char *)&one.SecurePoolParams - (char *)&one, 8);
    same(PoolExtendedParameterInvalidType, 0);
    same(PoolExtendedParameterPriority, 1);
    same(PoolExtendedParameterSecurePool, 2);
    same(PoolExtendedParameterNumaNode, 3);
    same(PoolExtendedParameterMax, 4);
    same(MM_ANY_NODE_OK, 0x80000000u);
}

/* "A count of 0 is ExAllocatePool2()", whatever the address; "NULL with a count fails". */
static void none_at_all(void **state)
{
    POOL_EXTENDED_PARAMETER bad = parameter(PoolExtendedParameterSecurePool, false);
    (void)state;
    for (size_t k = 0; k < ENTRIES(kinds); k++) {
        expect_met(kinds[k], NULL, 0);
        expect_met(kinds[k], &bad, 0);
        expect_unmet(kinds[k], NULL, 1, "NULL");
        expect_unmet(kinds[k], NULL, 0xFFFFFFFFu, "NULL");
    }
    same((uintptr_t)ExAllocatePool3(POOL_FLAG_UNINITIALIZED, BYTES, fresh_tag(), NULL, 0), 0);
    check(finding(0xC2, 0x9A));
    same((uintptr_t)ExAllocatePool3(POOL_FLAG_PAGED, BYTES, 0, NULL, 0), 0);
    check(ExAllocatePool3(POOL_FLAG_PAGED | POOL_FLAG_RAISE_ON_FAILURE, BYTES, 0, NULL, 0) == NULL && raised(INVALID_PARAMETER));
}

/* "The same holds for a Type that is none": unknown types fail, or are ignored if optional. */
static void unknown_types(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++)
        if (type < PoolExtendedParameterPriority || type > PoolExtendedParameterNumaNode)
            for (size_t k = 0; k < ENTRIES(kinds); k++)
                expect_one(kinds[k], parameter(type, false), "Type");
}

/* "There is no secure pool here": fails unless optional. */
static void secure_pool(void **state)
{
    POOL_EXTENDED_PARAMS_SECURE_POOL secure = {NULL, NULL, 0, SECURE_POOL_FLAGS_FREEABLE};
    POOL_EXTENDED_PARAMETER one = parameter(PoolExtendedParameterSecurePool, false);
    (void)state;
    one.SecurePoolParams = &secure;
    for (size_t k = 0; k < ENTRIES(kinds); k++)
        expect_one(kinds[k], one, "secure pool");
}

/* "Node 0, the only one here, or any node with MM_ANY_NODE_OK; with POOL_FLAG_NON_PAGED only". */
static void numa_node(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 33; n++)
        for (unsigned any = 0; any < 2; any++) {
            ULONG node = n == 0 ? 0 : 1u << (n - 1);
            POOL_EXTENDED_PARAMETER one = parameter(PoolExtendedParameterNumaNode, false);
            one.PreferredNode = node | (any ? MM_ANY_NODE_OK : 0u);
            bool is_met = one.PreferredNode == 0 || (one.PreferredNode & MM_ANY_NODE_OK) != 0;
            expect_one(POOL_FLAG_NON_PAGED, one, is_met ? NULL : "node 0");
            expect_one(POOL_FLAG_NON_PAGED_EXECUTE, one, "POOL_FLAG_NON_PAGED");
            expect_one(POOL_FLAG_PAGED, one, "POOL_FLAG_NON_PAGED");
        }
}

/* Priority "as ExAllocatePoolWithTagPriority()": an eighth stays free for low, a 32nd for normal, nothing for high. */
static void priority(void **state)
{
    enum { PAGES = 64 };
    static const struct {
        EX_POOL_PRIORITY priority;
        size_t fit;
    } priorities[] = {{LowPoolPriority, 56}, {(EX_POOL_PRIORITY)8, 56}, {(EX_POOL_PRIORITY)9, 56}, {NormalPoolPriority, 62},
                      {(EX_POOL_PRIORITY)24, 62}, {(EX_POOL_PRIORITY)25, 62}, {HighPoolPriority, 64}, {(EX_POOL_PRIORITY)40, 64},
                      {(EX_POOL_PRIORITY)41, 64}};
    void *blocks[PAGES + 1];
    (void)state;
    for (size_t i = 0; i < ENTRIES(priorities); i++)
        for (size_t k = 0; k < ENTRIES(kinds); k++)
            for (int optional = 0; optional < 2; optional++) {
                uint32_t tag = fresh_tag();
                size_t count = 0;
                enum tagpool_pool pool = kinds[k] == POOL_FLAG_PAGED ? TAGPOOL_PAGED : TAGPOOL_NONPAGED;
                POOL_EXTENDED_PARAMETER one = parameter(PoolExtendedParameterPriority, optional);
                one.Priority = priorities[i].priority;
                same(tagpool_limit_set(pool, PAGES * PAGE), 0);
                while ((blocks[count] = ExAllocatePool3(kinds[k], PAGE, tag, &one, 1)) != NULL)
                    count++;
                same(count, priorities[i].fit);
                same(stats_of(tag, pool).failures, 1);
                check(ExAllocatePool3(kinds[k] | POOL_FLAG_RAISE_ON_FAILURE, PAGE, tag, &one, 1) == NULL);
                check(raised(NO_RESOURCES));
                while (count > 0)
                    ExFreePool(blocks[--count]);
                same(tagpool_limit_set(pool, 0), 0);
            }
}

/* A Priority that is none cannot be met: it fails, or is ignored if optional. */
static void not_a_priority(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 96; n++) {
        unsigned value = n < 64 ? n : 1u << (n - 64);
        bool is_one = value <= 41 && value % 16 != 1 && ((value & ~9u) % 16 == 0);
        POOL_EXTENDED_PARAMETER one = parameter(PoolExtendedParameterPriority, false);
        one.Priority = (EX_POOL_PRIORITY)value;
        expect_one(POOL_FLAG_PAGED, one, is_one ? NULL : "EX_POOL_PRIORITY");
    }
}

/* Of several parameters each must be met or optional, wherever it stands; one that is ignored changes nothing. */
static void several(void **state)
{
    POOL_EXTENDED_PARAMETER all[4];
    (void)state;
    for (unsigned bad = 0; bad < 4; bad++)
        for (unsigned mask = 0; mask < 16; mask++) {
            all[0] = parameter(PoolExtendedParameterPriority, (mask & 1) != 0);
            all[0].Priority = HighPoolPriority;
            all[1] = parameter(PoolExtendedParameterNumaNode, (mask & 2) != 0);
            all[2] = parameter(PoolExtendedParameterPriority, (mask & 4) != 0);
            all[2].Priority = NormalPoolPriority;
            all[3] = parameter(PoolExtendedParameterNumaNode, (mask & 8) != 0);
            all[3].PreferredNode = MM_ANY_NODE_OK | 7u;
            expect_met(POOL_FLAG_NON_PAGED, all, 4);
            all[bad] = parameter(PoolExtendedParameterSecurePool, (mask & 1u << bad) != 0);
            if ((mask & 1u << bad) != 0)
                expect_met(POOL_FLAG_NON_PAGED, all, 4);
            else
                expect_unmet(POOL_FLAG_NON_PAGED, all, 4, "secure pool");
        }
    same(tagpool_limit_set(TAGPOOL_NONPAGED, 8 * PAGE), 0);
    all[0] = parameter(PoolExtendedParameterPriority, false);
    all[0].Priority = LowPoolPriority;
    all[1] = parameter(PoolExtendedParameterPriority, true);
    all[1].Priority = (EX_POOL_PRIORITY)7;
    check(ExAllocatePool3(POOL_FLAG_NON_PAGED, 8 * PAGE, fresh_tag(), all, 2) == NULL);
    same(raised_count + caught_count, 0);
    ExFreePool(ExAllocatePool3(POOL_FLAG_NON_PAGED, 7 * PAGE, fresh_tag(), all, 2));
}

/* Quota goes with extended parameters as with ExAllocatePool2(). */
static void quota(void **state)
{
    POOL_EXTENDED_PARAMETER one = parameter(PoolExtendedParameterPriority, false);
    (void)state;
    one.Priority = HighPoolPriority;
    process_is(PROCESS(9));
    void *block = ExAllocatePool3(POOL_FLAG_PAGED | POOL_FLAG_USE_QUOTA, BYTES, fresh_tag(), &one, 1);
    same(quota_of(PROCESS(9), TAGPOOL_PAGED).charged, BYTES);
    ExFreePool2(block, 0, NULL, 0);
    same(quota_of(PROCESS(9), TAGPOOL_PAGED).charged, 0);
}

/* ExFreePool2 is "ExFreePoolWithTag(). A parameter that is not Optional is a finding 0xC2/0x9A, for none can be met": the block
 * is freed all the same. */
static void free_with_parameters(void **state)
{
    POOL_EXTENDED_PARAMS_SECURE_POOL secure = {NULL, NULL, 0, 0};
    POOL_EXTENDED_PARAMETER two[2] = {parameter(PoolExtendedParameterSecurePool, true), parameter(200, true)};
    uint32_t tag = fresh_tag();
    (void)state;
    two[0].SecurePoolParams = &secure;
    ExFreePool2(ExAllocatePool2(POOL_FLAG_PAGED, BYTES, tag), tag, NULL, 0);
    ExFreePool2(ExAllocatePool2(POOL_FLAG_PAGED, BYTES, tag), tag, two, 2);
    ExFreePool2(ExAllocatePool2(POOL_FLAG_PAGED, BYTES, tag | PROTECTED_POOL), tag | PROTECTED_POOL, two, 1);
    same(caught_count, 0);
    for (unsigned i = 0; i < 2; i++) {
        two[0].Optional = i != 0;
        two[1].Optional = i != 1;
        ExFreePool2(ExAllocatePool2(POOL_FLAG_PAGED, BYTES, tag), tag, two, 2);
        check(finding(0xC2, 0x9A));
    }
    ExFreePool2(ExAllocatePool2(POOL_FLAG_PAGED, BYTES, tag), tag, NULL, 1);
    check(finding(0xC2, 0x9A));
    same(stats_of(tag, TAGPOOL_PAGED).frees, 6);
    void *block = ExAllocatePool2(POOL_FLAG_PAGED, BYTES, tag);
    ExFreePool2(block, tag + 1, NULL, 0);
    check(finding(0xC2, 0x0A));
    ExFreePool2(block, tag, NULL, 0);
    check(mistake(0xC2, 0x07));
    ExFreePool2(NULL, tag, NULL, 0);
    check(mistake(0xC2, 0x46));
}

/* ExCreatePool is "always STATUS_NOT_SUPPORTED, and *PoolHandle is NULL"; the others of secure pool say so too, or FALSE. */
static void no_secure_pool(void **state)
{
    POOL_CREATE_EXTENDED_PARAMS params = {POOL_CREATE_PARAMS_VERSION};
    HANDLE handle = &params;
    char from[8] = {1}, to[8] = {2};
    (void)state;
    same((uint32_t)ExCreatePool(POOL_CREATE_FLG_SECURE_POOL, 'looP', &params, &handle), 0xC00000BBu);
    check(handle == NULL);
    handle = &params;
    same((uint32_t)ExCreatePool(0, 0, NULL, &handle), 0xC00000BBu);
    check(handle == NULL);
    same((uint32_t)ExSecurePoolUpdate(NULL, 'looP', to, 0, 0, sizeof from, from), 0xC00000BBu);
    same(to[0], 2);
    same(ExSecurePoolValidate(NULL, 'looP', to, 0), FALSE);
    ExDestroyPool(NULL);
    same(caught_count + raised_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        contract_test(shape),          contract_test(none_at_all), contract_test(unknown_types), contract_test(secure_pool),
        contract_test(numa_node),      contract_test(priority),    contract_test(several),       contract_test(quota),
        contract_test(not_a_priority), contract_test(free_with_parameters), contract_test(no_secure_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
