/* SPDX-License-Identifier: MIT
 *
 * convert.c: makes a trace (../replay.h) of a recording (recorder.c).
 *
 *   convert RAW TRACE [skip=N] [count=N] [tags=N]
 *
 * leaves out the first `skip` calls and takes the `count` after them (0: all). A block that was allocated before them and is
 * freed or reallocated within them is allocated at the start. The `tags` - 1 call sites that allocate most often get tags of
 * their own, all others share one. A realloc is an allocation and a free of the old block, or nothing at all if old and new size
 * fall into the same small step, in which hardly any allocator would move the block.
 */
#include "convert.h"

#include "../replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAGS_DEFAULT 200u

void convert_die(const char *what, const char *name)
{
    fprintf(stderr, "convert: %s: %s\n", name, what);
    exit(1);
}

void *convert_room(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size);
    if (memory == NULL) {
        convert_die("no memory", "the recording");
    }
    return memory;
}

/* If the argument is name=number, reads it. */
static bool option(const char *argument, const char *name, size_t *number)
{
    size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0 || argument[length] != '=') {
        return false;
    }
    char *end;
    const char *digits = argument + length + 1;
    *number = strtoull(digits, &end, 10);
    if (end == digits || *end != '\0' || *digits == '-') {
        convert_die("should be a number", argument);
    }
    return true;
}

int main(int count, char **arguments)
{
    size_t skip = 0, calls = 0, tags = TAGS_DEFAULT;
    if (count < 3) {
        convert_die("convert RAW TRACE [skip=N] [count=N] [tags=N]", "usage");
    }
    for (int i = 3; i < count; i++) {
        const char *argument = arguments[i];
        if (!option(argument, "skip", &skip) && !option(argument, "count", &calls) && !option(argument, "tags", &tags)) {
            convert_die("should be skip=N, count=N or tags=N", arguments[i]);
        }
    }
    if (tags == 0 || tags > REPLAY_TAGS) {
        convert_die("tags should be from 1 to 256", arguments[1]);
    }
    struct recording recording = calls_read(arguments[1], skip, calls);
    struct encoded done = encode(&recording, arguments[2], tags);
    printf("%s: %zu operations, %zu allocations of %.0f bytes on average, %zu blocks live at once, %zu tags of %zu call sites, "
           "%zu kinds, %zu blocks left out, %ld bytes\n",
           arguments[2], recording.events_count, done.allocs, done.bytes / (double)done.allocs, done.slots, done.tags, done.sites,
           done.kinds, recording.left_out, done.size);
    free(recording.blocks);
    free(recording.events);
    return 0;
}
