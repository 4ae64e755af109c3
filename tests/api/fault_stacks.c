/* SPDX-License-Identifier: MIT
 *
 * fault_stacks.c: tests of systematic faults: which stacks fail, what the log says and is understood to say, in this run and in
 * others at other addresses, and what happens without a log that can be used. */
#include "test.h"

#include "tagpool/verifier.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#define TAG TAGPOOL_TAG('S', 't', 'k', ' ')
#define OFF "fault_stacks=off fault_log=none fault=0 fault_tags=none fault_least=0 fault_most=1024G fault_delay=0 stack_frames=16"

static char folder[] = "/tmp/tagpool-faults-XXXXXX";
static char path[64]; /* of the log */

/* ---- around each test ---- */

/* Only the caller counts, unless a test says something else: so a place may be asked from anywhere. */
static int begin_stacks(void **state)
{
    unlink(path);
    same(tagpool_start("stack_frames=0"), 0);
    return begin(state);
}

static int end_stacks(void **state)
{
    same(tagpool_start(OFF), 0);
    unlink(path);
    return end(state);
}

#define stack_test(name) cmocka_unit_test_setup_teardown(name, begin_stacks, end_stacks)

/* Starts with the log. */
static int start_with(const char *options)
{
    char text[200];
    snprintf(text, sizeof text, "%s fault_log=%s", options, path);
    return tagpool_start(text);
}

static void off(void)
{
    same(tagpool_start("fault_stacks=off"), 0);
}

/* ---- call sites ---- */

static bool granted(void *block)
{
    bool is_block = block != NULL;
    if (is_block)
        tagpool_free(block);
    return is_block;
}

/* No two places are alike, or the compiler makes one of them. */
#define DIFFER __asm__ volatile("" ::"i"(__COUNTER__) : "memory")

#define SITE(name, bytes, tag) \
    static __attribute__((noinline)) bool name(void) \
    { \
        void *block = tagpool_alloc(TAGPOOL_PAGED, bytes, tag); \
        DIFFER; \
        return granted(block); \
    }

SITE(site_a, 10, TAG)
SITE(site_b, 10, TAG)
SITE(site_c, 10, TAG)
SITE(site_of_other_tag, 10, TAGPOOL_TAG('E', 'l', 's', 'e'))
SITE(site_of_1000_bytes, 1000, TAG)

/* Keeps a frame of its own, however it is compiled, so that stacks can be walked through it. */
#define FRAMED(call) \
    { \
        void *volatile frame = __builtin_frame_address(0); \
        bool result = call; \
        DIFFER; \
        (void)frame; \
        return result; \
    }

static __attribute__((noinline)) bool framed_site(void)
{
    void *volatile frame = __builtin_frame_address(0);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 10, TAG);
    DIFFER;
    (void)frame;
    return granted(block);
}

static __attribute__((noinline)) bool framed_left(void) FRAMED(framed_site())
static __attribute__((noinline)) bool framed_right(void) FRAMED(framed_site())

/* A thousand calls. */
enum { SITES = 1000 };

#define CALL \
    if (n++ == which) { \
        block = tagpool_alloc(TAGPOOL_NONPAGED, 10, TAG); \
        DIFFER; \
    }
#define CALL_10 CALL CALL CALL CALL CALL CALL CALL CALL CALL CALL
#define CALL_100 CALL_10 CALL_10 CALL_10 CALL_10 CALL_10 CALL_10 CALL_10 CALL_10 CALL_10 CALL_10
#define CALL_1000 CALL_100 CALL_100 CALL_100 CALL_100 CALL_100 CALL_100 CALL_100 CALL_100 CALL_100 CALL_100

static __attribute__((noinline)) bool site_of_thousand(unsigned which)
{
    void *block = NULL;
    unsigned n = 0;
    CALL_1000
    return granted(block);
}

/* ---- the log ---- */

static char log_text[1 << 18];

static const char *read_log(void)
{
    FILE *file = fopen(path, "r");
    check(file != NULL);
    size_t length = fread(log_text, 1, sizeof log_text - 1, file);
    log_text[length] = 0;
    fclose(file);
    return log_text;
}

