/* SPDX-License-Identifier: MIT
 *
 * contract.h: what the tests of the WDK's pool routines share: raised statuses remembered, an IRQL and a process that a test
 * chooses, the legacy routines in one table, and a begin and end that set all of it back. */
#ifndef CONTRACT_H
#define CONTRACT_H

#include "../api/test.h"

#include <pthread.h>

#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"

#define INVALID_PARAMETER 0xC000000Du  /* STATUS_INVALID_PARAMETER */
#define QUOTA_EXCEEDED 0xC0000044u     /* STATUS_QUOTA_EXCEEDED */
#define NO_RESOURCES 0xC000009Au       /* STATUS_INSUFFICIENT_RESOURCES */

#define CACHE_LINE 64u
#define FRESH 0xCD /* what legacy blocks hold by default */
#define NO_TAG TAGPOOL_TAG('N', 'o', 'n', 'e')
#define BIG_TAG TAGPOOL_TAG('B', 'I', 'G', ' ')
#define ENTRIES(array) (sizeof(array) / sizeof *(array))

/* ---- Hooks --------------------------------------------------------------------------------------------------------- */

static uint32_t raised_last;
static unsigned raised_count; /* raises not yet taken by raised() */
static jmp_buf *raised_jump;  /* where the handler jumps instead of returning, if anywhere */

static inline void catch_raise(uint32_t status, void *context)
{
    (void)context;
    raised_last = status;
    raised_count++;
    if (raised_jump != NULL)
        longjmp(*raised_jump, 1);
}

/* Takes the one raise since the last call: was it of this status? */
static inline bool raised(uint32_t status)
{
    bool right = raised_count == 1 && raised_last == status;
    if (!right)
        fprintf(stderr, "%u raises, the last of 0x%X; expected 0x%X\n", raised_count, (unsigned)raised_last, (unsigned)status);
    raised_count = 0;
    return right;
}

static unsigned irql_level; /* what the simulator says, once irql_at() was called */

static inline unsigned say_irql(void *context)
{
    (void)context;
    return irql_level;
}

static inline void irql_at(unsigned level)
{
    irql_level = level;
    tagpool_irql_hook_set(say_irql, NULL);
}

static _Thread_local void *process_now; /* whom this thread works for, once process_is() was called */

static inline void *say_process(void *context)
{
    (void)context;
    return process_now;
}

/* Every test may use these as tokens of processes; `process_is(NULL)` is the Idle process. */
#define PROCESS(n) ((void *)(uintptr_t)(0x1000u + 64u * (unsigned)(n)))

static inline void process_is(void *process)
{
    process_now = process;
    tagpool_process_hook_set(say_process, NULL);
}

static inline struct tagpool_quota quota_of(void *process, enum tagpool_pool pool)
{
    struct tagpool_quota quota;
    same(tagpool_quota_stats(process, pool, &quota), TAGPOOL_OK);
    return quota;
}

/* ---- Around each test ---------------------------------------------------------------------------------------------- */

static inline int contract_begin(void **state)
{
    raised_count = 0;
    raised_jump = NULL;
    tagpool_raise_handler_set(catch_raise, NULL);
    return begin(state);
}

static inline int contract_end(void **state)
{
    unsigned raises = raised_count;
    raised_jump = NULL;
    tagpool_raise_handler_set(NULL, NULL);
    tagpool_irql_hook_set(NULL, NULL);
    tagpool_process_hook_set(NULL, NULL);
    tagpool_condition_handler_set(NULL, NULL);
    same(tagpool_start("fill=pattern strict=off wrong_tag=report limit_paged=0 limit_nonpaged=0"), 0);
    int result = end(state);
    same(raises, 0);
    return result;
}

#define contract_test(name) cmocka_unit_test_setup_teardown(name, contract_begin, contract_end)

/* ---- The routines that take a POOL_TYPE ---------------------------------------------------------------------------- */

/* Each as a function of type, size and tag. */
#define AS_ROUTINE(name, call)                                                              \
    static __attribute__((noinline)) void *call_##name(unsigned type, size_t bytes, ULONG tag) \
    {                                                                                       \
        (void)tag;                                                                          \
        void *volatile block = call;                                                        \
        return block;                                                                       \
    }
