/* SPDX-License-Identifier: MIT
 *
 * force_irql.c: option force_irql: touching paged pool at DISPATCH_LEVEL. Each test is a process of its own, for the library
 * takes SIGSEGV over. */
#include "../api/test.h"

#include "tagpool/verifier.h"
#include "tagpool/wdk/irql.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#define UNIT ((size_t)65536)

#if defined(__SANITIZE_THREAD__)
#define HANDLERS_BLOCK true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HANDLERS_BLOCK true
#endif
#endif
#ifndef HANDLERS_BLOCK
#define HANDLERS_BLOCK false
#endif

static volatile char *paged(size_t bytes)
{
    volatile char *block = tagpool_alloc(TAGPOOL_PAGED, bytes, TAGPOOL_TAG('W', 'a', 'v', 'e'));
    check(block != NULL);
    return block;
}

static void drop(volatile char *block)
{
    tagpool_free((void *)block);
}

static void force(void)
{
    same(tagpool_start("force_irql=on"), TAGPOOL_OK);
}

/* Does the platform tell reads from writes, and which instruction it was? */
#if defined(__x86_64__) || defined(__i386__)
#define TELLS true
#else
#define TELLS false
#endif

/* Was one bug check 0xD1 reported for this access, with this block? */
static bool touched(volatile char *address, unsigned level, unsigned access, volatile char *block, size_t bytes)
{
    bool known = caught.has_block == (block != NULL);
    if (known && block != NULL)
        known = caught.block.address == block && caught.block.bytes == bytes && caught.block.pool == TAGPOOL_PAGED &&
                caught.block.tag == TAGPOOL_TAG('W', 'a', 'v', 'e');
    return mistake(0xD1, (uintptr_t)address) && caught.parameter[1] == level &&
           caught.parameter[2] == (TELLS ? access : 0) && known;
}

/* The access itself, so that its instruction lies between two known addresses: in one function, not a copy for a constant. */
#if defined(__clang__)
#define ONE_COPY __attribute__((noinline))
#else
#define ONE_COPY __attribute__((noinline, noclone))
#endif

ONE_COPY static char read_byte(volatile char *address)
{
    return *address;
}

ONE_COPY static void write_byte(volatile char *address, char value)
{
    *address = value;
}

/* "At DISPATCH_LEVEL and above a touch is bug check 0xD1 (address, IRQL, 0 read or 1 write ..., instruction)", with the block;
 * "if the handler returns the access is let through". */
static void a_touch_at_dispatch_level(void)
{
    force();
    volatile char *block = paged(100);
    block[50] = 'x';
    KfRaiseIrql(DISPATCH_LEVEL);
    same(read_byte(block + 50), 'x');
    check(touched(block + 50, DISPATCH_LEVEL, 0, block, 100));
    check(!TELLS || caught.parameter[3] - (uintptr_t)read_byte < 64);
    KfLowerIrql(PASSIVE_LEVEL);
    KfRaiseIrql(HIGH_LEVEL);
    write_byte(block + 99, 'y');
    check(touched(block + 99, HIGH_LEVEL, 1, block, 100));
    check(!TELLS || caught.parameter[3] - (uintptr_t)write_byte < 64);
    KfLowerIrql(PASSIVE_LEVEL);
    check(block[50] == 'x' && block[99] == 'y');
    same(caught_count, 0);
    drop(block);
}


/* A touch of nonpaged pool, or of any other memory, is none; nor is one of paged pool below DISPATCH_LEVEL. */
static void other_touches(void)
{
    force();
    volatile char *block = paged(100);
    volatile char *nonpaged = tagpool_alloc(TAGPOOL_NONPAGED, 100, fresh_tag());
    volatile char *heap = malloc(100);
    KfRaiseIrql(APC_LEVEL);
    block[0] = 1;
    same(tagpool_irql_trims(), 0);
    KfRaiseIrql(DISPATCH_LEVEL);
    same(tagpool_irql_trims(), 1);
    nonpaged[0] = heap[0] = 1;
    KfLowerIrql(APC_LEVEL);
    block[0] = 2;
    KfLowerIrql(PASSIVE_LEVEL);
    same(caught_count, 0);
    drop(block);
    drop(nonpaged);
    free((void *)heap);
}

