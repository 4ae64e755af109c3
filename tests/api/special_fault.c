/* SPDX-License-Identifier: MIT
 *
 * special_fault.c: accesses to inaccessible pages of special pool, as tagpool/verifier.h describes them: what is reported, what
 * happens then, who gets the faults that are not ours; many blocks, threads, fork. */
#include "special.h"

#include <pthread.h>
#include <sys/mman.h>

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

/* A failed check inside a test must not be taken for a fault of the next one: cmocka takes the signals for each test, so
 * options are set within. */
static volatile unsigned char sink_byte;

/* Is the last report this access? Parameters: "the address, 0 for a read or 1 for a write, the instruction's address, and 0". */
static bool faulted(uint32_t code, const volatile void *address, bool is_write)
{
    __asm__ volatile("" ::: "memory"); /* the compiler knows nothing of reports that come out of a load or store */
    bool right = caught_count == 1 && caught.code == code && caught.parameter[0] == (uintptr_t)address && caught.stops &&
                 caught.parameter[1] == is_write && caught.parameter[2] != 0 && caught.parameter[3] == 0 &&
                 caught.touched == (const void *)address;
    if (!right)
        fprintf(stderr, "%u reports, the last: 0x%X (0x%jX, 0x%jX, 0x%jX, 0x%jX)\n", caught_count, (unsigned)caught.code,
                (uintmax_t)caught.parameter[0], (uintmax_t)caught.parameter[1], (uintmax_t)caught.parameter[2],
                (uintmax_t)caught.parameter[3]);
    caught_count = 0;
    return right;
}

static const char *const ways[] = {"special=Wave special_guard=mark", "special=Wave special_guard=protect"};

/* "0xCD beside a block." "If a handler returns, the page is accessible until it is used again, and the access goes on." */
static void beside_a_block(void)
{
    volatile unsigned char *block = tagpool_alloc(TAGPOOL_PAGED, 96, WAVE);
    volatile unsigned char *next = tagpool_alloc(TAGPOOL_PAGED, PAGE, WAVE);
    block[96] = 7;
    check(faulted(0xCD, block + 96, true));
    check(caught.has_block && caught.block.address == block && caught.block.bytes == 96 && caught.block.tag == WAVE);
    check(caught.allocated != NULL && caught.freed == NULL && strstr(caught.sentence, "behind the end"));
    check(block[96] == 7 && caught_count == 0);
    tagpool_free((void *)next);
    tagpool_free((void *)block);
    same(caught_count, 0);
    sink_byte = block[96];
    check(faulted(0xCC, block + 96, false));
    block = tagpool_alloc(TAGPOOL_PAGED, PAGE, WAVE);
    sink_byte = block[-1];
    check(faulted(0xCD, block - 1, false) && caught.block.address == block && strstr(caught.sentence, "before the start"));
    tagpool_free((void *)block);
}

/* "0xCC in a freed one." */
static void in_a_freed_block(void)
{
    volatile unsigned char *block = tagpool_alloc(TAGPOOL_NONPAGED, 3 * PAGE, WAVE);
    tagpool_free((void *)block);
    sink_byte = block[5];
    check(faulted(0xCC, block + 5, false) && caught.block.address == block && caught.block.bytes == 3 * PAGE);
    check(caught.allocated != NULL && caught.freed != NULL && caught.freed->is_free && !caught.allocated->is_free);
    check(caught.freed->sequence > caught.allocated->sequence && caught.freed->thread == caught.allocated->thread);
    check(caught.freed->frame_count > 0 && caught.allocated->frame_count > 0);
    block[2 * PAGE + 7] = 1;
    check(faulted(0xCC, block + 2 * PAGE + 7, true));
    block[5] = 1;
    same(caught_count, 0);
}

/* "On a thread that works for a driver 0xD6 and 0xD5." */
static void in_the_name_of_a_driver(void)
{
    struct tagpool_driver *driver = tagpool_driver_load("disk");
    tagpool_driver_enter(driver);
    volatile unsigned char *block = tagpool_alloc(TAGPOOL_PAGED, 96, WAVE);
    block[96] = 1;
    check(faulted(0xD6, block + 96, true) && strcmp(caught.allocated->driver, "disk") == 0);
    tagpool_free((void *)block);
    block[0] = 1;
    check(faulted(0xD5, block, true) && strcmp(caught.freed->driver, "disk") == 0);
    tagpool_driver_enter(NULL);
    same(tagpool_driver_unload(driver), TAGPOOL_CLEAN);
}

