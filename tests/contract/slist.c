/* SPDX-License-Identifier: MIT
 *
 * slist.c: tests of sequenced singly linked lists. */
#include "../api/test.h"

#include <pthread.h>
#include <sys/mman.h>

#include "tagpool/wdk.h"
#include "tagpool/wdk/irql.h"
#include "tagpool/wdk/slist.h"

#define ENTRIES 300

struct item {
    SLIST_ENTRY entry;
    unsigned number;
    unsigned owners; /* how many threads hold it */
} __attribute__((aligned(16)));

static struct item items[ENTRIES];

static void setup(PSLIST_HEADER head)
{
    memset(head, 0xA5, sizeof *head);
    InitializeSListHead(head);
    for (unsigned i = 0; i < ENTRIES; i++)
        items[i].number = i;
}

/* What inline code of DDK headers reads: "Depth in the low 16 bits". */
static unsigned inline_depth(const SLIST_HEADER *head)
{
#if __SIZEOF_POINTER__ == 8
    return (USHORT)(head->Alignment & 0xFFFF);
#else
    return head->Depth;
#endif
}

/* "Makes ListHead an empty list." */
static void empty(void **state)
{
    SLIST_HEADER head, other;
    (void)state;
    setup(&head);
    check(ExpInterlockedPopEntrySList(&head) == NULL);
    check(ExpInterlockedFlushSList(&head) == NULL && ExInterlockedFlushSList(&head) == NULL);
    check(FirstEntrySList(&head) == NULL && RtlFirstEntrySList(&head) == NULL);
    same(ExQueryDepthSList(&head), 0);
    memset(&other, 0x5A, sizeof other);
    ExInitializeSListHead(&other);
    check(memcmp(&head, &other, sizeof head) == 0);
}

/* "Takes the first entry out of the list and returns it"; "Puts an entry before all others and returns the one that was
 * first". */
static void push_and_pop(void **state)
{
    SLIST_HEADER head;
    (void)state;
    setup(&head);
    for (unsigned i = 0; i < ENTRIES; i++) {
        PSLIST_ENTRY before = i == 0 ? NULL : &items[i - 1].entry;
        check(ExpInterlockedPushEntrySList(&head, &items[i].entry) == before);
        check(items[i].entry.Next == before);
        check(FirstEntrySList(&head) == &items[i].entry && RtlFirstEntrySList(&head) == &items[i].entry);
        same(ExQueryDepthSList(&head), i + 1);
        same(inline_depth(&head), i + 1);
    }
    for (unsigned i = ENTRIES; i-- > 0;) {
        check(ExpInterlockedPopEntrySList(&head) == &items[i].entry);
        same(ExQueryDepthSList(&head), i);
        same(inline_depth(&head), i);
    }
    check(ExpInterlockedPopEntrySList(&head) == NULL);
}

/* The forms with a lock, which may be NULL, and the macros without. */
static void other_names(void **state)
{
    SLIST_HEADER head;
    KSPIN_LOCK spin_lock = 0;
    (void)state;
    setup(&head);
    check(ExInterlockedPushEntrySList(&head, &items[0].entry, &spin_lock) == NULL);
    check(ExInterlockedPushEntrySList(&head, &items[1].entry, NULL) == &items[0].entry);
    check(InterlockedPushEntrySList(&head, &items[2].entry) == &items[1].entry);
    same(QueryDepthSList(&head), 3);
    check(ExInterlockedPopEntrySList(&head, NULL) == &items[2].entry);
    check(InterlockedPopEntrySList(&head) == &items[1].entry);
    check(InterlockedFlushSList(&head) == &items[0].entry);
    same(QueryDepthSList(&head), 0);
}

/* "Empties the list and returns its entries, chained by Next." */
static void flush(void **state)
{
    SLIST_HEADER head;
    (void)state;
    setup(&head);
    for (unsigned i = 0; i < ENTRIES; i++)
        ExpInterlockedPushEntrySList(&head, &items[i].entry);
    PSLIST_ENTRY entry = ExpInterlockedFlushSList(&head);
    for (unsigned i = ENTRIES; i-- > 0; entry = entry->Next)
        check(entry == &items[i].entry);
    check(entry == NULL);
    same(ExQueryDepthSList(&head), 0);
    check(FirstEntrySList(&head) == NULL);
    check(ExpInterlockedPushEntrySList(&head, &items[0].entry) == NULL);
    check(ExpInterlockedPopEntrySList(&head) == &items[0].entry);
}

