/* SPDX-License-Identifier: MIT
 *
 * double_free_by_thread.c: a block freed a second time by another thread. */
#include <pthread.h>

#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

static void *free_it(void *block)
{
    tagpool_free(block);
    return NULL;
}

int main(void)
{
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, WAVE);
    pthread_t thread;
    tagpool_free(block);
    pthread_create(&thread, NULL, free_it, block);
    pthread_join(thread, NULL);
    return tagpool_verdict();
}
