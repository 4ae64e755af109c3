/* SPDX-License-Identifier: MIT
 *
 * posix_checker.c: what valgrind's memcheck, AddressSanitizer and LeakSanitizer are told (contracts in port.h).
 *
 * Nothing of theirs is needed to build or to run. A sanitizer is there if its functions are: references to them are weak. To
 * valgrind a program speaks by instructions that do nothing on a processor and that valgrind looks for: four rotations of a
 * register by 128 bits in all (64 where it has 32), then an operation of a register with itself. One register holds the address
 * of the request, a number and five words; another the answer, which stays what it was where nobody listens. The instructions,
 * and the numbers of the requests, are valgrind's interface to compiled programs, which never changes: manual, "The Client
 * Request mechanism", and the headers valgrind.h and memcheck.h.
 */
#include "base/atomic.h"
#include "base/internal.h"

#if !TAGPOOL_BARE && !defined(_WIN32)

#include "port/port.h"

INTERNAL uint32_t port_checkers;

/* ---- valgrind ---- */

enum valgrind_request {
    MALLOCLIKE_BLOCK = 0x1301, /* address, bytes, bytes of the zone around it, whether it reads zero */
    FREELIKE_BLOCK = 0x1302,   /* address, bytes of the zone */
    ERROR_DISABLEMENT = 0x1801, /* 1: reports no errors of this thread; -1: does again */
    /* Memcheck's own begin at its letters, M and C. It answers -1 to the first three. */
    MAKE_MEM_NOACCESS = 0x4D430000, /* address, bytes; the next two as well */
    MAKE_MEM_UNDEFINED = 0x4D430001,
    MAKE_MEM_DEFINED = 0x4D430002
};

static uintptr_t ask_valgrind(enum valgrind_request request, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)
{
    volatile uintptr_t words[6] = {(uintptr_t)request, a, b, c, d, 0};
    uintptr_t answer = 0;
#if defined(__x86_64__) && !defined(__ILP32__)
    __asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(words)
                     : "cc", "memory");
#elif defined(__i386__)
    __asm__ volatile("roll $3, %%edi\n\troll $13, %%edi\n\troll $29, %%edi\n\troll $19, %%edi\n\txchgl %%ebx, %%ebx"
                     : "+d"(answer)
                     : "a"(words)
                     : "cc", "memory");
#elif defined(__aarch64__) && !defined(__ILP32__)
    register uintptr_t x3 __asm__("x3") = answer;
    register volatile uintptr_t *x4 __asm__("x4") = words;
    __asm__ volatile("ror x12, x12, #3\n\tror x12, x12, #13\n\tror x12, x12, #51\n\tror x12, x12, #61\n\torr x10, x10, x10"
                     : "+r"(x3)
                     : "r"(x4)
                     : "cc", "memory");
    answer = x3;
#elif defined(__arm__) && (!defined(__thumb__) || defined(__thumb2__))
    register uintptr_t r3 __asm__("r3") = answer;
    register volatile uintptr_t *r4 __asm__("r4") = words;
    __asm__ volatile("mov r12, r12, ror #3\n\tmov r12, r12, ror #13\n\tmov r12, r12, ror #29\n\tmov r12, r12, ror #19\n\t"
                     "orr r10, r10, r10"
                     : "+r"(r3)
                     : "r"(r4)
                     : "cc", "memory");
    answer = r3;
#else
    (void)words;
#endif
    return answer;
}

/* ---- sanitizers ---- */

extern void __asan_poison_memory_region(const volatile void *base, size_t bytes) __attribute__((weak));
extern void __asan_unpoison_memory_region(const volatile void *base, size_t bytes) __attribute__((weak));
extern void __lsan_register_root_region(const void *base, size_t bytes) __attribute__((weak));

static bool has_option_word(const char *variable, const char *word)
{
    const char *value = port_environment(variable);
    return value != NULL && strstr(value, word) != NULL;
}

/* Whether LeakSanitizer is there, and to look. */
static bool finds_leaks(void)
{
    return __lsan_register_root_region != NULL && !has_option_word("ASAN_OPTIONS", "detect_leaks=0") &&
           !has_option_word("LSAN_OPTIONS", "detect_leaks=0");
}

/* ---- both ---- */

bool port_checkers_find(void)
{
    uint32_t found = 0;
    /* Other tools of valgrind's do not know the question. */
    if (ask_valgrind(MAKE_MEM_NOACCESS, 0, 0, 0, 0) == UINTPTR_MAX)
        found |= PORT_MEMCHECK;
    if (__asan_poison_memory_region != NULL && __asan_unpoison_memory_region != NULL)
        found |= PORT_ASAN;
    if (finds_leaks() && posix_twins_start())
        found |= PORT_LSAN;
    STORE(&port_checkers, found);
    return found != 0;
}

static bool is_checker_told(uint32_t checker)
{
    return (LOAD(&port_checkers) & checker) != 0;
}

void port_checkers_root(const void *base, size_t bytes)
{
    if (is_checker_told(PORT_LSAN))
        __lsan_register_root_region(base, bytes);
}

void port_checkers_hide(const void *base, size_t bytes)
{
    if (is_checker_told(PORT_MEMCHECK))
        (void)ask_valgrind(MAKE_MEM_NOACCESS, (uintptr_t)base, bytes, 0, 0);
    if (is_checker_told(PORT_ASAN))
        __asan_poison_memory_region(base, bytes);
}

void port_checkers_show(const void *base, size_t bytes)
{
    if (is_checker_told(PORT_MEMCHECK))
        (void)ask_valgrind(MAKE_MEM_DEFINED, (uintptr_t)base, bytes, 0, 0);
    if (is_checker_told(PORT_ASAN))
        __asan_unpoison_memory_region(base, bytes);
}

void port_checkers_alloc(const void *block, size_t bytes, bool is_zeroed)
{
    if (is_checker_told(PORT_MEMCHECK))
        (void)ask_valgrind(MALLOCLIKE_BLOCK, (uintptr_t)block, bytes, 0, is_zeroed);
    if (is_checker_told(PORT_ASAN))
        __asan_unpoison_memory_region(block, bytes);
}

void port_checkers_free(const void *block, size_t hidden_bytes)
{
    if (is_checker_told(PORT_MEMCHECK))
        (void)ask_valgrind(FREELIKE_BLOCK, (uintptr_t)block, 0, 0, 0);
    if (is_checker_told(PORT_ASAN))
        __asan_poison_memory_region(block, hidden_bytes);
}

void port_checkers_undefine(const void *base, size_t bytes)
{
    if (is_checker_told(PORT_MEMCHECK))
        (void)ask_valgrind(MAKE_MEM_UNDEFINED, (uintptr_t)base, bytes, 0, 0);
}

void port_checkers_pause(bool pauses)
{
    if (is_checker_told(PORT_MEMCHECK))
        (void)ask_valgrind(ERROR_DISABLEMENT, pauses ? 1 : UINTPTR_MAX, 0, 0, 0);
}

#endif