/* On 64 bit the header has the DDK's fields: NextEntry is the address without its lower four bits. */
static void layout(void **state)
{
    SLIST_HEADER head;
    (void)state;
    setup(&head);
    ExpInterlockedPushEntrySList(&head, &items[7].entry);
#if __SIZEOF_POINTER__ == 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    same((uintptr_t)head.HeaderX64.NextEntry << 4, (uintptr_t)&items[7].entry);
    same(head.HeaderX64.Depth, 1);
    ULONGLONG sequence = head.HeaderX64.Sequence;
    ExpInterlockedPushEntrySList(&head, &items[8].entry);
    check(head.HeaderX64.Sequence != sequence);
#elif __SIZEOF_POINTER__ == 4
    check(head.Next.Next == &items[7].entry);
    same(head.Depth, 1);
#endif
}

/* "The number of entries, modulo 65,536": the list itself is whole beyond that. */
static void more_than_the_depth_can_say(void **state)
{
    enum { MANY = 70000 };
    SLIST_HEADER head;
    struct item *many = aligned_alloc(16, MANY * sizeof *many);
    (void)state;
    check(many != NULL);
    setup(&head);
    for (unsigned i = 0; i < MANY; i++)
        ExpInterlockedPushEntrySList(&head, &many[i].entry);
    same(ExQueryDepthSList(&head), MANY - 65536);
    for (unsigned i = MANY; i-- > 0;)
        check(ExpInterlockedPopEntrySList(&head) == &many[i].entry);
    same(ExQueryDepthSList(&head), 0);
    free(many);
}

/* "Bug check 0xC2/0x46 for NULL, 0xC2/0x07 (0, 0, entry) for the entry that is the first already; the list then stays." */
static void mistakes(void **state)
{
    SLIST_HEADER head;
    (void)state;
    setup(&head);
    ExpInterlockedPushEntrySList(&head, &items[0].entry);
    ExpInterlockedPushEntrySList(&head, &items[1].entry);
    check(ExpInterlockedPushEntrySList(&head, NULL) == NULL);
    check(mistake(0xC2, 0x46));
    ExpInterlockedPushEntrySList(&head, &items[1].entry);
    check(mistake(0xC2, 0x07) && caught.parameter[3] == (uintptr_t)&items[1]);
    same(ExQueryDepthSList(&head), 2);
    check(ExpInterlockedPopEntrySList(&head) == &items[1].entry && ExpInterlockedPopEntrySList(&head) == &items[0].entry);
}

/* "On 64 bit the header and every entry are aligned to 16 bytes": finding 0x1E/0x80000002 for an entry; for a header the
 * status is raised. */
static void misaligned(void **state)
{
    SLIST_HEADER head;
    static void *memory[8] __attribute__((aligned(16)));
    (void)state;
    if (sizeof(void *) == 4)
        skip();
    setup(&head);
    ExpInterlockedPushEntrySList(&head, (PSLIST_ENTRY)(void *)&memory[1]);
    check(finding(0x1E, 0x80000002) && caught.parameter[3] == (uintptr_t)&memory[1]);
    check((void *)ExpInterlockedPopEntrySList(&head) == &memory[1]);
    InitializeSListHead((PSLIST_HEADER)(void *)&memory[3]);
    check(mistake(0x1E, 0x80000002));
}

/* Random operations on a few lists, against stacks that remember the same. */
static void random_operations(void **state)
{
    enum { LISTS = 5 };
    static SLIST_HEADER heads[LISTS];
    static unsigned stack[LISTS][ENTRIES];
    unsigned height[LISTS] = {0}, spare[ENTRIES], spares = ENTRIES, random = 12345;
    (void)state;
    for (int l = 0; l < LISTS; l++)
        setup(&heads[l]);
    for (unsigned i = 0; i < ENTRIES; i++)
        spare[i] = i;
    for (int step = 0; step < 200000; step++) {
        random = random * 1103515245 + 12345;
        unsigned l = (random >> 16) % LISTS, what = (random >> 8) % 64;
        PSLIST_ENTRY top = height[l] == 0 ? NULL : &items[stack[l][height[l] - 1]].entry;
        if (what == 0) {
            PSLIST_ENTRY entry = ExpInterlockedFlushSList(&heads[l]);
            for (; height[l] != 0; entry = entry->Next) {
                check(entry == &items[stack[l][--height[l]]].entry);
                spare[spares++] = stack[l][height[l]];
            }
            check(entry == NULL);
        } else if (what < 40 && spares != 0) {
            unsigned number = spare[--spares];
            check(ExpInterlockedPushEntrySList(&heads[l], &items[number].entry) == top);
            stack[l][height[l]++] = number;
        } else {
            check(ExpInterlockedPopEntrySList(&heads[l]) == top);
            if (top != NULL)
                spare[spares++] = stack[l][--height[l]];
        }
        same(ExQueryDepthSList(&heads[l]), height[l]);
    }
}

