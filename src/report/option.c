/* SPDX-License-Identifier: MIT
 *
 * option.c: reads options from text by one table.
 */
#include "report/option.h"

#include "report/output.h"

enum option_kind {
    OPTION_SIZE, OPTION_NUMBER, OPTION_CHOICE, OPTION_MASKS, OPTION_NAMES, OPTION_PATH, OPTION_SITE
};

struct option {
    const char *name;
    enum option_kind kind;
    size_t offset;         /* of the field in struct options */
    uint64_t least, most;  /* of a size or number */
    const char *choices;   /* of a choice: its words, separated by '|'; the value is the word's index. Of masks: what may be said
                              with each behind a colon; its index + 1 becomes the mask's way. NULL for nothing */
};

#define FIELD(name) offsetof(struct options, name)
#define SIZE_MOST (UINT64_C(1) << 60)
#define NUMBER_MOST (UINT64_C(1) << 48)
#define OFF_ON "off|on"
#define EDGES "end|start|exact"

static const struct option option_table[] = {
    {"reserve", OPTION_SIZE, FIELD(reserve), UINT64_C(1) << 20, UINT64_C(1) << 40, NULL},
    {"limit_nonpaged", OPTION_SIZE, FIELD(limit[0]), 0, SIZE_MOST, NULL},
    {"limit_paged", OPTION_SIZE, FIELD(limit[1]), 0, SIZE_MOST, NULL},
    {"cache", OPTION_SIZE, FIELD(cache), 0, SIZE_MOST, NULL},
    {"wrong_tag", OPTION_CHOICE, FIELD(wrong_tag), 0, 0, "report|stop|ignore"},
    {"tail_check", OPTION_CHOICE, FIELD(tail_check), 0, 0, OFF_ON},
    {"free_check", OPTION_CHOICE, FIELD(free_check), 0, 0, OFF_ON},
    {"prefault", OPTION_CHOICE, FIELD(prefault), 0, 0, OFF_ON},
    {"lock", OPTION_CHOICE, FIELD(lock), 0, 0, OFF_ON},
    {"exit", OPTION_CHOICE, FIELD(exit), 0, 0, "ignore|report|abort"},
    {"leak_blocks", OPTION_NUMBER, FIELD(leak_blocks), 0, 1000000, NULL},
    {"fill", OPTION_CHOICE, FIELD(fill), 0, 0, "pattern|none|zero"},
    {"strict", OPTION_CHOICE, FIELD(strict), 0, 0, OFF_ON},
    {"lookaside", OPTION_CHOICE, FIELD(lookaside_bypass), 0, 0, "cache|bypass"},
    {"force_irql", OPTION_CHOICE, FIELD(force_irql), 0, 0, OFF_ON},
    {"wrong_option", OPTION_CHOICE, FIELD(wrong_option), 0, 0, "skip|abort"},
    {"checker", OPTION_CHOICE, FIELD(checker), 0, 0, "auto|off"},
    {"hit", OPTION_MASKS, FIELD(verifier.hit), 0, 0, NULL},
    {"hit_nth", OPTION_NUMBER, FIELD(verifier.hit_nth), 0, NUMBER_MOST, NULL},
    {"hit_site", OPTION_SITE, FIELD(verifier.hit_site), 0, 0, NULL},
    {"track", OPTION_MASKS, FIELD(verifier.track), 0, 0, NULL},
    {"stack_frames", OPTION_NUMBER, FIELD(verifier.stack_frames), 0, 64, NULL},
    {"log", OPTION_NUMBER, FIELD(verifier.log), 0, 1 << 24, NULL},
    {"fault", OPTION_NUMBER, FIELD(verifier.fault), 0, 10000, NULL},
    {"fault_tags", OPTION_MASKS, FIELD(verifier.fault_tags), 0, 0, NULL},
    {"fault_seed", OPTION_NUMBER, FIELD(verifier.fault_seed), 0, NUMBER_MOST, NULL},
    {"fault_delay", OPTION_NUMBER, FIELD(verifier.fault_delay), 0, NUMBER_MOST, NULL},
    {"fault_nth", OPTION_NUMBER, FIELD(verifier.fault_nth), 0, NUMBER_MOST, NULL},
    {"fault_every", OPTION_NUMBER, FIELD(verifier.fault_every), 0, NUMBER_MOST, NULL},
    {"fault_least", OPTION_SIZE, FIELD(verifier.fault_least), 0, SIZE_MOST, NULL},
    {"fault_most", OPTION_SIZE, FIELD(verifier.fault_most), 0, SIZE_MOST, NULL},
    {"fault_stacks", OPTION_CHOICE, FIELD(verifier.fault_stacks), 0, 0, "off|fail|record"},
    {"fault_log", OPTION_PATH, FIELD(verifier.fault_log), 0, 0, NULL},
    {"special", OPTION_MASKS, FIELD(verifier.special), 0, 0, EDGES},
    {"special_driver", OPTION_NAMES, FIELD(verifier.special_driver), 0, 0, NULL},
    {"special_least", OPTION_SIZE, FIELD(verifier.special_least), 0, SIZE_MOST, NULL},
    {"special_most", OPTION_SIZE, FIELD(verifier.special_most), 0, SIZE_MOST, NULL},
    {"special_sample", OPTION_NUMBER, FIELD(verifier.special_sample), 1, NUMBER_MOST, NULL},
    {"special_seed", OPTION_NUMBER, FIELD(verifier.special_seed), 0, NUMBER_MOST, NULL},
    {"special_edge", OPTION_CHOICE, FIELD(verifier.special_edge), 0, 0, EDGES},
    {"special_pages", OPTION_NUMBER, FIELD(verifier.special_pages), 0, NUMBER_MOST, NULL},
    {"special_guard", OPTION_CHOICE, FIELD(verifier.special_guard), 0, 0, "mark|protect|pattern"},
    {"unload", OPTION_CHOICE, FIELD(verifier.unload), 0, 0, "stop|report|adopt|free"},
};