/* "How often option force_irql has trimmed paged pool: each time a thread came to DISPATCH_LEVEL or above": by any routine. */
static void trims_are_counted(void)
{
    KSPIN_LOCK lock = 0;
    KIRQL old;
    KfRaiseIrql(DISPATCH_LEVEL);
    KfLowerIrql(PASSIVE_LEVEL);
    same(tagpool_irql_trims(), 0);
    force();
    drop(paged(100));
    KfRaiseIrql(APC_LEVEL);
    KfRaiseIrql(DISPATCH_LEVEL);
    KfRaiseIrql(HIGH_LEVEL);
    KfLowerIrql(DISPATCH_LEVEL);
    KeAcquireSpinLock(&lock, &old);
    KeReleaseSpinLock(&lock, old);
    same(tagpool_irql_trims(), 1);
    KfLowerIrql(APC_LEVEL);
    KeAcquireSpinLock(&lock, &old);
    same(tagpool_irql_trims(), 2);
    KeReleaseSpinLock(&lock, PASSIVE_LEVEL);
    tagpool_irql_set(DISPATCH_LEVEL);
    same(tagpool_irql_trims(), 3);
    tagpool_irql_set(PASSIVE_LEVEL);
    same(tagpool_irql_trims(), 3);
}

/* A spin lock in paged pool is touched at DISPATCH_LEVEL by whoever acquires it. */
static void a_spin_lock_in_paged_pool(void)
{
    force();
    volatile char *block = paged(100);
    KSPIN_LOCK *lock = (void *)block;
    KeInitializeSpinLock(lock);
    KIRQL old = KeAcquireSpinLockRaiseToDpc(lock);
    check(touched(block, DISPATCH_LEVEL, 1, block, 100));
    KeReleaseSpinLock(lock, old);
    same(caught_count, 0);
    drop(block);
}

/* The report names the block: a big one by any of its pages, a freed one by its tag; none where no block ever was. */
static void the_report_names_the_block(void)
{
    same(tagpool_start("checker=off"), TAGPOOL_OK); /* a checker would see the touch of a freed block first */
    force();
    volatile char *big = paged(5 * UNIT);
    volatile char *freed = paged(100);
    volatile char *other = paged(100);
    drop(freed);
    KfRaiseIrql(DISPATCH_LEVEL);
    write_byte(big + 4 * UNIT + 17, 1);
    check(touched(big + 4 * UNIT + 17, DISPATCH_LEVEL, 1, big, 5 * UNIT));
    (void)read_byte(freed);
    check(touched(freed, DISPATCH_LEVEL, 0, freed, 0));
    same(caught.block.charged, 112);
    KfLowerIrql(PASSIVE_LEVEL);
    KfRaiseIrql(DISPATCH_LEVEL);
    (void)read_byte(other + 30000);
    check(touched(other + 30000, DISPATCH_LEVEL, 0, NULL, 0));
    KfLowerIrql(PASSIVE_LEVEL);
    drop(big);
    drop(other);
}

/* Each unit of 64 KiB is reported by its first touch, however many others are let through; and again after the next trim. */
static void every_unit_is_reported(void)
{
    enum { UNITS = 40 };
    force();
    volatile char *block = paged(UNITS * UNIT);
    for (int round = 0; round < 3; round++) {
        KfRaiseIrql(DISPATCH_LEVEL);
        for (size_t i = 0; i < UNITS; i++) {
            write_byte(block + i * UNIT, (char)i);
            check(touched(block + i * UNIT, DISPATCH_LEVEL, 1, block, UNITS * UNIT));
            same(read_byte(block + i * UNIT), (char)i);
            same(caught_count, 0);
        }
        KfLowerIrql(PASSIVE_LEVEL);
    }
    drop(block);
}

