/* SPDX-License-Identifier: MIT
 *
 * options.c: what the drivers read from the environment.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

unsigned long bench_number(const char *name, unsigned long otherwise, unsigned long most)
{
    const char *text = getenv(name);
    if (text == NULL || *text == '\0') {
        return otherwise;
    }
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*end != '\0' || *text == '-' || number == 0 || number > most) {
        fprintf(stderr, "bench: %s=%s should be a number from 1 to %lu\n", name, text, most);
        exit(1);
    }
    return number;
}

bool bench_quick(void)
{
    const char *text = getenv("QUICK");
    return text != NULL && *text != '\0' && strcmp(text, "0") != 0;
}

bool bench_static(void)
{
    const char *text = getenv("LINKAGE");
    if (text == NULL || *text == '\0' || strcmp(text, "shared") == 0) {
        return false;
    }
    if (strcmp(text, "static") != 0) {
        fprintf(stderr, "bench: LINKAGE=%s should be shared or static\n", text);
        exit(1);
    }
    return true;
}

const char *bench_linkage(const struct bench_run *run)
{
    return run->is_static ? "static" : "shared";
}
