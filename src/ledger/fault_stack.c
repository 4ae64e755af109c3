/* SPDX-License-Identifier: MIT
 *
 * fault_stack.c: remembers stacks, and keeps the log.
 *
 * Two sets: hashes, which hold from run to run, and, so that a stack's text is made only once, a bit for each number of the
 * depot. Both are written under the lock; the bits are read without. Files are read and written with no lock held:
 * whoever adds a hash appends its line afterwards, in one piece.
 */
#include "ledger/fault_stack.h"

#include "ledger/depot.h"
#include "port/port.h"
#include "report/output.h"

#define STACK_PLACES (UINTPTR_MAX > 0xFFFFFFFFu ? (size_t)1 << 18 : (size_t)1 << 12) /* three quarters are used at most */
#define STACK_WORDS (DEPOT_BYTES / 8 / 64)
#define FULL_PATH_BYTES 1024
#define DAMAGED_TOLD 8u

/* One for each hash. */
struct known_stack {
    uint64_t hash; /* 0: the place is free */
    uint64_t is_excluded;
};

static struct {
    struct known_stack *place; /* open hash; NULL before it was needed */
    aligned_u64 *known;        /* bits by number of the depot */
    aligned_u64 *excluded;
    size_t count;
    char path[FULL_PATH_BYTES];   /* of the log; empty without, or once it could not be written */
    char option[PATH_CHARACTERS]; /* the path as it was given */
    unsigned frames;
    bool is_on;
    bool is_full_told;
    struct port_lock lock;
} stacks = {.lock = PORT_LOCK_INITIAL};

void fault_stack_lock(void)
{
    port_lock(&stacks.lock);
}

void fault_stack_unlock(void)
{
    port_unlock(&stacks.lock);
}

/* ---- what is known: pre: the lock is held ---- */

static bool stack_table(void *table, size_t bytes)
{
    void *memory = NULL;
    memcpy(&memory, table, sizeof memory);
    bytes = round_up(bytes, PORT_UNIT_BYTES);
    if (memory != NULL) {
        if (!port_decommit(memory, bytes))
            memset(memory, 0, bytes);
        return true;
    }
    memory = port_reserve(bytes);
    if (memory != NULL && !port_commit(memory, bytes)) {
        port_release(memory, bytes);
        memory = NULL;
    }
    memcpy(table, &memory, sizeof memory);
    return memory != NULL;
}

/* Empty tables; false iff there is no memory for them. */
static bool forget_stacks(void)
{
    stacks.count = 0;
    stacks.is_full_told = false;
    return stack_table(&stacks.place, STACK_PLACES * sizeof *stacks.place) &&
           stack_table(&stacks.known, STACK_WORDS * sizeof *stacks.known) &&
           stack_table(&stacks.excluded, STACK_WORDS * sizeof *stacks.excluded);
}

/* Where the hash is or belongs. */
static struct known_stack *known_place(uint64_t hash)
{
    size_t i = (size_t)(hash >> 20) % STACK_PLACES;
    while (stacks.place[i].hash != 0 && stacks.place[i].hash != hash)
        i = (i + 1) % STACK_PLACES;
    return &stacks.place[i];
}

/* NULL iff the table is full. */
static struct known_stack *add_known(uint64_t hash)
{
    struct known_stack *place = known_place(hash);
    if (place->hash == 0) {
        if (stacks.count == STACK_PLACES / 4 * 3)
            return NULL;
        stacks.count++;
        place->hash = hash;
    }
    return place;
}

static void set_bit(aligned_u64 *bits, uint32_t number)
{
    STORE(&bits[number / 64], LOAD(&bits[number / 64]) | UINT64_C(1) << number % 64);
}

static bool has_bit(aligned_u64 *bits, uint32_t number)
{
    return (LOAD(&bits[number / 64]) >> number % 64 & 1) != 0;
}

/* ---- the log ---- */

static void begin_report(struct text *text, const char *path, uint64_t line_number)
{
    text_clear(text);
    text_string(text, "tagpool: fault_log ");
    for (const char *c = path; *c != 0; c++)
        text_char(text, *c >= 0x20 && *c <= 0x7E ? *c : '.');
    if (line_number != 0) {
        text_char(text, ':');
        text_decimal(text, line_number, 0);
    }
    text_string(text, ": ");
}

static void report_file(const char *path, const char *what, int error)
{
    struct text text;
    begin_report(&text, path, 0);
    text_string(&text, what);
    if (error != 0) {
        text_string(&text, " (system error ");
        text_decimal(&text, (uint64_t)error, 0);
        text_char(&text, ')');
    }
    text_string(&text, "; expected a file that can be read and written; injection goes on without it");
    output_line(&text);
}

static void report_damaged(const char *path, uint64_t line_number, const char *expected)
{
    struct text text;
    begin_report(&text, path, line_number);
    text_string(&text, "expected ");
    text_string(&text, expected);
    text_string(&text, "; the line is skipped");
    output_line(&text);
}

static void learn(const struct fault_line *line)
{
    fault_stack_lock();
    struct known_stack *known = add_known(line->hash);
    if (known != NULL && line->is_excluded)
        known->is_excluded = 1;
    fault_stack_unlock();
}

