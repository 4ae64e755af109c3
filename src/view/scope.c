/* SPDX-License-Identifier: MIT
 *
 * scope.c: blocks left in a scope (contracts in scope.h): a walk over all blocks that looks at their records.
 */
#include "view/scope.h"

#include "ledger/leak.h"
#include "ledger/ledger.h"
#include "memory/note.h"
#include "memory/owner.h"
#include "report/output.h"
#include "view/kept.h"

struct looking {
    const struct scope *scope;
    struct tag_masks masks;
    struct kept kept;
    struct scope_sum sum;
    struct leak_list *list; /* or NULL */
};

static bool is_thread_in(const struct scope *scope, uint64_t thread)
{
    for (size_t i = 0; i < scope->thread_count; i++)
        if (scope->threads[i] == thread)
            return true;
    return scope->thread_count == 0;
}

static bool is_left(const struct looking *looking, const struct record *record, uint32_t tag)
{
    const struct scope *scope = looking->scope;
    return (record->flags & RECORD_TRACKED) != 0 && record->sequence > scope->mark && masks_match(&looking->masks, tag) &&
           (scope->driver == NULL || record->driver == scope->driver) && is_thread_in(scope, record->thread);
}

static bool scope_look_at(const struct place *place, void *context)
{
    struct looking *looking = context;
    struct record record = {.flags = 0};
    uint32_t tag = ledger_tag_of(place->tag_index);
    if (!note_is_recorded(place->note) || !record_get(place->start, &record) || !is_left(looking, &record, tag) ||
        kept_has(&looking->kept, place->start))
        return true;
    looking->sum.blocks++;
    looking->sum.bytes += place->bytes;
    if (looking->list != NULL)
        leak_add(looking->list, &record, tag, place->pool, place->bytes);
    return true;
}

static void scope_look(const struct scope *scope, struct scope_sum *sum, struct leak_list *list)
{
    struct looking looking = {.scope = scope, .masks = {.count = 1, .mask = {scope->tags}}, .list = list};
    (void)kept_take(&looking.kept);
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
    uint64_t cut = leak_print(&list, most_blocks);
    leak_close(&list);
    if (cut == 0)
        return;
    text_clear(&line);
    text_string(&line, "tagpool:   ");
    text_plural(&line, cut, "more block");
    text_string(&line, " not listed (option leak_blocks)");
    output_line(&line);
}
