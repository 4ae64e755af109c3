/* SPDX-License-Identifier: MIT
 *
 * limits.c: what this processor does in a cycle: loops of one kind of instruction each, medians of rounds taken in turn. Beside
 * the counts of `make instructions` it says what the time of a pair is bound by. For x86-64 only.
 *
 * A cycle is a third of a multiplication that waits for another, as on the processors of the last ten years. ROUNDS (99; 1 with
 * QUICK) is a variable.
 */
#define _GNU_SOURCE

#include "bench.h"
#include "clock.h"

#include <stdio.h>

#ifdef __x86_64__

#define BODIES 65536 /* of a loop, in each round */
#define CYCLES_OF_MULTIPLICATION 3.0

/* A loop in which the body stands so many times. It may use these registers, and has the address of 4 KiB in rsi, 0 in rdi and in
 * the carry, and 3 in rcx. */
#define LOOP(name, times, body) \
    static void name(char *memory) \
    { \
        __asm__ volatile("mov %[turns], %%r11d\nclc\n.p2align 6\n1:\n.rept " #times "\n" body "\n.endr\ndec %%r11d\njnz 1b\n9:" \
                         : \
                         : "S"(memory), "D"(0L), "c"(3L), [turns] "i"(BODIES / (times)) \
                         : "rax", "rdx", "r8", "r9", "r10", "r11", "cc", "memory"); \
    }

LOOP(multiply, 64, "imul %%rax, %%rax")
LOOP(do_nothing, 64, "nopl 0(%%rax)\nnopl 0(%%rax)\nnopl 0(%%rax)\nnopl 0(%%rax)")
LOOP(shift, 64, "shr $1, %%eax\nshr $1, %%edx\nshr $1, %%r8d\nshr $1, %%r9d")
LOOP(branch, 64, "jc 9f\njc 9f\njc 9f\njc 9f")
LOOP(read_one_line, 64, "mov (%%rsi), %%rax\nmov 8(%%rsi), %%rdx\nmov 16(%%rsi), %%r8\nmov 24(%%rsi), %%r9")
LOOP(read_lines, 64, "mov (%%rsi), %%rax\nmov 64(%%rsi), %%rdx\nmov 128(%%rsi), %%r8\nmov 192(%%rsi), %%r9")
LOOP(write_one_line, 64, "mov %%rcx, (%%rsi)\nmov %%rcx, 8(%%rsi)\nmov %%rcx, 16(%%rsi)\nmov %%rcx, 24(%%rsi)")
LOOP(write_lines, 64, "mov %%rcx, (%%rsi)\nmov %%rcx, 64(%%rsi)\nmov %%rcx, 128(%%rsi)\nmov %%rcx, 192(%%rsi)")
LOOP(add_constant, 1, "addq $16, (%%rsi)")
LOOP(add_constant_by_index, 1, "addq $16, (%%rsi,%%rdi)")
LOOP(add_register, 1, "add %%rcx, (%%rsi)")

static const struct {
    const char *what;
    void (*run)(char *memory);
    unsigned operations; /* of the body */
} loops[] = {
    {"multiplications, each of the one before", multiply, 1}, /* the first: the clock */
    {"instructions that do nothing", do_nothing, 4},
    {"shifts", shift, 4},
    {"branches that are not taken", branch, 4},
    {"reads of one line", read_one_line, 4},
    {"reads, each of another line", read_lines, 4},
    {"writes to one line", write_one_line, 4},
    {"writes, each to another line", write_lines, 4},
    {"additions of a constant to one word", add_constant, 1},
    {"the same, the word found by an index", add_constant_by_index, 1},
    {"additions of a register to one word", add_register, 1},
};

#define LOOPS (sizeof loops / sizeof *loops)

int main(void)
{
    static _Alignas(4096) char memory[4096];
    static double samples[LOOPS][BENCH_ROUNDS];
    unsigned rounds = (unsigned)bench_number("ROUNDS", bench_quick() ? 1 : BENCH_ROUNDS, BENCH_ROUNDS);
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < LOOPS; i++) {
            uint64_t start = clock_now();
            loops[i].run(memory);
            samples[i][round] = (double)(clock_now() - start) / (BODIES * loops[i].operations);
        }
    }
    double cycle = bench_median(samples[0], rounds) / CYCLES_OF_MULTIPLICATION;
    printf("A cycle takes %.3f nanoseconds. In one there are\n", cycle);
    for (size_t i = 0; i < LOOPS; i++) {
        printf("%6.2f  %s\n", cycle / bench_median(samples[i], rounds), loops[i].what);
    }
    return 0;
}

#else

int main(void)
{
    fputs("bench-limits: knows the instructions of x86-64 only\n", stderr);
    return 1;
}

#endif
