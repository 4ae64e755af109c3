/* SPDX-License-Identifier: MIT
 *
 * fault_log.c: writes and reads the lines.
 */
#include "ledger/fault_log.h"

#include "base/tag.h"
#include "base/text.h"
#include "ledger/depot.h"
#include "port/port.h"

#define FAULT_MODULE_BYTES 48u
#define FAULT_FRAME_BYTES (FAULT_MODULE_BYTES - 1 + 3 + 16 + 1)

/* A frame is a module's name, "+0x", 16 digits, and a blank; before the first one: hash, action, tag. */
_Static_assert(FAULT_LINE_BYTES >= 64 + DEPOT_FRAMES_MOST * FAULT_FRAME_BYTES, "a line has no room for a stack");

static const char *const action_words[FAULT_ACTIONS] = {"failed", "recorded", "excluded"};

/* FNV-1a; 0 stands for no hash elsewhere. */
static uint64_t hash_of_text(const char *text, size_t length)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001B3);
    return hash != 0 ? hash : 1;
}

/* ---- write ---- */

static void write_hash(char digits[18], uint64_t hash)
{
    digits[0] = '0';
    digits[1] = 'x';
    for (int i = 0; i < 16; i++)
        digits[2 + i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
}

/* A frame is one word of printing characters. */
static void add_frame(struct text *text, uintptr_t frame)
{
    char module[FAULT_MODULE_BYTES];
    uintptr_t offset = port_module(frame, module, sizeof module);
    text_clear(text);
    for (const char *c = module; *c != 0; c++)
        text_char(text, *c > 0x20 && *c < 0x7F ? *c : '_');
    text_string(text, module[0] != 0 ? "+" : "?+");
    text_hex(text, offset);
}

size_t fault_line_write(char bytes[FAULT_LINE_BYTES], enum fault_action action, uint32_t tag, const uintptr_t *frames,
                        unsigned count, uint64_t *hash)
{
    struct text text;
    text_clear(&text);
    text_char(&text, ' ');
    text_string(&text, action_words[action]);
    text_char(&text, ' ');
    text_tag(&text, tag);
    size_t length = 18 + text.length;
    memcpy(bytes + 18, text.bytes, text.length);
    size_t start = length + 1;
    for (unsigned i = 0; i < count; i++) {
        bytes[length++] = ' ';
        add_frame(&text, frames[i]);
        memcpy(bytes + length, text.bytes, text.length);
        length += text.length;
    }
    *hash = hash_of_text(bytes + start, length - start);
    write_hash(bytes, *hash);
    bytes[length++] = '\n';
    return length;
}

/* ---- read ---- */

/* What is left of a line. */
struct rest {
    const char *at;
    size_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Drops characters, as many as there are at most. */
static void skip(struct rest *rest, size_t length)
{
    if (length > rest->length)
        length = rest->length;
    rest->at += length;
    rest->length -= length;
}

/* Cuts blanks at both ends. */
static void trim_blanks(struct rest *rest)
{
    while (rest->length > 0 && is_blank(rest->at[0]))
        skip(rest, 1);
    while (rest->length > 0 && is_blank(rest->at[rest->length - 1]))
        rest->length--;
}

/* Takes a word, and nothing behind it. */
static struct rest take_word(struct rest *rest)
{
    struct rest word = {rest->at, 0};
    while (word.length < rest->length && !is_blank(word.at[word.length]))
        word.length++;
    skip(rest, word.length);
    return word;
}

static bool is_rest(struct rest word, const char *string)
{
    return word.length == string_length(string) && memcmp(word.at, string, word.length) == 0;
}

/* "0x" and 1 to 16 hexadecimal digits. */
static bool read_hex(struct rest word, uint64_t *value)
{
    *value = 0;
    if (word.length < 3 || word.length > 18 || word.at[0] != '0' || word.at[1] != 'x')
        return false;
    for (size_t i = 2; i < word.length; i++) {
        char c = word.at[i];
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
        if (digit == 16)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}

/* Words of the form module+0x12ab, one blank between. */
static bool are_frames(struct rest rest)
{
    while (rest.length > 0) {
        uint64_t offset;
        struct rest word = take_word(&rest);
        size_t plus = word.length;
        while (plus > 0 && word.at[plus - 1] != '+')
            plus--;
        if (plus < 2 || !read_hex((struct rest){word.at + plus, word.length - plus}, &offset))
            return false;
        skip(&rest, 1);
    }
    return true;
}

/* The blank before the tag, its four characters, and the blank behind them. */
static bool skip_tag(struct rest *rest)
{
    if (rest->length < 6 || rest->at[0] != ' ' || rest->at[5] != ' ')
        return false;
    for (size_t i = 1; i <= 4; i++)
        if (rest->at[i] < 0x20 || rest->at[i] > 0x7E)
            return false;
    skip(rest, 6);
    return true;
}

/* What stands behind the hash. */
static const char *read_stack(struct rest rest, struct fault_line *line)
{
    skip(&rest, 1);
    struct rest word = take_word(&rest);
    enum fault_action action = FAULT_FAILED;
    while (action < FAULT_ACTIONS && !is_rest(word, action_words[action]))
        action++;
    if (action == FAULT_ACTIONS)
        return "failed, recorded or excluded behind the hash";
    if (!skip_tag(&rest))
        return "a tag of four characters behind the action, then frames";
    if (!are_frames(rest) || rest.length == 0)
        return "frames as module+0x12ab behind the tag, one blank between";
    if (hash_of_text(rest.at, rest.length) != line->hash)
        return "the hash of these very frames in front of them";
    line->is_excluded = line->is_excluded || action == FAULT_EXCLUDED;
    return NULL;
}

const char *fault_line_read(const char *text, size_t length, struct fault_line *line)
{
    struct rest rest = {text, length};
    *line = (struct fault_line){.is_empty = false};
    trim_blanks(&rest);
    if (rest.length == 0 || rest.at[0] == '#') {
        line->is_empty = true;
        return NULL;
    }
    struct rest word = take_word(&rest);
    if (is_rest(word, "exclude") || is_rest(word, "excluded")) {
        line->is_excluded = true;
        trim_blanks(&rest);
        word = take_word(&rest);
    }
    if (word.length != 18 || !read_hex(word, &line->hash) || line->hash == 0)
        return "a hash, 0x and 16 digits, in front, or exclude and a hash";
    /* Behind `exclude` a hash is enough. */
    return line->is_excluded && rest.length == 0 ? NULL : read_stack(rest, line);
}
