/* SPDX-License-Identifier: MIT
 *
 * driver.c: runs a fuzz target without a fuzzer: over the files given as arguments, or, without arguments, over the target's
 * corpus and pseudo-random inputs made from it (environment variable RUNS: how many; SEED: of the first one).
 *
 * With a fuzzer the target needs no driver:
 *   clang -g -fsanitize=fuzzer,address -Iinclude tests/fuzz/fuzz_ops.c build/libtagpool.a -o ops
 *   ./ops tests/fuzz/corpus/ops */
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MOST = 1 << 16, CORPUS_MOST = 256 };

static struct input {
    uint8_t *data;
    size_t size;
} corpus[CORPUS_MOST];
static size_t corpus_count;
static char current[640]; /* what to say if the target stops */

static void say_what_ran(int signal_number)
{
    (void)!write(STDERR_FILENO, current, strlen(current));
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static int run(const uint8_t *data, size_t size)
{
    /* A copy of exactly this size lets the sanitizers see a read past the end. */
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        return 1;
    memcpy(copy, data, size);
    int result = LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return result;
}

static int run_file(const char *path, int keep)
{
    static uint8_t data[INPUT_MOST];
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    if (keep && corpus_count < CORPUS_MOST && (corpus[corpus_count].data = malloc(size + 1)) != NULL) {
        memcpy(corpus[corpus_count].data, data, size);
        corpus[corpus_count++].size = size;
    }
    snprintf(current, sizeof current, "stopped by the input %s\n", path);
    return run(data, size);
}

/* Runs and keeps every file of the corpus tests/fuzz/corpus/<name of this program>/. */
static int run_corpus(const char *program)
{
    const char *name = strrchr(program, '/');
    char folder[200], path[600];
    int failed = 0;
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", name ? name + 1 : program);
    DIR *entries = opendir(folder);
    if (!entries) {
        perror(folder);
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            failed |= run_file(path, 1);
        }
    closedir(entries);
    return failed;
}

static uint32_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* A piece of the corpus, or noise; then some bytes changed, moved or repeated. */
static size_t make_input(uint8_t *data, uint64_t *state)
{
    size_t size = 0;
    if (corpus_count > 0 && random_next(state) % 4 != 0) {
        const struct input *input = &corpus[random_next(state) % corpus_count];
        size = input->size;
        memcpy(data, input->data, size);
    } else {
        size = random_next(state) % (random_next(state) % 8 ? 64 : 4096);
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)random_next(state);
    }
    for (uint32_t edits = random_next(state) % 8; size > 0 && edits > 0; edits--) {
        size_t at = random_next(state) % size, length = random_next(state) % 16 + 1;
        switch (random_next(state) % 4) {
        case 0:
            data[at] = (uint8_t)random_next(state);
            break;
        case 1:
            data[at] ^= (uint8_t)(1u << random_next(state) % 8);
            break;
        case 2:
            size = at;
            break;
        default:
            if (length > size - at)
                length = size - at;
            if (size + length <= INPUT_MOST) {
                memmove(data + at + length, data + at, size - at);
                size += length;
            }
        }
    }
    return size;
}

static uint64_t number(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

int main(int count, char **arguments)
{
    static uint8_t data[INPUT_MOST];
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    int failed = 0;

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], say_what_ran);
    for (int i = 1; i < count; i++)
        failed |= run_file(arguments[i], 0);
    if (count > 1)
        return failed;

    uint64_t runs = number("RUNS", 5000), seed = number("SEED", 1);
    failed = run_corpus(arguments[0]);
    for (uint64_t i = 0; i < runs && !failed; i++) {
        uint64_t state = (seed + i) * 0x9E3779B97F4A7C15u;
        snprintf(current, sizeof current, "stopped by random input %llu; SEED=%llu RUNS=1 runs it alone\n",
                 (unsigned long long)i, (unsigned long long)(seed + i));
        failed |= run(data, make_input(data, &state));
    }
    printf("%s: %zu files, %llu random inputs: %s\n", arguments[0], corpus_count, (unsigned long long)runs,
           failed ? "FAILED" : "good");
    return failed;
}