/* "It may longjmp": as often as it likes, from whatever stack the handler ran on; the signal is not left blocked. */
static void the_handler_jumps_out(void)
{
    static char stack[1 << 16];
    jmp_buf jump;
    if (HANDLERS_BLOCK)
        skip_because("ThreadSanitizer runs handlers with all signals blocked, which longjmp() does not undo");
    force();
    volatile char *block = paged(100);
    for (volatile int i = 0; i < 100; i++) {
        if (i == 50)
            same(sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL), 0);
        KfRaiseIrql(DISPATCH_LEVEL);
        caught_jump = &jump;
        if (setjmp(jump) == 0) {
            write_byte(block, 1);
            check(!"the access was let through");
        }
        caught_jump = NULL;
        check(touched(block, DISPATCH_LEVEL, 1, block, 100));
        KfLowerIrql(PASSIVE_LEVEL);
        sigset_t mask;
        sigprocmask(SIG_BLOCK, NULL, &mask);
        check(!sigismember(&mask, SIGSEGV));
    }
    drop(block);
}

static void read_everything(const struct tagpool_bugcheck *bugcheck, void *block)
{
    catch_bugcheck(bugcheck, NULL);
    for (size_t i = 0; i < 10 * UNIT; i += 100)
        ((volatile char *)block)[i]++;
    errno = EDOM;
}

/* The handler may look at paged pool itself, at the level that it runs at; the access that is let through leaves errno alone. */
static void the_handler_touches_paged_pool(void)
{
    force();
    volatile char *block = paged(10 * UNIT);
    memset((void *)block, 0, 10 * UNIT);
    tagpool_bugcheck_handler_set(read_everything, (void *)block);
    KfRaiseIrql(DISPATCH_LEVEL);
    errno = 12345;
    same(read_byte(block + 5 * UNIT), 0);
    same(errno, 12345);
    check(touched(block + 5 * UNIT, DISPATCH_LEVEL, 0, block, 10 * UNIT));
    KfLowerIrql(PASSIVE_LEVEL);
    for (size_t i = 0; i < 10 * UNIT; i += 100)
        same(block[i], 1);
    drop(block);
}

/* ---- Several threads ---- */

static volatile char *shared;
static pthread_barrier_t barrier;

static void meet(void)
{
    pthread_barrier_wait(&barrier);
}

static void *stay_raised(void *unused)
{
    KfRaiseIrql(DISPATCH_LEVEL);
    meet(); /* trimmed */
    meet(); /* the others have looked */
    KfLowerIrql(PASSIVE_LEVEL);
    return unused;
}

static pthread_t start_thread(void *(*body)(void *))
{
    pthread_t thread;
    same(pthread_create(&thread, NULL, body, NULL), 0);
    return thread;
}

/* "A thread below DISPATCH_LEVEL that touches it gets it back without noticing": also without a change of errno. "A system call
 * does not page in: given trimmed memory it fails with EFAULT." "When all threads are below DISPATCH_LEVEL the pool is as
 * before." */
static void threads_below_do_not_notice(void)
{
    int zero = open("/dev/zero", O_RDONLY);
    force();
    shared = paged(4 * UNIT);
    memset((void *)shared, 'x', 4 * UNIT);
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_t thread = start_thread(stay_raised);
    meet();
    same(read(zero, (void *)shared, 1), -1);
    same(errno, EFAULT);
    errno = 12345;
    for (size_t i = 0; i < 4 * UNIT; i++)
        check(shared[i] == 'x');
    same(errno, 12345);
    same(read(zero, (void *)shared, 1), 1);
    meet();
    pthread_join(thread, NULL);
    KfRaiseIrql(DISPATCH_LEVEL);
    same(read(zero, (void *)(shared + UNIT), 1), -1);
    KfLowerIrql(PASSIVE_LEVEL);
    same(read(zero, (void *)(shared + UNIT), 1), 1);
    same(caught_count, 0);
    drop(shared);
}