/* ---- Threads --------------------------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 50000 };
static SLIST_HEADER shared[2];

/* Takes blocks off two lists, holds each alone, and puts it into the other list; now and then empties one, and frees and
 * allocates a block anew, so that its memory is gone while others may be about to look at it. */
static void *work(void *argument)
{
    unsigned random = 1 + (unsigned)(uintptr_t)argument;
    for (int round = 0; round < ROUNDS; round++) {
        random = random * 1103515245 + 12345;
        unsigned l = random >> 16 & 1;
        struct item *item = (void *)ExpInterlockedPopEntrySList(&shared[l]);
        if (item == NULL)
            continue;
        if (__atomic_fetch_add(&item->owners, 1, __ATOMIC_RELAXED) != 0)
            return "an entry was popped twice";
        if ((random >> 8) % 8 == 0) {
            unsigned number = item->number;
            tagpool_free(item);
            item = tagpool_alloc(TAGPOOL_NONPAGED, sizeof *item, TAGPOOL_TAG('S', 'L', 's', 't'));
            item->number = number;
        } else {
            __atomic_fetch_sub(&item->owners, 1, __ATOMIC_RELAXED);
        }
        item->owners = 0;
        if ((random >> 8) % 512 == 1)
            for (PSLIST_ENTRY entry = ExpInterlockedFlushSList(&shared[!l]), next; entry != NULL; entry = next) {
                next = entry->Next;
                ExpInterlockedPushEntrySList(&shared[l], entry);
            }
        ExpInterlockedPushEntrySList(&shared[!l], &item->entry);
    }
    return NULL;
}

/* "Any number of threads may use a list at the same time. An entry that was popped may be freed at once." */
static void threads(void **state)
{
    pthread_t thread[THREADS];
    bool seen[64] = {false};
    (void)state;
    setup(&shared[0]);
    setup(&shared[1]);
    for (unsigned i = 0; i < 64; i++) {
        struct item *item = tagpool_zalloc(TAGPOOL_NONPAGED, sizeof *item, TAGPOOL_TAG('S', 'L', 's', 't'));
        item->number = i;
        ExpInterlockedPushEntrySList(&shared[i % 2], &item->entry);
    }
    for (uintptr_t t = 0; t < THREADS; t++)
        same(pthread_create(&thread[t], NULL, work, (void *)t), 0);
    for (int t = 0; t < THREADS; t++) {
        void *wrong;
        same(pthread_join(thread[t], &wrong), 0);
        if (wrong != NULL)
            fprintf(stderr, "%s\n", (const char *)wrong);
        check(wrong == NULL);
    }
    same(ExQueryDepthSList(&shared[0]) + ExQueryDepthSList(&shared[1]), 64);
    for (unsigned i = 0; i < 64; i++) {
        PSLIST_ENTRY entry = ExpInterlockedPopEntrySList(&shared[0]);
        struct item *item = (void *)(entry != NULL ? entry : ExpInterlockedPopEntrySList(&shared[1]));
        check(item != NULL && item->number < 64 && !seen[item->number]);
        seen[item->number] = true;
        tagpool_free(item);
    }
}

/* ---- Force-IRQL checking ---------------------------------------------------------------------------------------- */

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

static jmp_buf jump;

/* With option force_irql, entries in paged pool cannot be touched at DISPATCH_LEVEL: bug check 0xD1 once for each operation, and
 * if its handler jumps away the list is as it was and can be used. */
static void touched_at_dispatch_level(void)
{
    static SLIST_HEADER head;
    static struct item *paged[3];
    if (HANDLERS_BLOCK)
        skip_because("ThreadSanitizer runs handlers with all signals blocked, which longjmp() does not undo");
    same(tagpool_start("force_irql=on"), TAGPOOL_OK);
    setup(&head);
    for (int i = 0; i < 3; i++)
        paged[i] = tagpool_alloc(TAGPOOL_PAGED, 65536, TAGPOOL_TAG('S', 'L', 's', 't')); /* a unit each */
    ExpInterlockedPushEntrySList(&head, &paged[0]->entry);
    ExpInterlockedPushEntrySList(&head, &paged[1]->entry);
    for (volatile int round = 0; round < 6; round++) {
        bool jumps = round % 3 != 0, pops = round < 3;
        PSLIST_ENTRY volatile entry = &paged[pops ? 1 : 2]->entry, got = NULL;
        KfRaiseIrql(DISPATCH_LEVEL);
        caught_jump = jumps ? &jump : NULL;
        if (!jumps || setjmp(jump) == 0)
            got = pops ? ExpInterlockedPopEntrySList(&head) : ExpInterlockedPushEntrySList(&head, entry);
        check(mistake(0xD1, (uintptr_t)entry));
        same(caught.parameter[1], DISPATCH_LEVEL);
        same(KeGetCurrentIrql(), DISPATCH_LEVEL);
        caught_jump = NULL;
        KfLowerIrql(PASSIVE_LEVEL);
        if (jumps)
            check(got == NULL);
        else if (pops)
            check(got == entry && ExpInterlockedPushEntrySList(&head, entry) == &paged[0]->entry);
        else
            check(got == &paged[1]->entry && ExpInterlockedPopEntrySList(&head) == entry);
        same(ExQueryDepthSList(&head), 2);
    }
    check(ExpInterlockedPopEntrySList(&head) == &paged[1]->entry);
    check(ExpInterlockedPopEntrySList(&head) == &paged[0]->entry);
    for (int i = 0; i < 3; i++)
        tagpool_free(paged[i]);
    same(tagpool_start("force_irql=off"), TAGPOOL_OK);
}

