/* SPDX-License-Identifier: MIT
 *
 * tagpool.c: the public names (contracts in tagpool.h), and the one place that wires the floors together.
 */
#include "tagpool.h"

#include "base/tag.h"
#include "face/face.h"
#include "pool/pool.h"
#include "pool/verify.h"
#include "report/codes.h"
#include "report/option.h"
#include "report/output.h"
#include "view/kept.h"
#include "view/print.h"
#include "view/rows.h"
#include "view/snapshot.h"

/* face.lock is taken before every other lock, and never during an allocation but the first. */
static struct {
    struct options options;
    bool has_defaults;
    bool has_exit_hook;
    uint32_t exit;        /* these two are read without the lock: enum exit_policy */
    uint32_t leak_blocks;
    struct port_lock lock;
} face = {.lock = PORT_LOCK_INITIAL};

static bool is_started(void)
{
    return LOAD_ACQUIRE(&pool_state.started) != 0;
}

static bool is_open(void)
{
    return is_started() && (LOAD(&pool_state.features) & FEATURE_CLOSED) == 0;
}

/* ---- start, options, shutdown ---- */

static void at_exit(void)
{
    if (LOAD(&face.exit) == EXIT_IGNORE || !is_open())
        return;
    if (print_last_verdict(LOAD(&face.leak_blocks)) == TAGPOOL_LEAK && LOAD(&face.exit) == EXIT_ABORT)
        port_abort();
}

/* Hands the options down. pre: the lock is held and the pools have started, if not opened. */
static void apply_options(void)
{
    const struct options *options = &face.options;
    STORE(&face.exit, (uint32_t)options->exit);
    STORE(&face.leak_blocks, (uint32_t)options->leak_blocks);
    STORE(&pool_state.wrong_tag, (uint32_t)options->wrong_tag);
    STORE(&arena.cache_units, (size_t)(options->cache >> UNIT_SHIFT));
    STORE(&arena.prefault, options->prefault != 0);
    STORE(&arena.pin, options->lock != 0);
    STORE(&wdk_policy.fill, (uint32_t)options->fill);
    STORE(&wdk_policy.strict, (uint32_t)options->strict);
    STORE(&wdk_policy.lookaside_bypass, (uint32_t)options->lookaside_bypass);
    STORE(&wdk_policy.force_irql, (uint32_t)options->force_irql);
    verify_options(&options->verifier);
    pool_feature(FEATURE_TAIL_CHECK, options->tail_check != 0);
    pool_feature(FEATURE_FREE_CHECK, options->free_check != 0);
    for (unsigned pool = 0; pool < POOLS; pool++)
        if (pool_state.limit[pool].limit != options->limit[pool])
            pool_limit_set(pool, options->limit[pool]);
    if (options->exit != EXIT_IGNORE && !face.has_exit_hook)
        face.has_exit_hook = port_on_exit(at_exit);
}

/* What follows from options and is told to the user, without the lock. */
static void tell_of_options(void)
{
    for (unsigned pool = 0; pool < POOLS; pool++)
        pool_conditions(pool);
    if (LOAD_ACQUIRE(&kept_policy_hook) != NULL)
        kept_policy_hook();
}

/* By a first use only if nobody has started the library meanwhile: others may be at work with its options. */
static int start(const char *text, bool is_first_use)
{
    int result = TAGPOOL_OK;
    unsigned skipped = 0;
    port_lock(&face.lock);
    if (is_first_use && is_started()) {
        port_unlock(&face.lock);
        return TAGPOOL_OK;
    }
    if (!face.has_defaults) {
        const char *environment = port_environment("TAGPOOL_OPTIONS");
        options_default(&face.options);
        face.has_defaults = true;
        if (environment != NULL)
            skipped += options_read(&face.options, environment);
    }
    uint64_t reserve = face.options.reserve;
    uint64_t checker = face.options.checker;
    if (text != NULL)
        skipped += options_read(&face.options, text);
    if (skipped != 0)
        result = TAGPOOL_EINVAL;
    if (is_started() && (face.options.reserve != reserve || face.options.checker != checker)) {
        face.options.reserve = reserve;
        face.options.checker = checker;
        result = TAGPOOL_EBUSY;
    }
    if (is_started() || pool_start(face.options.reserve, face.options.checker == CHECKER_AUTO)) {
        apply_options();
        pool_feature(FEATURE_CLOSED, false);
        pool_open();
    } else {
        result = TAGPOOL_ENOMEM;
    }
    bool refuses = skipped != 0 && face.options.wrong_option != 0;
    port_unlock(&face.lock);
    if (refuses)
        port_abort();
    tell_of_options();
    return result;
}

