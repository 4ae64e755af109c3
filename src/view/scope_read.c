/* SPDX-License-Identifier: MIT
 *
 * scope_read.c: reads the words of a scope (contract in scope.h).
 */
#include "ledger/driver.h"
#include "view/scope.h"

#define SCOPE_WORDS \
    "up to 16 masks of tags (one to four printing characters, `?` for any, `*` for any number), driver=NAME, thread=self, " \
    "thread=NUMBER"

struct scope_word {
    const char *start;
    size_t length;
};

static struct scope_word scope_word_next(const char **at)
{
    while (**at == ' ')
        (*at)++;
    struct scope_word word = {*at, 0};
    while (word.start[word.length] != 0 && word.start[word.length] != ' ')
        word.length++;
    *at += word.length;
    return word;
}

/* Whether the word begins with `name`, which it then loses. */
static bool scope_word_has(struct scope_word *word, const char *name)
{
    size_t length = string_length(name);
    if (word->length < length || memcmp(word->start, name, length) != 0)
        return false;
    word->start += length;
    word->length -= length;
    return true;
}

static const struct driver *scope_driver(struct scope_word name)
{
    const struct driver *driver;
    for (size_t i = 0; (driver = driver_at(i)) != NULL; i++)
        if (string_length(driver->name) == name.length && memcmp(driver->name, name.start, name.length) == 0)
            return driver;
    return NULL;
}

/* The number of a thread; 0 iff it is none. */
static uint64_t scope_thread(struct scope_word word)
{
    uint64_t number = 0;
    if (word.length == 4 && memcmp(word.start, "self", 4) == 0)
        return port_thread_number();
    for (size_t i = 0; i < word.length; i++) {
        if (word.start[i] < '0' || word.start[i] > '9' || i == 18)
            return 0;
        number = number * 10 + (uint64_t)(word.start[i] - '0');
    }
    return number;
}

static bool scope_word_read(struct scope_word word, struct scope_filter *filter)
{
    if (scope_word_has(&word, "driver="))
        return (filter->driver = scope_driver(word)) != NULL;
    if (scope_word_has(&word, "thread="))
        return (filter->thread = scope_thread(word)) != 0;
    if (filter->tags.count == MASKS_MOST || !mask_read(word.start, word.length, &filter->tags.mask[filter->tags.count]))
        return false;
    filter->tags.count++;
    return true;
}

bool scope_read(const char *words, struct scope_filter *filter, struct text *why)
{
    const char *at = words != NULL ? words : "";
    struct scope_word word;
    bool has_words = false;
    bool is_all = false;
    memset(filter, 0, sizeof *filter);
    while ((word = scope_word_next(&at)).length != 0) {
        has_words = true;
        is_all = is_all || (word.length == 1 && word.start[0] == '*');
        if (!scope_word_read(word, filter))
            break;
    }
    if (is_all)
        filter->tags.count = 0;
    if (has_words && word.length == 0)
        return true;
    bool is_driver = scope_word_has(&word, "driver=");
    text_char(why, '"');
    text_bytes(why, word.start, word.length);
    text_string(why, is_driver ? "\" is no driver that was ever loaded" : "\" is no scope; expected " SCOPE_WORDS);
    return false;
}