#define TYPE ((POOL_TYPE)type)

AS_ROUTINE(plain, ExAllocatePool(TYPE, bytes))
AS_ROUTINE(tag, ExAllocatePoolWithTag(TYPE, bytes, tag))
AS_ROUTINE(priority, ExAllocatePoolWithTagPriority(TYPE, bytes, tag, HighPoolPriority))
AS_ROUTINE(zero, ExAllocatePoolZero(TYPE, bytes, tag))
AS_ROUTINE(priority_zero, ExAllocatePoolPriorityZero(TYPE, bytes, tag, NormalPoolPriority))
AS_ROUTINE(uninitialized, ExAllocatePoolUninitialized(TYPE, bytes, tag))
AS_ROUTINE(priority_uninitialized, ExAllocatePoolPriorityUninitialized(TYPE, bytes, tag, LowPoolPriority))
AS_ROUTINE(quota, ExAllocatePoolWithQuota(TYPE, bytes))
AS_ROUTINE(quota_tag, ExAllocatePoolWithQuotaTag(TYPE, bytes, tag))
AS_ROUTINE(quota_zero, ExAllocatePoolQuotaZero(TYPE, bytes, tag))
AS_ROUTINE(quota_uninitialized, ExAllocatePoolQuotaUninitialized(TYPE, bytes, tag))

enum contents { BY_TYPE, ALWAYS_ZERO, NEVER_ZERO };

static const struct routine {
    const char *name;
    void *(*call)(unsigned type, size_t bytes, ULONG tag);
    enum contents contents;
    bool is_untagged;
    bool has_quota;
} routines[] = {
    {"ExAllocatePool", call_plain, BY_TYPE, true, false},
    {"ExAllocatePoolWithTag", call_tag, BY_TYPE, false, false},
    {"ExAllocatePoolWithTagPriority", call_priority, BY_TYPE, false, false},
    {"ExAllocatePoolZero", call_zero, ALWAYS_ZERO, false, false},
    {"ExAllocatePoolPriorityZero", call_priority_zero, ALWAYS_ZERO, false, false},
    {"ExAllocatePoolUninitialized", call_uninitialized, NEVER_ZERO, false, false},
    {"ExAllocatePoolPriorityUninitialized", call_priority_uninitialized, NEVER_ZERO, false, false},
    {"ExAllocatePoolWithQuota", call_quota, BY_TYPE, true, true},
    {"ExAllocatePoolWithQuotaTag", call_quota_tag, BY_TYPE, false, true},
    {"ExAllocatePoolQuotaZero", call_quota_zero, ALWAYS_ZERO, false, true},
    {"ExAllocatePoolQuotaUninitialized", call_quota_uninitialized, NEVER_ZERO, false, true},
};

/* The tag a block of the routine has. */
static inline uint32_t tag_by(const struct routine *routine, uint32_t tag)
{
    return routine->is_untagged ? NO_TAG : tag;
}

/* What a block of the routine holds. */
static inline int contents_by(const struct routine *routine, unsigned type)
{
    bool zero = routine->contents == ALWAYS_ZERO || (routine->contents == BY_TYPE && (type & POOL_ZERO_ALLOCATION) != 0);
    return zero ? 0 : FRESH;
}

/* Does every byte have this value? */
static inline bool holds(const void *block, size_t bytes, int value)
{
    for (size_t i = 0; i < bytes; i++)
        if (((const unsigned char *)block)[i] != value)
            return false;
    return true;
}

/* A call must fail by bug check 0xC2/`first` with these other parameters. */
static inline void expect_stop(const void *block, uint32_t code, uintptr_t first, uintptr_t second, uintptr_t third)
{
    check(block == NULL);
    check(mistake(code, first));
    same(caught.parameter[1], second);
    same(caught.parameter[2], third);
}

/* Was the parameter an address in `function`? */
static inline bool is_in(uintptr_t parameter, void *(*function)(unsigned, size_t, ULONG))
{
    return parameter - (uintptr_t)function < 4096;
}

#endif
