/* SPDX-License-Identifier: MIT
 *
 * contenders.c: finds the allocators on this machine, and starts their workers.
 */
#define _GNU_SOURCE

#include "bench.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool bench_matches(const char *patterns, const char *name)
{
    if (patterns == NULL || *patterns == '\0') {
        return true;
    }
    char *copy = strdup(patterns), *rest = copy;
    bool found = false;
    for (char *word; !found && (word = strtok_r(rest, ", ", &rest)) != NULL;) {
        found = fnmatch(word, name, 0) == 0;
    }
    free(copy);
    return found;
}

/* The child's part of a run. Does not return. */
static void worker_exec(const struct bench_run *run, const struct bench_contender *contender, const char *const arguments[])
{
    char path[BENCH_PATH];
    const char *vector[8] = {path};
    if (run->is_static) {
        snprintf(path, sizeof path, "%s/worker-static-%s", run->folder, contender->name);
    } else {
        snprintf(path, sizeof path, "%s/worker-%s", run->folder, contender->program);
    }
    for (size_t i = 0; i < 6 && arguments[i] != NULL; i++) {
        vector[i + 1] = arguments[i];
    }
    if (contender->preload[0] != '\0') {
        setenv("LD_PRELOAD", contender->preload, 1);
    } else {
        unsetenv("LD_PRELOAD");
    }
    execv(path, (char *const *)vector);
    perror(path);
    _exit(127);
}

bool bench_contender_run(const struct bench_run *run, const struct bench_contender *contender, const char *const arguments[],
                         char *line, size_t capacity)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        perror("bench: pipe");
        exit(1);
    }
    pid_t child = fork();
    if (child < 0) {
        perror("bench: fork");
        exit(1);
    }
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        worker_exec(run, contender, arguments);
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; length + 1 < capacity && (got = read(ends[0], line + length, capacity - 1 - length)) > 0;) {
        length += (size_t)got;
    }
    line[length] = '\0';
    line[strcspn(line, "\n")] = '\0';
    close(ends[0]);
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 && length > 0;
}

/* Asks a worker where its allocator comes from. A missing preload is only a warning to the loader, hence this question. */
static bool contender_ask(const struct bench_run *run, struct bench_contender *contender)
{
    char line[2 * BENCH_PATH];
    const char *const arguments[] = {"who", NULL};
    if (!bench_contender_run(run, contender, arguments, line, sizeof line)) {
        return false;
    }
    return sscanf(line, "%1023s %1023s", contender->entry, contender->malloc_from) == 2;
}

static struct bench_contender *contender_named(struct bench_contenders *contenders, const char *name)
{
    for (size_t i = 0; i < contenders->count; i++) {
        if (strcmp(contenders->list[i].name, name) == 0) {
            return &contenders->list[i];
        }
    }
    return NULL;
}

/* Adds a contender if its worker runs and, with a preload, malloc really comes from somewhere else than the C library's. */
static bool contender_add(struct bench_run *run, const char *name, const char *program, const char *preload)
{
    struct bench_contenders *contenders = &run->contenders;
    if (contenders->count == BENCH_CONTENDERS) {
        fprintf(stderr, "bench: more than %u contenders\n", BENCH_CONTENDERS);
        exit(1);
    }
    struct bench_contender *contender = &contenders->list[contenders->count];
    memset(contender, 0, sizeof *contender);
    snprintf(contender->name, sizeof contender->name, "%s", name);
    snprintf(contender->preload, sizeof contender->preload, "%s", preload);
    contender->program = program;
    contender->makes_blocks = strcmp(program, "null") != 0;
    if (!contender_ask(run, contender)) {
        return false;
    }
    const struct bench_contender *libc = contender_named(contenders, "glibc");
    if (*preload != '\0' && libc != NULL && strcmp(contender->malloc_from, libc->malloc_from) == 0) {
        return false;
    }
    contenders->count++;
    return true;
}

static void peers_find_installed(struct bench_run *run)
{
    static const struct {
        const char *name, *file;
    } known[] = {
        {"mimalloc", "libmimalloc.so.2"},         {"mimalloc", "libmimalloc.so.3"}, {"jemalloc", "libjemalloc.so.2"},
        {"tcmalloc", "libtcmalloc_minimal.so.4"}, {"tcmalloc", "libtcmalloc.so.4"},
    };
    int errors = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO); /* the loader's complaints about what is not installed */
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (contender_named(&run->contenders, known[i].name) == NULL) {
            contender_add(run, known[i].name, "malloc", run->is_static ? "" : known[i].file);
        }
    }
    dup2(errors, STDERR_FILENO);
    close(errors);
    close(nowhere);
}