static void write_log(const char *text)
{
    FILE *file = fopen(path, "w");
    check(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Copies line n of the stacks, from 0, without its line feed; false iff there are not so many. */
static bool log_line(unsigned n, char line[2000])
{
    const char *at = read_log();
    while (*at != 0) {
        size_t length = strcspn(at, "\n");
        if (length > 0 && *at != '#' && n-- == 0) {
            check(length < 2000 && at[length] == '\n');
            memcpy(line, at, length);
            line[length] = 0;
            return true;
        }
        at += length + (at[length] == '\n');
    }
    return false;
}

static unsigned log_lines(void)
{
    char line[2000];
    unsigned n = 0;
    while (log_line(n, line))
        n++;
    return n;
}

/* ---- what fails ---- */

/* "an allocation fails if ... its call stack never asked before; the stack's later ones pass" */
static void the_first_of_each(void **state)
{
    (void)state;
    same(tagpool_start("fault_stacks=fail"), 0);
    check(!site_a() && site_a() && site_a());
    check(!site_b() && site_b());
    check(site_a() && !site_c() && site_c() && site_b());
}

/* "(of stack_frames frames)": the same call by way of two others is two stacks, unless only the caller counts. */
static void by_stack(void **state)
{
    (void)state;
    same(tagpool_start("fault_stacks=fail stack_frames=2"), 0);
    check(!framed_left() && framed_left());
#if defined(__x86_64__) || defined(__aarch64__) /* on i386 the library's calls are no jumps, and its own frames come first */
    check(!framed_right());
#else
    (void)framed_right();
#endif
    check(framed_left() && framed_right());
    off();
    same(tagpool_start("fault_stacks=fail stack_frames=0"), 0);
    check(!framed_left() && framed_left() && framed_right());
}

/* "if fault_tags, fault_least, fault_most and fault_delay let it": what does not match has not asked. */
static void only_what_matches(void **state)
{
    (void)state;
    same(tagpool_start("fault_stacks=fail fault_tags=Stk fault_least=5 fault_most=100"), 0);
    check(site_of_other_tag() && site_of_1000_bytes() && !site_a());
    same(tagpool_start("fault_tags=none fault_most=1000"), 0);
    check(!site_of_other_tag() && site_of_other_tag() && !site_of_1000_bytes() && site_a());
    off();
    same(tagpool_start("fault_stacks=fail fault_delay=1000000000"), 0);
    check(site_a() && site_a());
    same(tagpool_start("fault_delay=0"), 0);
    check(!site_a() && site_a());
}

/* "With `record` nothing fails, but stacks are remembered all the same." "would have failed but for fault_stacks=record" */
static void recorded(void **state)
{
    struct tagpool_verifier_counters before, now;
    char line[2000];
    (void)state;
    same(start_with("fault_stacks=record"), 0);
    tagpool_verifier_read(&before);
    check(site_a() && site_b() && site_a() && site_c());
    tagpool_verifier_read(&now);
    same(now.faults_recorded - before.faults_recorded, 3);
    same(now.failed_deliberately, before.failed_deliberately);
    same(now.attempted - before.attempted, 4);
    same(log_lines(), 3);
    check(log_line(2, line) && strstr(line, " recorded Stk  ") != NULL);
    same(tagpool_start("fault_stacks=fail"), 0);
    check(site_a() && site_b() && site_c() && !site_of_1000_bytes());
    check(log_line(3, line) && strstr(line, " failed Stk  ") != NULL);
    tagpool_verifier_read(&before);
    same(before.faults_recorded, now.faults_recorded);
    same(before.failed_deliberately, now.failed_deliberately + 1);
    same(before.attempted, before.succeeded + before.failed + before.failed_deliberately);
}

/* "Stacks are remembered until fault_stacks is switched off or fault_log is changed." */
static void until_switched_off(void **state)
{
    (void)state;
    same(tagpool_start("fault_stacks=fail"), 0);
    check(!site_a() && site_a());
    same(tagpool_start("fault_stacks=fail leak_blocks=16"), 0);
    same(tagpool_start("fault_stacks=record"), 0);
    same(tagpool_limit_set(TAGPOOL_PAGED, 0), 0);
    same(tagpool_start("fault_stacks=fail"), 0);
    check(site_a());
    off();
    check(site_a() && site_b());
    same(tagpool_start("fault_stacks=fail"), 0);
    check(!site_a() && site_a());
    same(start_with(""), 0);
    check(!site_a() && site_a());
    same(tagpool_start("fault_log=none"), 0);
    check(!site_a() && site_a());
}

/* The failure is one like any other: remembered, with its stack. */
static void remembered(void **state)
{
    struct tagpool_operation fault;
    (void)state;
    same(tagpool_start("fault_stacks=fail"), 0);
    check(!site_of_1000_bytes());
    same(tagpool_faults(&fault, 1), 1);
    check(fault.bytes == 1000 && fault.tag == TAG && fault.frame_count >= 1);
    check(fault.frames[0] - (uintptr_t)site_of_1000_bytes < 200);
}

/* ---- the log ---- */

/* "each new stack is appended at once, as a line of its own": hash, action, tag, frames. */
static void what_the_log_says(void **state)
{
    char line[2000], action[20], module[200], rest[8];
    unsigned long long hash, offset;
    (void)state;
    same(start_with("fault_stacks=fail"), 0);
    same(log_lines(), 0);
    check(!site_a() && site_a());
    same(log_lines(), 1);
    check(!site_of_other_tag());
    same(log_lines(), 2);
    check(log_line(0, line));
    same(sscanf(line, "0x%16llx %19s Stk  %199[^+]+0x%llx%7s", &hash, action, module, &offset, rest), 4);
    check(strcmp(action, "failed") == 0 && hash != 0 && offset != 0 && line[18] == ' ');
    check(strcmp(module, "fault_stacks") == 0);
    check(log_line(1, line) && strstr(line, " failed Else fault_stacks+0x") != NULL);
    same(output_length, 0);
}

/* "what it lists when fault_stacks is switched on, or the log changed, counts as seen", and is not listed again. */
static void the_log_counts(void **state)
{
    (void)state;
    same(start_with("fault_stacks=fail"), 0);
    check(!site_a() && !site_b());
    off();
    same(tagpool_start("fault_stacks=fail"), 0);
    check(site_a() && site_b() && !site_c());
    same(log_lines(), 3);
    same(tagpool_start("fault_log=none"), 0);
    check(!site_a());
    same(start_with(""), 0);
    check(site_a() && site_b() && site_c());
    same(log_lines(), 3);
}

/* "A line may be deleted: its stack is new again." */
static void a_deleted_line(void **state)
{
    char line[2000];
    (void)state;
    same(start_with("fault_stacks=fail"), 0);
    check(!site_a() && !site_b());
    off();
    check(log_line(1, line));
    write_log(strcat(line, "\n"));
    same(tagpool_start("fault_stacks=fail"), 0);
    check(!site_a() && site_b() && site_a());
    same(log_lines(), 2);
}

/* "One whose action is changed to `excluded`, or that has `exclude` put before it, is excluded: nothing fails there,
 * whatever option asks for it; `exclude` and the hash are enough." */
static void excluded(void **state)
{
    char line[3][2000], text[8000];
    (void)state;
    same(start_with("fault_stacks=record"), 0);
    check(site_a() && site_b() && site_c() && site_of_1000_bytes());
    off();
    for (unsigned i = 0; i < 3; i++)
        check(log_line(i, line[i]));
    char *action = strstr(line[0], "recorded");
    check(action != NULL);
    memcpy(action, "excluded", 8);
    line[2][18] = 0;
    snprintf(text, sizeof text, "%s\nexclude %s\r\n\texcluded  %s\n", line[0], line[1], line[2]);
    write_log(text);
    same(tagpool_start("fault_stacks=fail"), 0);
    for (unsigned i = 0; i < 3; i++)
        check(site_a() && site_b() && site_c() && site_of_1000_bytes() == (i > 0));
    same(tagpool_start("fault=10000 fault_seed=1"), 0);
    for (unsigned i = 0; i < 3; i++)
        check(site_a() && site_b() && site_c() && !site_of_1000_bytes());
    same(tagpool_start("fault=0 fault_every=1 fault_stacks=record"), 0);
    check(site_a() && site_b() && site_c() && !site_of_1000_bytes());
    off();
    check(!site_a() && !site_b() && !site_c());
    same(tagpool_start("fault_every=0 fault_seed=0"), 0);
    same(output_length, 0);
}

/* An exclusion holds although another line has the same stack without it. */
static void excluded_once_is_enough(void **state)
{
    char line[2000], text[8000];
    (void)state;
    same(start_with("fault_stacks=record"), 0);
    check(site_a());
    off();
    check(log_line(0, line));
    snprintf(text, sizeof text, "%s\nexclude %.18s\n%s\n", line, line, line);
    write_log(text);
    same(tagpool_start("fault_stacks=fail fault=10000 fault_seed=1"), 0);
    check(site_a() && !site_b());
    same(tagpool_start("fault=0 fault_seed=0"), 0);
}

/* "A line that is none of these is reported, with its number and what was expected, and skipped" */
static void damaged_lines(void **state)
{
    static const char *const cases[][2] = {
        {"nonsense", "a hash, 0x and 16 digits"},
        {"0x123 failed Stk  a+0x1", "a hash, 0x and 16 digits"},
        {"0x0123456789ABCDEF failed Stk  a+0x1", "a hash, 0x and 16 digits"},
        {"0x0000000000000000 failed Stk  a+0x1", "a hash, 0x and 16 digits"},
        {"exclude", "a hash, 0x and 16 digits"},
        {"0x0123456789abcdef", "failed, recorded or excluded"},
        {"0x0123456789abcdef Failed Stk  a+0x1", "failed, recorded or excluded"},
        {"0x0123456789abcdef failed", "a tag of four characters"},
        {"exclude 0x0123456789abcdef failed Stk", "a tag of four characters"},
        {"0x0123456789abcdef failed Stk  a", "frames as module+0x12ab"},
        {"0x0123456789abcdef failed Stk  +0x1", "frames as module+0x12ab"},
        {"0x0123456789abcdef failed Stk  a+0x", "frames as module+0x12ab"},
        {"0x0123456789abcdef failed Stk  a+0x1 b", "frames as module+0x12ab"},
        {"0x0123456789abcdef failed Stk  a+0x1  b+0x1", "frames as module+0x12ab"},
        {"0x0123456789abcdef failed Stk  a+0x12345678123456781", "frames as module+0x12ab"},
        {"0x0123456789abcdef failed Stk  a+0x1", "the hash of these very frames"},
    };
    char line[2000], text[8000], said[200];
    (void)state;
    same(start_with("fault_stacks=record"), 0);
    check(site_a());
    off();
    check(log_line(0, line));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "# a remark\n\n%s\n  \t\n%s\n", cases[i][0], line);
        write_log(text);
        output_clear();
        same(tagpool_start("fault_stacks=fail"), 0);
        snprintf(said, sizeof said, "tagpool: fault_log %s:3: expected %s", path, cases[i][1]);
        check(printed(said) && printed_times("\n") == 1 && printed("skipped"));
        check(site_a() && !site_b());
        off();
    }
}

