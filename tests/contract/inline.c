/* SPDX-License-Identifier: MIT
 *
 * inline.c: the inline routines of our own <ntddk.h>: lists, lists behind a spin lock, Rtl routines, Interlocked routines,
 * PAGED_CODE and assertions.
 */
#define DBG 1

#include "../api/test.h"

#include <pthread.h>

#include <ntddk.h>

#include "tagpool/wdk.h"

#define ANSWER(call) ((caught_jump = &out, setjmp(out)) == 0 ? ((void)(call), caught_jump = NULL, true) : false)

static jmp_buf out;
static LIST_ENTRY head, a, b, c;

/* Is the list a, b ... in this order, forward and backward? */
static bool in_order(const LIST_ENTRY *const *entries, size_t count)
{
    const LIST_ENTRY *forward = head.Flink, *backward = head.Blink;

    for (size_t i = 0; i < count; i++, forward = forward->Flink, backward = backward->Blink)
        if (forward != entries[i] || backward != entries[count - 1 - i])
            return false;
    return forward == &head && backward == &head;
}
#define list_is(...) \
    in_order((const LIST_ENTRY *const[]){__VA_ARGS__}, sizeof((const LIST_ENTRY *const[]){__VA_ARGS__}) / sizeof(LIST_ENTRY *))

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

/* InitializeListHead makes an empty list; IsListEmpty says TRUE of it, FALSE of a list with an entry. */
static void list_empty(void **state)
{
    (void)state;
    InitializeListHead(&head);
    check(IsListEmpty(&head) == TRUE && head.Flink == &head && head.Blink == &head);
    InsertHeadList(&head, &a);
    check(IsListEmpty(&head) == FALSE);
}

/* InsertHeadList inserts at the head, InsertTailList at the tail, AppendTailList a chain behind the tail. */
static void list_insert(void **state)
{
    LIST_ENTRY chain;

    (void)state;
    InitializeListHead(&head);
    InsertTailList(&head, &b);
    InsertHeadList(&head, &a);
    InsertTailList(&head, &c);
    check(list_is(&a, &b, &c));

    InitializeListHead(&head);
    InsertTailList(&head, &a);
    InitializeListHead(&chain);
    InsertTailList(&chain, &b);
    AppendTailList(&head, &chain); /* the head of the chain becomes an entry like others */
    check(list_is(&a, &chain, &b));
}

/* RemoveHeadList and RemoveTailList return the entry they removed; the head itself if the list is empty. */
static void list_remove_ends(void **state)
{
    (void)state;
    InitializeListHead(&head);
    InsertTailList(&head, &a);
    InsertTailList(&head, &b);
    InsertTailList(&head, &c);
    check(RemoveHeadList(&head) == &a && list_is(&b, &c));
    check(RemoveTailList(&head) == &c && list_is(&b));
    check(RemoveTailList(&head) == &b && IsListEmpty(&head));
    check(RemoveHeadList(&head) == &head && RemoveTailList(&head) == &head && IsListEmpty(&head));
}

/* RemoveEntryList returns TRUE iff the list is empty after it. */
static void list_remove_entry(void **state)
{
    (void)state;
    InitializeListHead(&head);
    InsertTailList(&head, &a);
    InsertTailList(&head, &b);
    InsertTailList(&head, &c);
    check(RemoveEntryList(&b) == FALSE && list_is(&a, &c));
    check(RemoveEntryList(&a) == FALSE && list_is(&c));
    check(RemoveEntryList(&c) == TRUE && IsListEmpty(&head));
}

/* Neighbours that do not point back are bug check 0x139 with first parameter 3, in whatever routine finds them. */
static void list_corrupt(void **state)
{
    (void)state;
    InitializeListHead(&head);
    InsertTailList(&head, &a);
    InsertTailList(&head, &b);
    RemoveEntryList(&a);
    check(!ANSWER(RemoveEntryList(&a)) && caught.parameter[1] == (uintptr_t)&a && mistake(0x139, 3)); /* twice */
    check(list_is(&b));

    b.Flink = &c; /* as a write after free would */
    c.Blink = &c;
    check(!ANSWER(RemoveHeadList(&head)) && caught.parameter[1] == (uintptr_t)&b && mistake(0x139, 3));
    b.Flink = &head;
    head.Flink = &c;
    check(!ANSWER(InsertHeadList(&head, &a)) && caught.parameter[1] == (uintptr_t)&head && mistake(0x139, 3));
    check(!ANSWER(InsertTailList(&head, &a)) && mistake(0x139, 3));
    check(!ANSWER(AppendTailList(&head, &b)) && mistake(0x139, 3));
    head.Flink = &b;
    check(ANSWER(InsertTailList(&head, &a)) && list_is(&b, &a));
}

