/* SPDX-License-Identifier: MIT
 *
 * pool_flags.c: ExAllocatePool2: all single flags and all pairs, what it returns and raises, contents, a POOL_TYPE as flags. */
#include "contract.h"

enum { BYTES = 56 };

#define KINDS (POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED)

/* What each bit of the required half does; the rest of it fails, the other half is ignored. */
static const struct {
    POOL_FLAGS flag;
    POOL_FLAGS value;
} accepted[] = {
    {POOL_FLAG_USE_QUOTA, 0x1},       {POOL_FLAG_UNINITIALIZED, 0x2}, {POOL_FLAG_CACHE_ALIGNED, 0x8},
    {POOL_FLAG_RAISE_ON_FAILURE, 0x20}, {POOL_FLAG_NON_PAGED, 0x40},  {POOL_FLAG_NON_PAGED_EXECUTE, 0x80},
    {POOL_FLAG_PAGED, 0x100},         {POOL_FLAG_RESERVED2, 0x200},
};

static const POOL_FLAGS kinds[] = {POOL_FLAG_NON_PAGED, POOL_FLAG_NON_PAGED_EXECUTE, POOL_FLAG_PAGED};

static bool is_legal(POOL_FLAGS flags)
{
    POOL_FLAGS left = flags & 0xFFFFFFFFu, kind = flags & KINDS;
    for (size_t i = 0; i < ENTRIES(accepted); i++)
        left &= ~accepted[i].value;
    return left == 0 && (kind == 0x40 || kind == 0x80 || kind == 0x100);
}

static void check_flags(POOL_FLAGS flags, uint32_t tag)
{
    void *block = ExAllocatePool2(flags, BYTES, tag);
    if (!is_legal(flags)) {
        if (block != NULL || caught_count != 1)
            fprintf(stderr, "flags 0x%llX\n", (unsigned long long)flags);
        check(block == NULL && finding(0xC2, 0x9A));
        same(caught.parameter[1], (uintptr_t)flags);
        same(caught.parameter[2], BYTES);
        same(caught.parameter[3], tag);
        if ((flags & POOL_FLAG_RAISE_ON_FAILURE) != 0)
            check(raised(INVALID_PARAMETER));
        same(raised_count, 0);
        return;
    }
    check(block != NULL && caught_count == 0 && raised_count == 0);
    struct tagpool_block found = query(block);
    BOOLEAN charged;
    check(found.address == block && found.bytes == BYTES && found.tag == tag);
    same(found.pool, (flags & POOL_FLAG_PAGED) != 0 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED);
    if ((flags & POOL_FLAG_CACHE_ALIGNED) != 0)
        same((uintptr_t)block % CACHE_LINE, 0);
    check(holds(block, BYTES, (flags & POOL_FLAG_UNINITIALIZED) != 0 ? FRESH : 0));
    same(ExQueryPoolBlockSize(block, &charged), (flags & POOL_FLAG_SPECIAL_POOL) != 0 ? BYTES : found.charged);
    same(charged, (flags & POOL_FLAG_USE_QUOTA) != 0);
    memset(block, 0xA5, BYTES);
    ExFreePoolWithTag(block, tag);
}

/* "Exactly one of POOL_FLAG_NON_PAGED, POOL_FLAG_NON_PAGED_EXECUTE, POOL_FLAG_PAGED; with it may go POOL_FLAG_USE_QUOTA,
 * POOL_FLAG_UNINITIALIZED, POOL_FLAG_CACHE_ALIGNED, POOL_FLAG_RAISE_ON_FAILURE, and 0x200 without effect. Other bits of the low
 * half fail. Of the high half POOL_FLAG_SPECIAL_POOL takes the block from special pool; the others are ignored": no flag, each,
 * each pair, alone and with each of the three and raising. */
static void all_flags_and_pairs(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t i = 0; i < ENTRIES(accepted); i++)
        same(accepted[i].flag, accepted[i].value);
    for (unsigned k = 0; k < 8; k++) {
        POOL_FLAGS with = (k < 4 ? 0 : POOL_FLAG_RAISE_ON_FAILURE) | (k % 4 < 3 ? kinds[k % 4] : 0);
        check_flags(with, tag);
        for (unsigned i = 0; i < 64; i++)
            for (unsigned j = i; j < 64; j++)
                check_flags(1ull << i | 1ull << j | with, tag);
    }
}