static bool start_by_first_use(void)
{
    if (!is_started())
        (void)start(NULL, true);
    return is_started();
}

bool face_start(void)
{
    return start_by_first_use();
}

void face_lock(void)
{
    port_lock(&face.lock);
}

void face_unlock(void)
{
    port_unlock(&face.lock);
}

uint64_t face_leak_blocks(void)
{
    return LOAD(&face.leak_blocks);
}

INTERNAL bool (*const pool_starter)(void) = start_by_first_use;

int tagpool_start(const char *options)
{
    return start(options, false);
}

enum tagpool_verdict tagpool_verdict(void)
{
    return is_open() ? print_verdict(LOAD(&face.leak_blocks)) : print_not_checked();
}

enum tagpool_verdict tagpool_shutdown(void)
{
    if (!is_open())
        return print_not_checked();
    enum tagpool_verdict verdict = print_last_verdict(LOAD(&face.leak_blocks));
    port_lock(&face.lock);
    pool_feature(FEATURE_CLOSED, true);
    port_unlock(&face.lock);
    (void)tagpool_trim();
    return verdict;
}

int tagpool_limit_set(enum tagpool_pool pool, uint64_t bytes)
{
    if ((unsigned)pool >= POOLS)
        return TAGPOOL_EINVAL;
    if (!start_by_first_use())
        return TAGPOOL_ENOMEM;
    port_lock(&face.lock);
    face.options.limit[pool] = bytes;
    apply_options();
    port_unlock(&face.lock);
    tell_of_options();
    return TAGPOOL_OK;
}

uint64_t tagpool_limit(enum tagpool_pool pool)
{
    return (unsigned)pool < POOLS ? LOAD(&pool_state.limit[pool].limit) : 0;
}

size_t tagpool_trim(void)
{
    if (!is_started())
        return 0;
    size_t before = LOAD(&arena.units_given);
    threads_empty();
    for (unsigned pool = 0; pool < POOLS; pool++)
        (void)arena_trim(pool, 0);
    return (LOAD(&arena.units_given) - before) << UNIT_SHIFT;
}

int tagpool_validate(void)
{
    const char *wrong = is_started() ? pool_check() : NULL;
    if (wrong == NULL)
        return TAGPOOL_OK;
    struct text line;
    text_clear(&line);
    text_string(&line, wrong == pool_check_no_memory ? "tagpool: not checked: " : "tagpool: the library's own data is damaged: ");
    text_string(&line, wrong);
    output_line(&line);
    return wrong == pool_check_no_memory ? TAGPOOL_ENOMEM : TAGPOOL_EINVAL;
}

const char *tagpool_version(void)
{
#define WORD(x) #x
#define NUMBER(x) WORD(x)
    return NUMBER(TAGPOOL_VERSION_MAJOR) "." NUMBER(TAGPOOL_VERSION_MINOR) "." NUMBER(TAGPOOL_VERSION_PATCH);
}

/* ---- allocate and free ---- */

HOT void *tagpool_alloc(enum tagpool_pool pool, size_t bytes, uint32_t tag)
{
    return pool_alloc((unsigned)pool, bytes, tag);
}