/* PushEntryList and PopEntryList are a stack; PopEntryList returns NULL if it is empty. */
static void single_list(void **state)
{
    SINGLE_LIST_ENTRY stack = {NULL}, one, two;

    (void)state;
    check(PopEntryList(&stack) == NULL);
    PushEntryList(&stack, &one);
    PushEntryList(&stack, &two);
    check(PopEntryList(&stack) == &two && PopEntryList(&stack) == &one && PopEntryList(&stack) == NULL);
}

/* CONTAINING_RECORD gives the struct around a field. */
static void containing_record(void **state)
{
    struct record {
        ULONG number;
        LIST_ENTRY link;
    } record;

    (void)state;
    check(CONTAINING_RECORD(&record.link, struct record, link) == &record);
    same(FIELD_OFFSET(struct record, link), offsetof(struct record, link));
}

/* ExInterlockedInsertHeadList, InsertTailList and RemoveHeadList do the same behind a spin lock, at any IRQL, which they leave as
 * it was. They return the entry that was first, or last, before; NULL if there was none. */
static void list_interlocked(void **state)
{
    static const KIRQL levels[] = {PASSIVE_LEVEL, DISPATCH_LEVEL, DISPATCH_LEVEL + 3};
    KSPIN_LOCK lock;
    KIRQL before;

    (void)state;
    KeInitializeSpinLock(&lock);
    for (size_t i = 0; i < sizeof levels; i++) {
        KeRaiseIrql(levels[i], &before);
        InitializeListHead(&head);
        check(ExInterlockedRemoveHeadList(&head, &lock) == NULL);
        check(ExInterlockedInsertTailList(&head, &b, &lock) == NULL);
        check(ExInterlockedInsertTailList(&head, &c, &lock) == &b);
        check(ExInterlockedInsertHeadList(&head, &a, &lock) == &b);
        check(list_is(&a, &b, &c));
        check(ExInterlockedRemoveHeadList(&head, &lock) == &a);
        InitializeListHead(&head);
        check(ExInterlockedInsertHeadList(&head, &a, &lock) == NULL);
        same(KeGetCurrentIrql(), levels[i]);
        KeLowerIrql(before);
    }
}

/* ---- Rtl --------------------------------------------------------------------------------------------------------- */

/* RtlZeroMemory, RtlFillMemory, RtlCopyMemory, RtlMoveMemory (which may overlap) touch exactly `Length` bytes. */
static void rtl_memory(void **state)
{
    UCHAR bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    RtlMoveMemory(bytes + 1, bytes, 4);
    check(memcmp(bytes, "\1\1\2\3\4\6\7\10", 8) == 0);
    RtlZeroMemory(bytes + 1, 2);
    check(memcmp(bytes, "\1\0\0\3\4\6\7\10", 8) == 0);
    RtlFillMemory(bytes + 3, 2, 9);
    check(memcmp(bytes, "\1\0\0\11\11\6\7\10", 8) == 0);
    RtlCopyMemory(bytes, "xy", 2);
    check(memcmp(bytes, "xy\0\11\11\6\7\10", 8) == 0);
    check(RtlSecureZeroMemory(bytes + 6, 1) == bytes + 6 && bytes[5] == 6 && bytes[6] == 0 && bytes[7] == 8);
}

/* RtlEqualMemory says whether all bytes are equal, RtlCompareMemory how many are before the first that is not. */
static void rtl_compare(void **state)
{
    (void)state;
    check(RtlEqualMemory("abcd", "abce", 3) && !RtlEqualMemory("abcd", "abce", 4));
    same(RtlCompareMemory("abcd", "abce", 4), 3);
    same(RtlCompareMemory("abcd", "abcd", 4), 4);
    same(RtlCompareMemory("abcd", "xbcd", 4), 0);
    same(RtlCompareMemory("a", "b", 0), 0);
}

