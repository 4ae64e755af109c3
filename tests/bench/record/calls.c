/* SPDX-License-Identifier: MIT
 *
 * calls.c: reads a recording and makes blocks, each allocated and freed at most once, and events of its calls.
 */
#define _POSIX_C_SOURCE 200809L

#include "convert.h"

#include "../replay.h"
#include "raw.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Which block lives at an address: a hash table with open addressing. Address 0: never used; block NONE: freed. */
struct home {
    uint64_t address;
    uint32_t block;
};

static struct home *homes;
static size_t homes_mask;

/* The calls of the file, without the first record, which is none. */
static const struct raw_record *raw_open(const char *path, size_t *calls)
{
    struct stat status;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0) {
        perror(path);
        exit(1);
    }
    size_t records = (size_t)status.st_size / sizeof(struct raw_record), count = 0;
    const struct raw_record *raw = MAP_FAILED;
    if (records > 0) {
        raw = mmap(NULL, records * sizeof *raw, PROT_READ, MAP_PRIVATE, file, 0);
    }
    if (raw == MAP_FAILED || raw[0].block != RAW_MAGIC) {
        convert_die("is no recording", path);
    }
    close(file);
    while (count < records - 1 && raw[count + 1].op != RAW_END) {
        count++;
    }
    *calls = count;
    return raw + 1;
}

static struct home *home_of(uint64_t address)
{
    size_t i = (size_t)(address * 0x9E3779B97F4A7C15u >> 20) & homes_mask;
    while (homes[i].address != address && homes[i].address != 0) {
        i = (i + 1) & homes_mask;
    }
    return &homes[i];
}

static uint32_t block_at(uint64_t address)
{
    const struct home *home = home_of(address);
    return home->address == address && address != 0 ? home->block : NONE;
}

static void event_add(struct recording *recording, uint32_t block, bool is_free)
{
    recording->events[recording->events_count++] = (struct event){.block = block, .younger = NONE, .is_free = is_free};
}

static void block_add(struct recording *recording, const struct raw_record *call, bool inside)
{
    uint32_t number = (uint32_t)recording->blocks_count++;
    recording->blocks[number] = (struct block){.site = call->site, .bytes = call->bytes, .used = inside};
    *home_of(call->block) = (struct home){call->block, number};
    if (inside) {
        event_add(recording, number, false);
    }
}

/* The block that is `number` may have a new one at its address already. */
static void block_remove(struct recording *recording, uint64_t address, uint32_t number, bool inside)
{
    if (number == NONE) {
        return;
    }
    struct home *home = home_of(address);
    if (home->block == number) {
        home->block = NONE;
    }
    if (inside) {
        recording->blocks[number].used = true;
        event_add(recording, number, true);
    }
}

/* The number of the step that a size falls into: of 8 bytes up to 256, then of 1/16 of a power of two. */
static uint32_t step_of(uint32_t bytes)
{
    uint32_t last = bytes < 8 ? 7 : bytes - 1, shift = 3;
    while (last >> shift > 31) {
        shift++;
    }
    return shift * 32 + (last >> shift);
}

static void realloc_add(struct recording *recording, const struct raw_record *call, bool inside)
{
    uint32_t old = block_at(call->old);
    if (old != NONE && step_of(recording->blocks[old].bytes) == step_of(call->bytes)) {
        home_of(call->old)->block = NONE;
        *home_of(call->block) = (struct home){call->block, old};
        return;
    }
    block_add(recording, call, inside); /* both are there at once, as while their bytes are copied */
    block_remove(recording, call->old, old, inside);
}

/* Puts the allocations of what lived before in front, in their order, and leaves out blocks that a trace cannot have. */
static void events_complete(struct recording *recording)
{
    struct block *blocks = recording->blocks;
    const struct event *from = recording->events;
    size_t count = 0;
    struct event *events = convert_room(recording->events_count + recording->blocks_count, sizeof *events);
    bool *begun = convert_room(recording->blocks_count, sizeof *begun);
    for (size_t i = 0; i < recording->events_count; i++) {
        begun[from[i].block] |= !from[i].is_free;
    }
    for (uint32_t i = 0; i < recording->blocks_count; i++) {
        bool fits = blocks[i].bytes <= REPLAY_BYTES;
        recording->left_out += blocks[i].used && !fits;
        blocks[i].used = blocks[i].used && fits;
        if (blocks[i].used && !begun[i]) {
            events[count++] = (struct event){.block = i, .younger = NONE};
        }
    }
    for (size_t i = 0; i < recording->events_count; i++) {
        if (blocks[from[i].block].used) {
            events[count++] = from[i];
        }
    }
    free(recording->events);
    free(begun);
    recording->events = events;
    recording->events_count = count;
}

struct recording calls_read(const char *path, size_t skip, size_t count)
{
    size_t calls;
    const struct raw_record *raw = raw_open(path, &calls);
    if (skip >= calls) {
        convert_die("has no call, or skip leaves none", path);
    }
    size_t end = count == 0 || count > calls - skip ? calls : skip + count;
    for (homes_mask = 1; homes_mask < 4 * calls; homes_mask *= 2) {
    }
    homes = convert_room(homes_mask--, sizeof *homes);
    struct recording recording = {.blocks = convert_room(calls, sizeof *recording.blocks),
                                  .events = convert_room(2 * calls, sizeof *recording.events)};
    for (size_t i = 0; i < end; i++) {
        switch (raw[i].op) {
        case RAW_ALLOC:
            block_add(&recording, &raw[i], i >= skip);
            break;
        case RAW_FREE:
            block_remove(&recording, raw[i].block, block_at(raw[i].block), i >= skip);
            break;
        case RAW_REALLOC:
            realloc_add(&recording, &raw[i], i >= skip);
            break;
        default:
            convert_die("has a call of no known kind", path);
        }
    }
    free(homes);
    events_complete(&recording);
    if (recording.events_count == 0 || recording.events_count >= REPLAY_OPERATIONS) {
        convert_die(recording.events_count == 0 ? "allocates nothing in this stretch" : "is too long: use count=", path);
    }
    return recording;
}
