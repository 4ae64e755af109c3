/* SPDX-License-Identifier: MIT
 *
 * encode.c: gives the blocks of a recording tags, kinds and slots, and writes the trace.
 */
#define _POSIX_C_SOURCE 200809L

#include "convert.h"

#include "../replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct site {
    uint64_t site;
    uint32_t tag;
    size_t allocs;
};

/* A tag and a size. The most frequent have the lowest numbers, which take the least room. */
struct kind {
    uint32_t tag, bytes;
    uint32_t number;
    size_t allocs;
};

/* ---- Tags ---------------------------------------------------------------------------------------------------------------- */

static int site_compare(const void *a, const void *b)
{
    const struct site *x = a, *y = b;
    return (x->site > y->site) - (x->site < y->site);
}

static int site_compare_allocs(const void *a, const void *b)
{
    const struct site *x = a, *y = b;
    return x->allocs != y->allocs ? (x->allocs < y->allocs) - (x->allocs > y->allocs) : site_compare(a, b);
}

/* The call sites in ascending order, each with its tag. */
static struct site *sites_make(const struct recording *recording, size_t tags, struct encoded *encoded)
{
    size_t used = 0, different = 0;
    struct site *sites = convert_room(recording->blocks_count, sizeof *sites);
    for (size_t i = 0; i < recording->blocks_count; i++) {
        if (recording->blocks[i].used) {
            sites[used++] = (struct site){recording->blocks[i].site, 0, 1};
        }
    }
    qsort(sites, used, sizeof *sites, site_compare);
    for (size_t i = 0; i < used; i++) {
        if (different > 0 && sites[different - 1].site == sites[i].site) {
            sites[different - 1].allocs++;
        } else {
            sites[different++] = sites[i];
        }
    }
    qsort(sites, different, sizeof *sites, site_compare_allocs);
    for (size_t i = 0; i < different; i++) {
        sites[i].tag = (uint32_t)(i < tags ? i : tags - 1);
    }
    qsort(sites, different, sizeof *sites, site_compare);
    encoded->sites = different;
    encoded->tags = different < tags ? different : tags;
    return sites;
}

static uint32_t tag_of(const struct site *sites, size_t count, uint64_t site)
{
    struct site wanted = {.site = site};
    const struct site *found = bsearch(&wanted, sites, count, sizeof *sites, site_compare);
    return found->tag;
}

/* ---- Kinds --------------------------------------------------------------------------------------------------------------- */