/* Every combination of what may be combined, and every choice of pools. */
static void all_combinations(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    for (unsigned set = 0; set < 1u << ENTRIES(accepted); set++) {
        POOL_FLAGS flags = 0;
        for (size_t i = 0; i < ENTRIES(accepted); i++)
            if ((set & 1u << i) != 0)
                flags |= accepted[i].value;
        check_flags(flags, tag);
        check_flags(flags | POOL_FLAG_SPECIAL_POOL, tag);
        check_flags(flags | 0xFFFFFFFF00000000ull, tag);
    }
}

/* "After a finding that says what was wrong", in words. */
static void sentences(void **state)
{
    static const struct {
        POOL_FLAGS flags;
        const char *says;
    } wrong[] = {
        {POOL_FLAG_UNINITIALIZED, "no pool"},
        {POOL_FLAG_SPECIAL_POOL | POOL_FLAG_UNINITIALIZED, "no pool"},
        {POOL_FLAG_PAGED | POOL_FLAG_NON_PAGED, "more than one pool"},
        {KINDS, "more than one pool"},
        {POOL_FLAG_PAGED | POOL_FLAG_SESSION, "session"},
        {POOL_FLAG_PAGED | POOL_FLAG_RESERVED1, "reserved"},
        {POOL_FLAG_PAGED | POOL_FLAG_RESERVED3, "reserved"},
        {POOL_FLAG_PAGED | POOL_FLAG_REQUIRED_END, "means nothing"},
    };
    (void)state;
    for (size_t i = 0; i < ENTRIES(wrong); i++) {
        check(ExAllocatePool2(wrong[i].flags, BYTES, fresh_tag()) == NULL && finding(0xC2, 0x9A));
        check(strstr(caught.sentence, wrong[i].says) != NULL);
    }
}

/* "The one for a POOL_TYPE names it": published drivers pass PagedPool, 1, which is POOL_FLAG_USE_QUOTA and no pool. */
static void pool_type_as_flags(void **state)
{
    static const struct {
        POOL_TYPE type;
        const char *name, *expected;
    } types[] = {
        {NonPagedPool, "NonPagedPool (0)", "POOL_FLAG_NON_PAGED"},
        {PagedPool, "PagedPool (1)", "POOL_FLAG_PAGED"},
        {NonPagedPoolCacheAligned, "NonPagedPoolCacheAligned (4)", "POOL_FLAG_CACHE_ALIGNED"},
        {PagedPoolCacheAligned, "PagedPoolCacheAligned (5)", "POOL_FLAG_CACHE_ALIGNED"},
        {NonPagedPoolSession, "NonPagedPoolSession (32)", "POOL_FLAG_NON_PAGED"},
        {PagedPoolSession, "PagedPoolSession (33)", "POOL_FLAG_PAGED"},
        {NonPagedPoolNx, "NonPagedPoolNx (512)", "POOL_FLAG_NON_PAGED"},
        {NonPagedPoolNxCacheAligned, "NonPagedPoolNxCacheAligned (516)", "POOL_FLAG_CACHE_ALIGNED"},
        {NonPagedPoolSessionNx, "NonPagedPoolSessionNx (544)", "POOL_FLAG_NON_PAGED"},
    };
    (void)state;
    for (size_t i = 0; i < ENTRIES(types); i++) {
        uint32_t tag = fresh_tag();
        check(ExAllocatePool2((POOL_FLAGS)types[i].type, BYTES, tag) == NULL);
        check(finding(0xC2, 0x9A));
        same(caught.parameter[1], types[i].type);
        check(strstr(caught.sentence, "POOL_TYPE") != NULL && strstr(caught.sentence, types[i].name) != NULL);
        check(strstr(caught.sentence, types[i].expected) != NULL);
        if (((unsigned)types[i].type & 32) != 0)
            check(raised(INVALID_PARAMETER)); /* the bit of session pool is POOL_FLAG_RAISE_ON_FAILURE */
    }
}

