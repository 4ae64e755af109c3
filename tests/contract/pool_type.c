/* SPDX-License-Identifier: MIT
 *
 * pool_type.c: routines that take a POOL_TYPE: which types are legal, layout, contents, size 0, how they fail. */
#include "contract.h"

/* ---- Types --------------------------------------------------------------------------------------------------------- */

#define PAGED_BIT 1u
#define MUST_SUCCEED_BIT 2u
#define CACHE_BIT 4u
/* All that a type may be made of: paged, cache aligned, session, no-execute, and the modifiers. */
#define LEGAL_BITS (0x1u | 0x4u | 0x20u | 0x200u | 0x8u | 0x10u | 0x100u | 0x400u)

static void check_type(const struct routine *routine, unsigned type, uint32_t tag)
{
    enum { BYTES = 72 };
    uint32_t own_tag = tag_by(routine, tag);
    bool legal = (type & ~LEGAL_BITS) == 0;
    void *block = routine->call(type, BYTES, tag);
    if (!legal) {
        unsigned given = type;
        if (routine->contents == ALWAYS_ZERO)
            given |= POOL_ZERO_ALLOCATION; /* these are wrappers that pass it */
        else if (routine->contents == NEVER_ZERO)
            given &= ~(unsigned)POOL_ZERO_ALLOCATION;
        expect_stop(block, 0xC2, 0x9A, given, BYTES);
        same(caught.parameter[3], own_tag);
        same(raised_count, 0);
        return;
    }
    if (block == NULL)
        fprintf(stderr, "%s with type 0x%X\n", routine->name, type);
    check(block != NULL && caught_count == 0 && raised_count == 0);
    struct tagpool_block found = query(block);
    check(found.address == block && found.bytes == BYTES && !found.is_protected);
    same(found.tag, own_tag);
    same(found.pool, (type & PAGED_BIT) != 0 ? TAGPOOL_PAGED : TAGPOOL_NONPAGED);
    same((uintptr_t)block % ((type & CACHE_BIT) != 0 ? CACHE_LINE : ALIGNMENT), 0);
    check(holds(block, BYTES, contents_by(routine, type)));
    memset(block, 0xA5, BYTES);
    ExFreePool(block);
}

/* "Bug check 0xC2: 0x9A (pool type, bytes, tag) for a type that drivers may not use: must-succeed, reserved, or with unknown
 * bits"; each single bit and each pair of bits of a POOL_TYPE, in every routine. */
static void all_bits_and_pairs(void **state)
{
    (void)state;
    for (size_t r = 0; r < ENTRIES(routines); r++) {
        uint32_t tag = fresh_tag();
        check_type(&routines[r], 0, tag);
        for (unsigned i = 0; i < 32; i++)
            for (unsigned j = i; j < 32; j++)
                check_type(&routines[r], 1u << i | 1u << j, tag);
    }
}

/* The values of POOL_TYPE are Windows's, and each is legal or not as Windows documents it for drivers; every one with every
 * combination of modifiers. */
static void all_named_types(void **state)
{
    static const struct {
        POOL_TYPE type;
        unsigned value;
        bool legal;
        const char *says;
    } types[] = {
        {NonPagedPool, 0, true, NULL},
        {NonPagedPoolExecute, 0, true, NULL},
        {NonPagedPoolBase, 0, true, NULL},
        {PagedPool, 1, true, NULL},
        {NonPagedPoolMustSucceed, 2, false, "must-succeed"},
        {NonPagedPoolBaseMustSucceed, 2, false, "must-succeed"},
        {DontUseThisType, 3, false, "reserved"},
        {NonPagedPoolCacheAligned, 4, true, NULL},
        {NonPagedPoolBaseCacheAligned, 4, true, NULL},
        {PagedPoolCacheAligned, 5, true, NULL},
        {NonPagedPoolCacheAlignedMustS, 6, false, "must-succeed"},
        {NonPagedPoolBaseCacheAlignedMustS, 6, false, "must-succeed"},
        {MaxPoolType, 7, false, "reserved"},
        {NonPagedPoolSession, 32, true, NULL},
        {PagedPoolSession, 33, true, NULL},
        {NonPagedPoolMustSucceedSession, 34, false, "must-succeed"},
        {DontUseThisTypeSession, 35, false, "reserved"},
        {NonPagedPoolCacheAlignedSession, 36, true, NULL},
        {PagedPoolCacheAlignedSession, 37, true, NULL},
        {NonPagedPoolCacheAlignedMustSSession, 38, false, "must-succeed"},
        {NonPagedPoolNx, 512, true, NULL},
        {NonPagedPoolNxCacheAligned, 516, true, NULL},
        {NonPagedPoolSessionNx, 544, true, NULL},
    };
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t i = 0; i < ENTRIES(types); i++) {
        same(types[i].type, types[i].value);
        same((types[i].value & ~LEGAL_BITS) == 0, types[i].legal);
        for (size_t r = 0; r < ENTRIES(routines); r++)
            for (unsigned modifiers = 0; modifiers < 16; modifiers++) {
                unsigned type = types[i].value | (modifiers & 3) << 3 | (modifiers & 4) << 6 | (modifiers & 8) << 7;
                check_type(&routines[r], type, tag);
                if (!types[i].legal)
                    check(strstr(caught.sentence, types[i].says) != NULL);
            }
    }
    same(POOL_QUOTA_FAIL_INSTEAD_OF_RAISE, 8);
    same(POOL_RAISE_IF_ALLOCATION_FAILURE, 0x10);
    same(POOL_COLD_ALLOCATION, 0x100);
    same(POOL_NX_ALLOCATION, 0x200);
    same(POOL_ZERO_ALLOCATION, 0x400);
    same(PROTECTED_POOL, 0x80000000u);
}