/* Paged pool stays trimmed until the last thread is low again; a raise trims what was paged in before. */
static void the_last_thread_ends_it(void)
{
    int zero = open("/dev/zero", O_RDONLY);
    force();
    shared = paged(4 * UNIT);
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_t thread = start_thread(stay_raised);
    meet();
    shared[0] = 1;
    KfRaiseIrql(DISPATCH_LEVEL);
    same(tagpool_irql_trims(), 2);
    same(read_byte(shared), 1);
    check(touched(shared, DISPATCH_LEVEL, 0, shared, 4 * UNIT));
    KfLowerIrql(PASSIVE_LEVEL);
    same(read(zero, (void *)(shared + UNIT), 1), -1);
    meet();
    pthread_join(thread, NULL);
    same(read(zero, (void *)(shared + UNIT), 1), 1);
    drop(shared);
}

/* However many places a thread below touches: every second unit of many. */
static void threads_below_touch_much(void)
{
    enum { UNITS = 2400 };
    force();
    shared = tagpool_alloc(TAGPOOL_PAGED, UNITS * UNIT, fresh_tag());
    if (shared == NULL)
        skip_because("there is not so much address space");
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_t thread = start_thread(stay_raised);
    meet();
    for (size_t i = 0; i < UNITS; i += 2)
        shared[i * UNIT + i] = (char)i;
    for (size_t i = 0; i < UNITS; i++)
        same(shared[i * UNIT + i], i % 2 == 0 ? (char)i : 0);
    meet();
    pthread_join(thread, NULL);
    same(caught_count, 0);
    drop(shared);
}

enum { WORKERS = 3, KEPT = 64, ROUNDS = 1500 };
static bool stop;
static unsigned long raises;

static void *raise_and_lower(void *unused)
{
    KSPIN_LOCK lock = 0;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        KIRQL old = KeAcquireSpinLockRaiseToDpc(&lock);
        raises++;
        if (raises % 16 == 0)
            usleep(100);
        KeReleaseSpinLock(&lock, old);
    }
    return unused;
}

/* Blocks of all sizes come and go, zeroed or not, resized or not, and keep what was written. */
static void *use_paged_pool(void *unused)
{
    static const size_t sizes[] = {24, 100, 1000, 4096, 5000, 70000, 300000};
    unsigned seed = (unsigned)(uintptr_t)pthread_self() | 1;
    struct {
        void *block;
        size_t bytes;
    } kept[KEPT] = {{NULL, 0}};
    for (unsigned i = 0; i < ROUNDS + KEPT; i++) {
        unsigned at = i % KEPT;
        if (kept[at].block != NULL) {
            check(filled(kept[at].block, kept[at].bytes, at));
            tagpool_free(kept[at].block);
            kept[at].block = NULL;
        }
        if (i >= ROUNDS)
            continue;
        seed = seed * 1103515245 + 12345;
        kept[at].bytes = sizes[(seed >> 16) % (sizeof sizes / sizeof *sizes)];
        if (seed >> 30 == 0) {
            unsigned char *zeroed = tagpool_zalloc(TAGPOOL_PAGED, kept[at].bytes, TAGPOOL_TAG('W', 'a', 'v', 'e'));
            for (size_t j = 0; j < kept[at].bytes; j++)
                check(zeroed[j] == 0);
            kept[at].block = zeroed;
        } else {
            kept[at].block = tagpool_alloc(TAGPOOL_PAGED, kept[at].bytes, TAGPOOL_TAG('W', 'a', 'v', 'e'));
        }
        fill(kept[at].block, kept[at].bytes, at);
        if (i % 100 == 0)
            tagpool_trim();
    }
    return unused;
}

/* The allocator goes on for threads below: it commits, gives memory back, zeroes and checks patterns, without a report. */
static void pools_are_used_meanwhile(const char *options)
{
    pthread_t worker[WORKERS];
    force();
    same(tagpool_start(options), TAGPOOL_OK);
    pthread_t raiser = start_thread(raise_and_lower);
    for (int i = 0; i < WORKERS; i++)
        worker[i] = start_thread(use_paged_pool);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(worker[i], NULL);
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    pthread_join(raiser, NULL);
    same(tagpool_irql_trims(), raises);
    check(raises > 0);
    same(caught_count, 0);
}