/* The name for a peer given by path: of "/x/libmimalloc.so.3" "mimalloc", with a number if that is taken. */
static void peer_name(struct bench_contenders *contenders, const char *path, char name[BENCH_NAME])
{
    const char *file = strrchr(path, '/');
    file = file == NULL ? path : file + 1;
    file += strncmp(file, "lib", 3) == 0 ? 3 : 0;
    int length = (int)strspn(file, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    snprintf(name, BENCH_NAME, "%.*s", length < 24 ? length : 24, file);
    for (unsigned number = 2; contender_named(contenders, name) != NULL; number++) {
        snprintf(name, BENCH_NAME, "%.*s-%u", length < 24 ? length : 24, file, number);
    }
}

static void peers_add_given(struct bench_run *run, const char *peers)
{
    char *copy = strdup(peers == NULL ? "" : peers), *rest = copy;
    for (char *word; (word = strtok_r(rest, ", ", &rest)) != NULL;) {
        char name[BENCH_NAME], *path = strchr(word, '=');
        if (path != NULL) {
            *path++ = '\0';
            snprintf(name, sizeof name, "%s", word);
        } else {
            path = word;
            peer_name(&run->contenders, path, name);
        }
        bool clean = name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
        /* With static linkage tests/bench/static.sh has linked it; it is among the known ones if it has such a name. */
        bool is_there = contender_named(&run->contenders, name) != NULL;
        bool good = clean && is_there && run->is_static;
        if (!good && (!clean || is_there || !contender_add(run, name, "malloc", run->is_static ? "" : path))) {
            fprintf(stderr, "bench: cannot use peer \"%s\" from %s as a %s\n", name, path,
                    run->is_static ? "program linked with it" : "shared library");
            exit(1);
        }
    }
    free(copy);
}

/* Builds of ours without a part: bench.mk makes them when they are asked for, and those of another time may be old. */
static void parts_add(struct bench_run *run, const char *wanted)
{
    static const char *const names[] = {"without-counts", "without-peaks"};
    bool are_made = !run->is_static && strstr(wanted, "without") != NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && are_made; i++) {
        contender_add(run, names[i], names[i], "");
    }
}

/* The wrappers over the base, and those that take part only when asked for by name. */
static void wrappers_add(struct bench_run *run, const char *wanted, const char *preload)
{
    static const char *const kinds[] = {"lock", "atomic", "thread"};
    bool by_name = wanted != NULL && *wanted != '\0';
    for (size_t i = 0; i < 3; i++) {
        contender_add(run, kinds[i], kinds[i], preload);
    }
    for (size_t i = 0; by_name && i < 3; i++) {
        char name[BENCH_NAME];
        snprintf(name, sizeof name, "%s-glibc", kinds[i]);
        contender_add(run, name, kinds[i], "");
    }
    if (by_name) {
        contender_add(run, "null", "null", "");
        parts_add(run, wanted);
    }
}

void bench_contenders_find(struct bench_run *run, const char *peers, const char *base, const char *wanted)
{
    struct bench_contenders *contenders = &run->contenders;
    if (!contender_add(run, "glibc", "malloc", "") || !contender_add(run, "tagpool", "tagpool", "")) {
        fprintf(stderr, "bench: no workers in %s\n", run->folder);
        exit(1);
    }
    struct bench_contender ours = contenders->list[1]; /* ours is the first column */
    contenders->list[1] = contenders->list[0];
    contenders->list[0] = ours;
    peers_find_installed(run);
    peers_add_given(run, peers);
    if (base == NULL || *base == '\0') {
        base = contender_named(contenders, "mimalloc") != NULL ? "mimalloc" : "glibc";
    }
    char base_name[BENCH_NAME];
    snprintf(base_name, sizeof base_name, "%s", base);
    const struct bench_contender *found = contender_named(contenders, base_name);
    if (found == NULL) {
        fprintf(stderr, "bench: BASE=%s is not there\n", base_name);
        exit(1);
    }
    wrappers_add(run, wanted, found->preload);
    size_t kept = 0;
    for (size_t i = 0; i < contenders->count; i++) {
        const char *name = contenders->list[i].name;
        if (strcmp(name, base_name) == 0) {
            contenders->base = kept;
        } else if (!bench_matches(wanted, name)) {
            continue;
        }
        contenders->list[kept++] = contenders->list[i];
    }
    contenders->count = kept;
}