/* ---- Faults ----------------------------------------------------------------------------------------------------- */

static sigjmp_buf fault_jump;

static void on_fault(int signal_number)
{
    (void)signal_number;
    siglongjmp(fault_jump, 1);
}

/* A fault in a list's entry, whose handler leaves by longjmp as test runners do, leaves the list as it was, and it can be
 * used. */
static void left_by_longjmp(void)
{
    static SLIST_HEADER head;
    setup(&head);
    char *memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(memory != MAP_FAILED);
    PSLIST_ENTRY entry = (void *)memory;
    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    ExpInterlockedPushEntrySList(&head, &items[0].entry);
    ExpInterlockedPushEntrySList(&head, entry);
    same(mprotect(memory, 65536, PROT_NONE), 0);
    for (volatile int round = 0; round < 3; round++) {
        if (sigsetjmp(fault_jump, 1) == 0) {
            (void)ExpInterlockedPopEntrySList(&head);
            check(false);
        }
        same(ExQueryDepthSList(&head), 2);
    }
    same(mprotect(memory, 65536, PROT_READ | PROT_WRITE), 0);
    check(ExpInterlockedPopEntrySList(&head) == entry);
    same(mprotect(memory, 65536, PROT_NONE), 0);
    if (sigsetjmp(fault_jump, 1) == 0) {
        (void)ExpInterlockedPushEntrySList(&head, entry);
        check(false);
    }
    same(ExQueryDepthSList(&head), 1);
    check(ExpInterlockedPushEntrySList(&head, &items[1].entry) == &items[0].entry);
    check(ExpInterlockedPopEntrySList(&head) == &items[1].entry);
    check(ExpInterlockedPopEntrySList(&head) == &items[0].entry);
    same(munmap(memory, 65536), 0);
}

/* ---- Fork ------------------------------------------------------------------------------------------------------- */

static bool stop;

static void *churn(void *unused)
{
    (void)unused;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        PSLIST_ENTRY entry = ExpInterlockedPopEntrySList(&shared[0]);
        if (entry != NULL)
            ExpInterlockedPushEntrySList(&shared[0], entry);
    }
    return NULL;
}

/* A forked child can use the list that another thread was changing, and its depth is right: one entry may be in that thread's
 * hands. */
static void forks(void **state)
{
    pthread_t thread;
    (void)state;
    setup(&shared[0]);
    for (unsigned i = 0; i < 10; i++)
        ExpInterlockedPushEntrySList(&shared[0], &items[i].entry);
    stop = false;
    same(pthread_create(&thread, NULL, churn, NULL), 0);
    for (int i = 0; i < (INSTRUMENTED ? 5 : 100); i++) {
        int status;
        pid_t pid = fork();
        check(pid >= 0);
        if (pid == 0) {
            unsigned depth = ExQueryDepthSList(&shared[0]), found = 0;
            while (ExpInterlockedPopEntrySList(&shared[0]) != NULL)
                found++;
            _exit(found == depth && (found == 9 || found == 10) ? 0 : 1);
        }
        same(waitpid(pid, &status, 0), pid);
        check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    same(pthread_join(thread, NULL), 0);
    same(ExQueryDepthSList(&shared[0]), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(empty),
        test(push_and_pop),
        test(other_names),
        test(flush),
        test(layout),
        test(more_than_the_depth_can_say),
        test(mistakes),
        test(misaligned),
        test(random_operations),
        test(threads),
        fresh_test(touched_at_dispatch_level),
        fresh_test(left_by_longjmp),
        test(forks),
    };
    return cmocka_run_group_tests_name("SLists", tests, NULL, NULL);
}