HOT void *tagpool_zalloc(enum tagpool_pool pool, size_t bytes, uint32_t tag)
{
    if (bytes > SLAB_MOST_BYTES)
        return pool_alloc_slow(&(struct request){.pool = (unsigned)pool, .bytes = bytes, .tag = tag, .alignment = 1, .zero = true,
                                                  .caller = CALLER, .frame = FRAME});
    void *block = pool_alloc((unsigned)pool, bytes, tag);
    return block != NULL ? memset(block, 0, bytes) : NULL;
}

void *tagpool_aligned_alloc(enum tagpool_pool pool, size_t alignment, size_t bytes, uint32_t tag)
{
    return pool_alloc_slow(&(struct request){.pool = (unsigned)pool, .bytes = bytes, .tag = tag, .alignment = alignment,
                                              .caller = CALLER, .frame = FRAME});
}

void *tagpool_realloc(void *block, size_t bytes)
{
    return pool_realloc(block, bytes, CALLER, FRAME);
}

HOT void tagpool_free(void *block)
{
    pool_free(block, 0, true);
}

HOT void tagpool_free_tag(void *block, uint32_t tag)
{
    pool_free(block, tag, tag == 0);
}

/* ---- blocks ---- */

int tagpool_query(const void *address, struct tagpool_block *block)
{
    struct place place = {.kind = PLACE_FOREIGN};
    memset(block, 0, sizeof *block);
    if (is_started())
        owner_find((uintptr_t)address, &place);
    uintptr_t offset = (uintptr_t)address - place.start;
    if (place.kind != PLACE_LIVE || (offset != 0 && offset >= place.bytes))
        return TAGPOOL_ENOTFOUND;
    pool_describe(&place, block);
    return TAGPOOL_OK;
}

bool tagpool_owns(const void *address)
{
    return is_started() && owner_is_ours((uintptr_t)address);
}

size_t tagpool_size(const void *block)
{
    struct place place;
    return pool_find(block, &place) ? place.bytes : 0;
}

uint32_t tagpool_tag(const void *block)
{
    struct place place;
    return pool_find(block, &place) ? ledger_tag_of(place.tag_index) : 0;
}

struct walk {
    tagpool_walker *walker;
    void *context;
};

static bool walk_block(const struct place *place, void *context)
{
    const struct walk *walk = context;
    struct tagpool_block block;
    pool_describe(place, &block);
    return walk->walker(&block, walk->context);
}

size_t tagpool_walk(tagpool_walker *walker, void *context)
{
    struct walk walk = {walker, context};
    return is_started() ? owner_walk(walk_block, &walk) : 0;
}

/* ---- tag text ---- */

char *tagpool_tag_text(uint32_t tag, char text[5])
{
    return tag_text(tag, text);
}

int tagpool_tag_from_text(const char *text, uint32_t *tag)
{
    return tag_parse(text, tag) ? TAGPOOL_OK : TAGPOOL_EINVAL;
}

/* ---- mistakes and output ---- */

void tagpool_bugcheck_handler_set(tagpool_bugcheck_handler *handler, void *context)
{
    bugcheck_handler_set(handler, context);
}

void tagpool_bugcheck_print(const struct tagpool_bugcheck *bugcheck)
{
    bugcheck_print(bugcheck);
}

int tagpool_bugcheck_describe(size_t index, struct tagpool_bugcheck_entry *entry)
{
    struct code_match match;
    memset(entry, 0, sizeof *entry);
    if (!codes_at(index, &match))
        return TAGPOOL_ENOTFOUND;
    bool is_any = codes_is_any(match.row);
    entry->code = match.code->code;
    entry->name = match.code->name;
    entry->sub_code_in = is_any ? 0 : match.code->sub_code_in;
    entry->first_sub_code = is_any ? 0 : match.row->first;
    entry->last_sub_code = is_any ? 0 : match.row->last;
    entry->sentence = match.row->sentence;
    memcpy(entry->parameter, match.row->parameter, sizeof entry->parameter);
    return TAGPOOL_OK;
}

void tagpool_sink_set(tagpool_sink *sink, void *context)
{
    output_sink_set(sink, context);
}
