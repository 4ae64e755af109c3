/* SPDX-License-Identifier: MIT
 *
 * scope.c: blocks left in a scope (contracts in scope.h): a walk over all blocks that looks at their records.
 */
#include "view/scope.h"

#include "ledger/leak.h"
#include "ledger/ledger.h"
#include "ledger/trial.h"
#include "memory/note.h"
#include "memory/owner.h"
#include "report/output.h"
#include "view/kept.h"

struct looking {
    const struct scope *scope;
    struct kept kept;
    struct scope_sum sum;
    struct leak_list *list; /* or NULL */
};

static bool is_matching(const struct scope_filter *filter, const struct record *record, uint32_t tag)
{
    return (filter->tags.count == 0 || masks_match(&filter->tags, tag)) &&
           (filter->driver == NULL || filter->driver == record->driver) &&
           (filter->thread == 0 || filter->thread == record->thread);
}

static bool is_excepted(const struct scope *scope, const struct record *record, uint32_t tag)
{
    for (size_t i = 0; i < scope->except_count; i++)
        if (is_matching(&scope->except[i], record, tag))
            return true;
    return false;
}

static bool was_told(const struct scope *scope, const struct record *record)
{
    return record->sequence > scope->told_from && record->sequence <= scope->told_to;
}

static bool is_of_trial(const struct scope *scope, const struct record *record)
{
    return scope->trial == TRIAL_NONE || record->trial == scope->trial ||
           (record->trial == TRIAL_NONE && record->sequence <= scope->trial_mark);
}

static bool scope_look_at(const struct place *place, void *context)
{
    struct looking *looking = context;
    const struct scope *scope = looking->scope;
    struct record record = {.flags = 0};
    uint32_t tag = ledger_tag_of(place->tag_index);
    if (!note_is_recorded(place->note) || !record_get(place->start, &record) || (record.flags & RECORD_TRACKED) == 0)
        return true;
    if (record.sequence <= scope->mark || was_told(scope, &record) || !is_matching(&scope->filter, &record, tag) ||
        is_excepted(scope, &record, tag) || kept_has(&looking->kept, place->start))
        return true;
    if (!is_of_trial(scope, &record)) {
        looking->sum.strays += record.trial == TRIAL_STRAY;
        return true;
    }
    looking->sum.blocks++;
    looking->sum.bytes += place->bytes;
    if (looking->list != NULL)
        leak_add(looking->list, &record, tag, place->pool, place->bytes);
    return true;
}

static void scope_look(const struct scope *scope, struct scope_sum *sum, struct leak_list *list)
{
    struct looking looking = {.scope = scope, .list = list};
    looking.sum.is_complete = kept_take(&looking.kept);
    (void)owner_walk(scope_look_at, &looking);
    kept_release(&looking.kept);
    *sum = looking.sum;
}

void scope_sum(const struct scope *scope, struct scope_sum *sum)
{
    scope_look(scope, sum, NULL);
}

void scope_print(const struct scope *scope, uint64_t most_blocks)
{
    struct scope_sum sum;
    struct leak_list list;
    struct text line;
    scope_sum(scope, &sum);
    leak_open(&list, (size_t)sum.blocks);
    scope_look(scope, &sum, &list);
    leak_print_table(&list, most_blocks);
    uint64_t cut = leak_print_after_table(&list, most_blocks);
    leak_close(&list);
    if (cut == 0)
        return;
    text_clear(&line);
    text_string(&line, "tagpool:   ");
    text_plural(&line, cut, cut < sum.blocks ? "more block" : "block");
    text_string(&line, " not listed");
    output_line(&line);
}