/* RtlInitUnicodeString counts bytes up to the terminator, MaximumLength includes it; all is 0 for NULL. */
static void rtl_init(void **state)
{
    static const WCHAR text[] = {'a', 'b', 'c', 0};
    static WCHAR longest[0x8000];
    UNICODE_STRING string;
    ANSI_STRING ansi;

    (void)state;
    RtlInitUnicodeString(&string, text);
    check(string.Length == 6 && string.MaximumLength == 8 && string.Buffer == text);
    RtlInitUnicodeString(&string, text + 3);
    check(string.Length == 0 && string.MaximumLength == 2);
    RtlInitUnicodeString(&string, NULL);
    check(string.Length == 0 && string.MaximumLength == 0 && string.Buffer == NULL);
    for (size_t i = 0; i < sizeof longest / sizeof *longest; i++)
        longest[i] = 'x'; /* no terminator */
    RtlInitUnicodeString(&string, longest);
    check(string.Length == 0xFFFC && string.MaximumLength == 0xFFFE);

    RtlInitAnsiString(&ansi, "abc");
    check(ansi.Length == 3 && ansi.MaximumLength == 4);
    RtlInitAnsiString(&ansi, NULL);
    check(ansi.Length == 0 && ansi.MaximumLength == 0 && ansi.Buffer == NULL);
}

/* RtlCopyUnicodeString copies what fits into MaximumLength, adds a terminator if that fits too, and copies nothing for NULL. */
static void rtl_copy(void **state)
{
    static const WCHAR text[] = {'a', 'b', 'c', 0};
    WCHAR buffer[5] = {'1', '2', '3', '4', '5'};
    UNICODE_STRING from, to;

    (void)state;
    RtlInitUnicodeString(&from, text);
    RtlInitEmptyUnicodeString(&to, buffer, 4);
    check(to.Length == 0 && to.MaximumLength == 4 && to.Buffer == buffer);
    RtlCopyUnicodeString(&to, &from);
    check(to.Length == 4 && buffer[0] == 'a' && buffer[1] == 'b' && buffer[2] == '3');
    to.MaximumLength = 5; /* half a character is none */
    RtlCopyUnicodeString(&to, &from);
    check(to.Length == 4 && buffer[2] == '3');
    to.MaximumLength = 6;
    RtlCopyUnicodeString(&to, &from);
    check(to.Length == 6 && buffer[2] == 'c' && buffer[3] == '4');
    to.MaximumLength = 8;
    RtlCopyUnicodeString(&to, &from);
    check(to.Length == 6 && buffer[3] == 0 && buffer[4] == '5');
    RtlCopyUnicodeString(&to, NULL);
    check(to.Length == 0 && to.MaximumLength == 8 && buffer[0] == 'a');
}

/* RtlAppendUnicodeStringToString and RtlAppendUnicodeToString append all or, with STATUS_BUFFER_TOO_SMALL, nothing. */
static void rtl_append(void **state)
{
    static const WCHAR text[] = {'a', 'b', 0};
    WCHAR buffer[6] = {'1', '2', '3', '4', '5', '6'};
    UNICODE_STRING from, to;

    (void)state;
    RtlInitUnicodeString(&from, text);
    RtlInitEmptyUnicodeString(&to, buffer, 10);
    same(RtlAppendUnicodeStringToString(&to, &from), STATUS_SUCCESS);
    check(to.Length == 4 && buffer[1] == 'b' && buffer[2] == 0);
    same(RtlAppendUnicodeToString(&to, text), STATUS_SUCCESS);
    check(to.Length == 8 && buffer[2] == 'a' && buffer[3] == 'b' && buffer[4] == 0);
    same(RtlAppendUnicodeToString(&to, text), STATUS_BUFFER_TOO_SMALL);
    check(to.Length == 8 && buffer[4] == 0 && buffer[5] == '6');
    same(RtlAppendUnicodeToString(&to, text + 1), STATUS_SUCCESS);
    check(to.Length == 10 && buffer[4] == 'b' && buffer[5] == '6');
    same(RtlAppendUnicodeToString(&to, NULL), STATUS_SUCCESS);
    check(to.Length == 10);
}

/* ---- Interlocked ------------------------------------------------------------------------------------------------- */