/* Handlers may longjmp: the page stays inaccessible, and each access is found. */
static void left_by_longjmp(void)
{
    jmp_buf out;
    volatile unsigned char *block = tagpool_alloc(TAGPOOL_PAGED, 96, WAVE);
    caught_jump = &out;
    for (volatile int i = 0; i < 3; i++) {
        if (setjmp(out) == 0) {
            block[96 + i] = 1;
            check(false);
        }
        check(faulted(0xCD, block + 96 + i, true) && !is_readable(block + 96));
    }
    caught_jump = NULL;
    tagpool_free((void *)block);
}

/* A block that was let go long ago: nothing is known of it any more, and the access is found all the same. */
static void long_ago(void)
{
    volatile unsigned char *blocks[3];
    for (int i = 0; i < 3; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, 96, WAVE);
    for (int i = 0; i < 3; i++)
        tagpool_free((void *)blocks[i]);
    same(tagpool_start("special_pages=0"), 0);
    same(special_use().freed_blocks, 0);
    sink_byte = blocks[1][3];
    check(caught_count == 1 && caught.code == 0xCC);
    caught_count = 0;
}

static void (*const cases[])(void) = {beside_a_block, in_a_freed_block, in_the_name_of_a_driver, left_by_longjmp, long_ago};

static void marked(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        with(ways[0]);
        cases[i]();
        off();
    }
}

static void protected(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        with(ways[1]);
        check(!special_use().is_marked);
        cases[i]();
        off();
    }
}

/* ---- who was there before ---- */

static volatile char *volatile nowhere = (volatile char *)(uintptr_t)64; /* nothing is there */
static volatile sig_atomic_t foreign_faults;
static volatile char *foreign_page;
static jmp_buf foreign_out;

static void on_foreign_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    check(info->si_addr == (void *)foreign_page);
    foreign_faults++;
    longjmp(foreign_out, 1);
}