static void pools_are_used_while_others_are_raised(void)
{
    pools_are_used_meanwhile("tail_check=off");
}

static void checked_pools_are_used_while_others_are_raised(void)
{
    pools_are_used_meanwhile("tail_check=on free_check=on cache=0");
}

/* ---- Special pool ---- */

#define SPECIAL "force_irql=on special=Wave stack_frames=0 special_guard="

/* "That holds for paged blocks of special pool, too": first and last byte, small and big, not nonpaged ones; again after the next
 * raise; what is allocated and freed in between as before. */
static void special_pool_with(const char *options)
{
    struct tagpool_special_use use;
    same(tagpool_start(options), TAGPOOL_OK);
    volatile char *block = paged(100);
    volatile char *big = paged(3 * PAGE + 5);
    volatile char *nonpaged = tagpool_alloc(TAGPOOL_NONPAGED, 100, TAGPOOL_TAG('W', 'a', 'v', 'e'));
    tagpool_special_read(&use);
    same(use.blocks, 3);
    block[99] = 'x';
    for (unsigned level = DISPATCH_LEVEL; level <= HIGH_LEVEL; level += HIGH_LEVEL - DISPATCH_LEVEL) {
        KfRaiseIrql((KIRQL)level);
        nonpaged[0] = 1;
        same(caught_count, 0);
        same(read_byte(block + 99), 'x');
        check(touched(block + 99, level, 0, block, 100));
        write_byte(block, 'y');
        same(caught_count, 0); /* let through once is let through until the next trim */
        write_byte(big + 3 * PAGE + 4, 'z');
        check(touched(big + 3 * PAGE + 4, level, 1, big, 3 * PAGE + 5));
        KfLowerIrql(PASSIVE_LEVEL);
        check(block[0] == 'y' && block[99] == 'x' && big[3 * PAGE + 4] == 'z');
        same(caught_count, 0);
        drop(block);
        block = paged(100);
        block[99] = 'x';
        same(tagpool_validate(), TAGPOOL_OK);
    }
    drop(block);
    drop(big);
    drop(nonpaged);
    same(caught_count, 0);
    same(tagpool_validate(), TAGPOOL_OK);
}

static void marked_special_pool(void)
{
    special_pool_with(SPECIAL "mark");
}

static void protected_special_pool(void)
{
    special_pool_with(SPECIAL "protect");
}

static void patterned_special_pool(void)
{
    special_pool_with(SPECIAL "pattern");
}

/* "What a touch of the pages around them is, or of a freed one, stays as it is without this option." */
static void beside_special_blocks(void)
{
    same(tagpool_start(SPECIAL "mark"), TAGPOOL_OK);
    volatile char *block = paged(PAGE);
    volatile char *freed = paged(PAGE);
    drop(freed);
    KfRaiseIrql(DISPATCH_LEVEL);
    (void)read_byte(block + PAGE);
    check(mistake(0xCD, (uintptr_t)block + PAGE));
    same(tagpool_irql(), DISPATCH_LEVEL);
    (void)read_byte(freed + 5);
    check(mistake(0xCC, (uintptr_t)freed + 5));
    same(tagpool_irql(), DISPATCH_LEVEL);
    (void)read_byte(block + 5);
    check(touched(block + 5, DISPATCH_LEVEL, 0, block, PAGE));
    KfLowerIrql(PASSIVE_LEVEL);
    same(block[5], 0);
    drop(block);
    same(caught_count, 0);
}

/* Threads below DISPATCH_LEVEL allocate, use and free such blocks, by pages and by patterns, while another is raised and lowered;
 * what is freed meanwhile is as inaccessible as ever: it would not read zero when it is used again. */
static void special_pool_is_used_while_others_are_raised(void)
{
    pools_are_used_meanwhile(SPECIAL "mark special_pages=600");
}

static void protected_special_pool_is_used_while_others_are_raised(void)
{
    pools_are_used_meanwhile(SPECIAL "protect special_pages=600");
}

