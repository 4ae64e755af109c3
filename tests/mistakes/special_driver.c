/* SPDX-License-Identifier: MIT
 *
 * special_driver.c: a driver writes behind the end of its block of special pool, and then in another that it has freed. */
#include "tagpool/verifier.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

static void print(const struct tagpool_bugcheck *bugcheck, void *context)
{
    (void)context;
    tagpool_bugcheck_print(bugcheck);
}

int main(void)
{
    tagpool_start("special_driver=disk stack_frames=0");
    tagpool_bugcheck_handler_set(print, NULL);
    tagpool_driver_enter(tagpool_driver_load("disk"));
    volatile char *block = tagpool_alloc(TAGPOOL_NONPAGED, 4096, WAVE);
    block[4096 + 20] = 'x';
    tagpool_free((void *)block);
    block[20] = 'x';
    return 5; /* not 3, which is how abort() ends on Windows */
}