/* "after eight, the others are only counted" */
static void many_damaged_lines(void **state)
{
    char text[2000] = "";
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        strcat(text, i == 50 ? "#\n" : "\001\xFF what\n");
    write_log(text);
    same(start_with("fault_stacks=fail"), 0);
    same(printed_times("\n"), 9);
    check(printed(":8: expected") && !printed(":9: expected") && printed("91 more lines"));
    check(!site_a() && site_a());
    same(log_lines(), 100);
}

/* A line that was cut off, as by a crash, does not spoil the next. */
static void a_torn_line(void **state)
{
    char line[2000], text[4000];
    (void)state;
    same(start_with("fault_stacks=record"), 0);
    check(site_a());
    off();
    check(log_line(0, line));
    snprintf(text, sizeof text, "%s\n0x01234567", line);
    write_log(text);
    same(tagpool_start("fault_stacks=fail"), 0);
    check(printed(":2: expected a hash"));
    check(site_a() && !site_b());
    check(log_line(2, line) && strstr(line, " failed ") != NULL);
    output_clear();
    off();
    same(tagpool_start("fault_stacks=fail"), 0);
    check(site_a() && site_b() && printed_times("\n") == 1);
}

/* "A file that cannot be read or written is reported once, and injection goes on without it." */
static void no_log_possible(void **state)
{
    static const char *const wrong[] = {"/tmp", "/no/such/folder/log", "/dev/null"};
    char text[200];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        output_clear();
        snprintf(text, sizeof text, "fault_stacks=fail fault_log=%s", wrong[i]);
        same(tagpool_start(text), 0);
        snprintf(text, sizeof text, "tagpool: fault_log %s: cannot be ", wrong[i]);
        check(printed(text) && printed("system error") && printed_times("\n") == 1);
        check(!site_a() && site_a() && !site_b());
        same(printed_times("\n"), 1);
        off();
    }
}

