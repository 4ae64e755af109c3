/* SPDX-License-Identifier: MIT
 *
 * fuzz_options.c: fuzz target: any text as the options of tagpool_start(). Whatever it is, the call says so, every bad word has
 * its line, and the library goes on. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tagpool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "options: %s\n", what);
    abort();
}

static void count_lines(const char *text, size_t length, void *context)
{
    require(length > 0 && text[length - 1] == '\n', "the sink gets whole lines");
    for (size_t i = 0; i < length; i++) {
        require(text[i] == '\n' || (text[i] >= 0x20 && text[i] <= 0x7E), "the sink gets printing characters");
        *(size_t *)context += text[i] == '\n';
    }
}

/* How many words there are between separators. */
static size_t words(const char *text)
{
    size_t count = 0;
    for (bool inside = false; *text; text++) {
        bool separator = strchr(" ,;\t\n", *text) != NULL;
        count += !separator && !inside;
        inside = !separator;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t lines = 0;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    if (strstr(text, "fault_log") != NULL) { /* names files to write; fuzz_faultlog.c tries it */
        free(text);
        return 0;
    }

    /* The smallest pools, so that "lock" and "prefault" cost little. */
    static bool started;
    require(started || tagpool_start("reserve=4M") == TAGPOOL_OK, "the library starts");
    started = true;

    tagpool_sink_set(count_lines, &lines);
    int result = tagpool_start(text);
    require(result == TAGPOOL_OK || result == TAGPOOL_EINVAL || result == TAGPOOL_EBUSY, "the result is a known one");
    require(result != TAGPOOL_OK || lines == 0, "a good text is taken without a word");
    require(result != TAGPOOL_EINVAL || lines > 0, "a bad word is reported");
    require(lines <= words(text), "there is at most one line for a word");
    require(lines == 0 || result != TAGPOOL_OK, "what is reported is a failure");

    size_t again = 0;
    tagpool_sink_set(count_lines, &again);
    require(tagpool_start(text) == result && again == lines, "the same text has the same result");

    require(tagpool_start("limit_paged=0 limit_nonpaged=0 wrong_tag=report exit=ignore lock=off prefault=off") == TAGPOOL_OK,
            "good options are taken afterwards");
    for (int pool = TAGPOOL_NONPAGED; pool <= TAGPOOL_PAGED; pool++) {
        void *block = tagpool_zalloc(pool, size % 5000, TAGPOOL_TAG('F', 'u', 'z', 'z'));
        require(block != NULL, "the library allocates");
        tagpool_free(block);
    }
    require(tagpool_validate() == TAGPOOL_OK, "the library is sound");
    free(text);
    return 0;
}