static void patterned_special_pool_is_used_while_others_are_raised(void)
{
    if (HANDLERS_BLOCK)
        skip_because("neighbours share a page with a pattern: one may look while the other writes what is there already");
    pools_are_used_meanwhile(SPECIAL "pattern special_pages=600");
}

/* ---- fork ---- */

static void touch_in_child(void)
{
    in_child = true;
    KIRQL level = KeGetCurrentIrql();
    write_byte(shared, 2);
    if (level < DISPATCH_LEVEL)
        same(caught_count, 0);
    else
        check(touched(shared, level, 1, shared, 100));
    same(read(open("/dev/zero", O_RDONLY), (void *)(shared + 50), 1), 1);
    _exit(0);
}

/* The child of a raised thread is raised; that of another one has all of its pool, whoever was raised in the parent. */
static void a_child_has_the_level_of_its_thread(void)
{
    int status;
    force();
    shared = paged(100);
    KfRaiseIrql(DISPATCH_LEVEL);
    pid_t pid = fork();
    if (pid == 0)
        touch_in_child();
    same(waitpid(pid, &status, 0), pid);
    same(status, 0);
    KfLowerIrql(PASSIVE_LEVEL);

    pthread_barrier_init(&barrier, NULL, 2);
    pthread_t thread = start_thread(stay_raised);
    meet();
    pid = fork();
    if (pid == 0) {
        if (read(open("/dev/zero", O_RDONLY), (void *)shared, 1) != 1)
            _exit(98);
        touch_in_child();
    }
    same(waitpid(pid, &status, 0), pid);
    same(status, 0);
    meet();
    pthread_join(thread, NULL);
    drop(shared);
}

/* ---- The option, the hook ---- */

/* Switched off while a thread is raised: that one's lowering still gives the pool back, and later raises do nothing. */
static void the_option_goes_off(void)
{
    force();
    volatile char *block = paged(100);
    KfRaiseIrql(DISPATCH_LEVEL);
    same(tagpool_start("force_irql=off"), TAGPOOL_OK);
    KfLowerIrql(PASSIVE_LEVEL);
    KfRaiseIrql(DISPATCH_LEVEL);
    block[0] = 1;
    same(tagpool_irql_trims(), 1);
    same(caught_count, 0);
    KfLowerIrql(PASSIVE_LEVEL);
    drop(block);
}

static unsigned simulated(void *context)
{
    return *(unsigned *)context;
}

/* "A simulator with a hook calls it after each change of a level, if option force_irql is to see the change." */
static void a_simulator_says_when_its_level_changes(void)
{
    static unsigned level = PASSIVE_LEVEL;
    tagpool_irql_hook_set(simulated, &level);
    force();
    volatile char *block = paged(100);
    level = 9;
    block[0] = 1; /* the change has not been told */
    same(tagpool_irql_trims(), 0);
    tagpool_irql_set(level);
    same(tagpool_irql_trims(), 1);
    write_byte(block, 2);
    check(touched(block, 9, 1, block, 100));
    level = PASSIVE_LEVEL;
    tagpool_irql_set(level);
    KfRaiseIrql(DISPATCH_LEVEL);
    block[0] = 3;
    same(tagpool_irql_trims(), 1);
    tagpool_irql_hook_set(NULL, NULL);
    same(KeGetCurrentIrql(), PASSIVE_LEVEL);
    drop(block);
}

/* ---- Signals ---- */

static volatile char *volatile wild = (volatile char *)8; /* what the compiler need not know */
static sigjmp_buf back;
static volatile int asked;
static const void *volatile asked_address;

static void take_signal(int number)
{
    asked += number == SIGSEGV;
    siglongjmp(back, 1);
}

static void take_info(int number, siginfo_t *info, void *context)
{
    asked += number == SIGSEGV && context != NULL;
    asked_address = info->si_addr;
    siglongjmp(back, 1);
}

