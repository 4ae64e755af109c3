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

uint64_t resident_possible(void)
{
    /* Files of one number, or "max": the group's limit and use, of both versions of control groups. */
    static const char *const groups[][2] = {
        {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
    };
    uint64_t kilobytes = number_in("/proc/meminfo", "\nMemAvailable:");
    uint64_t possible = kilobytes == 0 ? UINT64_MAX : kilobytes * 1024;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        uint64_t limit = number_in(groups[i][0], ""), used = number_in(groups[i][1], "");
        if (limit != 0 && limit - (used < limit ? used : limit) < possible) {
            possible = limit - (used < limit ? used : limit);
        }
    }
    return possible;
}