static void the_log_is_lost(void **state)
{
    (void)state;
    same(start_with("fault_stacks=fail"), 0);
    check(!site_a() && output_length == 0);
    check(unlink(path) == 0 && mkdir(path, 0700) == 0);
    check(!site_b() && !site_c() && site_b() && site_c());
    check(printed("cannot be written") && printed_times("\n") == 1);
    check(rmdir(path) == 0);
    check(!site_of_1000_bytes() && access(path, F_OK) != 0);
}

/* A pipe that nobody reads would hold the program up. */
static void the_log_is_a_pipe(void **state)
{
    (void)state;
    same(mkfifo(path, 0600), 0);
    same(start_with("fault_stacks=fail"), 0);
    check(printed("cannot be read") && !site_a() && site_a());
}

/* The file stays the same when the program changes its folder, and no descriptor stays open. */
static void another_folder(void **state)
{
    char before[1000], options[100];
    (void)state;
    check(getcwd(before, sizeof before) != NULL && chdir(folder) == 0);
    snprintf(options, sizeof options, "fault_stacks=fail fault_log=%s", strrchr(path, '/') + 1);
    int next = dup(0);
    close(next);
    same(tagpool_start(options), 0);
    check(!site_a());
    check(chdir("/") == 0 && !site_b() && chdir(before) == 0);
    int now = dup(0);
    close(now);
    same(now, next);
    same(log_lines(), 2);
}