static void take_signals(bool with_info)
{
    struct sigaction action = {.sa_handler = take_signal};
    if (with_info) {
        action.sa_sigaction = take_info;
        action.sa_flags = SA_SIGINFO;
    }
    same(sigaction(SIGSEGV, &action, NULL), 0);
}

/* Touches an address of nobody's, again and again, and wants each fault handed on. */
static void want_faults_handed_on(bool with_info)
{
    volatile char *nowhere = mmap(NULL, UNIT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (volatile int i = 0; i < 10; i++) {
        int before = asked;
        if (sigsetjmp(back, 1) == 0) {
            write_byte(nowhere + i, 1);
            check(!"the access was let through");
        }
        same(asked, before + 1);
        check(!with_info || asked_address == nowhere + i);
    }
}

/* "Works by SIGSEGV and SIGBUS, which go on to whoever had them before": a handler of either kind, from before the first trim. */
static void faults_go_to_the_earlier_handler(bool with_info)
{
    take_signals(with_info);
    force();
    volatile char *block = paged(100);
    for (int i = 0; i < 3; i++) {
        KfRaiseIrql(DISPATCH_LEVEL);
        write_byte(block, 1);
        check(touched(block, DISPATCH_LEVEL, 1, block, 100));
        want_faults_handed_on(with_info);
        KfLowerIrql(PASSIVE_LEVEL);
        want_faults_handed_on(with_info);
    }
    drop(block);
}

static void faults_go_to_an_earlier_plain_handler(void)
{
    faults_go_to_the_earlier_handler(false);
}

static void faults_go_to_an_earlier_handler_with_info(void)
{
    faults_go_to_the_earlier_handler(true);
}

/* Who takes the signals over later loses them at the next trim, and is asked about what is left, as a test runner would be. */
static void faults_go_to_a_later_handler(void)
{
    force();
    volatile char *block = paged(100);
    KfRaiseIrql(DISPATCH_LEVEL);
    KfLowerIrql(PASSIVE_LEVEL);
    for (int i = 0; i < 4; i++) {
        take_signals(i % 2 == 1);
        KfRaiseIrql(DISPATCH_LEVEL);
        write_byte(block, 1);
        check(touched(block, DISPATCH_LEVEL, 1, block, 100));
        want_faults_handed_on(i % 2 == 1);
        KfLowerIrql(PASSIVE_LEVEL);
    }
    drop(block);
}

static struct sigaction before_mine;
static volatile int mine;

static void hand_back(int number, siginfo_t *info, void *context)
{
    mine++;
    before_mine.sa_sigaction(number, info, context);
}

/* A later handler that hands on to the library, which hands on to it: the process ends by the signal, and not in a circle. */
static void handlers_in_a_circle(void)
{
    struct sigaction action = {.sa_sigaction = hand_back, .sa_flags = SA_SIGINFO};
    tagpool_bugcheck_handler_set(catch_bugcheck, NULL);
    force();
    volatile char *block = paged(100);
    KfRaiseIrql(DISPATCH_LEVEL);
    KfLowerIrql(PASSIVE_LEVEL);
    same(sigaction(SIGSEGV, &action, &before_mine), 0);
    KfRaiseIrql(DISPATCH_LEVEL);
    write_byte(block, 1);
    check(touched(block, DISPATCH_LEVEL, 1, block, 100));
    same(mine, 0);
    KfLowerIrql(PASSIVE_LEVEL);
    *wild = 1;
}

static void crash_while_raised(void)
{
    force();
    paged(100);
    KfRaiseIrql(DISPATCH_LEVEL);
    *wild = 1;
}

static void be_killed(void)
{
    force();
    paged(100);
    KfRaiseIrql(DISPATCH_LEVEL);
    kill(getpid(), SIGSEGV);
    sleep(5);
}

static void crash_though_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    force();
    paged(100);
    KfRaiseIrql(DISPATCH_LEVEL);
    kill(getpid(), SIGSEGV); /* is ignored */
    check(write(STDERR_FILENO, "here", 4) == 4);
    *wild = 1;
}