/* "Fails also for such flags and for tag 0. Returns NULL, or with POOL_FLAG_RAISE_ON_FAILURE raises: STATUS_INVALID_PARAMETER,
 * STATUS_QUOTA_EXCEEDED or STATUS_INSUFFICIENT_RESOURCES": bad flags above; bad tag, no memory and no quota here. Tag 0 is no bug
 * check, also with option strict. */
static void null_or_raise(void **state)
{
    (void)state;
    process_is(PROCESS(1));
    for (unsigned pool = 0; pool < 2; pool++) {
        POOL_FLAGS flags = pool == 0 ? POOL_FLAG_NON_PAGED : POOL_FLAG_PAGED;
        uint32_t tag = fresh_tag();
        same(tagpool_limit_set((enum tagpool_pool)pool, 100000), 0);
        same(tagpool_quota_limit_set(PROCESS(1), (enum tagpool_pool)pool, 10), 0);
        for (int raises = 0; raises < 2; raises++, flags |= POOL_FLAG_RAISE_ON_FAILURE) {
            same(tagpool_start(raises ? "strict=on" : "strict=off"), 0);
            check(ExAllocatePool2(flags, BYTES, 0) == NULL);
            check(!raises || raised(INVALID_PARAMETER));
            check(ExAllocatePool2(flags, SIZE_MAX / 2, tag) == NULL);
            check(!raises || raised(NO_RESOURCES));
            check(ExAllocatePool2(flags, SIZE_MAX, tag) == NULL);
            check(!raises || raised(NO_RESOURCES));
            check(ExAllocatePool2(flags, 100001, tag) == NULL);
            check(!raises || raised(NO_RESOURCES));
            check(ExAllocatePool2(flags | POOL_FLAG_USE_QUOTA, 100001, tag) == NULL);
            check(!raises || raised(NO_RESOURCES));
            same(stats_of(tag, (enum tagpool_pool)pool).failures, raises ? 8 : 4);
            check(ExAllocatePool2(flags | POOL_FLAG_USE_QUOTA, BYTES, fresh_tag()) == NULL);
            check(!raises || raised(QUOTA_EXCEEDED));
            same(caught_count, 0);
            same(raised_count, 0);
        }
    }
}

/* "Failures: allocations that returned NULL, for whatever reason but a bug check" (tagpool.h): flags, parameters, quota. */
static void failures_count(void **state)
{
    POOL_EXTENDED_PARAMETER none;
    uint32_t tag = fresh_tag();
    (void)state;
    memset(&none, 0, sizeof none);
    ExFreePool(ExAllocatePool2(POOL_FLAG_PAGED, BYTES, tag));
    same(tagpool_quota_limit_set(PROCESS(2), TAGPOOL_PAGED, 10), 0);
    process_is(PROCESS(2));
    check(ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_USE_QUOTA, BYTES, tag) == NULL);
    same(stats_of(tag, TAGPOOL_PAGED).failures, 1);
    check(ExAllocatePool3(POOL_FLAG_PAGED, BYTES, tag, &none, 1) == NULL && finding(0xC2, 0x9A));
    same(stats_of(tag, TAGPOOL_PAGED).failures, 2);
    check(ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_RESERVED1, BYTES, tag) == NULL && finding(0xC2, 0x9A));
    same(stats_of(tag, TAGPOOL_PAGED).failures, 3);
    check(ExAllocatePool2(POOL_FLAG_PAGED, BYTES, TAGPOOL_TAG('.', '.', '.', '.')) == NULL && mistake(0xC2, 0x9D));
}

/* "Bug checks 0xC2/0x9C and 0x9D as above, with the flags for the pool type"; nothing is raised after them. */
static void bad_tags(void **state)
{
    POOL_FLAGS flags = POOL_FLAG_PAGED | POOL_FLAG_RAISE_ON_FAILURE | POOL_FLAG_UNINITIALIZED;
    uint32_t dots = TAGPOOL_TAG('.', '.', ' ', '-');
    (void)state;
    expect_stop(ExAllocatePool2(flags, BYTES, BIG_TAG), 0xC2, 0x9C, (uintptr_t)flags, BYTES);
    check(caught.parameter[3] - (uintptr_t)bad_tags < 4096);
    expect_stop(ExAllocatePool2(flags, BYTES, dots), 0xC2, 0x9D, dots, (uintptr_t)flags);
    check(caught.parameter[3] - (uintptr_t)bad_tags < 4096);
    same(raised_count, 0);
}