/* ---- Layout -------------------------------------------------------------------------------------------------------- */

static void check_layout(const void *block, size_t bytes, unsigned type)
{
    BOOLEAN charged = 2;
    uintptr_t address = (uintptr_t)block;
    size_t size = ExQueryPoolBlockSize((void *)address, &charged);
    same(address % ALIGNMENT, 0);
    if ((type & CACHE_BIT) != 0)
        same(address % CACHE_LINE, 0);
    if (bytes > SMALL_MAX) {
        same(address % PAGE, 0);
        same(size, (bytes + PAGE - 1) / PAGE * PAGE);
    }
    if (bytes <= PAGE)
        check(address / PAGE == (address + (bytes > 0 ? bytes : 1) - 1) / PAGE);
    check(size >= bytes);
    same(charged, FALSE);
}

/* "Alignment 16 (8 on 32 bit); up to PAGE_SIZE bytes never cross a page; a request above PAGE_SIZE - 32 (16 on 32 bit) bytes
 * starts on a page and takes whole pages. Cache-aligned types give 64." Live blocks never overlap. */
static void layout(void **state)
{
    static const unsigned types[] = {NonPagedPool, PagedPool, NonPagedPoolCacheAligned, PagedPoolCacheAligned,
                                     NonPagedPoolNxCacheAligned};
    enum { MOST = 3 };
    static void *blocks[MOST * 4096 + 1];
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t t = 0; t < ENTRIES(types); t++) {
        for (size_t bytes = 1; bytes <= MOST * PAGE; bytes++) {
            bool is_edge = bytes % PAGE >= PAGE - 40 || bytes % PAGE <= 40;
            blocks[bytes] = is_edge || bytes % 7 == t ? ExAllocatePoolWithTag((POOL_TYPE)types[t], bytes, tag) : NULL;
            if (!is_edge && bytes % 7 != t)
                continue;
            check(blocks[bytes] != NULL);
            check_layout(blocks[bytes], bytes, types[t]);
            fill(blocks[bytes], bytes, (unsigned)bytes);
        }
        for (size_t bytes = 1; bytes <= MOST * PAGE; bytes++)
            if (blocks[bytes] != NULL) {
                check(filled(blocks[bytes], bytes, (unsigned)bytes));
                ExFreePoolWithTag(blocks[bytes], tag);
            }
    }
}

/* ExQueryPoolBlockSize: "at least the request for small blocks, exact whole pages for page allocations (4096 -> 4096,
 * 4097 -> 8192)"; "4064 is the largest small block". */
static void whole_pages(void **state)
{
    static const struct {
        size_t bytes;
        size_t least;
        size_t most;
    } sizes[] = {
        {1, 1, 64},
        {SMALL_MAX, SMALL_MAX, PAGE},
        {SMALL_MAX + 1, PAGE, PAGE},
        {PAGE - 1, PAGE, PAGE},
        {PAGE, PAGE, PAGE},
        {PAGE + 1, 2 * PAGE, 2 * PAGE},
        {2 * PAGE, 2 * PAGE, 2 * PAGE},
        {100 * PAGE + 1, 101 * PAGE, 101 * PAGE},
    };
    (void)state;
    for (size_t r = 0; r < ENTRIES(routines); r++)
        for (size_t i = 0; i < ENTRIES(sizes); i++)
            for (unsigned pool = 0; pool < 2; pool++) {
                BOOLEAN charged;
                void *block = routines[r].call(pool, sizes[i].bytes, fresh_tag());
                size_t size = ExQueryPoolBlockSize(block, &charged);
                check(size >= sizes[i].least && size <= sizes[i].most);
                if (sizes[i].bytes > SMALL_MAX)
                    same((uintptr_t)block % PAGE, 0);
                ExFreePool(block);
            }
}