/* Memory of paged pool that somebody else protects: the fault is not the library's, and no endless loop. */
static void touch_what_another_protects(void)
{
    force();
    volatile char *block = paged(4 * UNIT);
    KfRaiseIrql(DISPATCH_LEVEL);
    KfLowerIrql(PASSIVE_LEVEL);
    same(mprotect((void *)(block + UNIT), UNIT, PROT_NONE), 0);
    block[UNIT] = 1;
}

/* Paged pool cannot be executed, whatever the handler says. */
static void execute_paged_pool(void)
{
    force();
    volatile char *block = paged(100);
    block[0] = (char)0xC3;
    KfRaiseIrql(DISPATCH_LEVEL);
    tagpool_bugcheck_handler_set(NULL, NULL);
    tagpool_sink_set(NULL, NULL);
    void (*code)(void);
    memcpy(&code, &block, sizeof code);
    code();
}

static void touch_with_the_default_handler(void)
{
    force();
    volatile char *block = paged(100);
    tagpool_bugcheck_handler_set(NULL, NULL);
    tagpool_sink_set(NULL, NULL);
    KfRaiseIrql(DISPATCH_LEVEL);
    block[7] = 1;
}

static bool dies_by_segv(void (*body)(void))
{
    static struct child child;
    child_run(&child, body);
    bool right = WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGSEGV;
    if (!right)
        fprintf(stderr, "status 0x%X\n%s", (unsigned)child.status, child.text);
    return right;
}

/* A crash of another kind ends the process as it would have without the library. */
static void other_crashes_stay_crashes(void **state)
{
    static struct child child;
    (void)state;
    check(dies_by_segv(crash_while_raised));
    check(dies_by_segv(be_killed));
    check(dies_by_segv(handlers_in_a_circle));
    check(dies_by_segv(touch_what_another_protects));
    child_run(&child, crash_though_ignored);
    check(WIFSIGNALED(child.status) && WTERMSIG(child.status) == SIGSEGV && strstr(child.text, "here"));
}

/* The default handler prints bug check 0xD1 with tag and size of the block, and aborts. */
static void the_default_handler(void **state)
{
    static struct child child;
    (void)state;
    child_run(&child, touch_with_the_default_handler);
    check(child_aborted(&child));
    check(has_hex(child.text, 0xD1) && strstr(child.text, "Wave") && strstr(child.text, "100 bytes"));
    child_run(&child, execute_paged_pool);
    check(child_aborted(&child));
    check(has_hex(child.text, 0xD1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(a_touch_at_dispatch_level),
        fresh_test(other_touches),
        fresh_test(trims_are_counted),
        fresh_test(a_spin_lock_in_paged_pool),
        fresh_test(the_report_names_the_block),
        fresh_test(every_unit_is_reported),
        fresh_test(the_handler_jumps_out),
        fresh_test(the_handler_touches_paged_pool),
        fresh_test(threads_below_do_not_notice),
        fresh_test(the_last_thread_ends_it),
        fresh_test(threads_below_touch_much),
        fresh_test(pools_are_used_while_others_are_raised),
        fresh_test(checked_pools_are_used_while_others_are_raised),
        fresh_test(marked_special_pool),
        fresh_test(protected_special_pool),
        fresh_test(patterned_special_pool),
        fresh_test(beside_special_blocks),
        fresh_test(special_pool_is_used_while_others_are_raised),
        fresh_test(protected_special_pool_is_used_while_others_are_raised),
        fresh_test(patterned_special_pool_is_used_while_others_are_raised),
        fresh_test(a_child_has_the_level_of_its_thread),
        fresh_test(the_option_goes_off),
        fresh_test(a_simulator_says_when_its_level_changes),
        fresh_test(faults_go_to_an_earlier_plain_handler),
        fresh_test(faults_go_to_an_earlier_handler_with_info),
        fresh_test(faults_go_to_a_later_handler),
        cmocka_unit_test(other_crashes_stay_crashes),
        cmocka_unit_test(the_default_handler),
    };
    return cmocka_run_group_tests_name("force-IRQL checking", tests, NULL, NULL);
}
