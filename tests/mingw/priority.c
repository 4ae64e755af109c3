/* SPDX-License-Identifier: MIT
 *
 * priority.c: code that reads and sets its IRQL by mov from and to cr8, with each register a compiler may choose. Such code is
 * linked into drivers from headers; a program that executes it must see the level of the library.
 */
#include "tagpool/wdk.h"
#include "check.h"

#define EACH_REGISTER(X)                                                                                               \
    X(rax) X(rbx) X(rcx) X(rdx) X(rsi) X(rdi) X(r8) X(r9) X(r10) X(r11) X(r12) X(r13) X(r14) X(r15)

#define WRITE_AND_READ(name)                                                                                           \
    do {                                                                                                               \
        unsigned long long read;                                                                                       \
        level = (level + 5) % 16;                                                                                      \
        __asm__ volatile("mov %0, %%" #name "\n\tmov %%" #name ", %%cr8" : : "r"(level) : #name);                      \
        CHECK(tagpool_irql() == level);                                                                                \
        __asm__ volatile("mov %%cr8, %%" #name "\n\tmov %%" #name ", %0" : "=r"(read) : : #name);                      \
        CHECK(read == level);                                                                                          \
    } while (0);

static unsigned asked_level(void *context)
{
    return *(unsigned *)context;
}

int main(void)
{
    unsigned long long level = 0;
    unsigned own = 7;
    EACH_REGISTER(WRITE_AND_READ)

    /* A simulator's level is the only one. */
    tagpool_irql_hook_set(asked_level, &own);
    __asm__ volatile("mov %%cr8, %0" : "=r"(level));
    CHECK(level == 7);
    __asm__ volatile("mov %0, %%cr8" : : "r"(2ull));
    __asm__ volatile("mov %%cr8, %0" : "=r"(level));
    CHECK(level == 7);
    return 0;
}