/* ---- Contents ------------------------------------------------------------------------------------------------------ */

/* "POOL_ZERO_ALLOCATION zeroes, also right after a dirty free of the same size, 16 bytes to 64 KiB"; each routine leaves what it
 * says, over and over in the same memory. */
static void contents_after_a_dirty_free(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    for (size_t r = 0; r < ENTRIES(routines); r++)
        for (size_t size = 16; size <= 65536; size *= 2)
            for (size_t bytes = size - 1; bytes <= size + 1; bytes++)
                for (unsigned type = 0; type < 4; type++) {
                    unsigned full = (type & 1) | ((type & 2) != 0 ? POOL_ZERO_ALLOCATION : 0u);
                    for (int round = 0; round < 3; round++) {
                        void *block = routines[r].call(full, bytes, tag);
                        check(holds(block, bytes, contents_by(&routines[r], full)));
                        memset(block, 0x5A, bytes);
                        ExFreePool(block);
                    }
                }
}

/* "Exactly the requested bytes are zero": a byte more may be somebody's pattern. */
static void no_more_than_asked(void **state)
{
    static const size_t classes[] = {16, 32, 64, 128, 256, 512, 1024, 2048};
    uint32_t tag = fresh_tag();
    size_t compared = 0;
    (void)state;
    for (size_t i = 0; i < ENTRIES(classes); i++)
        for (unsigned pool = 0; pool < 2; pool++) {
            size_t bytes = classes[i];
            char *dirty = ExAllocatePoolWithTag((POOL_TYPE)pool, bytes, tag);
            memset(dirty, 0x5A, bytes);
            ExFreePoolWithTag(dirty, tag);
            char *block = ExAllocatePoolZero((POOL_TYPE)pool, bytes - 3, tag);
            check(holds(block, bytes - 3, 0));
            if (block == dirty) {
                check(holds(block + bytes - 3, 3, 0x5A));
                compared++;
            }
            ExFreePoolWithTag(block, tag);
        }
    check(compared > 0);
}

/* "fill=pattern|none|zero: what is in the blocks of routines that leave contents unknown; default pattern, 0xCD"; what is zero by
 * contract is zero with each. */
static void fill_policies(void **state)
{
    static const struct {
        const char *option;
        int holds; /* -1: what was there */
    } policies[] = {{"fill=none", -1}, {"fill=zero", 0}, {"fill=pattern", FRESH}};
    static const size_t sizes[] = {1, 16, 100, 2048, 4000, 4096, 10000, 70000};
    size_t left = 0;
    (void)state;
    for (size_t p = 0; p < ENTRIES(policies); p++) {
        same(tagpool_start(policies[p].option), 0);
        for (size_t r = 0; r < ENTRIES(routines); r++)
            for (size_t i = 0; i < ENTRIES(sizes); i++) {
                uint32_t tag = TAGPOOL_TAG('f', 'i', 'l', 'l');
                void *dirty = routines[r].call(PagedPool, sizes[i], tag);
                memset(dirty, 0x5A, sizes[i]);
                ExFreePool(dirty);
                void *block = routines[r].call(PagedPool, sizes[i], tag);
                if (routines[r].contents == ALWAYS_ZERO)
                    check(holds(block, sizes[i], 0));
                else if (policies[p].holds >= 0)
                    check(holds(block, sizes[i], policies[p].holds));
                else
                    left += holds(block, sizes[i], 0x5A);
                ExFreePool(block);
            }
    }
    check(left > 0);
}

/* ---- Size 0 and failure -------------------------------------------------------------------------------------------- */

/* "Size 0 gives a block of the smallest size, after the finding 0xC4/0x00 (IRQL, pool type, 0)." */
static void size_zero(void **state)
{
    (void)state;
    for (size_t r = 0; r < ENTRIES(routines); r++)
        for (unsigned pool = 0; pool < 2; pool++) {
            uint32_t tag = fresh_tag();
            BOOLEAN charged;
            irql_at(APC_LEVEL);
            void *block = routines[r].call(pool, 0, tag);
            check(block != NULL && finding(0xC4, 0x00));
            same(caught.parameter[1], APC_LEVEL);
            same(caught.parameter[2] & 0xFF, pool);
            same(caught.parameter[3], 0);
            same(query(block).bytes, 0);
            void *smallest = ExAllocatePoolWithTag((POOL_TYPE)pool, 1, tag);
            same(ExQueryPoolBlockSize(block, &charged), ExQueryPoolBlockSize(smallest, &charged));
            ExFreePool(smallest);
            ExFreePool(block);
        }
}

