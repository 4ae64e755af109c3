/* SPDX-License-Identifier: MIT
 *
 * replay.c: reads trace files, which it does not trust, and replays them.
 */
#define _GNU_SOURCE

#include "replay.h"

#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NONE UINT32_MAX

struct kind {
    uint32_t tag, bytes;
};

/* A slot while the file is read: live ones are chained from the youngest to the oldest, free ones from the last freed. */
struct slot {
    uint32_t older, younger;
    bool live;
};

struct reader {
    struct replay *replay;
    const uint8_t *at, *end;
    char *error;
    size_t operations, done; /* that the file says, and that were read */
    struct kind *kinds;
    size_t kinds_count, short_kinds;
    struct slot *slots;
    size_t slots_used;
    uint32_t youngest, freed_last;
};

static bool fail(struct reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reader->error, REPLAY_ERROR, format, arguments);
    va_end(arguments);
    return false;
}

static void *map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void unmap(void *memory, size_t bytes)
{
    if (memory != NULL) {
        munmap(memory, bytes);
    }
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------------- */

/* Reads a number from `least` to `most`. */
static bool number_read(struct reader *reader, const char *what, size_t least, size_t most, size_t *number)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (reader->at == reader->end) {
            return fail(reader, "the file ends within %s", what);
        }
        uint8_t byte = *reader->at++;
        if (shift > 28) {
            return fail(reader, "%s has more than 5 bytes", what);
        }
        value |= (uint64_t)(byte & 0x7Fu) << shift;
        if (byte < 0x80) {
            break;
        }
    }
    if (value < least || value > most) {
        return fail(reader, "%s is %llu, should be %zu to %zu", what, (unsigned long long)value, least, most);
    }
    *number = (size_t)value;
    return true;
}

static bool header_read(struct reader *reader)
{
    struct replay *replay = reader->replay;
    size_t tags;
    if ((size_t)(reader->end - reader->at) < REPLAY_MAGIC_BYTES || memcmp(reader->at, REPLAY_MAGIC, REPLAY_MAGIC_BYTES) != 0) {
        return fail(reader, "does not begin with " REPLAY_MAGIC ": no trace, or one of another version");
    }
    reader->at += REPLAY_MAGIC_BYTES;
    if (!number_read(reader, "the number of operations", 1, REPLAY_OPERATIONS - 1, &reader->operations) ||
        !number_read(reader, "the number of live blocks", 1, reader->operations, &replay->slots) ||
        !number_read(reader, "the number of tags", 1, REPLAY_TAGS, &tags) ||
        !number_read(reader, "the number of kinds", 1, reader->operations, &reader->kinds_count)) {
        return false;
    }
    size_t short_most = reader->kinds_count < REPLAY_CODES - 2 ? reader->kinds_count : REPLAY_CODES - 2;
    if (!number_read(reader, "the number of short kinds", 0, short_most, &reader->short_kinds)) {
        return false;
    }
    /* Each operation has a byte and each kind two: a lie about them shall not cost memory. */
    size_t left = (size_t)(reader->end - reader->at), least = reader->operations + 2 * reader->kinds_count;
    if (left < least) {
        return fail(reader, "is too short: %zu bytes follow the numbers, %zu operations of %zu kinds need at least %zu", left,
                    reader->operations, reader->kinds_count, least);
    }
    replay->tags_count = (unsigned)tags;
    return true;
}

static bool kinds_read(struct reader *reader)
{
    char what[64];
    for (size_t i = 0; i < reader->kinds_count; i++) {
        size_t tag, bytes;
        snprintf(what, sizeof what, "the tag of kind %zu", i);
        if (!number_read(reader, what, 0, reader->replay->tags_count - 1, &tag)) {
            return false;
        }
        snprintf(what, sizeof what, "the size of kind %zu", i);
        if (!number_read(reader, what, 0, REPLAY_BYTES, &bytes)) {
            return false;
        }
        reader->kinds[i] = (struct kind){(uint32_t)tag, (uint32_t)(bytes < REPLAY_BYTES_LEAST ? REPLAY_BYTES_LEAST : bytes)};
    }
    return true;
}

/* ---- Operations -------------------------------------------------------------------------------------------------------- */

static bool alloc_read(struct reader *reader, size_t kind)
{
    struct replay *replay = reader->replay;
    uint32_t slot = reader->freed_last;
    if (slot != NONE) {
        reader->freed_last = reader->slots[slot].older;
    } else if (reader->slots_used < replay->slots) {
        slot = (uint32_t)reader->slots_used++;
    } else {
        return fail(reader, "operation %zu makes more blocks live than the %zu that the file says", reader->done, replay->slots);
    }
    reader->slots[slot] = (struct slot){.older = reader->youngest, .younger = NONE, .live = true};
    if (reader->youngest != NONE) {
        reader->slots[reader->youngest].younger = slot;
    }
    reader->youngest = slot;
    replay->ops[replay->count++] =
        (struct replay_op){.bytes = reader->kinds[kind].bytes, .slot = slot & 0xFFFFFFu, .tag = reader->kinds[kind].tag & 0xFFu};
    replay->allocs++;
    return true;
}

static void free_append(struct reader *reader, uint32_t number)
{
    struct slot *slot = &reader->slots[number];
    if (slot->older != NONE) {
        reader->slots[slot->older].younger = slot->younger;
    }
    if (slot->younger != NONE) {
        reader->slots[slot->younger].older = slot->older;
    } else {
        reader->youngest = slot->older;
    }
    slot->live = false;
    slot->older = reader->freed_last;
    reader->freed_last = number;
    reader->replay->ops[reader->replay->count++] = (struct replay_op){.bytes = 0, .slot = number & 0xFFFFFFu};
}