/* "Faults elsewhere go to the handlers that were there before." */
static void handlers_before(void)
{
    struct sigaction action = {.sa_sigaction = on_foreign_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    same(sigaction(SIGSEGV, &action, NULL), 0);
    with(ways[0]);
    volatile unsigned char *block = tagpool_alloc(TAGPOOL_PAGED, 96, WAVE);
    foreign_page = nowhere;
    if (setjmp(foreign_out) == 0)
        *foreign_page = 1;
    same(foreign_faults, 1);
    block[96] = 1;
    check(faulted(0xCD, block + 96, true));
    same(foreign_faults, 1);
    /* Who takes the signal over later hands nothing on; with the next first block, if not in the same millisecond, we are in
     * front again. */
    tagpool_free((void *)block);
    usleep(2000);
    same(sigaction(SIGSEGV, &action, NULL), 0);
    block = tagpool_alloc(TAGPOOL_PAGED, 96, WAVE);
    block[96] = 1;
    check(faulted(0xCD, block + 96, true));
    same(foreign_faults, 1);
    tagpool_free((void *)block);
    off();
}

/* The default: a fault of nobody's ends the process by its signal. */
static void crash(void)
{
    with(ways[0]);
    void *block = tagpool_alloc(TAGPOOL_PAGED, 96, WAVE);
    tagpool_free(block);
    *nowhere = 1;
}

static void no_handler_before(void **state)
{
    static struct child child;
    (void)state;
    child_run(&child, crash);
    check(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGSEGV);
}

/* ---- many ---- */

static size_t mappings(void)
{
    size_t count = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    for (int c; file != NULL && (c = fgetc(file)) != EOF;)
        count += c == '\n';
    if (file != NULL)
        fclose(file);
    return count;
}

/* "By a marker, which costs the system nothing." TAGPOOL_LONG: a million. */
static void many_marked(void)
{
    if (sizeof(void *) == 4)
        skip_because("so many pages want 64-bit addresses");
    size_t count = getenv("TAGPOOL_LONG") != NULL ? 1000000 : 100000;
    unsigned char **blocks = malloc(count * sizeof *blocks);
    check(blocks != NULL);
    with("special=Wave special_pages=2000000 stack_frames=0");
    tagpool_free(tagpool_alloc(TAGPOOL_PAGED, 64, WAVE));
    if (!special_use().is_marked)
        skip_because("the system has no markers");
    size_t before = mappings();
    for (size_t i = 0; i < count; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, 64, WAVE);
    same(special_use().blocks, count);
    check(mappings() < before + 50);
    for (size_t i = 0; i < count; i += count / 1000)
        check(is_readable(blocks[i] + 63) && !is_readable(blocks[i] + 64));
    same(tagpool_validate(), 0);
    for (size_t i = 0; i < count; i++)
        tagpool_free(blocks[i]);
    for (size_t i = 0; i < count; i += count / 1000)
        check(!is_readable(blocks[i]));
    check(mappings() < before + 50);
    free(blocks);
    off();
}

/* Whether blocks [0, count) are special, and how many of them have an inaccessible page behind them. */
static size_t count_guarded(unsigned char **blocks, size_t count)
{
    size_t guarded = 0;
    same(special_use().blocks, count);
    for (size_t i = 0; i < count; i++)
        guarded += !is_readable(blocks[i] + 64);
    same(tagpool_validate(), 0);
    return guarded;
}

static void free_all(unsigned char **blocks, size_t count)
{
    blocks[count - 1][64] ^= 1;
    tagpool_free(blocks[count - 1]);
    check(corrupted(0x24, blocks[count - 1]));
    blocks[count - 1][64] ^= 1;
    for (size_t i = 0; i < count; i++)
        tagpool_free(blocks[i]);
    same(caught_count, 0);
    same(special_use().freed_blocks, count);
    same(tagpool_validate(), 0);
}

/* "By protection: each block then costs two of the system's mappings ... Where 16,384 blocks have these ... there are patterns
 * instead." */
static void protected_many(void)
{
    if (sizeof(void *) == 4)
        skip_because("so many pages want 64-bit addresses");
    enum { COUNT = 17000 };
    static unsigned char *blocks[COUNT];
    with("special=Wave special_guard=protect stack_frames=0");
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, 64, WAVE);
    same(count_guarded(blocks, COUNT), 16384);
    free_all(blocks, COUNT);
    off();
}

/* "... or they run out": the test takes them itself. */
static void mappings_run_out(void)
{
    enum { COUNT = 100, PAGES = 1 << 18 };
    unsigned char *blocks[COUNT];
    with("special=Wave special_guard=protect stack_frames=0");
    blocks[0] = tagpool_alloc(TAGPOOL_PAGED, 64, WAVE);
    (void)is_readable(blocks[0]);
    char *taken = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    check(taken != MAP_FAILED);
    size_t at = 0;
    while (at < PAGES && mprotect(taken + at * PAGE, PAGE, PROT_READ) == 0)
        at += 2;
    for (size_t i = 1; i < COUNT; i++)
        blocks[i] = tagpool_alloc(TAGPOOL_PAGED, 64, WAVE);
    size_t guarded = count_guarded(blocks, COUNT);
    if (at >= PAGES)
        skip_because("the system has more mappings");
    check(guarded > 0 && guarded < 10);
    munmap(taken, PAGES * PAGE);
    free_all(blocks, COUNT);
    off();
}

/* ---- threads and fork ---- */

#define THREADS 4

static void *pairs(void *number)
{
    unsigned seed = (unsigned)(uintptr_t)number;
    unsigned char *held[16] = {NULL};
    for (int i = 0; i < 4000; i++) {
        seed = seed * 1103515245 + 12345;
        unsigned char **slot = &held[seed >> 16 & 15];
        if (*slot != NULL) {
            check(filled(*slot, query(*slot).bytes, (unsigned)(uintptr_t)*slot));
            tagpool_free(*slot);
            *slot = NULL;
        } else {
            size_t bytes = (seed >> 20) % 9000;
            *slot = tagpool_alloc((enum tagpool_pool)(seed >> 8 & 1), bytes, WAVE);
            check(*slot != NULL);
            fill(*slot, bytes, (unsigned)(uintptr_t)*slot);
        }
    }
    for (int i = 0; i < 16; i++)
        if (held[i] != NULL)
            tagpool_free(held[i]);
    return NULL;
}

