/* SPDX-License-Identifier: MIT
 *
 * quota.c: a table of processes, each with its charges (contracts in quota.h and tagpool/wdk.h).
 *
 * A row, once there, stays: a process that is charged nothing keeps its limit and peak. Rows are few and searched in order.
 */
#include "service/quota.h"

#include "pool/pool.h"
#include "service/lock.h"
#include "tagpool/wdk.h"

/* charged <= peak; charged <= limit when it was last raised, if there is a limit. */
struct quota_row {
    void *process;
    struct tagpool_quota pool[POOLS];
};

static struct {
    struct quota_row *rows;
    size_t count;
    size_t bytes;
    tagpool_process_hook *hook;
    void *context;
} quota;

static char one_process; /* its address is the token of the process that everybody works for by default */

void tagpool_process_hook_set(tagpool_process_hook *hook, void *context)
{
    quota.context = context;
    quota.hook = hook;
}

void *quota_process(void)
{
    return quota.hook != NULL ? quota.hook(quota.context) : &one_process;
}

/* The next two: pre: the lock is held. */
static struct quota_row *find_process(const void *process)
{
    for (size_t i = 0; i < quota.count; i++)
        if (quota.rows[i].process == process)
            return &quota.rows[i];
    return NULL;
}

static struct quota_row *find_or_add_process(void *process)
{
    struct quota_row *row = find_process(process);
    if (row != NULL)
        return row;
    if ((quota.count + 1) * sizeof *row > quota.bytes) {
        size_t bytes = quota.bytes != 0 ? quota.bytes * 2 : PORT_UNIT_BYTES;
        struct quota_row *rows = port_obtain(bytes);
        if (rows == NULL)
            return NULL;
        if (quota.rows != NULL) {
            memcpy(rows, quota.rows, quota.count * sizeof *rows);
            port_release(quota.rows, quota.bytes);
        }
        quota.rows = rows;
        quota.bytes = bytes;
    }
    row = &quota.rows[quota.count++];
    row->process = process;
    return row;
}

static enum quota_answer charge_process(struct tagpool_quota *side, uint64_t bytes, unsigned blocks)
{
    uint64_t free_bytes = (side->limit != 0 ? side->limit : UINT64_MAX);
    free_bytes = free_bytes > side->charged ? free_bytes - side->charged : 0;
    if (bytes > free_bytes)
        return QUOTA_EXCEEDED;
    side->charged += bytes;
    side->blocks += blocks;
    if (side->charged > side->peak)
        side->peak = side->charged;
    return QUOTA_CHARGED;
}

enum quota_answer quota_charge(void *process, unsigned pool, uint64_t bytes, unsigned blocks)
{
    service_lock();
    struct quota_row *row = find_or_add_process(process);
    enum quota_answer answer = row == NULL ? QUOTA_NO_MEMORY : charge_process(&row->pool[pool], bytes, blocks);
    service_unlock();
    return answer;
}

uint64_t quota_return(void *process, unsigned pool, uint64_t bytes, unsigned blocks)
{
    service_lock();
    struct quota_row *row = find_process(process);
    uint64_t charged = row != NULL ? row->pool[pool].charged : 0;
    if (row != NULL && bytes <= charged) {
        row->pool[pool].charged -= bytes;
        row->pool[pool].blocks -= blocks;
    }
    service_unlock();
    return bytes > charged ? bytes - charged : 0;
}

/* A block's charge can be less than what is charged only if PsReturnPoolQuota() returned what was a block's. */
static void return_of_block(const struct record *record, unsigned pool)
{
    uint64_t missing = quota_return(record->process, pool, record->quota, 1);
    if (missing != 0)
        (void)quota_return(record->process, pool, record->quota - missing, 1);
}

bool quota_tie(const void *block, void *process, size_t bytes)
{
    STORE(&pool_quota_hook, return_of_block);
    return pool_record(block, &(struct record){.flags = RECORD_QUOTA, .process = process, .quota = bytes});
}

int tagpool_quota_limit_set(void *process, enum tagpool_pool pool, uint64_t bytes)
{
    if ((unsigned)pool >= POOLS || process == NULL)
        return TAGPOOL_EINVAL;
    service_lock();
    struct quota_row *row = find_or_add_process(process);
    if (row != NULL)
        row->pool[pool].limit = bytes;
    service_unlock();
    return row != NULL ? TAGPOOL_OK : TAGPOOL_ENOMEM;
}

int tagpool_quota_stats(void *process, enum tagpool_pool pool, struct tagpool_quota *answer)
{
    memset(answer, 0, sizeof *answer);
    if ((unsigned)pool >= POOLS)
        return TAGPOOL_EINVAL;
    service_lock();
    const struct quota_row *row = find_process(process);
    if (row != NULL)
        *answer = row->pool[pool];
    service_unlock();
    return TAGPOOL_OK;
}