/* Increment, Decrement and Add return the new value, all others the value before. */
#define INTERLOCKED_TEST(suffix, type)                                                                                 \
    static void interlocked##suffix(void **state)                                                                      \
    {                                                                                                                  \
        type value = -1;                                                                                               \
                                                                                                                       \
        (void)state;                                                                                                   \
        check(InterlockedIncrement##suffix(&value) == 0 && value == 0);                                                \
        check(InterlockedDecrement##suffix(&value) == -1 && value == -1);                                              \
        check(InterlockedAdd##suffix(&value, 6) == 5 && value == 5);                                                   \
        check(InterlockedExchangeAdd##suffix(&value, 7) == 5 && value == 12);                                          \
        check(InterlockedExchange##suffix(&value, 10) == 12 && value == 10);                                           \
        check(InterlockedAnd##suffix(&value, 6) == 10 && value == 2);                                                  \
        check(InterlockedOr##suffix(&value, 5) == 2 && value == 7);                                                    \
        check(InterlockedXor##suffix(&value, 3) == 7 && value == 4);                                                   \
        check(InterlockedCompareExchange##suffix(&value, 9, 5) == 4 && value == 4);                                    \
        check(InterlockedCompareExchange##suffix(&value, 9, 4) == 4 && value == 9);                                    \
    }
INTERLOCKED_TEST(, LONG)
INTERLOCKED_TEST(16, SHORT)
INTERLOCKED_TEST(64, LONG64)

/* The same with pointers. */
static void interlocked_pointer(void **state)
{
    PVOID value = &a;

    (void)state;
    check(InterlockedExchangePointer(&value, &b) == &a && value == &b);
    check(InterlockedCompareExchangePointer(&value, &c, &a) == &b && value == &b);
    check(InterlockedCompareExchangePointer(&value, &c, &b) == &b && value == &c);
}

enum { ROUNDS = 20000 };
static LONG counter;

static void *count(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        InterlockedIncrement(&counter);
        InterlockedExchangeAdd(&counter, 2);
    }
    return argument;
}

/* No count of two threads is lost. */
static void interlocked_threads(void **state)
{
    pthread_t thread;

    (void)state;
    same(pthread_create(&thread, NULL, count, NULL), 0);
    count(NULL);
    same(pthread_join(thread, NULL), 0);
    same(counter, 2 * ROUNDS * 3);
}

/* ---- PAGED_CODE, assertions, strings ------------------------------------------------------------------------------ */

/* PAGED_CODE is silent up to APC_LEVEL; above, it is bug check 0xD1 with the level and 8 for execute. */
static void paged_code(void **state)
{
    KIRQL before;

    (void)state;
    check(ANSWER(PAGED_CODE()));
    KeRaiseIrql(APC_LEVEL, &before);
    check(ANSWER(PAGED_CODE()));
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    check(!ANSWER(PAGED_CODE()));
    check(caught.parameter[1] == DISPATCH_LEVEL && caught.parameter[2] == 8 && caught.parameter[0] == caught.parameter[3]);
    check(mistake(0xD1, caught.parameter[0]) && caught.parameter[0] != 0);
    KeLowerIrql(PASSIVE_LEVEL);
}

static void raise_out(uint32_t status, void *context)
{
    *(uint32_t *)context = status;
    longjmp(out, 1);
}

/* DbgBreakPoint raises STATUS_BREAKPOINT. */
static void break_point(void **state)
{
    uint32_t status = 0;

    (void)state;
    tagpool_raise_handler_set(raise_out, &status);
    check(!ANSWER(DbgBreakPoint()) && status == 0x80000003);
    status = 0;
    check(!ANSWER(KdBreakPoint()) && status == 0x80000003);
    tagpool_raise_handler_set(NULL, NULL);
}

/* min and max give the smaller and the larger of two. */
static void smaller_larger(void **state)
{
    (void)state;
    check(min(1, 2) == 1 && min(2, 1) == 1 && max(1, 2) == 2 && max(2, 1) == 2);
}

/* In a build with DBG, an assertion that fails raises STATUS_ASSERTION_FAILURE, one that holds does nothing. */
static void assertions(void **state)
{
    volatile int evaluated = 0;
    uint32_t status = 0;

    (void)state;
    tagpool_raise_handler_set(raise_out, &status);
    check(ANSWER(NT_ASSERT(++evaluated == 1)) && evaluated == 1 && status == 0);
    check(!ANSWER(NT_ASSERT(++evaluated == 1)) && evaluated == 2 && status == 0xC0000420);
    check(ANSWER(NT_VERIFY(++evaluated == 3)) && evaluated == 3);
    check(!ANSWER(NT_VERIFY(++evaluated == 3)) && evaluated == 4);
    status = 0;
    check(!ANSWER(ASSERT(evaluated == 1)) && status == 0xC0000420);
    tagpool_raise_handler_set(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(list_empty),
        test(list_insert),
        test(list_remove_ends),
        test(list_remove_entry),
        test(list_corrupt),
        test(single_list),
        test(containing_record),
        test(list_interlocked),
        test(rtl_memory),
        test(rtl_compare),
        test(rtl_init),
        test(rtl_copy),
        test(rtl_append),
        test(interlocked),
        test(interlocked16),
        test(interlocked64),
        test(interlocked_pointer),
        test(interlocked_threads),
        test(paged_code),
        test(assertions),
        test(break_point),
        test(smaller_larger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