static int kind_compare(const void *a, const void *b)
{
    const struct kind *x = a, *y = b;
    return x->tag != y->tag ? (x->tag > y->tag) - (x->tag < y->tag) : (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static int kind_compare_allocs(const void *a, const void *b)
{
    const struct kind *x = a, *y = b;
    return x->allocs != y->allocs ? (x->allocs < y->allocs) - (x->allocs > y->allocs) : kind_compare(a, b);
}

/* Returns the kinds by number, and gives each block its own. */
static struct kind *kinds_make(struct recording *recording, const struct site *sites, struct encoded *encoded)
{
    size_t used = 0, different = 0;
    struct kind *kinds = convert_room(recording->blocks_count, sizeof *kinds);
    for (size_t i = 0; i < recording->blocks_count; i++) {
        const struct block *block = &recording->blocks[i];
        if (block->used) {
            kinds[used++] = (struct kind){tag_of(sites, encoded->sites, block->site), block->bytes, 0, 1};
        }
    }
    qsort(kinds, used, sizeof *kinds, kind_compare);
    for (size_t i = 0; i < used; i++) {
        if (different > 0 && kind_compare(&kinds[different - 1], &kinds[i]) == 0) {
            kinds[different - 1].allocs++;
        } else {
            kinds[different++] = kinds[i];
        }
    }
    qsort(kinds, different, sizeof *kinds, kind_compare_allocs);
    for (size_t i = 0; i < different; i++) {
        kinds[i].number = (uint32_t)i;
    }
    qsort(kinds, different, sizeof *kinds, kind_compare);
    for (size_t i = 0; i < recording->blocks_count; i++) {
        struct block *block = &recording->blocks[i];
        if (block->used) {
            struct kind wanted = {.tag = tag_of(sites, encoded->sites, block->site), .bytes = block->bytes};
            block->kind = ((struct kind *)bsearch(&wanted, kinds, different, sizeof *kinds, kind_compare))->number;
            encoded->bytes += block->bytes;
        }
    }
    qsort(kinds, different, sizeof *kinds, kind_compare_allocs);
    encoded->kinds = different;
    encoded->allocs = used;
    return kinds;
}

/* ---- Slots --------------------------------------------------------------------------------------------------------------- */

/* Gives each block a slot as replay.h says, and each free its number of younger blocks. */
static size_t slots_assign(struct recording *recording)
{
    struct block *blocks = recording->blocks;
    uint32_t *freed = convert_room(recording->blocks_count, sizeof *freed), youngest = NONE;
    size_t freed_count = 0, slots = 0;
    for (size_t i = 0; i < recording->events_count; i++) {
        struct event *event = &recording->events[i];
        struct block *block = &blocks[event->block];
        if (!event->is_free) {
            block->slot = freed_count > 0 ? freed[--freed_count] : (uint32_t)slots++;
            block->older = youngest;
            block->younger = NONE;
            if (youngest != NONE) {
                blocks[youngest].younger = event->block;
            }
            youngest = event->block;
            continue;
        }
        uint32_t younger = 0;
        for (uint32_t b = block->younger; b != NONE && younger < REPLAY_CODES; b = blocks[b].younger) {
            younger++;
        }
        event->younger = younger < REPLAY_CODES ? younger : NONE;
        freed[freed_count++] = block->slot;
        if (block->older != NONE) {
            blocks[block->older].younger = block->younger;
        }
        if (block->younger != NONE) {
            blocks[block->younger].older = block->older;
        } else {
            youngest = block->older;
        }
    }
    free(freed);
    return slots;
}

/* ---- The file ------------------------------------------------------------------------------------------------------------ */

static size_t number_bytes(size_t number)
{
    size_t bytes = 1;
    while (number >>= 7) {
        bytes++;
    }
    return bytes;
}

static void number_write(FILE *file, size_t number)
{
    for (; number > 0x7F; number >>= 7) {
        fputc((int)(number & 0x7F) | 0x80, file);
    }
    fputc((int)number, file);
}

/* Can the event be written in one byte? */
static bool is_short(const struct recording *recording, const struct event *event, size_t short_kinds)
{
    return event->is_free ? event->younger < REPLAY_CODES - 2 - short_kinds : recording->blocks[event->block].kind < short_kinds;
}

/* Bytes that the events take with so many short kinds. */
static size_t cost(const struct recording *recording, size_t short_kinds)
{
    size_t bytes = 0;
    for (size_t i = 0; i < recording->events_count; i++) {
        const struct event *event = &recording->events[i];
        const struct block *block = &recording->blocks[event->block];
        bytes += is_short(recording, event, short_kinds) ? 1 : 1 + number_bytes(event->is_free ? block->slot : block->kind);
    }
    return bytes;
}

static void event_write(FILE *file, const struct recording *recording, const struct event *event, size_t short_kinds)
{
    const struct block *block = &recording->blocks[event->block];
    size_t short_code = event->is_free ? short_kinds + 2 + event->younger : block->kind;
    if (is_short(recording, event, short_kinds)) {
        fputc((int)short_code, file);
    } else {
        fputc((int)(short_kinds + event->is_free), file);
        number_write(file, event->is_free ? block->slot : block->kind);
    }
}

static long trace_write(const struct recording *recording, const struct encoded *encoded, const struct kind *kinds,
                        const char *path)
{
    size_t short_kinds = 0, least = SIZE_MAX;
    for (size_t k = 0; k <= REPLAY_CODES - 2 && k <= encoded->kinds; k++) {
        size_t bytes = cost(recording, k);
        short_kinds = bytes < least ? k : short_kinds;
        least = bytes < least ? bytes : least;
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    fputs(REPLAY_MAGIC, file);
    const size_t head[] = {recording->events_count, encoded->slots, encoded->tags, encoded->kinds, short_kinds};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        number_write(file, head[i]);
    }
    for (size_t i = 0; i < encoded->kinds; i++) {
        number_write(file, kinds[i].tag);
        number_write(file, kinds[i].bytes);
    }
    for (size_t i = 0; i < recording->events_count; i++) {
        event_write(file, recording, &recording->events[i], short_kinds);
    }
    long size = ftell(file);
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed) {
        perror(path);
        exit(1);
    }
    return size;
}

struct encoded encode(struct recording *recording, const char *path, size_t tags)
{
    struct encoded encoded = {.size = 0};
    struct site *sites = sites_make(recording, tags, &encoded);
    struct kind *kinds = kinds_make(recording, sites, &encoded);
    encoded.slots = slots_assign(recording);
    encoded.size = trace_write(recording, &encoded, kinds, path);
    free(sites);
    free(kinds);
    return encoded;
}