/* "Fails iff there is no memory, the pool's limit would be passed": NULL, or "raise STATUS_INSUFFICIENT_RESOURCES instead of
 * returning NULL" with POOL_RAISE_IF_ALLOCATION_FAILURE and from quota routines without POOL_QUOTA_FAIL_INSTEAD_OF_RAISE. A
 * failure counts under the tag. Where the raise handler returns, NULL. */
static void null_or_raise(void **state)
{
    static const size_t sizes[] = {SIZE_MAX / 2, SIZE_MAX, SIZE_MAX - 4095, 1000000};
    (void)state;
    same(tagpool_limit_set(TAGPOOL_PAGED, 900000), 0);
    same(tagpool_limit_set(TAGPOOL_NONPAGED, 900000), 0);
    for (size_t r = 0; r < ENTRIES(routines); r++)
        for (unsigned modifiers = 0; modifiers < 4; modifiers++)
            for (unsigned pool = 0; pool < 2; pool++) {
                unsigned type = pool | modifiers << 3;
                uint32_t tag = fresh_tag();
                bool raises = routines[r].has_quota ? (modifiers & 1) == 0 : (modifiers & 2) != 0;
                struct tagpool_stats before;
                (void)tagpool_tag_stats(tag_by(&routines[r], tag), (enum tagpool_pool)pool, &before);
                for (size_t i = 0; i < ENTRIES(sizes); i++) {
                    check(routines[r].call(type, sizes[i], tag) == NULL);
                    if (raises)
                        check(raised(NO_RESOURCES));
                    same(raised_count, 0);
                }
                struct tagpool_stats after = stats_of(tag_by(&routines[r], tag), (enum tagpool_pool)pool);
                same(after.failures, before.failures + ENTRIES(sizes));
                same(after.allocs, before.allocs);
            }
}

/* The raise handler "may longjmp": nothing is held, nothing is lost. */
static void raise_by_longjmp(void **state)
{
    jmp_buf here;
    volatile int times = 0;
    uint32_t tag = fresh_tag();
    (void)state;
    raised_jump = &here;
    if (setjmp(here) != 0)
        times++;
    if (times < 100) {
        (void)ExAllocatePoolWithTag((POOL_TYPE)(NonPagedPoolNx | POOL_RAISE_IF_ALLOCATION_FAILURE), SIZE_MAX / 2, tag);
        fail();
    }
    raised_jump = NULL;
    same(raised_count, 100);
    raised_count = 0;
    same(stats_of(tag, TAGPOOL_NONPAGED).failures, 100);
    ExFreePool(ExAllocatePoolWithTag(NonPagedPoolNx, 100, tag));
}

/* FsRtlAllocatePool and relatives "raise STATUS_INSUFFICIENT_RESOURCES whenever they fail"; what succeeds is as from the Ex
 * routine. */
static void fsrtl(void **state)
{
    uint32_t tag = fresh_tag();
    (void)state;
    for (unsigned pool = 0; pool < 2; pool++) {
        POOL_TYPE type = (POOL_TYPE)pool;
        void *blocks[] = {FsRtlAllocatePool(type, 100), FsRtlAllocatePoolWithTag(type, 100, tag)};
        for (size_t i = 0; i < ENTRIES(blocks); i++) {
            struct tagpool_block block = query(blocks[i]);
            check(block.bytes == 100 && block.tag == (i == 0 ? NO_TAG : tag) && (unsigned)block.pool == pool);
            check(holds(blocks[i], 100, FRESH));
            ExFreePool(blocks[i]);
        }
        same(tagpool_limit_set((enum tagpool_pool)pool, 5000), 0);
        check(FsRtlAllocatePool(type, 6000) == NULL && raised(NO_RESOURCES));
        check(FsRtlAllocatePoolWithTag(type, 6000, tag) == NULL && raised(NO_RESOURCES));
        same(stats_of(tag, (enum tagpool_pool)pool).failures, 1);
        check(FsRtlAllocatePoolWithTag(type, 100, 0) == NULL && finding(0xC2, 0x9B) && raised(NO_RESOURCES));
    }
}

int main(void)
{
    (void)tagpool_start("checker=off"); /* tests look at what lies behind a block, and at blocks that are reused at once */
    const struct CMUnitTest tests[] = {
        contract_test(all_bits_and_pairs), contract_test(all_named_types),
        contract_test(layout),             contract_test(whole_pages),
        contract_test(contents_after_a_dirty_free), contract_test(no_more_than_asked),
        contract_test(fill_policies),      contract_test(size_zero),
        contract_test(null_or_raise),      contract_test(raise_by_longjmp),
        contract_test(fsrtl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