/* Threads share special pool; little room makes them let go of each other's blocks, and use normal pool now and then. */
static void threads(void **state)
{
    static const char *const options[] = {"special=Wave special_pages=120", "special=Wave special_pages=5000",
                                          "special=Wave special_pages=120 special_guard=pattern"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        pthread_t threads_made[THREADS];
        with(options[i]);
        for (uintptr_t t = 0; t < THREADS; t++)
            same(pthread_create(&threads_made[t], NULL, pairs, (void *)(t + 1)), 0);
        for (int t = 0; t < THREADS; t++)
            same(pthread_join(threads_made[t], NULL), 0);
        same(tagpool_validate(), 0);
        same(special_use().pages, 0);
        off();
    }
}

/* Of two frees of one block one is a mistake. */
static void *racing;
static pthread_barrier_t start_line;

static void *free_it(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&start_line);
    tagpool_free(racing);
    return NULL;
}

static void count_report(const struct tagpool_bugcheck *bugcheck, void *context)
{
    check(bugcheck->code == 0xC2 && bugcheck->parameter[0] == 0x07);
    __atomic_add_fetch((unsigned *)context, 1, __ATOMIC_RELAXED);
}

static void racing_frees(void **state)
{
    unsigned reports = 0;
    (void)state;
    with("special=Wave");
    tagpool_bugcheck_handler_set(count_report, &reports);
    same(pthread_barrier_init(&start_line, NULL, 2), 0);
    for (unsigned i = 0; i < 300; i++) {
        pthread_t other;
        racing = tagpool_alloc(TAGPOOL_PAGED, 64, WAVE);
        same(pthread_create(&other, NULL, free_it, NULL), 0);
        free_it(NULL);
        same(pthread_join(other, NULL), 0);
        same(reports, i + 1);
    }
    tagpool_bugcheck_handler_set(catch_bugcheck, NULL);
    off();
}

static volatile unsigned char *inherited[2];

static void use_inherited(void)
{
    same(tagpool_start(""), 0); /* child_run() has taken the signals away */
    inherited[0][96] = 1;
    check(faulted(0xCD, inherited[0] + 96, true));
    inherited[1][0] = 1;
    check(faulted(0xCC, inherited[1], true));
    same(tagpool_validate(), 0);
    tagpool_free((void *)inherited[0]);
    inherited[0][0] = 1;
    check(faulted(0xCC, inherited[0], true));
    void *own = tagpool_alloc(TAGPOOL_PAGED, 96, WAVE);
    check(own != NULL && !is_readable((char *)own + 96));
    tagpool_free(own);
}

/* A forked child has the blocks, the inaccessible pages and the quarantine of its parent. */
static void forked(void **state)
{
    static struct child child;
    (void)state;
    with("special=Wave");
    inherited[0] = tagpool_alloc(TAGPOOL_PAGED, 96, WAVE);
    inherited[1] = tagpool_alloc(TAGPOOL_PAGED, 96, WAVE);
    tagpool_free((void *)inherited[1]);
    child_run(&child, use_inherited);
    check(child_exited(&child, 0));
    check(is_readable(inherited[0]) && !is_readable(inherited[0] + 96) && !is_readable(inherited[1]));
    tagpool_free((void *)inherited[0]);
    off();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(marked),         fresh_test(protected),        fresh_test(handlers_before),
        fresh_test(many_marked),    fresh_test(mappings_run_out), cmocka_unit_test(no_handler_before),
        fresh_test(protected_many), test(threads),                test(racing_frees),
        test(forked),
    };
    const struct CMUnitTest without_faults[] = {test(threads), test(racing_frees)};
    if (INSTRUMENTED) /* sanitizers and valgrind take faults for themselves */
        return cmocka_run_group_tests(without_faults, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
