/* SPDX-License-Identifier: MIT
 *
 * resident.c: asks /proc. smaps_rollup walks the page tables and is exact; statm may lag by some pages per processor.
 */
#define _POSIX_C_SOURCE 200809L

#include "resident.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number behind `key` in the file, or 0. */
static uint64_t number_in(const char *path, const char *key)
{
    char text[1024];
    int file = open(path, O_RDONLY);
    if (file < 0) {
        return 0;
    }
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) {
        return 0;
    }
    text[length] = '\0';
    const char *found = strstr(text, key);
    return found == NULL ? 0 : strtoull(found + strlen(key), NULL, 10);
}

uint64_t resident_bytes(void)
{
    uint64_t kilobytes = number_in("/proc/self/smaps_rollup", "\nRss:");
    if (kilobytes != 0) {
        return kilobytes * 1024;
    }
    return number_in("/proc/self/statm", " ") * (uint64_t)sysconf(_SC_PAGESIZE);
}
