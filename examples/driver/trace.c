/* SPDX-License-Identifier: MIT
 *
 * trace.c: reads a trace file line by line; the first bad line ends it with a message.
 *
 * The trace belongs to the simulation, not to the driver, so it lives in plain malloc memory.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "trace.h"

enum { LINE_MAX_BYTES = 200, WORDS_MAX = 6 };

/* What stands behind time, request and volume: o offset, l length, s size of a volume, w word. */
static const struct {
    const char *name, *operands, *example;
} kinds[TRACE_KINDS] = {
    [TRACE_ATTACH] = {"attach", "sw", "0 attach C: 64M System"},
    [TRACE_READ] = {"read", "ol", "10 read C: 128K 4K"},
    [TRACE_WRITE] = {"write", "ol", "10 write C: 128K 4K"},
    [TRACE_FLUSH] = {"flush", "", "10 flush C:"},
    [TRACE_TRIM] = {"trim", "ol", "10 trim C: 1M 64K"},
    [TRACE_IOCTL] = {"ioctl", "wl", "10 ioctl C: query-name 64"},
    [TRACE_DECAY] = {"decay", "o", "10 decay C: 128K"},
    [TRACE_DETACH] = {"detach", "", "10 detach C:"},
};

struct reader {
    const char *path;
    unsigned line;
    unsigned time; /* of the line before */
};

const char *trace_kind_text(enum trace_kind kind)
{
    return kinds[kind].name;
}

static bool complain(const struct reader *reader, const char *expected, const char *found)
{
    const char *quote = found != NULL ? "\"" : "";
    fprintf(stderr, "%s:%u: expected %s, found %s%s%s\n", reader->path, reader->line, expected, quote,
            found != NULL ? found : "the end of the line", quote);
    return false;
}

/* A number with an optional K or M: decimal or, with 0x, hexadecimal. */
static bool read_number(const char *word, uint32_t *number)
{
    char *end;
    unsigned shift = 0;

    if (word == NULL || !isdigit((unsigned char)word[0]))
        return false;
    errno = 0;
    unsigned long long value = strtoull(word, &end, word[0] == '0' && tolower((unsigned char)word[1]) == 'x' ? 16 : 10);
    if (*end == 'K')
        shift = 10, end++;
    else if (*end == 'M')
        shift = 20, end++;
    if (errno != 0 || *end != '\0' || value > UINT32_MAX >> shift)
        return false;
    *number = (uint32_t)value << shift;
    return true;
}

static bool read_word(const char *word, struct trace_entry *entry)
{
    if (word == NULL || strlen(word) >= sizeof entry->word)
        return false;
    strcpy(entry->word, word);
    return true;
}

static bool read_operand(const struct reader *reader, char operand, const char *word, struct trace_entry *entry)
{
    switch (operand) {
    case 'o':
        return read_number(word, &entry->offset) || complain(reader, "an offset in bytes such as 128K or 0x20000", word);
    case 'l':
        return read_number(word, &entry->length) || complain(reader, "a length in bytes such as 4096 or 64K", word);
    case 's':
        return read_number(word, &entry->length) || complain(reader, "the size of the volume such as 64M", word);
    default:
        return read_word(word, entry) || complain(reader, "a word of at most 31 characters", word);
    }
}

static bool read_kind(const char *word, enum trace_kind *kind)
{
    for (int i = 0; word != NULL && i < TRACE_KINDS; i++)
        if (strcmp(word, kinds[i].name) == 0) {
            *kind = (enum trace_kind)i;
            return true;
        }
    return false;
}

/* Reads the words of one line; words[count] is NULL. */
static bool read_entry(struct reader *reader, char *const words[], size_t count, struct trace_entry *entry)
{
    char expected[80];
    uint32_t time;

    *entry = (struct trace_entry){.line = reader->line};
    if (!read_number(words[0], &time) || time < reader->time)
        return complain(reader, "a time in milliseconds, not before that of the line above", words[0]);
    entry->time = reader->time = time;
    if (!read_kind(words[1], &entry->kind))
        return complain(reader, "attach, read, write, flush, trim, ioctl, decay or detach", words[1]);
    if (words[2] == NULL || !isupper((unsigned char)words[2][0]) || strcmp(words[2] + 1, ":") != 0)
        return complain(reader, "a volume from A: to Z:", words[2]);
    entry->volume = words[2][0];

    const char *operands = kinds[entry->kind].operands;
    size_t wanted = 3 + strlen(operands);
    for (size_t i = 3; i < wanted; i++)
        if (!read_operand(reader, operands[i - 3], i < count ? words[i] : NULL, entry))
            return false;
    snprintf(expected, sizeof expected, "the end of the line, as in \"%s\"", kinds[entry->kind].example);
    return count == wanted || complain(reader, expected, words[wanted]);
}

/* Cuts a line into words, up to a comment. Returns their number; words has room for WORDS_MAX and a NULL. */
static size_t split(char *text, char *words[])
{
    size_t count = 0;
    text[strcspn(text, "#\r\n")] = '\0';
    for (char *word = strtok(text, " \t"); word != NULL && count < WORDS_MAX; word = strtok(NULL, " \t"))
        words[count++] = word;
    words[count] = NULL;
    return count;
}

static bool append(struct trace *trace, const struct trace_entry *entry)
{
    if ((trace->count & (trace->count - 1)) == 0) { /* full at 0 and at every power of two */
        size_t capacity = trace->count == 0 ? 1 : trace->count * 2;
        void *grown = realloc(trace->entries, capacity * sizeof *entry);
        if (grown == NULL)
            return false;
        trace->entries = grown;
    }
    trace->entries[trace->count++] = *entry;
    return true;
}

static bool read_lines(FILE *file, struct reader *reader, struct trace *trace)
{
    char text[LINE_MAX_BYTES + 2], *words[WORDS_MAX + 1];
    struct trace_entry entry;

    while (fgets(text, sizeof text, file) != NULL) {
        reader->line++;
        if (strchr(text, '\n') == NULL && !feof(file))
            return complain(reader, "a line of text of at most 200 characters", text);
        size_t count = split(text, words);
        if (count == 0)
            continue;
        if (!read_entry(reader, words, count, &entry))
            return false;
        if (!append(trace, &entry)) {
            fprintf(stderr, "%s:%u: no memory\n", reader->path, reader->line);
            return false;
        }
    }
    if (ferror(file)) {
        fprintf(stderr, "%s: cannot read: %s\n", reader->path, strerror(errno));
        return false;
    }
    if (trace->count == 0)
        fprintf(stderr, "%s: expected requests, found none\n", reader->path);
    return trace->count != 0;
}

bool trace_read(const char *path, struct trace *trace)
{
    struct reader reader = {path, 0, 0};
    *trace = (struct trace){NULL, 0};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot open: %s\n", path, strerror(errno));
        return false;
    }
    bool good = read_lines(file, &reader, trace);
    fclose(file);
    if (!good)
        trace_free(trace);
    return good;
}

void trace_free(struct trace *trace)
{
    free(trace->entries);
    *trace = (struct trace){NULL, 0};
}