static bool free_slot_read(struct reader *reader)
{
    char what[64];
    size_t slot;
    snprintf(what, sizeof what, "the slot of operation %zu", reader->done);
    if (!number_read(reader, what, 0, reader->replay->slots - 1, &slot)) {
        return false;
    }
    if (slot >= reader->slots_used) {
        return fail(reader, "operation %zu frees slot %zu, which never had a block", reader->done, slot);
    }
    if (!reader->slots[slot].live) {
        return fail(reader, "operation %zu frees slot %zu, which is free already", reader->done, slot);
    }
    free_append(reader, (uint32_t)slot);
    return true;
}

static bool free_young_read(struct reader *reader, size_t younger)
{
    uint32_t slot = reader->youngest;
    for (size_t i = 0; i < younger && slot != NONE; i++) {
        slot = reader->slots[slot].older;
    }
    if (slot == NONE) {
        return fail(reader, "operation %zu frees a block with %zu younger ones, but not so many are live", reader->done, younger);
    }
    free_append(reader, slot);
    return true;
}

static bool operation_read(struct reader *reader)
{
    if (reader->at == reader->end) {
        return fail(reader, "ends after %zu operations, should have %zu", reader->done, reader->operations);
    }
    size_t code = *reader->at++, kind;
    char what[64];
    if (code < reader->short_kinds) {
        return alloc_read(reader, code);
    }
    if (code == reader->short_kinds) {
        snprintf(what, sizeof what, "the kind of operation %zu", reader->done);
        return number_read(reader, what, 0, reader->kinds_count - 1, &kind) && alloc_read(reader, kind);
    }
    if (code == reader->short_kinds + 1) {
        return free_slot_read(reader);
    }
    return free_young_read(reader, code - reader->short_kinds - 2);
}

static bool operations_read(struct reader *reader)
{
    reader->youngest = reader->freed_last = NONE;
    for (; reader->done < reader->operations; reader->done++) {
        if (!operation_read(reader)) {
            return false;
        }
    }
    if (reader->at != reader->end) {
        return fail(reader, "goes on for %zu bytes after the last operation", (size_t)(reader->end - reader->at));
    }
    if (reader->slots_used != reader->replay->slots) {
        return fail(reader, "has %zu blocks live at once, but says %zu", reader->slots_used, reader->replay->slots);
    }
    for (uint32_t slot = 0; slot < reader->slots_used; slot++) {
        if (reader->slots[slot].live) {
            free_append(reader, slot);
        }
    }
    return true;
}

/* ---- Loading ----------------------------------------------------------------------------------------------------------- */

/* "Tr" and two letters: none of the tags that the other rows draw. */
static uint32_t tag_of(unsigned number)
{
    return (uint32_t)'T' | (uint32_t)'r' << 8 | ('a' + number / 26) << 16 | ('a' + number % 26) << 24;
}

void replay_release(struct replay *replay)
{
    unmap(replay->ops, replay->room * sizeof *replay->ops);
    unmap(replay->blocks, replay->slots * sizeof *replay->blocks);
    memset(replay, 0, sizeof *replay);
}

bool replay_decode(struct replay *replay, const uint8_t *data, size_t size, char error[REPLAY_ERROR])
{
    struct reader reader = {.replay = replay, .at = data, .end = data + size, .error = error};
    memset(replay, 0, sizeof *replay);
    if (!header_read(&reader)) {
        return false;
    }
    for (unsigned i = 0; i < REPLAY_TAGS; i++) {
        replay->tags[i] = tag_of(i);
    }
    replay->room = reader.operations + replay->slots; /* one more free of each block */
    replay->ops = map(replay->room * sizeof *replay->ops);
    replay->blocks = map(replay->slots * sizeof *replay->blocks);
    reader.kinds = map(reader.kinds_count * sizeof *reader.kinds);
    reader.slots = map(replay->slots * sizeof *reader.slots);
    bool good = replay->ops != NULL && replay->blocks != NULL && reader.kinds != NULL && reader.slots != NULL;
    if (good) {
        good = kinds_read(&reader) && operations_read(&reader);
    } else {
        fail(&reader, "there is no memory for its %zu operations", reader.operations);
    }
    unmap(reader.kinds, reader.kinds_count * sizeof *reader.kinds);
    unmap(reader.slots, replay->slots * sizeof *reader.slots);
    if (!good) {
        replay_release(replay);
    }
    return good;
}

bool replay_load(struct replay *replay, const char *path, char error[REPLAY_ERROR])
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        snprintf(error, REPLAY_ERROR, "%s", file < 0 ? strerror(errno) : "is no file of bytes");
        if (file >= 0) {
            close(file);
        }
        return false;
    }
    size_t size = (size_t)status.st_size;
    void *data = size == 0 ? "" : mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED) {
        snprintf(error, REPLAY_ERROR, "%s", strerror(errno));
        close(file);
        return false;
    }
    close(file);
    bool good = replay_decode(replay, data, size, error);
    if (size != 0) {
        munmap(data, size);
    }
    return good;
}

/* ---- The measured loop ------------------------------------------------------------------------------------------------- */

void replay_run(struct replay *replay)
{
    void **blocks = replay->blocks;
    const uint32_t *tags = replay->tags;
    const struct replay_op *end = replay->ops + replay->count;
    for (const struct replay_op *op = replay->ops; op < end; op++) {
        if (op->bytes != 0) {
            void *block = target_alloc(op->bytes, tags[op->tag]);
            target_touch(block, op->bytes);
            blocks[op->slot] = block;
        } else {
            target_free(blocks[op->slot]);
        }
    }
}