/* "1 to 255 characters, without blanks, commas and semicolons; `none` for none" */
static void the_option(void **state)
{
    char text[400];
    (void)state;
    same(tagpool_start("fault_log="), TAGPOOL_EINVAL);
    check(printed("expected fault_log=PATH, 1 to 255 characters"));
    memset(text, 'x', sizeof text);
    memcpy(text, "fault_log=", 10);
    text[10 + 256] = 0;
    same(tagpool_start(text), TAGPOOL_EINVAL);
    text[10 + 255] = 0;
    same(tagpool_start(text), 0);
    same(tagpool_start("fault_log=a\001b"), TAGPOOL_EINVAL);
    same(tagpool_start("fault_log=none"), 0);
    same(tagpool_start("fault_stacks=maybe"), TAGPOOL_EINVAL);
}

/* ---- many ---- */

static unsigned ask_all(void)
{
    unsigned failures = 0;
    for (unsigned i = 0; i < SITES; i++)
        failures += !site_of_thousand(i);
    return failures;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The log has one whole line for each of the thousand. */
static void check_thousand_lines(void)
{
    static char *lines[SITES + 1];
    unsigned count = 0;
    (void)read_log();
    for (char *line = strtok(log_text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (*line != '#' && count <= SITES)
            lines[count++] = line;
    same(count, SITES);
    qsort(lines, count, sizeof *lines, compare_lines);
    for (unsigned i = 0; i < count; i++) {
        check(strncmp(lines[i], "0x", 2) == 0 && strstr(lines[i], " failed Stk  fault_stacks+0x") != NULL);
        check(i == 0 || strncmp(lines[i], lines[i - 1], 18) != 0);
    }
}

static void a_thousand_stacks(void **state)
{
    (void)state;
    same(start_with("fault_stacks=fail"), 0);
    same(ask_all(), SITES);
    same(ask_all(), 0);
    check_thousand_lines();
    off();
    same(tagpool_start("fault_stacks=fail"), 0);
    same(ask_all(), 0);
    check_thousand_lines();
}

static void *ask_in_thread(void *failures)
{
    *(unsigned *)failures = ask_all();
    return NULL;
}

/* Threads that ask at the same places fail once in all at each; others come and go by fork meanwhile. */
static void threads(void **state)
{
    enum { THREADS = 6 };
    pthread_t thread[THREADS];
    unsigned failures[THREADS], sum = 0;
    (void)state;
    same(start_with("fault_stacks=fail"), 0);
    for (unsigned i = 0; i < THREADS; i++)
        same(pthread_create(&thread[i], NULL, ask_in_thread, &failures[i]), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        same(pthread_join(thread[i], NULL), 0);
        sum += failures[i];
    }
    same(sum, SITES);
    check_thousand_lines();
}

/* A forked child goes on with what was seen, and finds no lock taken. */
static void forks(void **state)
{
    pthread_t thread;
    unsigned failures;
    int status;
    (void)state;
    same(start_with("fault_stacks=fail"), 0);
    check(!site_a());
    same(pthread_create(&thread, NULL, ask_in_thread, &failures), 0);
    for (unsigned i = 0; i < 20; i++) {
        pid_t child = fork();
        check(child >= 0);
        if (child == 0) {
            alarm(100);
            if (site_a() && !site_b() && site_b())
                kill(getpid(), SIGKILL); /* sanitizers would miss the thread at a normal end */
            _exit(1);
        }
        same(waitpid(child, &status, 0), child);
        check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    same(pthread_join(thread, NULL), 0);
    same(failures, SITES);
    check(!site_b()); /* it was the children's */
}

/* ---- runs ---- */

/* What the program does when it is called with a log and what it is to start with: asks twice at each of some places, prints how
 * often it was refused, and where its code lies. */
static int run_alone(const char *log, const char *options)
{
    char text[300];
    snprintf(text, sizeof text, "fault_log=%s %s", log, options);
    if (tagpool_start(text) != TAGPOOL_OK)
        return 1;
    unsigned refused = 0;
    for (volatile unsigned i = 0; i < 2; i++)
        refused += !site_a() + !site_b() + !framed_left() + !framed_right();
    printf("%u %p\n", refused, (void *)(uintptr_t)run_alone);
    return 0;
}

static unsigned run_program(const char *options, void **address)
{
    char command[400];
    unsigned refused = 99;
    char program[300];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    check(length > 0);
    program[length] = 0;
    snprintf(command, sizeof command, "'%s' %s '%s'", program, path, options);
    FILE *said = popen(command, "r");
    check(said != NULL && fscanf(said, "%u %p", &refused, address) == 2 && pclose(said) == 0);
    return refused;
}

/* "the same stack has the same line wherever the program is loaded" */
static void runs(void **state)
{
    static const char *const frames[] = {"stack_frames=0", "stack_frames=4", "stack_frames=64"};
    void *first, *address;
    unsigned moved = 0;
    char options[100];
    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        unlink(path);
        snprintf(options, sizeof options, "fault_stacks=record %s", frames[i]);
        same(run_program(options, &first), 0);
        unsigned lines = log_lines();
        check(lines >= 3 && lines <= 4);
        snprintf(options, sizeof options, "fault_stacks=fail %s", frames[i]);
        for (unsigned run = 0; run < 5; run++) {
            same(run_program(options, &address), 0);
            same(log_lines(), lines);
            moved += address != first;
        }
        char line[2000];
        check(log_line(0, line));
        write_log(strcat(line, "\n"));
        same(run_program(options, &address), lines - 1);
        same(run_program(options, &address), 0);
    }
    if (moved == 0)
        fprintf(stderr, "remark: this system loads programs always at the same address\n");
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        stack_test(runs), stack_test(the_first_of_each), stack_test(by_stack), stack_test(only_what_matches),
        stack_test(recorded),
        stack_test(until_switched_off), stack_test(remembered), stack_test(what_the_log_says), stack_test(the_log_counts),
        stack_test(a_deleted_line), stack_test(excluded), stack_test(excluded_once_is_enough), stack_test(damaged_lines),
        stack_test(many_damaged_lines), stack_test(a_torn_line), stack_test(no_log_possible), stack_test(the_log_is_lost),
        stack_test(the_log_is_a_pipe), stack_test(another_folder), stack_test(the_option), stack_test(a_thousand_stacks),
        stack_test(threads), stack_test(forks),
    };
    if (count == 3)
        return run_alone(arguments[1], arguments[2]);
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/log", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