INTERNAL struct policy wdk_policy;

/* A piece of the option text. */
struct word {
    const char *start;
    size_t length;
};

void options_default(struct options *options)
{
    memset(options, 0, sizeof *options);
    options->reserve = TAGPOOL_RESERVE;
    options->cache = TAGPOOL_CACHE;
    options->leak_blocks = 16;
    options->verifier.stack_frames = 16;
    options->verifier.log = 65536;
    options->verifier.fault_most = SIZE_MOST;
    options->verifier.special_most = SIZE_MOST;
    options->verifier.special_sample = 1;
    options->verifier.special_pages = 1 << 18;
}

static bool is_separator(char c)
{
    return c == ' ' || c == ',' || c == ';' || c == '\t' || c == '\n';
}

static bool word_is(struct word word, const char *string, size_t length)
{
    if (word.length != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (word.start[i] != string[i])
            return false;
    return true;
}

/* Digits, then for a size an optional K, M or G. False for anything else, or beyond 64 bits. */
static bool read_number(struct word word, bool is_size, uint64_t *value)
{
    uint64_t number = 0;
    size_t i = 0;
    for (; i < word.length && word.start[i] >= '0' && word.start[i] <= '9'; i++) {
        if (number > (SIZE_MOST << 3) / 10)
            return false;
        number = number * 10 + (uint64_t)(word.start[i] - '0');
    }
    if (i == 0)
        return false;
    if (is_size && i + 1 == word.length) {
        char unit = word.start[i++];
        unsigned shift = unit == 'K' || unit == 'k' ? 10 : unit == 'M' || unit == 'm' ? 20 : unit == 'G' || unit == 'g' ? 30 : 0;
        if (shift == 0 || number > SIZE_MOST >> shift)
            return false;
        number <<= shift;
    }
    *value = number;
    return i == word.length;
}

static bool read_choice(struct word word, const char *choices, uint64_t *value)
{
    uint64_t index = 0;
    const char *start = choices;
    for (const char *c = choices;; c++) {
        if (*c != '|' && *c != 0)
            continue;
        if (word_is(word, start, (size_t)(c - start))) {
            *value = index;
            return true;
        }
        if (*c == 0)
            return false;
        start = c + 1;
        index++;
    }
}

static bool read_value(const struct option *option, struct word word, uint64_t *value)
{
    if (option->kind == OPTION_CHOICE)
        return read_choice(word, option->choices, value);
    return read_number(word, option->kind == OPTION_SIZE, value) && *value >= option->least && *value <= option->most;
}

/* Takes a colon and one of the choices off the end of a word that has something before them; says which, from 1; 0 for none. */
static uint8_t read_way(struct word *word, const char *choices)
{
    uint64_t index;
    for (size_t i = 1; choices != NULL && i < word->length; i++) {
        struct word rest = {word->start + i + 1, word->length - i - 1};
        if (word->start[i] == ':' && read_choice(rest, choices, &index)) {
            word->length = i;
            return (uint8_t)(index + 1);
        }
    }
    return 0;
}

/* Adds a mask to the list; "none" empties it. */
static bool read_mask(struct word word, const char *ways, struct tag_masks *masks)
{
    struct tag_mask mask;
    uint8_t way = read_way(&word, ways);
    if (word_is(word, "none", 4)) {
        masks->count = 0;
        return true;
    }
    if (masks->count == MASKS_MOST || !mask_read(word.start, word.length, &mask))
        return false;
    mask.way = way;
    masks->mask[masks->count++] = mask;
    return true;
}

/* Copies a path; "none" is the empty one. */
static bool read_path(struct word word, char *path)
{
    if (word.length == 0 || word.length >= PATH_CHARACTERS)
        return false;
    for (size_t i = 0; i < word.length; i++)
        if ((unsigned char)word.start[i] < 0x20 || word.start[i] == 0x7F)
            return false;
    size_t length = word_is(word, "none", 4) ? 0 : word.length;
    memset(path, 0, PATH_CHARACTERS);
    memcpy(path, word.start, length);
    return true;
}

/* "0x" and up to 16 hexadecimal digits that are not 0 together, then perhaps ":" and a number; "none" is none. */
static bool read_site(struct word word, struct hit_site *site)
{
    struct hit_site read = {0, 0};
    size_t i = 2;
    if (word_is(word, "none", 4)) {
        *site = read;
        return true;
    }
    if (word.length < 3 || word.start[0] != '0' || word.start[1] != 'x')
        return false;
    for (; i < word.length && i < 18; i++) {
        char c = word.start[i];
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
        if (digit == 16)
            break;
        read.hash = read.hash << 4 | digit;
    }
    if (read.hash == 0 || (i < word.length && word.start[i] != ':'))
        return false;
    struct word number = {word.start + i + 1, word.length - i - 1};
    if (i < word.length && (!read_number(number, false, &read.nth) || read.nth > NUMBER_MOST))
        return false;
    *site = read;
    return true;
}

/* Adds a name to the list; "none" empties it. */
static bool read_name(struct word word, struct name_list *names)
{
    if (word_is(word, "none", 4)) {
        names->count = 0;
        return true;
    }
    if (names->count == NAMES_MOST || word.length == 0 || word.length >= NAME_CHARACTERS)
        return false;
    char *name = names->name[names->count++];
    memcpy(name, word.start, word.length);
    name[word.length] = 0;
    return true;
}

/* Reads what follows the option's name and '=' into its field; false iff that is not what it should be. */
static bool read_field(const struct option *option, struct word word, void *field)
{
    uint64_t value = 0;
    if (option->kind == OPTION_MASKS)
        return read_mask(word, option->choices, field);
    if (option->kind == OPTION_NAMES)
        return read_name(word, field);
    if (option->kind == OPTION_PATH)
        return read_path(word, field);
    if (option->kind == OPTION_SITE)
        return read_site(word, field);
    if (!read_value(option, word, &value))
        return false;
    memcpy(field, &value, sizeof value);
    return true;
}

/* How many characters a prefix or a suffix of both have in common: enough to guess what a typing error meant. */
static size_t likeness(struct word word, const char *name)
{
    size_t length = string_length(name);
    size_t shorter = word.length < length ? word.length : length;
    size_t prefix = 0;
    size_t suffix = 0;
    while (prefix < shorter && word.start[prefix] == name[prefix])
        prefix++;
    while (suffix < shorter - prefix && word.start[word.length - 1 - suffix] == name[length - 1 - suffix])
        suffix++;
    return prefix + suffix;
}

static void expect_names(struct text *line, struct word name)
{
    const struct option *nearest = NULL;
    size_t best = 2;
    for (size_t i = 0; i < sizeof option_table / sizeof option_table[0]; i++) {
        size_t alike = likeness(name, option_table[i].name);
        if (alike > best) {
            best = alike;
            nearest = &option_table[i];
        }
    }
    if (nearest != NULL) {
        text_string(line, "; nearest is ");
        text_string(line, nearest->name);
    }
    text_string(line, "; expected");
    for (size_t i = 0; i < sizeof option_table / sizeof option_table[0]; i++) {
        text_char(line, ' ');
        text_string(line, option_table[i].name);
    }
}

static void expect_value(struct text *line, const struct option *option)
{
    text_string(line, "; expected ");
    text_string(line, option->name);
    text_char(line, '=');
    if (option->kind == OPTION_CHOICE) {
        text_string(line, option->choices);
        return;
    }
    if (option->kind == OPTION_MASKS) {
        text_string(line, "TAG, a tag that may have ? and *, up to 16 of them one by one, or none");
        if (option->choices != NULL) {
            text_string(line, "; behind it perhaps : and one of ");
            text_string(line, option->choices);
        }
        return;
    }
    if (option->kind == OPTION_NAMES) {
        text_string(line, "NAME, 1 to 63 characters, up to 8 of them one by one, or none");
        return;
    }
    if (option->kind == OPTION_PATH) {
        text_string(line, "PATH, 1 to 255 characters without blanks, commas and semicolons, or none");
        return;
    }
    if (option->kind == OPTION_SITE) {
        text_string(line, "HASH or HASH:K, 0x and 1 to 16 digits 0 to 9 and a to f, then which allocation there, or none");
        return;
    }
    text_decimal(line, option->least, 0);
    text_string(line, " to ");
    text_decimal(line, option->most, 0);
    if (option->kind == OPTION_SIZE)
        text_string(line, ", or digits with K, M or G");
}

static void complain(struct word word, struct word name, const struct option *option)
{
    struct text line;
    text_clear(&line);
    text_string(&line, "tagpool: option \"");
    for (size_t i = 0; i < word.length && i < 60; i++) {
        char c = word.start[i];
        text_char(&line, c >= 0x20 && c <= 0x7E ? c : '.');
    }
    text_string(&line, word.length > 60 ? "...\" not understood" : "\" not understood");
    if (option == NULL)
        expect_names(&line, name);
    else
        expect_value(&line, option);
    output_line(&line);
}

static bool read_word(struct options *options, struct word word)
{
    size_t equals = 0;
    while (equals < word.length && word.start[equals] != '=')
        equals++;
    struct word name = {word.start, equals};
    for (size_t i = 0; i < sizeof option_table / sizeof option_table[0]; i++) {
        const struct option *option = &option_table[i];
        if (!word_is(name, option->name, string_length(option->name)))
            continue;
        struct word rest = {word.start + equals + 1, word.length - equals - 1};
        if (equals < word.length && read_field(option, rest, (char *)options + option->offset))
            return true;
        complain(word, name, option);
        return false;
    }
    complain(word, name, NULL);
    return false;
}

unsigned options_read(struct options *options, const char *text)
{
    unsigned skipped = 0;
    while (*text != 0) {
        struct word word = {text, 0};
        while (*text != 0 && !is_separator(*text))
            text++;
        word.length = (size_t)(text - word.start);
        if (word.length > 0 && !read_word(options, word))
            skipped++;
        if (*text != 0)
            text++;
    }
    return skipped;
}
