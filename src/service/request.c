/* SPDX-License-Identifier: MIT
 *
 * request.c: allocate by the WDK's rules (contracts in tagpool/wdk/pool.h).
 */
#include "service/request.h"

#include "base/tag.h"
#include "pool/checker.h"
#include "pool/pool.h"
#include "report/option.h"
#include "service/irql.h"
#include "service/quota.h"
#include "service/raise.h"

#define BAD_POOL_CALLER 0xC2u
#define DRIVER_VERIFIER_DETECTED_VIOLATION 0xC4u

/* Not zero, no pointer, and what debuggers' users know as "never written". */
#define FRESH_BYTE 0xCD

static void report_request(uint32_t code, uintptr_t p1, uintptr_t p2, uintptr_t p3, uintptr_t p4, bool stops)
{
    bugcheck_report(code, (uintptr_t[4]){p1, p2, p3, p4}, NULL, stops);
}

void request_report_type(const struct wdk_request *request, const char *sentence, bool stops)
{
    struct tagpool_bugcheck bugcheck;
    bugcheck_describe(MISTAKE_POOL_TYPE, &bugcheck);
    bugcheck.parameter[1] = request->type;
    bugcheck.parameter[2] = request->bytes;
    bugcheck.parameter[3] = request->tag;
    bugcheck.sentence = sentence;
    bugcheck.stops = stops;
    bugcheck_raise(&bugcheck);
}

static void *fail_request(const struct wdk_request *request, uint32_t status)
{
    if (request->raises)
        raise_status(status);
    return NULL;
}

void *request_refuse(const struct wdk_request *request, uint32_t status)
{
    if (tag_check(request->tag) == TAG_FINE)
        pool_failed(request->pool, request->tag);
    return fail_request(request, status);
}

bool request_priority(struct wdk_request *request, unsigned priority)
{
    /* Bit 3 says that bit 0 chooses the special pool's side; without it bit 0 has no meaning. */
    if ((priority & ~9u) > 32 || (priority & ~9u) % 16 != 0 || (priority & 9) == 1)
        return false;
    request->spare = priority >= 32 ? 0 : priority >= 16 ? 5 : 3;
    request->is_promised = priority >= 32;
    if ((priority & 8) != 0)
        request->edge = (uint8_t)(1 + ((priority & 1) != 0 ? SPECIAL_START : SPECIAL_END));
    return true;
}

void *request_fill(void *block, size_t bytes)
{
    enum fill_policy fill = (enum fill_policy)LOAD(&wdk_policy.fill);
    if (fill != FILL_NONE)
        memset(block, fill == FILL_ZERO ? 0 : FRESH_BYTE, bytes);
    if (fill == FILL_PATTERN)
        checker_undefine(block, bytes);
    return block;
}

/* What becomes of a request that breaks a rule: NULL after a bug check, otherwise the status of its failure. */
#define REQUEST_LEGAL 0u
#define REQUEST_STOPPED 1u

static uint32_t check_request(const struct wdk_request *request)
{
    unsigned irql = irql_now();
    uintptr_t caller = (uintptr_t)request->site.caller;
    bool is_strict;
    if (irql > irql_most(request->pool)) {
        report_request(BAD_POOL_CALLER, 0x08, irql, request->type, request->bytes, true);
        return REQUEST_STOPPED;
    }
    switch (tag_check(request->tag)) {
    case TAG_ZERO:
        if (!request->is_legacy)
            return RAISE_INVALID_PARAMETER;
        is_strict = LOAD(&wdk_policy.strict) != 0;
        report_request(BAD_POOL_CALLER, 0x9B, request->type, request->bytes, caller, is_strict);
        return is_strict ? REQUEST_STOPPED : RAISE_NO_RESOURCES;
    case TAG_RESERVED:
        report_request(BAD_POOL_CALLER, 0x9C, request->type, request->bytes, caller, true);
        return REQUEST_STOPPED;
    case TAG_UNREADABLE:
        report_request(BAD_POOL_CALLER, 0x9D, request->tag, request->type, caller, true);
        return REQUEST_STOPPED;
    default:
        break;
    }
    if (request->bytes == 0)
        report_request(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x00, irql, request->type, 0, false);
    return REQUEST_LEGAL;
}

static void *grant_request(const struct wdk_request *request)
{
    bool zero = request->contents == CONTENTS_ZERO;
    void *block = pool_alloc_slow(&(struct request){.pool = request->pool, .bytes = request->bytes, .tag = request->tag,
                                                    .alignment = request->alignment, .zero = zero, .caller = request->site.caller,
                                                    .frame = request->site.frame, .spare = request->spare,
                                                    .is_promised = request->is_promised, .special = request->special,
                                                    .edge = request->edge});
    if (block != NULL && !zero)
        (void)request_fill(block, request->bytes);
    return block;
}

static void *grant_with_quota(const struct wdk_request *request)
{
    void *process = quota_process();
    if (process == NULL) {
        report_request(DRIVER_VERIFIER_DETECTED_VIOLATION, 0x10A, 0, 0, 0, true);
        return NULL;
    }
    enum quota_answer answer = quota_charge(process, request->pool, request->bytes, 1);
    if (answer != QUOTA_CHARGED)
        return request_refuse(request, answer == QUOTA_EXCEEDED && !request->hides_quota ? RAISE_QUOTA_EXCEEDED
                                                                                         : RAISE_NO_RESOURCES);
    void *block = grant_request(request);
    if (block != NULL && quota_tie(block, process, request->bytes))
        return block;
    if (block != NULL)
        pool_free_slow(block, request->tag, false);
    (void)quota_return(process, request->pool, request->bytes, 1);
    return fail_request(request, RAISE_NO_RESOURCES);
}

void *request_allocate(const struct wdk_request *request)
{
    uint32_t status = check_request(request);
    if (status != REQUEST_LEGAL)
        return status == REQUEST_STOPPED ? NULL : fail_request(request, status);
    if (request->has_quota && request->bytes < PAGE_BYTES)
        return grant_with_quota(request);
    void *block = grant_request(request);
    return block != NULL ? block : fail_request(request, RAISE_NO_RESOURCES);
}
