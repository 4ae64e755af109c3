/* SPDX-License-Identifier: MIT
 *
 * force_irql.c: option force_irql: touching paged pool at DISPATCH_LEVEL. Each test is a process of its own, for the library
 * takes SIGSEGV over. */
#include "../api/test.h"

#include "tagpool/wdk/irql.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>

#define UNIT ((size_t)65536)

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

/* Was one bug check 0xD1 reported for this access, with this block? */
static bool touched(volatile char *address, unsigned level, unsigned access, volatile char *block, size_t bytes)
{
    bool known = caught.has_block == (block != NULL);
    if (known && block != NULL)
        known = caught.block.address == block && caught.block.bytes == bytes && caught.block.pool == TAGPOOL_PAGED &&
                caught.block.tag == TAGPOOL_TAG('W', 'a', 'v', 'e');
    return mistake(0xD1, (uintptr_t)address) && caught.parameter[1] == level && caught.parameter[2] == access && known;
}

/* The access itself, so that its instruction lies between two known addresses. */
__attribute__((noinline)) static char read_byte(volatile char *address)
{
    return *address;
}

__attribute__((noinline)) static void write_byte(volatile char *address, char value)
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
#if defined(__x86_64__) || defined(__i386__)
    check(caught.parameter[3] - (uintptr_t)read_byte < 64);
#endif
    KfLowerIrql(PASSIVE_LEVEL);
    KfRaiseIrql(HIGH_LEVEL);
    write_byte(block + 99, 'y');
    check(touched(block + 99, HIGH_LEVEL, 1, block, 100));
#if defined(__x86_64__) || defined(__i386__)
    check(caught.parameter[3] - (uintptr_t)write_byte < 64);
#endif
    KfLowerIrql(PASSIVE_LEVEL);
    check(block[50] == 'x' && block[99] == 'y');
    same(caught_count, 0);
    drop(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fresh_test(a_touch_at_dispatch_level),
    };
    return cmocka_run_group_tests_name("force-IRQL checking", tests, NULL, NULL);
}