static void read_lines(const char *path, const struct port_file *file)
{
    uint64_t number = 0, damaged = 0;
    size_t at = 0;
    while (at < file->bytes) {
        struct fault_line line;
        size_t length = 0;
        while (at + length < file->bytes && file->content[at + length] != '\n')
            length++;
        const char *expected = fault_line_read(file->content + at, length, &line);
        number++;
        at += length + 1;
        if (expected == NULL && !line.is_empty)
            learn(&line);
        if (expected != NULL && damaged++ < DAMAGED_TOLD)
            report_damaged(path, number, expected);
    }
    if (damaged > DAMAGED_TOLD) {
        struct text text;
        begin_report(&text, path, 0);
        text_plural(&text, damaged - DAMAGED_TOLD, "more line");
        text_string(&text, " not understood; skipped");
        output_line(&text);
    }
}

/* A new log says what it is. One that ends in the middle of a line gets its end, so that the next line is whole; anything else is
 * opened too, for now is the time to say that it cannot be written. */
static void open_log(const char *path)
{
    static const char head[] = "# tagpool: call stacks that asked for memory: hash, what was done, tag, frames\n"
                               "# exclude before a line: never fail there; without its line a stack is new again\n";
    struct port_file file;
    int error;
    stacks.path[0] = 0;
    if (path[0] == 0)
        return;
    if (!port_file_read(path, &file)) {
        report_file(path, "cannot be read", file.error);
        return;
    }
    read_lines(path, &file);
    bool is_torn = file.bytes != 0 && file.content[file.bytes - 1] != '\n';
    const char *text = file.bytes == 0 ? head : is_torn ? "\n" : "";
    port_file_release(&file);
    if (port_file_append(path, text, string_length(text), &error))
        port_file_path(path, stacks.path, sizeof stacks.path);
    else
        report_file(path, "cannot be written", error);
}

static void append_line(const char *line, size_t length)
{
    char path[FULL_PATH_BYTES];
    int error;
    fault_stack_lock();
    memcpy(path, stacks.path, sizeof path);
    fault_stack_unlock();
    if (path[0] == 0 || port_file_append(path, line, length, &error))
        return;
    fault_stack_lock();
    bool is_first = stacks.path[0] != 0;
    stacks.path[0] = 0;
    fault_stack_unlock();
    if (is_first)
        report_file(path, "cannot be written", error);
}

/* ---- options ---- */

bool fault_stack_options(const struct verifier_options *options)
{
    bool was_on = stacks.is_on;
    stacks.is_on = options->fault_stacks != FAULT_STACKS_OFF;
    STORE(&stacks.frames, (unsigned)options->stack_frames);
    if (!stacks.is_on || (was_on && memcmp(stacks.option, options->fault_log, sizeof stacks.option) == 0))
        return true;
    memcpy(stacks.option, options->fault_log, sizeof stacks.option);
    fault_stack_lock();
    stacks.path[0] = 0;
    stacks.is_on = forget_stacks();
    fault_stack_unlock();
    if (stacks.is_on)
        open_log(stacks.option);
    return stacks.is_on;
}

/* ---- a stack asks ---- */

static void report_full(void)
{
    struct text text;
    text_clear(&text);
    text_string(&text, "tagpool: fault_stacks: more than ");
    text_decimal(&text, STACK_PLACES / 4 * 3, 0);
    text_string(&text, " call stacks; further ones are taken for known");
    output_line(&text);
}

static enum fault_stack what_is(uint32_t number)
{
    return has_bit(stacks.excluded, number) ? FAULT_STACK_EXCLUDED : FAULT_STACK_KNOWN;
}

/* Looks up what the depot has under a number that has not been looked up before, and adds it. */
static enum fault_stack meet_hash(uint32_t number, uint64_t hash, bool *is_full)
{
    enum fault_stack answer = FAULT_STACK_KNOWN;
    fault_stack_lock();
    size_t before = stacks.count;
    struct known_stack *known = add_known(hash);
    if (known == NULL) {
        *is_full = !stacks.is_full_told;
        stacks.is_full_told = true;
    } else {
        if (known->is_excluded != 0)
            set_bit(stacks.excluded, number);
        set_bit(stacks.known, number);
        answer = stacks.count != before ? FAULT_STACK_NEW : what_is(number);
    }
    fault_stack_unlock();
    return answer;
}

static NOINLINE enum fault_stack meet_first(const struct event *event, enum fault_action action)
{
    char line[FAULT_LINE_BYTES];
    uint64_t hash;
    bool is_full = false;
    const uintptr_t *frames;
    unsigned count = depot_frames(event->stack, &frames);
    size_t length = fault_line_write(line, action, event->tag, frames, count, &hash);
    enum fault_stack answer = meet_hash(event->stack, hash, &is_full);
    if (answer == FAULT_STACK_NEW)
        append_line(line, length);
    if (is_full)
        report_full();
    return answer;
}

enum fault_stack fault_stack_meet(struct event *event, enum fault_action action)
{
    uint32_t number = event_stack(event, LOAD(&stacks.frames));
    if (number == 0)
        return FAULT_STACK_KNOWN; /* the depot is full */
    return has_bit(stacks.known, number) ? what_is(number) : meet_first(event, action);
}
