/* SPDX-License-Identifier: MIT
 *
 * fuzz_faultlog.c: fuzz target: any bytes as the log of systematic faults (option fault_log). Whatever the file holds, the start
 * succeeds, what is reported is whole lines of printing characters, a line that the library itself wrote is understood
 * afterwards, and an excluded stack never fails. */
#define _POSIX_C_SOURCE 200809L

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tagpool.h"
#include "tagpool/verifier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/tmp/tagpool-faultlog-XXXXXX";

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "faultlog: %s\n", what);
    unlink(path);
    abort();
}

static void count_lines(const char *text, size_t length, void *context)
{
    require(length > 0 && text[length - 1] == '\n', "the sink gets whole lines");
    for (size_t i = 0; i + 1 < length; i++)
        require(text[i] >= 0x20 && text[i] <= 0x7E, "the sink gets printing characters");
    ++*(size_t *)context;
}

static void remove_file(void)
{
    unlink(path);
}

static void make_file(void)
{
    int file = mkstemp(path);
    require(file >= 0 && close(file) == 0 && atexit(remove_file) == 0, "there is a file");
    require(tagpool_start("reserve=4M") == TAGPOOL_OK, "the library starts");
}

static void write_file(const void *data, size_t size, const char *mode)
{
    FILE *file = fopen(path, mode);
    require(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0, "the file is written");
}

static void start_with_log(void)
{
    char options[100];
    snprintf(options, sizeof options, "fault_stacks=fail stack_frames=0 fault_log=%s", path);
    require(tagpool_start(options) == TAGPOOL_OK, "the start succeeds");
}

static void stop(void)
{
    require(tagpool_start("fault_stacks=off fault_log=none") == TAGPOOL_OK, "the log is closed");
}

/* How many of two requests at one place fail. */
static __attribute__((noinline)) unsigned ask(void)
{
    unsigned failures = 0;
    for (volatile int i = 0; i < 2; i++) {
        void *block = tagpool_alloc(TAGPOOL_PAGED, 10, TAGPOOL_TAG('F', 'u', 'z', 'z'));
        failures += block == NULL;
        if (block != NULL)
            tagpool_free(block);
    }
    return failures;
}

/* The hash of the last line, "0x" and 16 digits. */
static void last_hash(char hash[19])
{
    static char text[1 << 17];
    FILE *file = fopen(path, "r");
    require(file != NULL, "the file is there");
    size_t length = fread(text, 1, sizeof text, file);
    fclose(file);
    require(length > 18 && text[length - 1] == '\n', "the last line is whole");
    size_t start = length - 1;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    require(length - start > 19 && memcmp(text + start, "0x", 2) == 0, "the last line begins with a hash");
    memcpy(hash, text + start, 18);
    hash[18] = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    size_t lines = 0, again = 0;
    char hash[19], exclusion[40];
    if (!started)
        make_file();
    started = true;

    write_file(data, size, "wb");
    tagpool_sink_set(count_lines, &lines);
    start_with_log();
    require(lines <= 9, "at most eight lines are reported, and how many more there are");
    unsigned failures = ask();
    require(failures <= 1, "a place fails once at most");
    stop();

    tagpool_sink_set(count_lines, &again);
    start_with_log();
    require(again == lines, "what was damaged is damaged, and nothing else");
    require(ask() == 0, "what failed is known");
    stop();

    if (failures == 1) {
        last_hash(hash);
        write_file(exclusion, (size_t)snprintf(exclusion, sizeof exclusion, "exclude %s\n", hash), "wb");
        write_file(data, size, "ab");
        start_with_log();
        require(tagpool_start("fault=10000 fault_seed=1") == TAGPOOL_OK, "everything is to fail");
        require(ask() == 0, "an excluded place does not fail");
        require(tagpool_start("fault=0") == TAGPOOL_OK, "nothing is to fail");
        stop();
    }
    tagpool_sink_set(NULL, NULL);
    require(tagpool_validate() == TAGPOOL_OK, "the library is sound");
    return 0;
}