/* "Size 0 gives a block of the smallest size, after the finding 0xC4/0x00 (IRQL, pool type, 0)." */
static void size_zero(void **state)
{
    (void)state;
    for (size_t k = 0; k < ENTRIES(kinds); k++) {
        irql_at(APC_LEVEL);
        void *block = ExAllocatePool2(kinds[k], 0, fresh_tag());
        check(block != NULL && finding(0xC4, 0x00));
        same(caught.parameter[1], APC_LEVEL);
        same(caught.parameter[2], kinds[k]);
        same(caught.parameter[3], 0);
        same(query(block).bytes, 0);
        ExFreePool(block);
    }
}

/* POOL_FLAG_UNINITIALIZED leaves "unknown contents: 0xCD here, unless option fill says otherwise. Otherwise exactly the requested
 * bytes are zero", also in memory just freed. */
static void zeroing(void **state)
{
    uint32_t tag = fresh_tag();
    size_t compared = 0;
    (void)state;
    for (size_t k = 0; k < ENTRIES(kinds); k++)
        for (size_t size = 16; size <= 65536; size *= 2) {
            unsigned char *dirty = ExAllocatePool2(kinds[k], size, tag);
            memset(dirty, 0x5A, size);
            ExFreePool(dirty);
            unsigned char *block = ExAllocatePool2(kinds[k], size - 3, tag);
            check(holds(block, size - 3, 0));
            if (size < PAGE && block == dirty) {
                check(holds(block + size - 3, 3, 0x5A));
                compared++;
            }
            memset(block, 0x5A, size - 3);
            ExFreePool(block);
            block = ExAllocatePool3(kinds[k] | POOL_FLAG_CACHE_ALIGNED, size, tag, NULL, 0);
            check(holds(block, size, 0));
            ExFreePool(block);
            block = ExAllocatePool2(kinds[k] | POOL_FLAG_UNINITIALIZED, size, tag);
            check(holds(block, size, FRESH));
            ExFreePool(block);
            same(tagpool_start("fill=zero"), 0);
            block = ExAllocatePool2(kinds[k] | POOL_FLAG_UNINITIALIZED, size, tag);
            check(holds(block, size, 0));
            ExFreePool(block);
            same(tagpool_start("fill=pattern"), 0);
        }
    check(compared > 0);
}

/* Layout by flags is that of types: "a request above PAGE_SIZE - 32 (16) bytes starts on a page and takes whole pages". */
static void layout(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t k = 0; k < ENTRIES(kinds); k++)
        for (size_t bytes = 1; bytes <= 3 * PAGE; bytes += bytes % PAGE > PAGE - 50 || bytes % PAGE < 10 ? 1 : 39)
            for (int aligned = 0; aligned < 2; aligned++) {
                BOOLEAN charged;
                void *block = ExAllocatePool2(kinds[k] | (aligned ? POOL_FLAG_CACHE_ALIGNED : 0), bytes, tag);
                size_t size = ExQueryPoolBlockSize(block, &charged);
                same((uintptr_t)block % (bytes > SMALL_MAX ? PAGE : aligned ? CACHE_LINE : ALIGNMENT), 0);
                check(bytes > PAGE || (uintptr_t)block / PAGE == ((uintptr_t)block + bytes - 1) / PAGE);
                check(bytes <= SMALL_MAX ? size >= bytes : size == (bytes + PAGE - 1) / PAGE * PAGE);
                ExFreePool2(block, 0, NULL, 0);
            }
}

int main(void)
{
    (void)tagpool_start("checker=off"); /* tests look at what lies behind a block, and at blocks that are reused at once */
    const struct CMUnitTest tests[] = {
        contract_test(all_flags_and_pairs), contract_test(all_combinations), contract_test(sentences),
        contract_test(pool_type_as_flags),  contract_test(null_or_raise),    contract_test(bad_tags),
        contract_test(failures_count),
        contract_test(size_zero),           contract_test(zeroing),          contract_test(layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
