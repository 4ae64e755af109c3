/* SPDX-License-Identifier: MIT
 *
 * leak.c: an error path that forgets a block, named at exit by one option and then found by walking the blocks.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "tagpool.h"

#define TAG_LINE TAGPOOL_TAG('L', 'i', 'n', 'e')
#define TAG_NUMBER TAGPOOL_TAG('N', 'u', 'm', ' ')

/* Reads "name=number" and returns the number, or -1. */
static int parse(const char *line)
{
    int *number = tagpool_zalloc(TAGPOOL_NONPAGED, sizeof *number, TAG_NUMBER);
    char *copy = tagpool_alloc(TAGPOOL_PAGED, 24, TAG_LINE);
    int result = -1;

    if (number != NULL && copy != NULL) {
        snprintf(copy, 24, "%s", line);
        char *equals = strchr(copy, '=');
        if (equals == NULL) {
            tagpool_free(number);
            return -1; /* forgets `copy` */
        }
        if (sscanf(equals + 1, "%d", number) == 1)
            result = *number;
    }
    if (copy != NULL)
        tagpool_free(copy);
    if (number != NULL)
        tagpool_free(number);
    return result;
}

/* The contents of a leaked block often say where it comes from. */
static bool show(const struct tagpool_block *block, void *context)
{
    (void)context;
    if (block->tag == TAG_LINE)
        fprintf(stderr, "forgotten: \"%s\"\n", (const char *)block->address);
    return true;
}

int main(void)
{
    static const char *const lines[] = {"depth=4", "verbose", "limit=100", "colour", "size=x"};

    if (tagpool_start("exit=report leak_blocks=1") != TAGPOOL_OK) /* or in the environment, as TAGPOOL_OPTIONS */
        return 1;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        fprintf(stderr, "%s -> %d\n", lines[i], parse(lines[i]));
    tagpool_walk(show, NULL);
    return 0;
}
