/* SPDX-License-Identifier: MIT
 *
 * unwind.c: a bug-check handler leaves by longjmp, which unwinds the library's functions: from a routine, and from the middle of
 * an access that force-IRQL checking caught.
 */
#include <setjmp.h>

#include "check.h"
#include "tagpool.h"
#include "tagpool/wdk.h"

#define TAG TAGPOOL_TAG('J', 'u', 'm', 'p')

static jmp_buf back;
static uint32_t code;

static void leave(const struct tagpool_bugcheck *report, void *context)
{
    (void)context;
    if (!report->stops)
        return;
    code = report->code;
    longjmp(back, 1);
}

/* Reaches the mistake through frames that an unwinder has to walk. */
__attribute__((noinline)) static void free_twice(int depth)
{
    volatile char local[100] = {(char)depth};
    if (depth > 0) {
        free_twice(depth - 1);
    } else {
        void *block = tagpool_alloc(TAGPOOL_PAGED, 100, TAG);
        tagpool_free(block);
        tagpool_free(block);
    }
    CHECK(local[0] == depth);
}

int main(void)
{
    CHECK(tagpool_start("force_irql=on") == TAGPOOL_OK);
    tagpool_bugcheck_handler_set(leave, NULL);
    for (volatile int i = 0; i < 100; i++) {
        code = 0;
        if (setjmp(back) == 0)
            free_twice(10);
        CHECK(code == 0xC2);
    }

    struct tagpool_stats stats;
    volatile char *block = tagpool_zalloc(TAGPOOL_PAGED, 100, TAG);
    for (volatile int i = 0; i < 10; i++) {
        code = 0;
        tagpool_irql_set(2);
        if (setjmp(back) == 0)
            block[50] = 1;
        tagpool_irql_set(0);
        CHECK(code == 0xD1);
        CHECK(block[50] == 0);
    }
    block[50] = 1;
    tagpool_free((void *)block);
    tagpool_total_stats(&stats);
    CHECK(stats.allocs == 101 && stats.blocks == 0);
    return 0;
}
